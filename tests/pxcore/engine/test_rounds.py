"""Rounds from fills: every fill belongs to one, and their sums are the venue's."""

from datetime import timedelta
from decimal import Decimal

from engine_scenes import MNQ, OPEN
from hypothesis import given
from hypothesis import strategies as st

from pxcore.engine.rounds import fold_rounds
from pxcore.model import Fill, Side


def fill(number: int, signed: int, ticks: int, pnl: str | None = None) -> Fill:
    return Fill(
        id=number,
        account_id=7,
        contract_id=MNQ.id,
        order_id=number,
        side=Side.BUY if signed > 0 else Side.SELL,
        size=abs(signed),
        price_ticks=ticks,
        pnl_usd=None if pnl is None else Decimal(pnl),
        fees_usd=Decimal("0.36"),
        commissions_usd=Decimal("0.25"),
        happened_at=OPEN + timedelta(seconds=number),
    )


def test_scale_in_and_out_is_one_round_at_weighted_prices():
    fills = (fill(1, 1, 100), fill(2, 2, 103), fill(3, -2, 110, "8"), fill(4, -1, 104, "1"))
    (one,) = fold_rounds(fills)
    # (100 + 2 x 103) / 3 = 102; (2 x 110 + 104) / 3 = 108.
    assert (one.size, one.entry_ticks, one.exit_ticks) == (3, Decimal(102), Decimal(108))
    assert one.net_usd == Decimal("9") - 4 * Decimal("0.61")


def test_fill_that_crosses_zero_ends_one_round_and_opens_the_next():
    closed, opened = fold_rounds((fill(1, 1, 100), fill(2, -3, 104, "2")))
    assert (closed.is_closed, closed.size) == (True, 1)
    assert (opened.is_closed, opened.size, opened.side) == (False, 2, Side.SELL)


def test_order_of_arrival_does_not_matter():
    fills = [fill(1, 1, 100), fill(2, -1, 104, "2"), fill(3, -1, 104), fill(4, 1, 100, "2")]
    assert fold_rounds(fills) == fold_rounds(reversed(fills))


@given(st.lists(st.integers(-3, 3).filter(bool), max_size=30))
def test_rounds_keep_every_cent_and_end_with_what_is_held(sizes):
    fills = [fill(n, size, 100 + n, "1.5") for n, size in enumerate(sizes, 1)]
    rounds = fold_rounds(fills)
    assert sum((r.net_usd for r in rounds), Decimal(0)) == sum(
        (f.net_usd for f in fills), Decimal(0)
    )
    held = sum(r.side.sign * r.size for r in rounds if not r.is_closed)
    assert bool(held) is bool(sum(sizes))
