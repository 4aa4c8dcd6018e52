"""Rounds: from flat to flat, folded from fills. The one place that says what a trade made."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

import msgspec

from pxcore.model import Fill, Side


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """One trade of ours, from the fill that opened it to the one that made it flat.

    Average prices in ticks, weighted by size; `size` is the most contracts held; `closed_at` is
    None while it is open. `gross_usd` is the venue's own profit and loss, `costs_usd` its fees
    and commissions.
    """

    contract_id: str
    side: Side
    size: int
    opened_at: datetime
    closed_at: datetime | None
    entry_order_id: int
    exit_order_id: int | None
    entry_ticks: Decimal
    exit_ticks: Decimal | None
    gross_usd: Decimal
    costs_usd: Decimal

    @property
    def net_usd(self) -> Decimal:
        return self.gross_usd - self.costs_usd

    @property
    def is_closed(self) -> bool:
        return self.closed_at is not None


def fold_rounds(fills: Iterable[Fill]) -> tuple[Round, ...]:
    """Every round in the fills, oldest first, open ones last. Voided fills count for nothing.

    A fill that crosses zero arrives split (gateway reference, 7.9); one that does not is refused
    by nobody here: its closing part ends the round and the rest opens the next.
    """
    open_by_contract: dict[str, list[Fill]] = {}
    closed: list[Round] = []
    for fill in sorted(fills, key=lambda f: (f.happened_at, f.id)):
        if fill.is_voided:
            continue
        group = open_by_contract.setdefault(fill.contract_id, [])
        group.append(fill)
        net = sum(f.signed_size for f in group)
        if net == 0:
            closed.append(_round(group, is_closed=True))
            group.clear()
        elif len(group) > 1 and (net > 0) != (group[0].signed_size > 0):
            last = group.pop()
            rest = abs(net)
            closing = _part(last, last.size - rest, keeps_money=True)
            closed.append(_round([*group, closing], is_closed=True))
            open_by_contract[fill.contract_id] = [_part(last, rest, keeps_money=False)]
    open_rounds = [_round(g, is_closed=False) for g in open_by_contract.values() if g]
    return (*closed, *open_rounds)


def _part(fill: Fill, size: int, *, keeps_money: bool) -> Fill:
    if keeps_money:
        return msgspec.structs.replace(fill, size=size)
    none = Decimal(0)
    return msgspec.structs.replace(
        fill, size=size, pnl_usd=None, fees_usd=none, commissions_usd=none
    )


def _round(fills: list[Fill], *, is_closed: bool) -> Round:
    side = fills[0].side
    entries = [f for f in fills if f.side is side]
    exits = [f for f in fills if f.side is not side]
    held = peak = 0
    for fill in fills:
        held += fill.signed_size
        peak = max(peak, abs(held))
    return Round(
        contract_id=fills[0].contract_id,
        side=side,
        size=peak,
        opened_at=fills[0].happened_at,
        closed_at=fills[-1].happened_at if is_closed else None,
        entry_order_id=fills[0].order_id,
        exit_order_id=exits[-1].order_id if exits else None,
        entry_ticks=_average_ticks(entries),
        exit_ticks=_average_ticks(exits) if exits else None,
        gross_usd=sum((f.pnl_usd or Decimal(0) for f in fills), Decimal(0)),
        costs_usd=sum((f.costs_usd for f in fills), Decimal(0)),
    )


def _average_ticks(fills: list[Fill]) -> Decimal:
    size = sum(f.size for f in fills)
    return Decimal(sum(f.price_ticks * f.size for f in fills)) / size
