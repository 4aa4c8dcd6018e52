"""What the hubs say arrives as events, whatever way it is framed; what is broken harms nobody."""

from decimal import Decimal
from typing import Any

import msgspec
import wording
from gateway_listener import Listener
from gateway_samples import (
    ACCOUNT,
    MNQ,
    MNQ_ID,
    NOW,
    Told,
    account_row,
    order_row,
    position_row,
    trade_row,
)
from hypothesis import given
from hypothesis import strategies as st
from raw_hub import (
    BINARY,
    PING,
    PONG,
    TEXT,
    WAIT_S,
    Peer,
    RawHubs,
    frame,
    invocation,
    record,
)

from pxcore.engine.events import (
    AccountSeen,
    FillSeen,
    Hub,
    HubUp,
    OrderSeen,
    PositionSeen,
    RecordSkipped,
)
from pxcore.gateway.wire.market import QuoteRow, Tape, UsualQuote, decode_lines
from pxcore.gateway.wire.rows import read_row
from pxcore.model import DepthKind, DepthLevel, MarketTrade, OrderStatus, Quote, Side

STAMP = "2026-11-20T14:30:31.348+00:00"


def quoted(**fields: Any) -> bytes:
    return invocation("GatewayQuote", MNQ_ID, {"symbol": "F.US.MNQ", "timestamp": STAMP} | fields)


def without_nulls(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None}


def market(listener: Listener, hubs: RawHubs) -> Peer:
    listener.start()
    peer = hubs.peer("market")
    listener.wait_up(Hub.MARKET)
    return peer


def user(listener: Listener, hubs: RawHubs) -> Peer:
    listener.start()
    peer = hubs.peer("user")
    listener.wait_up(Hub.USER)
    return peer


def test_hubs_are_up_once_everything_is_subscribed(listener: Listener, hubs: RawHubs) -> None:
    listener.start()
    ups = {listener.next(HubUp).hub, listener.next(HubUp).hub}
    assert ups == {Hub.USER, Hub.MARKET}
    user_peer, market_peer = hubs.peer("user"), hubs.peer("market")
    assert user_peer.calls == [
        ("SubscribeAccounts",),
        ("SubscribeOrders", ACCOUNT),
        ("SubscribePositions", ACCOUNT),
        ("SubscribeTrades", ACCOUNT),
    ]
    assert market_peer.calls == [
        ("SubscribeContractQuotes", MNQ_ID),
        ("SubscribeContractTrades", MNQ_ID),
    ]
    assert user_peer.records[0] == {"protocol": "json", "version": 1}
    assert all("headers" not in said for said in user_peer.records)  # they would hold the token
    assert user_peer.token == market_peer.token == "token-1"


def test_user_events_arrive_wrapped_or_bare_and_with_nulls_left_out(
    listener: Listener, hubs: RawHubs
) -> None:
    peer = user(listener, hubs)
    peer.event("GatewayUserOrder", {"action": 1, "data": without_nulls(order_row(id="3400000858"))})
    peer.event("GatewayUserOrder", order_row(status=5))
    peer.event("GatewayUserPosition", {"action": 2, "data": position_row(type=0, size=0)})
    peer.event("GatewayUserTrade", [{"action": 0, "data": trade_row()}])
    peer.event("GatewayUserAccount", {"action": 1, "data": account_row(id=1)})
    peer.event("GatewayUserAccount", {"action": 1, "data": account_row()})

    seen = listener.next(OrderSeen)
    assert (seen.at, seen.order.id, seen.order.stop_ticks) == (NOW, 3400000858, 120787)
    assert listener.next(OrderSeen).order.status is OrderStatus.REJECTED
    position = listener.next(PositionSeen).position
    assert position.is_flat and position.average_price == Decimal("29398.5")
    assert listener.next(FillSeen).fill.pnl_usd == Decimal(-49)
    assert listener.next(AccountSeen).account.id == ACCOUNT  # the foreign one is not for us
    assert listener.realtime.bad_records == 0


def test_partial_quotes_merge_into_the_last_known(listener: Listener, hubs: RawHubs) -> None:
    peer = market(listener, hubs)
    peer.text(quoted(bestBid=29547, bestAsk=29547.5))
    peer.text(quoted(bestBid=29547.25))
    peer.text(quoted(lastPrice=29547.5, bestAsk=None))
    first, second, third = (listener.next(Quote) for _ in range(3))
    assert (first.bid_ticks, first.ask_ticks, first.last_ticks) == (118188, 118190, None)
    assert (second.bid_ticks, second.ask_ticks) == (118189, 118190)
    assert (third.bid_ticks, third.ask_ticks, third.last_ticks) == (118189, 118190, 118190)
    assert first.happened_at.isoformat() == "2026-11-20T14:30:31.348000+00:00"


def test_prints_arrive_one_event_each_from_arrays_and_objects(
    listener: Listener, hubs: RawHubs
) -> None:
    peer = market(listener, hubs)
    row = {"symbolId": "F.US.MNQ", "price": 29547.25, "timestamp": STAMP, "volume": 2}
    peer.event("GatewayTrade", MNQ_ID, [row | {"type": 0}, row | {"type": 1, "price": 29547.3}])
    peer.event("GatewayTrade", MNQ_ID, row)
    first, second = listener.next(MarketTrade), listener.next(MarketTrade)
    assert (first.price_ticks, first.size, first.aggressor) == (118189, 2, Side.BUY)
    assert second.aggressor is None
    assert listener.realtime.bad_records == 1  # the one between two ticks, not its neighbours


def test_record_in_fragments_cut_inside_a_character_with_a_ping_between_is_read(
    listener: Listener, hubs: RawHubs
) -> None:
    peer = user(listener, hubs)
    whole = invocation("GatewayUserOrder", order_row(customTag="zürich-1"))
    cut = whole.index("ü".encode()) + 1
    peer.raw(frame(whole[:10], TEXT, fin=False) + frame(b"still there?", PING))
    peer.raw(frame(whole[10:cut], 0, fin=False) + frame(b"", PING) + frame(whole[cut:], 0))
    assert listener.next(OrderSeen).order.tag == "zürich-1"
    assert peer.controls.get(timeout=WAIT_S) == (PONG, b"still there?")
    assert peer.controls.get(timeout=WAIT_S) == (PONG, b"")


def test_four_megabytes_in_a_thousand_fragments_are_one_record(
    listener: Listener, hubs: RawHubs
) -> None:
    peer = market(listener, hubs)
    whole = record({"type": 6, "note": "x" * 4_000_000}) + quoted(bestBid=5)
    step = len(whole) // 1024
    pieces = [whole[at : at + step] for at in range(0, len(whole), step)]
    peer.raw(frame(pieces[0], TEXT, fin=False))
    for piece in pieces[1:-1]:
        peer.raw(frame(piece, 0, fin=False))
    peer.raw(frame(pieces[-1], 0))
    assert listener.next(Quote).bid_ticks == 20


def test_frame_of_thirty_two_megabytes_is_read(listener: Listener, hubs: RawHubs) -> None:
    peer = market(listener, hubs)
    many = record({"type": 6, "note": "x" * 1_000_000}) * 32
    peer.text(many, quoted(bestBid=6))
    assert listener.next(Quote).bid_ticks == 24


def test_escaped_separator_and_a_record_whose_end_comes_later_are_read(
    listener: Listener, hubs: RawHubs
) -> None:
    peer = user(listener, hubs)
    escaped = msgspec.json.encode(order_row(customTag="a\x1eb"))
    assert b"\\u001e" in escaped
    raw = b'{"type":1,"target":"GatewayUserOrder","arguments":[' + escaped + b"]}\x1e"
    peer.raw(frame(raw[:-1]))
    peer.raw(frame(raw[-1:]))
    assert listener.next(OrderSeen).order.tag == r"a\x1eb"  # shown, and no control character


def test_record_split_over_two_messages_is_read(listener: Listener, hubs: RawHubs) -> None:
    peer = market(listener, hubs)
    whole = quoted(bestBid=1) + quoted(bestBid=2)
    peer.raw(frame(whole[:40]) + frame(whole[40:-1]) + frame(whole[-1:], BINARY))
    assert [listener.next(Quote).bid_ticks for _ in range(2)] == [4, 8]


def test_many_records_in_one_frame_and_a_large_one_are_read(
    listener: Listener, hubs: RawHubs
) -> None:
    peer = market(listener, hubs)
    padding = record({"type": 6, "note": "x" * 100_000})
    peer.text(*(quoted(bestBid=n) for n in range(1, 41)), padding, quoted(bestBid=41))
    assert [listener.next(Quote).bid_ticks for _ in range(41)] == [4 * n for n in range(1, 42)]


def test_data_in_the_same_segment_as_the_upgrade_is_kept(listener: Listener, hubs: RawHubs) -> None:
    def eager(peer: Peer) -> None:
        early = record({}) + quoted(bestBid=3)
        peer.upgrade(then=frame(early[:1]) + frame(early[1:]))
        peer.serve()

    hubs.script("market", eager)
    listener.start()
    assert listener.next(Quote).bid_ticks == 12
    listener.wait_up(Hub.MARKET)


def test_bad_records_are_counted_and_their_neighbours_are_read(
    listener: Listener, hubs: RawHubs
) -> None:
    peer = market(listener, hubs)
    bad = [
        b'{"type":1,"target":"\xff\xfe","arguments":[]}\x1e',
        record({"type": 99}),
        record([1]),
        b"nonsense\x1e",
        record({"type": 1, "target": "GatewayQuote"}),
        invocation("GatewayQuote"),
        invocation("GatewayQuote", MNQ_ID),
        invocation("GatewayQuote", MNQ_ID, "text"),
        quoted(bestBid=1, timestamp="yesterday"),
        invocation("GatewayTrade", MNQ_ID, [{"price": 1}]),
    ]
    for number, spoilt in enumerate(bad, start=1):
        peer.text(quoted(bestAsk=number), spoilt, quoted(bestBid=number))
        assert listener.next(Quote).ask_ticks == 4 * number
        assert listener.next(Quote).bid_ticks == 4 * number
        assert listener.realtime.bad_records == number
    assert listener.realtime.reconnects == 0


def test_bad_user_payload_does_not_take_its_neighbours_in_the_array(
    listener: Listener, hubs: RawHubs
) -> None:
    peer = user(listener, hubs)
    peer.event("GatewayUserOrder", [order_row(1), order_row(2, side=9), order_row(3)])
    peer.text(invocation("GatewayUserOrder"))
    peer.event("GatewayUserTrade", trade_row(price=1.1))
    for absurd in ({"fillVolume": -3}, {"size": 2**65}, {"limitPrice": 1e300}):
        peer.event("GatewayUserOrder", order_row(5, **absurd))
    before_time = order_row(6, creationTimestamp="0001-01-01T00:00:00+01:00")
    peer.event("GatewayUserOrder", [before_time, order_row(4)])
    assert [listener.next(OrderSeen).order.id for _ in range(3)] == [1, 3, 4]
    assert listener.realtime.bad_records == 7


def test_handler_that_raises_is_counted_and_the_stream_goes_on(
    listener: Listener, hubs: RawHubs
) -> None:
    peer = market(listener, hubs)
    listener.fail_next = RuntimeError("inbox is full")
    peer.text(quoted(bestBid=1), quoted(bestBid=2))
    assert listener.next(Quote).bid_ticks == 8
    assert listener.realtime.handler_errors == 1
    assert listener.realtime.last_faults[Hub.MARKET] == "RuntimeError: inbox is full"


def test_foreign_contract_is_reported_and_only_its_position_delivered(
    listener: Listener, hubs: RawHubs
) -> None:
    peer = user(listener, hubs)
    foreign = "CON.F.US.EP.Z26"
    peer.event("GatewayUserOrder", order_row(contractId=foreign))
    peer.event("GatewayUserTrade", trade_row(contractId=foreign))
    peer.event("GatewayUserPosition", position_row(contractId=foreign))
    peer.event("GatewayUserOrder", order_row(7))
    assert listener.next(PositionSeen).position.contract_id == foreign
    assert listener.next(OrderSeen).order.id == 7
    assert listener.unknown == [foreign] * 3
    assert listener.realtime.unknown_contracts == 3


def test_unlisted_target_is_counted_and_ignored(listener: Listener, hubs: RawHubs) -> None:
    peer = market(listener, hubs)
    peer.event("GatewayNews", MNQ_ID, [{"type": 1}])
    peer.text(quoted(bestBid=1))
    assert listener.next(Quote).bid_ticks == 4
    assert listener.realtime.unknown_targets == 1
    assert listener.realtime.bad_records == 0


def test_depth_arrives_row_by_row_when_it_is_wanted(hubs: RawHubs, new_listener: Any) -> None:
    listener = new_listener(hubs.url, wants_depth=True)
    peer = market(listener, hubs)
    assert ("SubscribeContractMarketDepth", MNQ_ID) in peer.calls
    row = {"timestamp": STAMP, "price": 29547, "volume": 9, "currentVolume": 2}
    peer.event(
        "GatewayDepth",
        MNQ_ID,
        [row | {"type": 1}, row | {"type": 4}, row | {"type": 1, "currentVolume": 0}],
    )
    peer.event("GatewayDepth", MNQ_ID, row | {"type": 6, "price": 0, "volume": 0})
    peer.event("GatewayDepth", MNQ_ID, [row | {"type": 99}])
    seen = [listener.next(DepthLevel) for _ in range(5)]
    assert [(level.kind, level.size) for level in seen] == [
        (DepthKind.ASK, 2),
        (DepthKind.BEST_BID, 9),
        (DepthKind.ASK, 9),
        (DepthKind.RESET, 0),
        (DepthKind.UNKNOWN, 9),
    ]
    assert seen[0].price_ticks == 118188


def test_record_that_cannot_be_read_is_told_as_an_event(listener: Listener, hubs: RawHubs) -> None:
    peer = user(listener, hubs)
    peer.event("GatewayUserOrder", {"action": 1, "data": order_row(side=7)})
    told = listener.next(RecordSkipped)
    assert told.hub is Hub.USER and "side 7" in told.why


def test_flood_of_bad_records_is_counted_and_told_a_hundred_times(
    listener: Listener, hubs: RawHubs
) -> None:
    peer = market(listener, hubs)
    peer.text(*[b"{broken\x1e"] * 500)
    peer.text(quoted(bestBid=1))
    listener.next(Quote)
    assert listener.realtime.bad_records == 500
    assert listener.count(RecordSkipped) == 100


def test_price_that_cannot_be_is_told_once_counted_and_harms_no_neighbour(
    listener: Listener, hubs: RawHubs
) -> None:
    peer = market(listener, hubs)
    peer.text(quoted(bestBid=1, bestAsk=2))
    peer.text(*[quoted(bestBid=0)] * 300)
    peer.text(quoted(bestBid=1.1), quoted(bestAsk=3))
    peer.event("GatewayTrade", MNQ_ID, [print_at(0), print_at(1)])
    peer.text(quoted(bestBid=1.25))
    sides = [(q.bid_ticks, q.ask_ticks) for q in (listener.next(Quote) for _ in range(304))]
    assert sides == [(4, 8), *[(None, 8)] * 301, (None, 12), (5, 12)]
    assert listener.next(MarketTrade).price_ticks == 4
    assert [listener.next(RecordSkipped).why for _ in range(4)] == [
        wording.price_gone("bid"),
        wording.price_gone("print"),
        wording.price_back("print", 1),
        wording.price_back("bid", 301),
    ]
    assert listener.realtime.bad_records == 302
    assert listener.realtime.handler_errors == listener.realtime.reconnects == 0


def test_price_in_an_unusual_wrapping_is_judged_all_the_same(
    listener: Listener, hubs: RawHubs
) -> None:
    peer = market(listener, hubs)
    stamped = {"timestamp": STAMP}
    peer.event("GatewayQuote", MNQ_ID, {"data": [stamped | {"bestBid": 0, "bestAsk": 2}]})
    peer.event("GatewayTrade", MNQ_ID, {"data": [print_at(0), print_at(1)]})
    seen = listener.next(Quote)
    assert (seen.bid_ticks, seen.ask_ticks) == (None, 8)
    assert listener.next(MarketTrade).price_ticks == 4
    assert listener.realtime.bad_records == 2


def print_at(price: float) -> dict[str, Any]:
    return {"symbolId": "F.US.MNQ", "price": price, "timestamp": STAMP, "volume": 1}


@given(
    bid=st.integers(1, 10**6),
    ask=st.none() | st.integers(1, 10**6),
    as_text=st.booleans(),
    digits=st.integers(0, 7),
)
def test_usual_and_tolerant_reading_of_a_quote_agree(
    bid: int, ask: int | None, as_text: bool, digits: int
) -> None:
    price = str(bid / 4) if as_text else bid / 4
    fraction = f".{'1234567'[:digits]}" if digits else ""
    row = {"bestBid": price, "bestAsk": ask, "timestamp": f"2026-11-20T14:30:31{fraction}Z"}
    raw = invocation("GatewayQuote", MNQ_ID, row)[:-1]
    [usual] = decode_lines(raw)
    assert isinstance(usual, UsualQuote)
    slow = read_row(msgspec.json.encode(row), QuoteRow)
    quotes = [Tape(MNQ, Told()).quote(row, NOW) for row in (usual.arguments[1], slow)]
    assert quotes[0] == quotes[1]


def test_pings_are_sent_while_the_hub_is_up(hubs: RawHubs, new_listener: Any) -> None:
    listener = new_listener(hubs.url, ping_every_s=0.02)
    peer = user(listener, hubs)
    assert [peer.pings.get(timeout=WAIT_S) for _ in range(3)] == [{"type": 6}] * 3
