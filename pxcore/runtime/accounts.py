"""Which accounts are traded here: those of `accounts.toml`, or the one of the settings.

Each has a label, which names its deployments, and settings of its own. Credentials and the home
folder are everybody's: they stay in `.env`.
"""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import msgspec

from pxcore.bounded_files import read_file
from pxcore.courtesy import bounded, reason_of
from pxcore.decoding import toml_value
from pxcore.model import Misconfigured, ProtocolError, Unavailable
from pxcore.setting_sources import PREFIX
from pxcore.settings import Settings

FILE = Path("accounts.toml")
_SHARED = ("HOME", "DATABASE_URL", "GATEWAY", "USERNAME", "API_KEY")
_LABEL = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")


class NamedAccount(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`label` is empty for the one account of the settings. `settings` are texts, as in `.env`."""

    id: Annotated[int, msgspec.Meta(gt=0)] | None = None
    label: str = ""
    settings: dict[str, str] = {}

    @property
    def suffix(self) -> str:
        return f"-{self.label}" if self.label else ""

    def environ(self) -> dict[str, str]:
        """As environment variables; empty for the one account of the settings."""
        if not self.label:
            return {}
        return self.settings | {f"{PREFIX}ACCOUNT_ID": str(self.id)}


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    account: tuple[NamedAccount, ...]


def accounts(settings: Settings) -> tuple[NamedAccount, ...]:
    """At least one. The file lies in the working folder, or else in the home folder, where the
    worker of a pool finds it. Raises Misconfigured with every problem of it.
    """
    file = FILE if FILE.exists() else settings.home / FILE
    try:
        data = bounded(f"the file {FILE}", lambda: read_file(file))
    except FileNotFoundError:
        return (NamedAccount(id=settings.account_id, label=""),)
    except (OSError, Unavailable) as error:
        raise Misconfigured(f"{file} cannot be read: {reason_of(error)}") from error
    try:
        found = toml_value(data, _File).account
    except ProtocolError as error:
        raise Misconfigured(f"{file}: {error}") from error
    problems = [problem for n, one in enumerate(found, 1) for problem in _problems(n, one)]
    for what, values in (
        ("id", [str(a.id) for a in found if a.id]),
        ("label", [a.label for a in found if a.label]),
    ):
        twice = sorted({one for one in values if values.count(one) > 1})
        problems += [f"{what} {one} is there twice" for one in twice]
    if not found:
        problems.append("there is no [[account]] in it")
    if problems:
        raise Misconfigured(*(f"{file}: {problem}" for problem in problems))
    return found


def account_of(settings: Settings, account_id: int | None) -> NamedAccount:
    """The one with that id; one that the file does not name trades with the settings as they are.

    None is the settings' own account, or the file's only one.
    """
    known = accounts(settings)
    if account_id is None and settings.account_id is None and len(known) == 1:
        return known[0]
    wanted = account_id or settings.account_id
    for one in known:
        if one.id == wanted and one.label:
            return one
    if wanted is None:
        raise Misconfigured(
            "several accounts are in accounts.toml: say which one, by PX_ACCOUNT_ID"
        )
    return NamedAccount(id=wanted, label=f"account-{wanted}", settings={})


@contextmanager
def environ_with(wishes: Mapping[str, str]) -> Iterator[None]:
    """Meanwhile the settings of this process, and of what it starts, are these."""
    before = {name: os.environ.get(name) for name in wishes}
    os.environ.update(wishes)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _problems(number: int, account: NamedAccount) -> Iterator[str]:
    if account.id is None:
        yield f"account number {number}, label {account.label!r}, has no id"
    if not account.label:
        yield f"account number {number}, id {account.id}, has no label"
    elif not _LABEL.fullmatch(account.label):
        yield f"label {account.label!r} is not of small letters, digits and dashes"
    for name in account.settings:
        short = name.removeprefix(PREFIX).lower()
        if not name.startswith(PREFIX) or short not in Settings.model_fields:
            yield f"account {account.label}: {name} is not a setting"
        elif short.upper() in (*_SHARED, "ACCOUNT_ID"):
            yield f"account {account.label}: {name} is the same for all, and belongs in .env"
