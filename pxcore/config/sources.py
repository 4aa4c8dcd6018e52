"""Where settings come from beside the command line: text around us, and what `px up` says of its
paper gateways. Whatever lies there, it is text, or a sentence for a person.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from pxcore.config.env_file import read_env_file
from pxcore.host.bounded_files import read_file
from pxcore.host.courtesy import bounded, reason_of
from pxcore.host.decoding import decode_json
from pxcore.model.errors import ProtocolError, Unavailable

PREFIX = "PX_"
PAPER_FACTS = "paper.json"  # in the home folder, while `px up` keeps a paper gateway


class Facts(msgspec.Struct, frozen=True):
    """Of the paper gateways that `px up` keeps: each one's settings, by the account's id."""

    first: int | str | None = None
    gateways: dict[str, dict[str, Any]] = {}


def facts_in(home: Path) -> Facts:
    """Raises OSError, ProtocolError for what is none, and Unavailable on a disk that hangs."""
    data = bounded(f"the file {PAPER_FACTS}", lambda: read_file(home / PAPER_FACTS))
    return decode_json(data, Facts)


def why_no_facts(home: Path) -> str:
    """Empty where there are some, or none to be read."""
    try:
        facts_in(home)
    except FileNotFoundError:
        return ""
    except (OSError, ProtocolError, Unavailable) as error:
        return f"; {home / PAPER_FACTS}, which may say it, cannot be read: {reason_of(error)}"
    return ""


@dataclass(frozen=True, slots=True)
class RefusedSetting:
    """A sentence, and the names that are left out for it; `is_fatal` when more than they is in
    doubt.
    """

    text: str
    names: tuple[str, ...] = ()
    is_fatal: bool = False


class Given(NamedTuple):
    value: str
    place: str


_PLACES: dict[str, str] = {}  # of what this process has put into its environment
ENVIRONMENT = "in the environment"


@contextmanager
def environ_with(wishes: Mapping[str, str], place: str = ENVIRONMENT) -> Iterator[None]:
    """Meanwhile the settings of this process, and of what it starts, are these, in whatever letters
    they were there before. `place` is said of one that is refused.
    """
    before = {name: value for name, value in os.environ.items() if name.upper() in wishes}
    places = {name: _PLACES.get(name) for name in wishes}
    for name in before:
        del os.environ[name]
    put_into_environ(wishes, place)
    try:
        yield
    finally:
        for name in wishes:
            os.environ.pop(name, None)
        os.environ.update(before)
        for name, said in places.items():
            _PLACES.pop(name, None)
            if said is not None:
                _PLACES[name] = said


def put_into_environ(wishes: Mapping[str, str], place: str) -> None:
    """As if each had been given there, but for the place that is said of it."""
    os.environ.update(wishes)
    _PLACES.update(dict.fromkeys(wishes, place))


def given_in_environ() -> tuple[dict[str, Given], list[RefusedSetting]]:
    """What begins with our prefix, by its name in capitals, and what nobody can read of it."""
    found: dict[str, Given] = {}
    refusals: list[RefusedSetting] = []
    for spelt, value in sorted(os.environ.items()):
        name = spelt.upper()
        if not name.startswith(PREFIX):
            continue
        if not _is_text(value):
            refusals.append(RefusedSetting(f"{spelt} holds bytes that are no text", (name,)))
        elif name in found:
            text = f"{name} is set twice {ENVIRONMENT}, in capitals and in small letters"
            refusals.append(RefusedSetting(text, (name,)))
        else:
            found[name] = Given(value, _PLACES.get(name, ENVIRONMENT))
    return found, refusals


def given_in_file(env_file: Path) -> tuple[dict[str, Given], list[RefusedSetting]]:
    """Likewise, of `.env`; any name may stand there."""
    lines, faults = read_env_file(env_file)
    found = {
        name: Given(line.value, f"{env_file}, line {line.number}") for name, line in lines.items()
    }
    return found, [RefusedSetting(one.text, one.names, one.is_whole) for one in faults]


def _is_text(value: str) -> bool:
    """Bytes of the environment that are no UTF-8 come as halves of characters."""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
