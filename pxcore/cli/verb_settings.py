"""The settings that a verb works with: leniently read where it takes risk off or only looks, and
those of its account as a session of it has them.
"""

from contextlib import nullcontext

from pxcore.cli.output import line, steady_error_console
from pxcore.config.accounts import FILE, NamedAccount, account_of, accounts
from pxcore.config.settings import (
    AccountlessSettings,
    LenientAccountlessSettings,
    LenientSettings,
    Settings,
    load_settings,
)
from pxcore.host.courtesy import bounded
from pxcore.model import Misconfigured, PxError


def lenient_settings(kind: type[Settings] = LenientSettings) -> Settings:
    """Without what the verb does not need and is wrong, which is told; see `LenientSettings`."""
    settings = load_settings(kind=kind)
    warn_each(left_out_told(settings))
    return settings


def left_out_told(settings: Settings) -> tuple[str, ...]:
    return tuple(f"left out: {one}; this command works without it" for one in settings.left_out)


def warn_each(texts: tuple[str, ...]) -> None:
    """On standard error; a terminal that is gone stops nothing."""
    errors = steady_error_console()
    for text in texts:
        errors.print(line(f"px: {text}", "bold yellow"), soft_wrap=True)


def settings_as_in_session() -> Settings:
    """With what accounts.toml says of the account. Raises Misconfigured, also for that file."""
    base = load_settings(kind=AccountlessSettings)
    with account_of(base, None).in_force():
        return load_settings()


def lenient_as_in_session(kind: type[Settings]) -> tuple[Settings, tuple[str, ...]]:
    """Likewise, and what is wrong with accounts.toml: then the settings are as they are."""
    account, problems = _account(load_settings(kind=LenientAccountlessSettings))
    with nullcontext() if account is None else account.in_force():
        settings = lenient_settings(kind)
    return settings, problems


def _account(base: Settings) -> tuple[NamedAccount | None, tuple[str, ...]]:
    try:
        known = accounts(base)
    except Misconfigured as error:
        return None, error.problems
    if base.account_id is None and len(known) > 1:
        return None, ()
    return account_of(base, None), ()


def not_looked_at(verb: str) -> str | None:
    """Which accounts of accounts.toml a verb left out that nobody gave an account; None for none.

    Asked last, of settings that were read once already: whatever is wrong now stops nothing.
    """
    try:
        settings = load_settings(kind=LenientAccountlessSettings)
        if settings.is_account_chosen:
            return None
        known = bounded(f"the file {FILE}", lambda: accounts(settings))
    except (PxError, OSError):
        return None
    others = [one for one in known if one.label and one.id != settings.account_id]
    if len(known) < 2 or not others:
        return None
    listed = "; ".join(f"{o.id} ({o.label}): PX_ACCOUNT_ID={o.id} {verb}" for o in others)
    return f"{FILE} names {len(known)} accounts; not looked at: {listed}"
