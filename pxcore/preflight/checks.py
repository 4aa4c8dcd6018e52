"""What a check found, and what a person must do about it. A check never raises."""

from collections.abc import Callable
from enum import StrEnum

import msgspec

from pxcore.config.masking import Masker
from pxcore.model import Misconfigured, PxError


class CheckVerdict(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILS = "fails"


class CheckResult(msgspec.Struct, frozen=True, kw_only=True):
    """`remedy` says in one sentence what a person must do; empty when it is ok."""

    verdict: CheckVerdict
    text: str
    remedy: str = ""


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the list."""

    name: str
    verdict: CheckVerdict
    found: str
    remedy: str


def ok(text: str) -> CheckResult:
    return CheckResult(verdict=CheckVerdict.OK, text=text)


def warning(text: str, remedy: str) -> CheckResult:
    return CheckResult(verdict=CheckVerdict.WARNING, text=text, remedy=remedy)


def fails(text: str, remedy: str) -> CheckResult:
    return CheckResult(verdict=CheckVerdict.FAILS, text=text, remedy=remedy)


class NotLookedAt(PxError):
    """What the check needs failed before it: `needs` is that check's name."""

    def __init__(self, needs: str, why: str) -> None:
        self.needs = needs
        super().__init__(f"not looked at: {why}")


def checked(name: str, look: Callable[[], CheckResult], *, masker: Masker, remedy: str) -> Check:
    """What the look found. An error of it is a failure, and `remedy` what is to be done then."""
    try:
        found = look()
    except NotLookedAt as error:
        found = fails(str(error), f"fix {error.needs} first")
    except Misconfigured as error:
        found = fails("; ".join(error.problems), remedy)
    except PxError as error:
        found = fails(str(error), remedy)
    except Exception as error:  # the edge of a check: the others are still to be looked at
        found = fails(f"{type(error).__name__}: {error}", remedy)
    return Check(
        name=name,
        verdict=found.verdict,
        found=masker(" ".join(found.text.split())),
        remedy=masker(found.remedy),
    )
