"""The table of all rounds, what one contender is to another, and whether the goals are met."""

from collections.abc import Mapping, Sequence

from latency.contenders import FLOOR, OURS, SDKS
from latency.figures import Figures, Round, quantile

Rounds = Mapping[str, Mapping[str, Sequence[Round]]]  # by rate, by contender

_P50_TIMES_MAX, _P99_TIMES_MAX = 2.0, 4.0  # of the floor
_FASTER_TIMES_MIN, _FASTER_AT = 3.0, ("60", "1000")
_IN_A_ROW, _FIRST_TIMES_MAX = 10, 2.0  # orders; the first of them to the others
_ANSWERED_MIN = 0.9  # of the triggers, or the figures are of something else


def told_round(rate: str, who: str, done: Round) -> str:
    came = f"{done.rate:6,.0f} messages/s"
    figures = Figures.of(done.latencies_ms)
    return f"  {rate:>6} {who:13}{_in_ms(figures)}   {came}{_odd([done])}"


def table(rounds: Rounds) -> str:
    """Medians over the rounds, a block for each rate."""
    lines = [f"{'':8}{'':13}{'p50':>9}{'p99':>9}{'max':>9} ms, medians of the rounds"]
    for rate, by_contender in rounds.items():
        for who, done in by_contender.items():
            lines.append(f"{rate:>7} {who:13}{_in_ms(_medians(done))}{_odd(done)}")
        lines += _ratios(rate, by_contender)
        if OURS in by_contender:
            first, others = in_a_row(by_contender[OURS])
            told = f"the first of {_IN_A_ROW} orders {first:.2f} ms, the others {others:.2f} ms"
            lines.append(f"{'':8}{told}")
    return "\n".join(lines)


def missed(rounds: Rounds) -> list[str]:
    """A line for each goal that was not reached. What was not measured is not judged."""
    lines: list[str] = []
    for rate, by_contender in rounds.items():
        for who, done in by_contender.items():
            triggers = sum(one.triggers for one in done)
            answered = sum(len(one.latencies_ms) for one in done)
            if answered < _ANSWERED_MIN * triggers:
                lines.append(f"{rate}: {who} answered {answered} of {triggers} triggers")
        medians = {who: _medians(done) for who, done in by_contender.items()}
        lines += _missed_at(rate, medians)
        if OURS in by_contender:
            first, others = in_a_row(by_contender[OURS])
            if first > _FIRST_TIMES_MAX * others:
                lines.append(f"{rate}: the first order takes {first / others:.1f} times the others")
    return lines


def in_a_row(done: Sequence[Round]) -> tuple[float, float]:
    """The median over the rounds of the first order's time, and that of the nine after it, in ms.
    A connection that is not ready shows in the first.
    """
    firsts = [one.latencies_ms[0] for one in done]
    others = [ms for one in done for ms in one.latencies_ms[1:_IN_A_ROW]] or firsts
    return quantile(firsts, 0.5), quantile(others, 0.5)


def _missed_at(rate: str, medians: Mapping[str, Figures]) -> list[str]:
    lines = []
    ours, floor = medians.get(OURS), medians.get(FLOOR)
    if ours is not None and floor is not None:
        for name, most in (("p50_ms", _P50_TIMES_MAX), ("p99_ms", _P99_TIMES_MAX)):
            times = getattr(ours, name) / getattr(floor, name)
            if times > most:
                what = name.removesuffix("_ms")
                lines.append(f"{rate}: {what} is {times:.1f} times the floor, at most {most:g}")
    faster = _times_faster(medians)
    if rate in _FASTER_AT and faster is not None and faster < _FASTER_TIMES_MIN:
        lines.append(
            f"{rate}: {faster:.2f} times as fast as the faster SDK, at least {_FASTER_TIMES_MIN:g}"
        )
    return lines


def _ratios(rate: str, by_contender: Mapping[str, Sequence[Round]]) -> list[str]:
    medians = {who: _medians(done) for who, done in by_contender.items()}
    told = []
    ours, floor = medians.get(OURS), medians.get(FLOOR)
    if ours is not None and floor is not None:
        p50, p99 = ours.p50_ms / floor.p50_ms, ours.p99_ms / floor.p99_ms
        told.append(f"ours / floor p50 {p50:.1f}, p99 {p99:.1f}")
    faster = _times_faster(medians)
    if faster is not None:
        told.append(f"faster SDK / ours p50 {faster:.2f}")
    return [f"{'':8}{'; '.join(told)}"] if told else []


def _times_faster(medians: Mapping[str, Figures]) -> float | None:
    """How many times as long the faster SDK takes."""
    theirs = [medians[name].p50_ms for name in SDKS if name in medians]
    return min(theirs) / medians[OURS].p50_ms if theirs and OURS in medians else None


def _medians(done: Sequence[Round]) -> Figures:
    return Figures.median([Figures.of(one.latencies_ms) for one in done])


def _in_ms(figures: Figures) -> str:
    return f"{figures.p50_ms:9.2f}{figures.p99_ms:9.2f}{figures.max_ms:9.2f}"


def _odd(done: Sequence[Round]) -> str:
    """What a reader must know before he believes the figures; usually nothing."""
    unanswered = sum(one.unanswered for one in done)
    extra = sum(one.extra for one in done)
    told = [f"{unanswered} triggers without an order"] if unanswered else []
    told += [f"{extra} orders without a trigger of their own"] if extra else []
    return f"   {', '.join(told)}" if told else ""
