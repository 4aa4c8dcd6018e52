"""Flows that concern every account, one after the other, with each one's own settings."""

from collections.abc import Iterator

from pxcore.runtime.accounts import accounts, environ_with
from pxcore.settings import Settings, load_settings


def each_account() -> Iterator[Settings]:
    """The settings of each, in force while it is the one at hand."""
    for account in accounts(load_settings()):
        with environ_with(account.environ()):
            yield load_settings()
