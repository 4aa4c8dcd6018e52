"""Fault files: every fault has an example in the document, and every mistake a clear line."""

import re
import tomllib
from pathlib import Path
from typing import get_args

import msgspec
import pytest
import wording

from pxcore.model import Misconfigured
from pxcore.paper.faults.base import kind_of
from pxcore.paper.faults.file import FaultFile, read_faults
from pxcore.paper.faults.venue import VenueFault
from pxcore.paper.faults.wire import AnswerLost, WireFault

DOCUMENT = Path(__file__).parents[3] / "docs" / "paper-gateway.md"
KINDS = {kind.__struct_config__.tag for kind in (*get_args(VenueFault), *get_args(WireFault))}


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "faults.toml"
    path.write_text(text)
    return path


def test_file_holds_a_seed_and_faults(tmp_path: Path) -> None:
    text = 'seed = 3\n[[faults]]\nfault = "answer_lost"\npath = "/api/*"\nmoment = "after"\n'
    read = read_faults(written(tmp_path, text))
    assert read == FaultFile(seed=3, faults=(AnswerLost(path="/api/*", moment="after"),))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("seed = ", "is not TOML"),
        ('[[faults]]\nfault = "rain"\n', "Invalid value 'rain' - at `$.faults[0].fault`"),
        ('[[faults]]\nfault = "event_lost"\nchanse = 1\n', "unknown field `chanse`"),
        ('[[faults]]\nfault = "event_lost"\nchance = 2.0\n', "chance is 2, must be from 0 to 1"),
        ('[[fault]]\nfault = "event_lost"\n', "unknown field `fault`"),
    ],
    ids=["not TOML", "unknown fault", "unknown field", "no probability", "wrong table"],
)
def test_mistake_in_a_file_is_one_line_that_names_it(
    tmp_path: Path, text: str, complaint: str
) -> None:
    with pytest.raises(Misconfigured) as raised:
        read_faults(written(tmp_path, text))
    assert complaint in str(raised.value) and str(raised.value).startswith(str(tmp_path))


def test_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=wording.NO_FILE):
        read_faults(tmp_path / "none.toml")


def test_every_fault_has_an_example_in_the_document_and_each_example_is_valid() -> None:
    blocks = re.findall(r"```toml\n(.*?)```", DOCUMENT.read_text(), re.S)
    shown = set()
    for block in blocks:
        file = msgspec.convert(tomllib.loads(block), FaultFile)
        shown |= {kind_of(fault) for fault in file.faults}
    assert shown == KINDS


def test_every_field_of_every_fault_is_named_in_the_document() -> None:
    text = DOCUMENT.read_text()
    for kind in (*get_args(VenueFault), *get_args(WireFault)):
        for field in msgspec.structs.fields(kind):
            assert re.search(rf"`{field.name}`|^{field.name} = ", text, re.M), (kind, field.name)
