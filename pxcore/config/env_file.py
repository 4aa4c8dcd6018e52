"""The `.env` file: one setting a line, and a sentence with its line for whatever else stands there.

    PX_LOSS_USD_MAX=150            # a comment after a blank
    export PX_CONTRACT = MNQ
    PX_API_KEY='as it stands'      "likewise, but for \\" and \\\\"

Nothing is filled in, nothing goes on in a second line, and no name is set twice. A line that is not
understood is never skipped: what it meant to set would stay at its default.
"""

import re
from pathlib import Path
from typing import Final, NamedTuple

from pxcore.host.bounded_files import read_file
from pxcore.text.files import LINE_END, SAVE_AS_UTF8, wide_encoding_of, without_mark
from pxcore.text.plain import plain

_SET: Final = re.compile(r"(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*(.*)")
_QUOTED: Final = {"'": re.compile(r"'([^']*)'(.*)"), '"': re.compile(r'"((?:\\.|[^"\\])*)"(.*)')}
_ESCAPED: Final = re.compile(r"\\(.)")
_COMMENT: Final = re.compile(r"[ \t]+#.*")
_MEANT: Final = re.compile(r"(?:PX_|(?<![A-Za-z0-9])px_)[A-Za-z0-9_]+")
_BEFORE: Final = re.compile(r"^(?:\S+[ \t]+)?([A-Za-z_]\w*)[ \t]*[=:]")
_FAULTS_MAX: Final = 20  # told one by one
_CURLY: Final = "“”„‟‘’‚‛«»‹›`´"


class EnvLine(NamedTuple):
    number: int
    name: str
    value: str


class EnvFault(NamedTuple):
    """What is wrong, with file and line; `names` are those that it may have meant to set.

    `is_whole`: nothing is known of the rest of the file either.
    """

    text: str
    names: tuple[str, ...] = ()
    is_whole: bool = False


class _NotUnderstood(ValueError):
    """Why a line is none."""


def read_env_file(path: Path) -> tuple[dict[str, EnvLine], tuple[EnvFault, ...]]:
    """Lines by their names in capitals; neither for a file that is not there."""
    try:
        data = read_file(path)
    except FileNotFoundError:
        return {}, ()
    except OSError as error:
        return {}, (EnvFault(f"{path} cannot be read: {error.strerror or error}", is_whole=True),)
    return lines_in(path, data)


def lines_in(path: Path, data: bytes) -> tuple[dict[str, EnvLine], tuple[EnvFault, ...]]:
    data, faults = _as_utf8(path, data)
    found: dict[str, EnvLine] = {}
    alien: list[int] = []
    meant: list[str] = []
    for number, raw in enumerate(LINE_END.split(data), 1):
        try:
            text = raw.decode("utf-8").strip(" \t")
        except UnicodeDecodeError:
            alien.append(number)
            meant += _names_in(raw.decode("ascii", "replace"))
            continue
        try:
            line = _read(number, text)
        except _NotUnderstood as why:
            faults.append(EnvFault(f"{path}, line {number}: {why}", tuple(_names_in(text))))
            continue
        if line is None:
            continue
        if (before := found.get(line.name)) is not None:
            both = f"{path}, lines {before.number} and {number}"
            names = () if before.value == line.value else (line.name,)
            faults.append(EnvFault(f"{both}: {line.name} is set twice", names))
        found[line.name] = line
    if alien:
        faults.append(
            EnvFault(f"{path}, {_listed(alien)}: not UTF-8; {SAVE_AS_UTF8}", tuple(meant))
        )
    return found, _shortened(path, faults)


def _shortened(path: Path, faults: list[EnvFault]) -> tuple[EnvFault, ...]:
    """A file that is something else has as many as lines; what they may have meant is not lost."""
    first, rest = faults[:_FAULTS_MAX], faults[_FAULTS_MAX:]
    if rest:
        names = tuple(dict.fromkeys(name for one in rest for name in one.names))
        is_whole = any(one.is_whole for one in rest)
        first.append(EnvFault(f"{path}: and {len(rest):,} more like these", names, is_whole))
    return tuple(first)


def _as_utf8(path: Path, data: bytes) -> tuple[bytes, list[EnvFault]]:
    """What is UTF-16 is refused, and yet read, for what takes risk off."""
    if name := wide_encoding_of(data):
        text = f"{path} is {name}, not UTF-8; {SAVE_AS_UTF8}"
        try:
            return data.decode(name).encode("utf-8"), [EnvFault(text)]
        except UnicodeError:
            return b"", [EnvFault(text, is_whole=True)]
    if b"\0" in data:
        text = f"{path} holds NUL bytes: it is UTF-16 or no text; {SAVE_AS_UTF8}"
        read = _wide_without_mark(data)
        return read or b"", [EnvFault(text, is_whole=read is None)]
    return without_mark(data), []


def _wide_without_mark(data: bytes) -> bytes | None:
    """As UTF-8, where about every second byte is the empty half of a plain letter; else None."""
    for name, empty, full in (
        ("utf-16-le", data[1::2], data[::2]),
        ("utf-16-be", data[::2], data[1::2]),
    ):
        if 0 not in full and 2 * empty.count(0) > len(empty):
            try:
                return data.decode(name).encode("utf-8")
            except UnicodeError:
                return None
    return None


def _read(number: int, text: str) -> EnvLine | None:
    """None for a blank line and a comment. Says nothing of a value, which may be a secret."""
    if not text or text.startswith("#"):
        return None
    match = _SET.fullmatch(text)
    if match is None:
        raise _NotUnderstood(_why_no_setting(text))
    return EnvLine(number, match[1].upper(), _value(match[1], match[2]))


def _why_no_setting(text: str) -> str:
    first = text.split(maxsplit=1)[0].lower()
    if first in ("set", "setx", "let", "declare"):
        return f"`{first}` is not understood: NAME=VALUE is wanted, alone"
    if first.startswith("$env:"):
        return "`$env:` is not understood: NAME=VALUE is wanted, alone"
    if named := _names_in(text):
        return f"{plain(named[0])} is not set by it: NAME=VALUE is wanted"
    return "not understood: NAME=VALUE is wanted, or # before a comment"


def _value(name: str, rest: str) -> str:
    if rest[:1] in _QUOTED:
        return _quoted(name, rest)
    value = _COMMENT.sub("", rest).rstrip()
    if value.startswith("#"):
        raise _NotUnderstood(f"{name} has no value before the #; in quotes it may begin with one")
    if value[:1] and value[0] in _CURLY:
        raise _NotUnderstood(f"{name} begins with {value[0]}: the quotes are ' and \"")
    if value.endswith(";"):
        raise _NotUnderstood(f"{name} ends with a semicolon: leave it away, or put it in quotes")
    return _not_filled_in(name, value)


def _quoted(name: str, rest: str) -> str:
    quote = rest[0]
    match = _QUOTED[quote].fullmatch(rest)
    if match is None:
        raise _NotUnderstood(f"{name} begins with {quote}, which does not end on this line")
    inner, after = match[1], match[2].strip()
    if after and not after.startswith("#"):
        raise _NotUnderstood(f"{name} goes on after its closing {quote}: nothing may follow")
    if quote == "'":
        return inner
    if any(one not in '\\"' for one in _ESCAPED.findall(inner)):
        raise _NotUnderstood(f"{name} has a backslash in double quotes: write it in single ones")
    return _not_filled_in(name, _ESCAPED.sub(r"\1", inner))


def _not_filled_in(name: str, value: str) -> str:
    if "${" in value:
        raise _NotUnderstood(
            f"{name} holds ${{, and nothing is filled in: write the value, or single quotes"
        )
    return value


def _names_in(text: str) -> list[str]:
    """In capitals: ours, or what stands before a sign that gives a value to it."""
    found = _MEANT.findall(text) or _BEFORE.findall(text)
    return [one.upper() for one in found if not text.startswith("#")]


def _listed(numbers: list[int]) -> str:
    if len(numbers) == 1:
        return f"line {numbers[0]}"
    most = 5
    more = f" and {len(numbers) - most} more" if len(numbers) > most else ""
    return f"lines {', '.join(map(str, numbers[:most]))}{more}"
