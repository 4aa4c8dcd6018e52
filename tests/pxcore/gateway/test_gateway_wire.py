"""Small facts of the wire: time stamps, wrappings, prices."""

from datetime import UTC, datetime

import msgspec
import pytest
from gateway_samples import MNQ, NOW, contract

from pxcore.gateway.wire.market import QuoteRow, Tape, payloads
from pxcore.gateway.wire.rows import AccountRow, moment, read_row
from pxcore.model import ProtocolError


@pytest.mark.parametrize(
    ("text", "microsecond", "hour"),
    [
        ("2026-11-20T14:30:02.3938339+00:00", 393833, 14),  # cut, not rounded
        ("2026-11-20T14:30:02.15673+00:00", 156730, 14),
        ("2026-11-20T14:30:02Z", 0, 14),
        ("2026-11-20T14:30:02.5", 500000, 14),  # naive is UTC
        ("2026-11-20T08:30:02.5-06:00", 500000, 14),
    ],
)
def test_time_stamp_is_read_as_utc_to_the_microsecond(
    text: str, microsecond: int, hour: int
) -> None:
    expected = datetime(2026, 11, 20, hour, 30, 2, microsecond, tzinfo=UTC)
    assert moment(text) == expected and moment(text).tzinfo is UTC


@pytest.mark.parametrize(
    ("argument", "found"),
    [
        (b'{"a":1}', [b'{"a":1}']),
        (b'[{"a":1},{"a":2}]', [b'{"a":1}', b'{"a":2}']),
        (b'{"action":1,"data":{"a":1}}', [b'{"a":1}']),
        (b'{"action":0,"data":[{"a":1},{"a":2}]}', [b'{"a":1}', b'{"a":2}']),
        (b'[{"action":1,"data":{"a":1}}]', [b'{"a":1}']),
        (b'{"data":5}', [b'{"data":5}']),  # only both keys together are the wrapper
        (b'{"data":[{"a":1},{"a":2}]}', [b'{"a":1}', b'{"a":2}']),
        (b'{"payload":[{"a":1}]}', [b'{"a":1}']),
        (b'"{\\"a\\":1}"', [b'{"a":1}']),
        (b'["CON.F.US.MNQ.Z26",{"a":1}]', [b'{"a":1}']),
        (b'"[broken"', [b"[broken"]),
        (b"[" * 12 + b"1" + b"]" * 12, [b"[" * 4 + b"1" + b"]" * 4]),  # no bottomless nesting
        (b"[]", []),
    ],
)
def test_payloads_are_found_in_every_wrapping(argument: bytes, found: list[bytes]) -> None:
    assert list(payloads(msgspec.Raw(argument))) == found


@pytest.mark.parametrize("balance", [b'"NaN"', b'"Infinity"', b"null"])
def test_money_that_is_no_number_is_a_protocol_error(balance: bytes) -> None:
    raw = b'{"id":1,"name":"x","canTrade":true,"balance":' + balance + b"}"
    with pytest.raises(ProtocolError):
        read_row(raw, AccountRow).account()


def row(raw: bytes) -> QuoteRow:
    return read_row(raw, QuoteRow)


def test_small_ticks_in_scientific_notation_are_exact() -> None:
    yen = contract("6JZ6", "JY6", tick="0.0000005")
    quote = Tape(yen).quote(row(b'{"bestBid":6.5285e-03,"timestamp":"2026-11-20T14:30:02Z"}'), NOW)
    assert quote.bid_ticks == 13057  # 0.0065285 / 0.0000005


def test_refused_quote_changes_nothing() -> None:
    tape = Tape(MNQ)
    stamp = b'"timestamp":"2026-11-20T14:30:02Z"'
    tape.quote(row(b'{"bestBid":1,"bestAsk":2,' + stamp + b"}"), NOW)
    with pytest.raises(ProtocolError):
        tape.quote(row(b'{"bestBid":1.5,"bestAsk":1.6,' + stamp + b"}"), NOW)
    quote = tape.quote(row(b"{}"), NOW)  # nothing new: the stamp too is the last known
    assert (quote.bid_ticks, quote.ask_ticks) == (4, 8)


def test_first_quote_without_a_time_stamp_is_a_protocol_error() -> None:
    with pytest.raises(ProtocolError):
        Tape(MNQ).quote(row(b'{"bestBid":1}'), NOW)
