"""Flows that concern every account, one after the other, with each one's own settings."""

from collections.abc import Callable
from typing import TypeVar

from pxcore.config.accounts import accounts
from pxcore.config.settings import LenientAccountlessSettings, Settings, load_settings
from pxcore.model import PxError
from tasks.run_log import tell_left_out

T = TypeVar("T")


def of_each(
    act: Callable[[Settings], T], kind: type[Settings] = Settings
) -> tuple[list[T], list[str]]:
    """What came of each account, and a sentence for each where it failed: one whose settings are
    wrong, or whose gateway is away, keeps no other from its turn.
    """
    done: list[T] = []
    problems: list[str] = []
    for account in accounts(load_settings(kind=_base_of(kind))):
        with account.in_force():
            try:
                settings = load_settings(kind=kind)
                if account.settings:  # what is wrong in .env was told before
                    tell_left_out(settings)
                done.append(act(settings))
            except PxError as error:
                problems.append(f"account {account.id or 'of the settings'}: {error}")
    return done, problems


def _base_of(kind: type[Settings]) -> type[Settings]:
    return LenientAccountlessSettings if kind.is_lenient else Settings
