"""Our own way in steps: what the journal's rows come to, as a table and as a picture."""

from xml.etree import ElementTree

import pytest
from latency.steps import flame, steps_table, took_us

from pxcore.journal.rows import Timing


def timing(*, sent_us: float | None = 500.0, answered_us: float = 2_500.0) -> Timing:
    return Timing(
        command="place_entry",
        tag="px-1",
        is_at_once=sent_us is not None,
        decoded_us=20.0,
        queued_us=50.0,
        decided_us=250.0,
        dispatched_us=260.0,
        ready_us=400.0,
        written_us=440.0,
        sent_us=sent_us,
        answered_us=answered_us,
    )


@pytest.mark.parametrize(
    ("row", "took"),
    [
        pytest.param(timing(), [20, 30, 200, 10, 140, 40, 60, 2000], id="at once"),
        pytest.param(timing(sent_us=None), [20, 30, 200, 10, 140, 40, 0, 2060], id="by the worker"),
    ],
)
def test_each_step_is_what_came_after_the_one_before(row: Timing, took: list[float]) -> None:
    assert took_us(row) == took


def test_table_has_each_step_at_each_rate_and_how_many_left_at_once() -> None:
    told = steps_table({"60": [timing()] * 3, "5000": [timing(), timing(sent_us=None)], "1": []})
    lines = {line[:22].strip(): line[22:].split() for line in told.splitlines()[2:]}
    assert lines["decided"] == ["200"] * 4
    assert lines["answered"] == ["2,000", "2,000", "2,030", "2,059"]
    assert lines["left at once"] == ["3", "of", "3", "1", "of", "2"]


def test_picture_is_well_formed_and_its_bars_are_to_one_scale() -> None:
    root = ElementTree.fromstring(flame({"60": [timing()], "burst": [timing(sent_us=None)]}))  # noqa: S314 - ours
    named = {text.text for text in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {"60 messages a second: 500 µs", "burst: 440 µs", "decided", "200"} <= named
    widths = [
        float(bar.get("width", 0))
        for bar in root.iter("{http://www.w3.org/2000/svg}rect")
        if bar.get("height") == "26"
    ]
    assert sum(widths[:7]) / sum(widths[7:]) == pytest.approx(500 / 440, rel=0.01)
