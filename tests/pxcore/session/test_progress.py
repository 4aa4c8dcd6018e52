"""What a session tells a person of what it does."""

from datetime import timedelta

from engine_scenes import MNQ, OPEN

from pxcore.engine.commands import Denied, Gate, Level, Notice
from pxcore.model import Side
from pxcore.session.progress import Narrator


def denied(gate: Gate) -> Denied:
    return Denied(gate=gate, value="1", limit="0", side=Side.BUY, reason="test")


def test_refusal_of_each_gate_is_told_once_in_a_while_and_everything_else_always():
    narrator = Narrator(MNQ, denied_every_s=10.0)
    notice = Notice(level=Level.INFO, code="phase.flat", text="flat")
    told = []
    for second in range(21):
        now = OPEN + timedelta(seconds=second)
        for command in (denied(Gate.PAUSED), denied(Gate.HALTED), notice):
            line = narrator.line(command, now)
            told += [] if line is None else [(second, line.code)]
    assert [item for item in told if item[1] != "phase.flat"] == [
        (second, f"denied.{gate}") for second in (0, 10, 20) for gate in ("paused", "halted")
    ]
    assert len(told) == 6 + 21
