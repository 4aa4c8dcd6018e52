"""What an account holds of a contract, and what guards it, as the exchange knows it."""

from pxcore.model import Order, OrderType
from pxcore.paper.exchange import Exchange
from pxcore.simulation.scenario import ACCOUNT_ID

STOPS = (OrderType.STOP, OrderType.TRAILING_STOP)


def held_of(exchange: Exchange, contract_id: str) -> int:
    """Signed contracts."""
    return sum(p.size for p in exchange.positions(ACCOUNT_ID) if p.contract_id == contract_id)


def alive_of(exchange: Exchange, contract_id: str) -> list[Order]:
    orders = exchange.orders(ACCOUNT_ID)
    return [o for o in orders if o.is_alive and o.contract_id == contract_id]


def stops_of(exchange: Exchange, contract_id: str, held: int) -> list[Order]:
    """Those that work on the closing side of so many contracts."""
    return [
        o
        for o in alive_of(exchange, contract_id)
        if o.is_working and o.type in STOPS and o.side.sign * held < 0
    ]
