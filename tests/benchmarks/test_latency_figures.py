"""Which order answers which trigger, what a round comes to, and when a goal is missed."""

import pytest
from latency.figures import Figures, Round, first_answers, quantile
from latency.growth import growth, windows
from latency.report import missed, table

MS = 1_000_000


def round_of(*latencies_ms: float, unanswered: int = 0) -> Round:
    return Round(
        latencies_ms=latencies_ms,
        triggers=len(latencies_ms) + unanswered,
        extra=0,
        rate=60.0,
        requests=0,
        at_s=tuple(map(float, range(len(latencies_ms)))),
    )


@pytest.mark.parametrize(
    ("orders", "answers"),
    [
        pytest.param([11, 21], {0: 11, 1: 21}, id="each its own"),
        pytest.param([25], {1: 25}, id="the newest before it"),
        pytest.param([11, 12, 21], {0: 11, 1: 21}, id="of two the first"),
        pytest.param([5, 11], {0: 11}, id="none before the first trigger"),
        pytest.param([], {}, id="no order"),
    ],
)
def test_order_answers_the_newest_trigger_before_it_and_that_once(orders, answers) -> None:
    assert first_answers([10, 20], orders) == answers


def test_round_says_what_was_not_answered_and_what_came_besides() -> None:
    seen = {
        "triggers": [[1_000 * MS, 100], [2_000 * MS, 1_100], [3_000 * MS, 2_100]],
        "orders": [999 * MS, 1_002 * MS, 1_003 * MS, 3_005 * MS],
        "records": 2_500,
        "requests": 9,
    }
    done = Round.of(seen)
    assert done.latencies_ms == (2.0, 5.0) and done.at_s == (0.0, 2.0)
    assert (done.triggers, done.unanswered, done.extra) == (3, 1, 2)
    assert (done.rate, done.requests) == (1_000.0, 9)


@pytest.mark.parametrize(
    ("values", "share", "found"),
    [
        ([3.0], 0.99, 3.0),
        ([1.0, 2.0, 3.0], 0.5, 2.0),
        ([4.0, 1.0], 0.5, 2.5),
        ([0.0, 100.0], 0.99, 99.0),
        ([1.0, 2.0, 3.0], 1.0, 3.0),
    ],
)
def test_quantile_lies_between_two_values_where_it_falls_between_two(values, share, found) -> None:
    assert quantile(values, share) == pytest.approx(found)


def test_figures_of_rounds_are_the_medians_of_each() -> None:
    rounds = [Figures(1.0, 5.0, 9.0), Figures(3.0, 4.0, 7.0), Figures(2.0, 6.0, 8.0)]
    assert Figures.median(rounds) == Figures(2.0, 5.0, 8.0)


GOOD = {
    "floor": [round_of(1.0)],
    "topstep-sdk": [round_of(9.0)],
    "project-x-py": [round_of(6.0)],
    "ours": [round_of(2.0)],
}


@pytest.mark.parametrize(
    ("rate", "changed", "words"),
    [
        pytest.param("60", {}, [], id="all are met"),
        pytest.param(
            "5000",
            {"ours": [round_of(2.1)]},
            ["5000: p50 is 2.1 times the floor, at most 2"],
            id="p50",
        ),
        pytest.param(
            "burst",
            {"ours": [round_of(2.0, 2.0, 4.2)], "floor": [round_of(1.0, 1.0, 1.0)]},
            ["burst: p99 is 4.2 times the floor, at most 4"],
            id="p99",
        ),
        pytest.param(
            "1000",
            {"topstep-sdk": [round_of(5.0)]},
            ["1000: 2.50 times as fast as the faster SDK, at least 3"],
            id="the faster SDK",
        ),
        pytest.param("5000", {"topstep-sdk": [round_of(5.0)]}, [], id="not where it is no goal"),
        pytest.param(
            "60",
            {"ours": [round_of(*[2.0] * 8, unanswered=2)]},
            ["60: ours answered 8 of 10 triggers"],
            id="too few answers",
        ),
    ],
)
def test_missed_goal_is_told_with_what_was_found_and_what_is_wanted(rate, changed, words) -> None:
    assert missed({rate: GOOD | changed}) == words


def test_what_was_not_measured_is_not_judged() -> None:
    assert missed({"60": {"ours": [round_of(50.0)]}}) == []
    assert missed({"60": {"ours": [round_of(2.0)], "floor": [round_of(1.0)]}}) == []


def test_table_has_a_line_for_each_and_the_ratios() -> None:
    said = table({"60": GOOD | {"ours": [round_of(2.0, unanswered=1)]}}).splitlines()
    assert [line.split()[:2] for line in said[1:5]] == [["60", name] for name in GOOD]
    assert "1 triggers without an order" in said[4]
    assert said[5].strip() == "ours / floor p50 2.0, p99 2.0; faster SDK / ours p50 3.00"


def test_windows_of_growth_are_ten_seconds_each() -> None:
    done = Round(
        latencies_ms=(1.0, 3.0, 5.0, 7.0),
        triggers=4,
        extra=0,
        rate=5_000.0,
        requests=0,
        at_s=(0.0, 9.9, 10.0, 55.0),
    )
    assert windows(done) == [2.0, 5.0, 7.0]


def test_growth_is_the_end_in_times_of_the_beginning() -> None:
    assert growth([1.0, 2.0, 9.0, 3.0, 4.0, 5.0]) == 2.0


def test_first_order_that_takes_longer_than_the_others_is_a_goal_missed() -> None:
    slow = [round_of(2.1, 1.0, 1.0, 1.0)] * 3
    assert missed({"60": {"ours": slow}}) == ["60: the first order takes 2.1 times the others"]
    assert missed({"60": {"ours": [round_of(1.9, 1.0, 1.0, 1.0)] * 3}}) == []
    assert "the first of 10 orders 2.10 ms, the others 1.00 ms" in table({"60": {"ours": slow}})
