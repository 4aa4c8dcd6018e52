"""Small facts of the wire: time stamps, wrappings, prices."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
import wording
from gateway_samples import MNQ, NOW, Told, contract

from pxcore.gateway.wire.market import DepthRow, PrintRow, QuoteRow, Tape, payloads
from pxcore.gateway.wire.rows import AccountRow, moment, read_row
from pxcore.model import DepthLevel, MarketTrade, ProtocolError


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
    quote = Tape(yen, Told()).quote(
        row(b'{"bestBid":6.5285e-03,"timestamp":"2026-11-20T14:30:02Z"}'), NOW
    )
    assert quote.bid_ticks == 13057  # 0.0065285 / 0.0000005


def test_quote_that_says_nothing_new_is_the_last_one_again() -> None:
    tape = Tape(MNQ, Told())
    tape.quote(row(b'{"bestBid":1,"bestAsk":2,"timestamp":"2026-11-20T14:30:02Z"}'), NOW)
    quote = tape.quote(row(b"{}"), NOW)  # the stamp too
    assert (quote.bid_ticks, quote.ask_ticks) == (4, 8)


def test_first_quote_without_a_time_stamp_is_a_protocol_error() -> None:
    with pytest.raises(ProtocolError):
        Tape(MNQ, Told()).quote(row(b'{"bestBid":1}'), NOW)


# -- prices that cannot be ------------------------------------------------------------------------

CRUDE = contract("CLZ6", "CLE", tick="0.01")
NOT_MNQ = [0.0, -0.25, 29547.3, 1e300, float("nan"), float("inf"), float("-inf")]


def said(tape: Tape, *, after_s: float = 0.0, **prices: float) -> tuple[int | None, ...]:
    """Bid, ask and last after a quote that names these."""
    quote = tape.quote(QuoteRow(timestamp=NOW, **prices), NOW + timedelta(seconds=after_s))
    return quote.bid_ticks, quote.ask_ticks, quote.last_ticks


@pytest.mark.parametrize("price", NOT_MNQ)
@pytest.mark.parametrize(
    ("side", "left"),
    [
        ("best_bid", (None, 8, 5)),
        ("best_ask", (4, None, 5)),
        ("last_price", (4, 8, None)),
    ],
)
def test_price_that_cannot_be_takes_its_own_side_away_until_the_next(
    price: float, side: str, left: tuple[int | None, ...]
) -> None:
    told = Told()
    tape = Tape(MNQ, told)
    said(tape, best_bid=1.0, best_ask=2.0, last_price=1.25)
    assert said(tape, **{side: price}) == left
    assert said(tape) == left  # a partial quote does not bring it back
    assert None not in said(tape, best_bid=1.0, best_ask=2.0, last_price=1.25)
    assert told.bad_prices == 1


@pytest.mark.parametrize("price", NOT_MNQ)
def test_print_and_level_at_a_price_that_cannot_be_are_none(price: float) -> None:
    told = Told()
    tape = Tape(MNQ, told)
    assert tape.event(PrintRow(price=price, volume=1, timestamp=NOW), NOW) is None
    assert tape.event(DepthRow(type=1, price=price, volume=1, timestamp=NOW), NOW) is None
    assert told.bad_prices == 2
    assert isinstance(tape.event(PrintRow(price=1, volume=1, timestamp=NOW), NOW), MarketTrade)
    reset = tape.event(DepthRow(type=6, timestamp=NOW), NOW)
    assert isinstance(reset, DepthLevel)  # it has no price
    assert said(tape, best_bid=0.0)[0] is None  # nor is zero a price from then on


def test_crude_may_be_at_zero_and_below() -> None:
    told = Told()
    tape = Tape(CRUDE, told)
    assert said(tape, best_bid=-37.63, best_ask=0.0, last_price=-0.01) == (-3763, 0, -1)
    assert tape.event(PrintRow(price=-37.63, volume=1, timestamp=NOW), NOW) is not None
    assert said(tape, best_bid=-37.635) == (None, 0, -1)
    assert told.bad_prices == 1


def test_thousands_of_prices_that_cannot_be_are_told_twice() -> None:
    told = Told()
    tape = Tape(MNQ, told)
    said(tape, best_bid=1.0, best_ask=2.0)
    for _ in range(2000):
        said(tape, best_bid=0.0)
    said(tape, best_bid=1.0)
    assert told.bad_prices == 2000
    assert told.texts == [
        wording.price_gone("bid"),
        wording.price_back("bid", 2000),
    ]


def test_side_that_comes_and_goes_is_told_once_a_minute() -> None:
    told = Told()
    tape = Tape(MNQ, told)
    for second in range(62):
        said(tape, best_bid=0.0, after_s=second)
        said(tape, best_bid=1.0, after_s=second)
    assert told.texts == [
        wording.price_gone("bid"),
        wording.price_back("bid", 1),
        wording.price_gone("bid", before=59),
        wording.price_back("bid", 60),
    ]
