"""Which accounts are traded here: those of `accounts.toml`, or the one of the settings.

Each has a label, which names its deployments, and settings of its own. Credentials and the home
folder are everybody's: they stay in `.env`.
"""

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import msgspec

from pxcore.config.settings import Settings, field_of, unknown_told
from pxcore.config.sources import PREFIX, environ_with
from pxcore.host.bounded_files import read_file
from pxcore.host.courtesy import bounded, reason_of
from pxcore.host.decoding import toml_value
from pxcore.model import Misconfigured, ProtocolError, Unavailable
from pxcore.text.typed import ID_MAX, Between, shown

FILE = Path("accounts.toml")
SHARED = ("HOME", "DATABASE_URL", "GATEWAY", "USERNAME", "API_KEY")
_LABEL_MAX = 31
_LABEL = re.compile(rf"[a-z0-9][a-z0-9-]{{0,{_LABEL_MAX - 1}}}")
_KEYS = ("id", "label", "settings")
_KEY = "account"
ID_WANTED = Between(int, 1, ID_MAX).wanted
LABEL_WANTED = f"small letters, digits and dashes, {_LABEL_MAX} at most"


class NamedAccount(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`label` is empty for the one account of the settings. `settings` are texts, as in `.env`."""

    id: int | None = None
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

    def in_force(self) -> AbstractContextManager[None]:
        """Meanwhile the settings of this process, and of what it starts, are the account's."""
        return environ_with(self.environ(), f"{FILE}, account {self.label}")


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
        rows = toml_value(data, dict[str, Any])
    except ProtocolError as error:
        raise Misconfigured(f"{file}: {error}") from error
    found, problems = _read(rows)
    for what, values in (
        ("id", [str(a.id) for a in found if a.id]),
        ("label", [a.label for a in found if a.label]),
    ):
        twice = sorted({one for one in values if values.count(one) > 1})
        problems += [f"{what} {one} is there twice" for one in twice]
    if not found and not problems:
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


def _read(document: dict[str, Any]) -> tuple[tuple[NamedAccount, ...], list[str]]:
    """The accounts that can be made of it, and what is wrong, each with the account's number."""
    rows = document.get(_KEY, [])
    problems = [
        f"{shown(one)} is not known: there is [[account]]" for one in document if one != _KEY
    ]
    if not isinstance(rows, list) or not all(isinstance(one, dict) for one in rows):
        return (), [*problems, "`account` is no list: each begins with [[account]]"]
    found = []
    for number, row in enumerate(rows, 1):
        wrong = list(_wrong_with(number, row))
        problems += wrong
        if not wrong:
            found.append(NamedAccount(**row))
    return tuple(found), problems


def _wrong_with(number: int, row: dict[str, Any]) -> Iterator[str]:
    here = f"account number {number}"
    for key in row.keys() - set(_KEYS):
        yield f"{here}: {shown(key)} is not known: there are {', '.join(_KEYS)}"
    if "id" not in row:
        yield f"{here}, label {shown(row.get('label'))}, has no id"
    elif (
        isinstance(row["id"], bool)
        or not isinstance(row["id"], int)
        or not 1 <= row["id"] <= ID_MAX
    ):
        yield f"{here}: id {shown(row['id'])} is refused; wanted is {ID_WANTED}"
    if not row.get("label"):
        yield f"{here}, id {shown(row.get('id'))}, has no label"
    elif not isinstance(row["label"], str) or not _LABEL.fullmatch(row["label"]):
        yield f"{here}: label {shown(row['label'])} is refused; wanted is {LABEL_WANTED}"
    given = row.get("settings", {})
    if not isinstance(given, dict):
        yield f'{here}: settings {shown(given)} is refused; wanted is {{ PX_SIZE = "2" }}'
        return
    for name, value in given.items():
        if name.startswith(PREFIX) and field_of(name) in (*map(str.lower, SHARED), "account_id"):
            yield f"{here}: {name} is the same for all, and belongs in .env"
        elif not name.startswith(PREFIX) or field_of(name) not in Settings.model_fields:
            yield f"{here}: {unknown_told(name)}"
        elif not isinstance(value, str):
            yield f"{here}: {name} {shown(value)} is refused; wanted is a text, in quotes"
