"""Reconciliation: a clean day is clean, and every planted error is found and named."""

from collections import Counter
from datetime import timedelta
from decimal import Decimal

import pytest
from engine_scenes import ACCOUNT, CONFIG, MNQ, OPEN
from msgspec.structs import replace

from pxcore.engine.commands import PlaceEntry
from pxcore.journal.rows import SCHEMA, Closing, Ledger, Opening
from pxcore.model import Fill, Order, OrderStatus, OrderType, Position, Side, Snapshot
from pxcore.reports.daily import make_report
from pxcore.reports.day_totals import totals_of
from pxcore.reports.reconcile import VenueDay, reconcile
from pxcore.reports.record import Record, SentOrder
from pxcore.reports.recorder import read_record
from pxcore.reports.render import headline, to_markdown
from pxcore.reports.verdict import DifferenceKind, Verdict
from pxcore.reports.whole_day import merged


def order(
    order_id: int,
    kind: OrderType,
    side: Side,
    status: OrderStatus,
    filled: int,
    tag: str | None = None,
) -> Order:
    return Order(
        id=order_id,
        account_id=7,
        contract_id=MNQ.id,
        status=status,
        type=kind,
        side=side,
        size=1,
        created_at=OPEN,
        filled_size=filled,
        tag=tag,
    )


def fill(fill_id: int, order_id: int, side: Side, ticks: int, pnl: str | None) -> Fill:
    return Fill(
        id=fill_id,
        account_id=7,
        contract_id=MNQ.id,
        order_id=order_id,
        side=side,
        size=1,
        price_ticks=ticks,
        pnl_usd=None if pnl is None else Decimal(pnl),
        fees_usd=Decimal("0.36"),
        commissions_usd=Decimal("0.25"),
        happened_at=OPEN + timedelta(seconds=fill_id),
    )


TAG = "px-test-0001"
ENTRY = PlaceEntry(
    tag=TAG, contract_id=MNQ.id, side=Side.BUY, size=1, bracket=CONFIG.bracket, reason="test"
)

# Long at 100000, target 30 ticks of 0.50 above: +15.00 gross, 1.22 of costs, +13.78 net.
ORDERS = (
    order(11, OrderType.MARKET, Side.BUY, OrderStatus.FILLED, 1, TAG),
    order(12, OrderType.STOP, Side.SELL, OrderStatus.CANCELLED, 0, f"{TAG}-SL"),
    order(13, OrderType.LIMIT, Side.SELL, OrderStatus.FILLED, 1, f"{TAG}-TP"),
)
FILLS = (fill(1, 11, Side.BUY, 100_000, None), fill(2, 13, Side.SELL, 100_030, "15.00"))
OPENING = Snapshot(taken_at=OPEN, account=ACCOUNT, orders=(), positions=(), fills=())
CLOSING = replace(OPENING, account=replace(ACCOUNT, balance_usd=Decimal("50013.78")), fills=FILLS)
VENUE = VenueDay(closing=CLOSING, orders=ORDERS)


def record(**changes) -> Record:
    opening = Opening(
        schema=SCHEMA,
        mode="paper",
        config=CONFIG,
        strategy="hold",
        strategy_params={},
        paper_clock="",
        trading_day=CONFIG.trading_day,
    )
    made = Record(opening=opening, orders={o.id: o for o in ORDERS}, fills={f.id: f for f in FILLS})
    made.sent = [SentOrder(at=OPEN, entry=ENTRY)]
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def closed(realised: str = "13.78", fills: int = 2, held: dict[str, int] | None = None) -> Closing:
    return Closing(
        reason="window end",
        is_flat=True,
        headroom_usd_min=None,
        conflated_quotes=0,
        bad_records=0,
        reconnects=0,
        rows_dropped=0,
        ledger=Ledger(realised_usd=Decimal(realised), fills=fills, held=held or {}),
    )


def compared(ours: Record, venue: VenueDay = VENUE, last_order_id: int = 10):
    return reconcile(ours, opening=OPENING, last_order_id=last_order_id, venue=venue)


def test_day_on_which_both_agree_is_clean():
    found = compared(record())
    assert (found.verdict, found.differences) == (Verdict.CLEAN, ())
    assert (found.fills, found.orders) == (2, 3)


def test_fill_that_only_rest_showed_us_is_explained():
    ours = record(fills={1: FILLS[0]}, fills_by_rest={2: FILLS[1]})
    assert compared(ours).verdict is Verdict.EXPLAINED


def test_three_accounts_that_agree_are_clean():
    assert compared(record(closing=closed())).verdict is Verdict.CLEAN


def test_ledger_that_closed_before_the_last_fill_is_explained():
    ours = record(closing=closed(realised="-0.61", fills=1))
    found = compared(ours)
    assert found.verdict is Verdict.EXPLAINED
    assert [d.kind for d in found.differences] == [DifferenceKind.LEDGER_BEHIND]


def test_ledger_that_lacks_the_last_fill_and_is_wrong_besides_is_broken():
    found = compared(record(closing=closed(realised="-0.62", fills=1)))
    assert found.verdict is Verdict.BROKEN


def test_order_of_a_session_that_died_is_explained_by_its_intent():
    ours = record(has_died=True, orders={o.id: o for o in ORDERS[1:]})
    found = compared(ours)
    assert found.verdict is Verdict.EXPLAINED
    assert [d.kind for d in found.differences] == [DifferenceKind.ORDER_AFTER_DEATH]


def test_order_that_was_over_before_the_death_and_is_another_now_is_broken():
    cancelled = replace(ORDERS[2], status=OrderStatus.CANCELLED, filled_size=0)
    ours = record(has_died=True, orders={o.id: o for o in (*ORDERS[:2], cancelled)})
    assert compared(ours).verdict is Verdict.BROKEN


@pytest.mark.parametrize(
    "third",
    [
        pytest.param((), id="never seen"),
        pytest.param(
            (replace(ORDERS[2], status=OrderStatus.OPEN, filled_size=0),), id="its end never seen"
        ),
    ],
)
def test_order_of_a_session_that_lived_is_not_explained_by_anothers_death(third):
    died = record(has_died=True, sent=[], orders={}, fills={})
    lived = record(orders={o.id: o for o in (*ORDERS[:2], *third)}, closing=closed())
    whole = merged((died, lived))
    assert whole is not None and compared(whole).verdict is Verdict.BROKEN


CLOSE = replace(ORDERS[2], id=14, type=OrderType.MARKET, tag=None)
CLOSED_BY_HAND = VenueDay(closing=CLOSING, orders=(*ORDERS, CLOSE))


ONE, ELSEWHERE = Counter({MNQ.id: 1}), Counter({"CON.F.US.MES.Z26": 1})


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        pytest.param({"closes_outside": ONE}, Verdict.EXPLAINED, id="by a flatten of ours"),
        pytest.param(
            {"closes_sent": ONE, "has_died": True}, Verdict.EXPLAINED, id="before it died"
        ),
        pytest.param({"closes_outside": ELSEWHERE}, Verdict.BROKEN, id="of another contract"),
        pytest.param({"closes_sent": ONE}, Verdict.BROKEN, id="a living session should see it"),
        pytest.param({"has_died": True}, Verdict.BROKEN, id="nobody of us closed"),
    ],
)
def test_close_that_no_stream_showed_is_explained_only_where_we_sent_one(changes, verdict):
    assert compared(record(**changes), CLOSED_BY_HAND).verdict is verdict


DIED = FILLS[0].happened_at + timedelta(seconds=30)
LATE = replace(FILLS[1], happened_at=DIED + timedelta(seconds=1))


def test_fill_of_our_order_after_our_death_is_explained_with_its_money():
    ours = record(has_died=True, fills={1: FILLS[0]}, silences=((DIED, None),))
    found = compared(ours, venue_fills(FILLS[0], LATE))
    assert [d.kind for d in found.differences] == [DifferenceKind.FILL_AFTER_DEATH]
    assert found.verdict is Verdict.EXPLAINED


@pytest.mark.parametrize(
    ("silences", "fill"),
    [
        pytest.param(((DIED, None),), FILLS[1], id="it listened then, and lost it"),
        pytest.param(((DIED, DIED),), LATE, id="the next session listened again"),
        pytest.param(((DIED, None),), replace(LATE, order_id=99), id="of a stranger's order"),
    ],
)
def test_fill_that_no_death_explains_stays_broken(silences, fill):
    ours = record(has_died=True, fills={1: FILLS[0]}, silences=silences)
    found = compared(ours, venue_fills(FILLS[0], fill))
    assert DifferenceKind.FILL_NOT_SEEN in [d.kind for d in found.differences]
    assert found.verdict is Verdict.BROKEN


def test_silence_of_a_death_ends_with_the_next_sessions_first_event():
    later = DIED + timedelta(minutes=1)
    died = record(has_died=True, heard=(OPEN, DIED), silences=((DIED, None),))
    whole = merged((died, record(heard=(later, later))))
    assert whole is not None and whole.silences == ((DIED, later),)


def test_order_without_an_intent_is_not_explained_by_a_death():
    ours = record(has_died=True, sent=[], orders={o.id: o for o in ORDERS[1:]})
    assert compared(ours).verdict is Verdict.BROKEN


def with_balance(usd: str) -> VenueDay:
    account = replace(ACCOUNT, balance_usd=Decimal(usd))
    return replace(VENUE, closing=replace(CLOSING, account=account))


def venue_fills(*fills: Fill, balance: str = "50013.78") -> VenueDay:
    account = replace(ACCOUNT, balance_usd=Decimal(balance))
    return replace(VENUE, closing=replace(CLOSING, fills=fills, account=account))


HELD = Position(
    id=5,
    account_id=7,
    contract_id=MNQ.id,
    size=-1,
    average_price=MNQ.price(100_000),
    opened_at=OPEN,
)
ORPHAN = order(14, OrderType.STOP, Side.SELL, OrderStatus.OPEN, 0)
FOREIGN = fill(3, 99, Side.BUY, 100_010, None)

PLANTED = [
    pytest.param(
        record(fills={1: FILLS[0]}), VENUE, DifferenceKind.FILL_NOT_SEEN, "fill 2", id="lost fill"
    ),
    pytest.param(
        record(),
        venue_fills(FILLS[0], balance="49999.39"),
        DifferenceKind.FILL_NOT_REPORTED,
        "fill 2",
        id="fill that the venue does not know",
    ),
    pytest.param(
        record(),
        venue_fills(FILLS[0], replace(FILLS[1], fees_usd=Decimal("0.37")), balance="50013.77"),
        DifferenceKind.FEES_DIFFER,
        "fees",
        id="wrong fee",
    ),
    pytest.param(
        record(),
        venue_fills(FILLS[0], replace(FILLS[1], pnl_usd=Decimal("14.50")), balance="50013.28"),
        DifferenceKind.PNL_DIFFERS,
        "gross",
        id="profit that prices do not give",
    ),
    pytest.param(
        record(),
        venue_fills(*FILLS, FOREIGN, balance="50013.17"),
        DifferenceKind.FILL_NOT_SEEN,
        "fill 3",
        id="foreign trade",
    ),
    pytest.param(
        record(),
        venue_fills(*FILLS, replace(FILLS[1], id=4), balance="50028.17"),
        DifferenceKind.FILL_NOT_SEEN,
        "fill 4",
        id="fill doubled at the venue",
    ),
    pytest.param(
        record(fills={1: FILLS[0], 2: FILLS[1], 4: replace(FILLS[1], id=4)}),
        VENUE,
        DifferenceKind.FILL_NOT_REPORTED,
        "fill 4",
        id="fill doubled on the stream",
    ),
    pytest.param(
        record(), with_balance("50013.79"), DifferenceKind.BALANCE_DIFFERS, "balance", id="a cent"
    ),
    pytest.param(
        record(),
        replace(VENUE, orders=(*ORDERS, ORPHAN)),
        DifferenceKind.ORDER_NOT_SEEN,
        "order 14",
        id="order that we never saw",
    ),
    pytest.param(
        record(),
        replace(VENUE, orders=ORDERS[:2]),
        DifferenceKind.ORDER_NOT_REPORTED,
        "order 13",
        id="order that the venue does not list",
    ),
    pytest.param(
        record(
            orders={
                o.id: o
                for o in (*ORDERS[:1], replace(ORDERS[1], status=OrderStatus.OPEN), ORDERS[2])
            }
        ),
        VENUE,
        DifferenceKind.ORDER_DIFFERS,
        "order 12",
        id="cancel that we never saw",
    ),
    pytest.param(
        record(),
        replace(VENUE, closing=replace(CLOSING, orders=(ORPHAN,))),
        DifferenceKind.ORDER_ALIVE,
        "order 14",
        id="order still alive",
    ),
    pytest.param(
        record(closing=closed(realised="13.79")),
        VENUE,
        DifferenceKind.LEDGER_DIFFERS,
        "realised",
        id="our ledger is a cent off",
    ),
    pytest.param(
        record(closing=closed(fills=3)),
        VENUE,
        DifferenceKind.LEDGER_DIFFERS,
        "fills",
        id="our ledger has a fill twice",
    ),
    pytest.param(
        record(closing=closed(held={MNQ.id: 1})),
        VENUE,
        DifferenceKind.LEDGER_DIFFERS,
        "held",
        id="our ledger still holds something",
    ),
    pytest.param(
        record(),
        replace(VENUE, closing=replace(CLOSING, positions=(HELD,))),
        DifferenceKind.NOT_FLAT,
        MNQ.id,
        id="position not flat",
    ),
]


@pytest.mark.parametrize(("ours", "venue", "kind", "what"), PLANTED)
def test_planted_error_is_found_and_named(ours, venue, kind, what):
    found = compared(ours, venue)
    assert found.verdict is Verdict.BROKEN
    assert any(d.kind is kind and what in d.what for d in found.differences)


AWAY = (FILLS[1].happened_at - timedelta(seconds=2), FILLS[1].happened_at + timedelta(seconds=9))
OPEN_LEGS = tuple(replace(o, status=OrderStatus.OPEN, filled_size=0) for o in ORDERS[1:])


def test_exit_that_was_filled_while_the_user_hub_was_away_is_explained_with_the_proof():
    ours = record(
        outages=(AWAY,),
        orders={o.id: o for o in (ORDERS[0], *OPEN_LEGS)},
        fills={1: FILLS[0]},
        closing=closed(realised="-0.61", fills=1),
    )
    found = compared(ours)
    assert found.verdict is Verdict.EXPLAINED
    assert Counter(d.kind for d in found.differences) == {
        DifferenceKind.FILL_IN_OUTAGE: 1,
        DifferenceKind.ORDER_IN_OUTAGE: 2,
        DifferenceKind.LEDGER_BEHIND: 1,
    }
    fill_lost = next(d for d in found.differences if d.kind is DifferenceKind.FILL_IN_OUTAGE)
    assert "user hub away" in fill_lost.ours and "+" not in fill_lost.ours


def test_legs_that_came_and_went_while_the_user_hub_was_away_are_explained():
    seen_by_rest = {f.id: f for f in FILLS}
    ours = record(outages=((OPEN, None),), orders={}, fills={}, fills_by_rest=seen_by_rest)
    found = compared(ours)
    assert found.verdict is Verdict.EXPLAINED
    assert {d.kind for d in found.differences} == {
        DifferenceKind.ORDER_IN_OUTAGE,
        DifferenceKind.FILL_SEEN_BY_REST,
    }


LONG_BEFORE = (OPEN - timedelta(hours=1), OPEN - timedelta(minutes=50))


@pytest.mark.parametrize(
    ("changes", "venue"),
    [
        pytest.param({"outages": ()}, VENUE, id="no outage"),
        pytest.param({"outages": (LONG_BEFORE,)}, VENUE, id="another time"),
        pytest.param({"sent": []}, VENUE, id="not our order"),
        pytest.param({}, with_balance("50000.00"), id="money is wrong"),
        pytest.param(
            {},
            replace(VENUE, closing=replace(CLOSING, positions=(HELD,))),
            id="not flat",
        ),
        pytest.param(
            {"orders": {o.id: o for o in (*ORDERS[:2], replace(ORDERS[2], filled_size=0))}},
            VENUE,
            id="it was over before",
        ),
    ],
)
def test_what_an_outage_does_not_explain_stays_broken(changes, venue):
    ours = record(
        **{
            "outages": (AWAY,),
            "orders": {o.id: o for o in (ORDERS[0], *OPEN_LEGS)},
            "fills": {1: FILLS[0]},
        }
        | changes
    )
    assert compared(ours, venue).verdict is Verdict.BROKEN


def test_earlier_sessions_of_the_day_are_not_held_against_this_one():
    earlier = fill(900, 5, Side.BUY, 90_000, None)
    opening = replace(OPENING, fills=(earlier,))
    venue = replace(
        VENUE,
        closing=replace(CLOSING, fills=(earlier, *FILLS)),
        orders=(order(5, OrderType.MARKET, Side.BUY, OrderStatus.FILLED, 1), *ORDERS),
    )
    found = reconcile(record(), opening=opening, last_order_id=10, venue=venue)
    assert found.verdict is Verdict.CLEAN


def test_trade_that_the_stream_showed_but_we_never_sent_is_found():
    found = compared(record(sent=[]))
    assert found.verdict is Verdict.BROKEN
    assert {d.what for d in found.differences if d.kind is DifferenceKind.ORDER_NOT_SENT} == {
        "order 11",
        "order 12",
        "order 13",
    }


def test_untagged_market_order_is_ours_only_as_often_as_we_closed():
    close = order(14, OrderType.MARKET, Side.SELL, OrderStatus.FILLED, 0)
    venue = replace(VENUE, orders=(*ORDERS, close))
    seen = {o.id: o for o in (*ORDERS, close)}
    assert compared(record(orders=seen, closes_sent=ONE), venue).verdict is Verdict.CLEAN
    assert compared(record(orders=seen), venue).verdict is Verdict.BROKEN


LIQUIDATED = (
    ORDERS[0],
    ORDERS[1],
    order(13, OrderType.LIMIT, Side.SELL, OrderStatus.CANCELLED, 0, f"{TAG}-TP"),
    order(14, OrderType.MARKET, Side.SELL, OrderStatus.FILLED, 1),
)


def liquidated(*fills: Fill) -> tuple[Record, VenueDay]:
    """The venue closed what we held: its order, untagged, is in both accounts of the day."""
    net = sum((f.net_usd for f in fills), Decimal(0))
    account = replace(ACCOUNT, balance_usd=ACCOUNT.balance_usd + net)
    closing = replace(CLOSING, fills=fills, account=account)
    ours = record(orders={o.id: o for o in LIQUIDATED}, fills={f.id: f for f in fills})
    return ours, VenueDay(closing=closing, orders=LIQUIDATED)


def test_position_that_the_venue_closed_is_explained_and_named():
    ours, venue = liquidated(FILLS[0], fill(2, 14, Side.SELL, 99_990, "-5.00"))
    found = compared(ours, venue)
    assert found.verdict is Verdict.EXPLAINED
    assert [(d.kind, d.what) for d in found.differences] == [
        (DifferenceKind.CLOSED_BY_OTHERS, "order 14")
    ]


def test_close_by_others_that_nobody_of_ours_heard_is_explained_with_its_money():
    """A session that had died, or was deaf, saw neither order nor fill; REST lists both."""
    _, venue = liquidated(FILLS[0], fill(2, 14, Side.SELL, 99_990, "-5.00"))
    seen = {o.id: o for o in LIQUIDATED[:3]}
    deaf = record(orders=seen, fills={1: FILLS[0]})
    found = compared(deaf, venue)
    assert found.verdict is Verdict.EXPLAINED, found.differences
    assert {d.kind for d in found.differences} == {DifferenceKind.CLOSED_BY_OTHERS}


def test_close_by_hand_with_a_limit_order_is_explained_too():
    ours, venue = liquidated(FILLS[0], fill(2, 14, Side.SELL, 99_990, "-5.00"))
    by_hand = replace(LIQUIDATED[3], type=OrderType.LIMIT)
    orders = (*LIQUIDATED[:3], by_hand)
    found = compared(
        record(orders={o.id: o for o in orders}, fills=ours.fills), replace(venue, orders=orders)
    )
    assert found.verdict is Verdict.EXPLAINED, found.differences


def test_order_of_somebody_else_that_also_opens_is_not_explained():
    turned = replace(fill(2, 14, Side.SELL, 99_990, "-5.00"), size=2)
    ours, venue = liquidated(FILLS[0], turned)
    assert compared(ours, venue).verdict is Verdict.BROKEN


def test_damaged_journal_is_named():
    found = compared(record(damage="line 3: cut"))
    assert [d.kind for d in found.differences] == [DifferenceKind.JOURNAL_DAMAGED]


@pytest.mark.parametrize(
    "content",
    [
        b'{"seq":1,"kind":"ope',
        b"\x00" * 10,
        b'{"seq":1,"kind":"opened","wall":"2026-11-20T00:00:00Z","body":{}}\n',
    ],
    ids=["torn first row", "zeros", "terms that are none"],
)
def test_journal_that_cannot_be_read_leaves_a_record_that_says_so(tmp_path, content):
    path = tmp_path / "day.jsonl"
    path.write_bytes(content)
    made = read_record(path, record().opening)
    assert made.damage is not None and made.sent == []


def test_voided_fill_counts_for_nothing():
    voided = replace(fill(4, 11, Side.BUY, 100_000, None), is_voided=True)
    ours = record(fills={f.id: f for f in (*FILLS, voided)})
    assert compared(ours, venue_fills(*FILLS, voided)).verdict is Verdict.CLEAN


def test_report_shows_net_of_costs_and_what_closed_each_trade(tmp_path):
    ours = record()
    made = make_report(
        ours,
        opening=OPENING,
        closing=CLOSING,
        reconciliation=compared(ours),
        market="test",
        day=whole_day(CLOSING, tmp_path),
    )
    assert (made.gross_usd, made.costs_usd, made.net_usd) == (
        Decimal("15.00"),
        Decimal("1.22"),
        Decimal("13.78"),
    )
    (trade,) = made.trades
    assert (trade.entry_price, trade.exit_price, trade.exit_by) == (
        "25000.00",
        "25007.50",
        "target",
    )
    assert headline(made) == "flat, clean, 1 trade, +13.78 USD"
    assert "| long | 1 |" in to_markdown(made)


def whole_day(closing, folder):
    config = record().opening.config
    return totals_of(closing, folder, account_id=config.account_id, trading_day=config.trading_day)


def test_report_of_a_broken_day_names_the_difference(tmp_path):
    ours = record()
    venue = with_balance("50000.00")
    made = make_report(
        ours,
        opening=OPENING,
        closing=venue.closing,
        reconciliation=compared(ours, venue),
        market="test",
        day=whole_day(venue.closing, tmp_path),
    )
    assert "| balance, USD | 50013.78 | 50000.00 | balance differs |" in to_markdown(made)


def test_fill_that_only_rest_showed_us_and_that_is_another_now_is_broken():
    moved = {f.id: replace(f, price_ticks=f.price_ticks + 5) for f in FILLS}  # the same profit
    found = compared(record(fills={}, fills_by_rest=moved))
    assert [d.kind for d in found.differences] == [
        DifferenceKind.FILL_DIFFERS,
        DifferenceKind.FILL_DIFFERS,
    ]
