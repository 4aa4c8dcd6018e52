"""From stamps to figures: which order answers which trigger, and how long that took."""

import statistics
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

MS = 1e6  # nanoseconds


@dataclass(frozen=True, slots=True)
class Round:
    """One contender, one rate, once. An order answers the newest trigger before it, and of several
    the first alone: `extra` are the others, and those before any trigger. `rate` is in records of
    the market a second, as they passed; `requests` are all that were made.
    """

    latencies_ms: tuple[float, ...]
    triggers: int
    extra: int
    rate: float
    requests: int
    at_s: tuple[float, ...]  # of each trigger that was answered, from the first on

    @classmethod
    def of(cls, seen: dict[str, Any]) -> Self:
        moments = [at_ns for at_ns, _ in seen["triggers"]]
        answers = first_answers(moments, seen["orders"])
        spent_s = (moments[-1] - moments[0]) / 1e9 if len(moments) > 1 else 0.0
        passed = seen["triggers"][-1][1] - seen["triggers"][0][1] if moments else 0
        return cls(
            latencies_ms=tuple((order - moments[n]) / MS for n, order in answers.items()),
            triggers=len(moments),
            extra=len(seen["orders"]) - len(answers),
            rate=passed / spent_s if spent_s else 0.0,
            requests=seen["requests"],
            at_s=tuple((moments[n] - moments[0]) / 1e9 for n in answers),
        )

    @property
    def unanswered(self) -> int:
        return self.triggers - len(self.latencies_ms)

    def record(self) -> dict[str, Any]:
        return asdict(self)


def first_answers(triggers: Sequence[int], orders: Iterable[int]) -> dict[int, int]:
    """By the trigger's number."""
    found: dict[int, int] = {}
    for order in orders:
        number = bisect_right(triggers, order) - 1
        if number >= 0:
            found.setdefault(number, order)
    return found


def quantile(values: Sequence[float], share: float) -> float:
    """Between two values where it falls between two."""
    ordered = sorted(values)
    at = share * (len(ordered) - 1)
    below = int(at)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (at - below)


@dataclass(frozen=True, slots=True)
class Figures:
    p50_ms: float
    p99_ms: float
    max_ms: float

    @classmethod
    def of(cls, latencies_ms: Sequence[float]) -> Self:
        return cls(quantile(latencies_ms, 0.5), quantile(latencies_ms, 0.99), max(latencies_ms))

    @classmethod
    def median(cls, rounds: Sequence["Figures"]) -> "Figures":
        return cls(
            *(
                statistics.median(getattr(one, name) for one in rounds)
                for name in ("p50_ms", "p99_ms", "max_ms")
            )
        )
