"""Where settings come from beside the command line: text around us, and what `px up` says of its
paper gateways. Whatever lies there, it is text, or a sentence for a person.
"""

import os
from pathlib import Path
from typing import Any

import msgspec

from pxcore.bounded_files import read_file
from pxcore.courtesy import bounded, reason_of
from pxcore.decoding import decode_json
from pxcore.model.errors import Misconfigured, ProtocolError, Unavailable

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


def require_text(env_file: Path) -> None:
    """Raises Misconfigured for settings that nobody can read, in the file or around us."""
    problems = [
        f"{name} holds bytes that are no text"
        for name, value in sorted(os.environ.items())
        if name.upper().startswith(PREFIX) and not _is_text(value)
    ]
    try:
        read_file(env_file).decode("utf-8")
    except FileNotFoundError:
        pass
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or error
        problems.append(f"{env_file} cannot be read: {why}")
    if problems:
        raise Misconfigured(*problems)


def _is_text(value: str) -> bool:
    """Bytes of the environment that are no UTF-8 come as halves of characters."""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
