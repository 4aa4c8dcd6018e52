"""Flows that concern every account, one after the other, with each one's own settings."""

from collections.abc import Callable
from typing import TypeVar

from pxcore.model import PxError
from pxcore.runtime.accounts import accounts, environ_with
from pxcore.settings import Settings, load_settings

T = TypeVar("T")


def of_each(act: Callable[[Settings], T]) -> tuple[list[T], list[str]]:
    """What came of each account, and a sentence for each where it failed: one whose settings are
    wrong, or whose gateway is away, keeps no other from its turn.
    """
    done: list[T] = []
    problems: list[str] = []
    for account in accounts(load_settings()):
        with environ_with(account.environ()):
            try:
                done.append(act(load_settings()))
            except PxError as error:
                problems.append(f"account {account.id or 'of the settings'}: {error}")
    return done, problems
