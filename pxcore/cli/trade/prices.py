"""From what was typed to whole ticks, or a refusal before anything is sent."""

import re
from decimal import ROUND_FLOOR, Decimal

from pxcore.cli.trade.desk import Gateway
from pxcore.cli.trade.market import last_bar
from pxcore.cli.trade.values import chicago_text
from pxcore.model import Contract, Misconfigured, OffGrid, Side
from pxcore.text.typed import shown

_PRICE = re.compile(r"\d{1,9}(\.\d{1,9})?")
_TRAIL_TICKS_MAX = 1000  # the venue refuses more; gateway reference, 2.9


def price_ticks(contract: Contract, text: str | None, *, option: str) -> int | None:
    """Raises Misconfigured for what is no price, or not on the contract's grid."""
    if text is None:
        return None
    price = Decimal(text) if _PRICE.fullmatch(text) else Decimal(0)
    if price == 0:
        raise Misconfigured(f"{option} {shown(text)} is no price above zero; nothing was sent")
    try:
        return contract.ticks(price)
    except OffGrid as error:
        below = int((price / contract.tick_size).to_integral_value(rounding=ROUND_FLOOR))
        near = f"{contract.price(below)} and {contract.price(below + 1)}"
        raise Misconfigured(f"{option}: {error}; near it are {near}; nothing was sent") from None


def trail_level(desk: Gateway, contract: Contract, side: Side, trail_ticks: int) -> tuple[int, str]:
    """The level to send for a stop that trails so many ticks behind, and a line that explains it.

    The venue trails by how far the level is from the last trade when it arrives: below it for a
    sell, above it for a buy. Source: gateway reference, 2.9.
    """
    if not 1 <= trail_ticks <= _TRAIL_TICKS_MAX:
        raise Misconfigured(
            f"--trail {trail_ticks}: the venue trails by 1 to {_TRAIL_TICKS_MAX} ticks; nothing "
            "was sent"
        )
    last = last_bar(desk, contract)
    ticks = last.close_ticks + side.sign * trail_ticks
    line = (
        f"trails by {trail_ticks} ticks: level {contract.price(ticks)} is sent, the last trade "
        f"being {contract.price(last.close_ticks)} (bar of {chicago_text(last.opened_at)} Chicago)"
    )
    return ticks, line
