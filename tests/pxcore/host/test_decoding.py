"""Bytes from outside become a value or ProtocolError, and nobody decodes them in another way."""

import ast
from pathlib import Path
from typing import Any

import msgspec
import pytest
from gateway_samples import MNQ
from odd_files import ODD_LINES, each

from pxcore.gateway.hubs.protocol import HubProtocol
from pxcore.gateway.wire import endpoints
from pxcore.gateway.wire.market import payloads
from pxcore.gateway.wire.rows import AccountRow, WireOrder, read_row
from pxcore.host.decoding import (
    NESTING_MAX,
    Decoder,
    decode_json,
    json_value,
    require_shallow,
    toml_value,
)
from pxcore.journal.rows import Row
from pxcore.model import Contract, ProtocolError
from pxcore.session.lines import read_line

ROOT = Path(__file__).parents[3]
LINES = each(ODD_LINES)
_ours: Decoder[Row] = Decoder(Row)


@pytest.mark.parametrize("line", LINES)
def test_whatever_the_bytes_are_the_error_has_one_kind_and_few_plain_words(line: bytes) -> None:
    for decode in (_ours.decode, read_line, lambda data: decode_json(data, Contract)):
        with pytest.raises(ProtocolError) as told:
            decode(line)
        assert str(told.value).isprintable() and 0 < len(str(told.value)) <= 300


def test_number_that_no_type_can_compare_is_an_error_of_the_same_kind() -> None:
    row = msgspec.json.encode(MNQ).replace(b'"0.25"', b'"sNaN"')
    with pytest.raises(ProtocolError):
        decode_json(row, Contract)


def test_words_of_the_decoder_hold_nothing_that_acts_on_a_screen() -> None:
    class Strict(msgspec.Struct, forbid_unknown_fields=True):
        pass

    with pytest.raises(ProtocolError, match=r"\\x1b\[2J"):
        decode_json(b'{"\\u001b[2J": 1}', Strict)


@pytest.mark.parametrize("text", ["[" * 100_000, "[" * 100 + "]" * 100, "{", '"\udcff', "9" * 5000])
def test_json_of_a_person_is_read_or_refused(text: str) -> None:
    with pytest.raises(ProtocolError):
        json_value(text)


def test_value_as_deep_as_allowed_is_taken() -> None:
    deep: Any = {}
    for _ in range(NESTING_MAX - 1):
        deep = [deep]
    require_shallow(deep)
    with pytest.raises(ProtocolError, match="nested more than 64 deep"):
        require_shallow([deep])


@pytest.mark.parametrize("data", [b"a = " + b"[" * 5000, b"\xff", b"a", b'a = "b"'])
def test_toml_is_what_was_asked_for_or_refused(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        toml_value(data, Contract)


# -- the venue ------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", LINES)
def test_whatever_the_venue_answers_or_streams_is_a_protocol_error(line: bytes) -> None:
    for endpoint in (endpoints.ACCOUNTS, endpoints.ORDERS_OPEN, endpoints.PLACE, endpoints.LOGIN):
        for read in (endpoint.verdict, endpoint.read):
            with pytest.raises(ProtocolError):
                read(line)
    for row in (WireOrder, AccountRow):
        with pytest.raises(ProtocolError):
            read_row(line, row)


@pytest.mark.parametrize("line", LINES)
def test_whatever_a_hub_sends_is_counted_and_its_neighbours_are_read(line: bytes) -> None:
    bad: list[str] = []
    protocol = HubProtocol(bad.append)
    records = protocol.parse_messages(line + b'\x1e{"type":6}\x1e')
    assert [record.type for record in records] == [6] and len(bad) == 1
    list(payloads(line))
    protocol.handshake_message()
    with pytest.raises(ProtocolError):
        protocol.decode_handshake(b"[" + line + b"\x1e")


# -- nobody decodes in another way ----------------------------------------------------------------

_OUT_OF_REACH = "text that this process made itself"
ALLOWED: dict[tuple[str, str], str] = {
    ("pxcore/host/decoding.py", "msgspec.json.Decoder"): "here it is done",
    ("pxcore/host/decoding.py", "msgspec.json.decode"): "here it is done",
    ("pxcore/host/decoding.py", "json.loads"): "here it is done",
    ("pxcore/host/decoding.py", "tomllib.loads"): "here it is done",
    ("pxcore/host/decoding.py", "msgspec.convert"): "here it is done",
    ("pxcore/strategies/params.py", "model.model_validate_json"): _OUT_OF_REACH,
}
_DECODING = {
    "msgspec.json.decode",
    "msgspec.json.Decoder",
    "msgspec.msgpack.decode",
    "msgspec.msgpack.Decoder",
    "msgspec.convert",
    "json.load",
    "json.loads",
    "json.JSONDecoder",
    "tomllib.load",
    "tomllib.loads",
    "pickle.load",
    "pickle.loads",
    "marshal.loads",
}
_METHODS = ("model_validate_json", "parse_raw")


def decoding_in(text: str) -> set[str]:
    """What of it is called, by its name as it stands there."""
    tree = ast.parse(text)
    names = {
        f"{node.module}.{one.name}": one.asname or one.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for one in node.names
    }
    imported = {names[full]: full for full in names.keys() & _DECODING}
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name):
            name = ast.unparse(node)
            if name in _DECODING or name.rpartition(".")[2] in _METHODS:
                found.add(name)
            elif name in imported:
                found.add(imported[name])
    return found


def test_no_module_decodes_what_comes_from_outside_but_by_way_of_the_one_that_does() -> None:
    found = {
        (file.relative_to(ROOT).as_posix(), name)
        for folder in ("pxcore", "flows", "tasks", "deployments")
        for file in (ROOT / folder).rglob("*.py")
        for name in decoding_in(file.read_text(encoding="utf-8"))
    }
    assert found == ALLOWED.keys()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("import msgspec\nmsgspec.json.decode(b'')", "msgspec.json.decode"),
        ("D = msgspec.json.Decoder(int)", "msgspec.json.Decoder"),
        ("from json import loads as read\nread('')", "json.loads"),
        ("read = json.loads", "json.loads"),
        ("Model.model_validate_json('')", "Model.model_validate_json"),
    ],
)
def test_decoding_of_every_kind_is_found(text: str, name: str) -> None:
    assert decoding_in(text) == {name}
