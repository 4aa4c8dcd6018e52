"""An instruction as it will go out: where, with what, in words, and how urgent. Pure.

Each raises Misconfigured for what must not leave this machine. What opens is held back by a
used-up budget; what takes risk off the account never is.
"""

from typing import Generic, TypeVar

import msgspec

from pxcore.engine.commands import PlaceEntry, PlaceStop
from pxcore.gateway.rest.budget import Urgency
from pxcore.gateway.rest.placing import (
    describe,
    entry_order,
    modify_request,
    place_request,
    stop_order,
)
from pxcore.gateway.wire import endpoints, requests
from pxcore.gateway.wire.endpoints import Done, Endpoint, Placed
from pxcore.model import Contract, Misconfigured, NewOrder, OrderChange

A = TypeVar("A")


class Outgoing(msgspec.Struct, Generic[A], frozen=True):
    """`attempted` says for a person what it does."""

    endpoint: Endpoint[A]
    request: msgspec.Struct
    attempted: str
    urgency: Urgency = Urgency.URGENT


def place(
    account_id: int, order: NewOrder, contract: Contract, *, urgency: Urgency = Urgency.NORMAL
) -> Outgoing[Placed]:
    """The answer has the id of the order, which is accepted and not yet filled."""
    request = place_request(account_id, order, contract)
    return Outgoing(endpoints.PLACE, request, describe(order, contract), urgency)


def place_entry(account_id: int, entry: PlaceEntry, contract: Contract) -> Outgoing[Placed]:
    """The engine's market entry with both legs."""
    return place(account_id, entry_order(entry), contract)


def place_stop(account_id: int, stop: PlaceStop, contract: Contract) -> Outgoing[Placed]:
    """For a position without its stop: from the requests kept for that."""
    return place(account_id, stop_order(stop), contract, urgency=Urgency.URGENT)


def modify(
    account_id: int, order_id: int, change: OrderChange, contract: Contract
) -> Outgoing[Done]:
    """The order keeps its id, its sibling is not touched."""
    request = modify_request(account_id, order_id, change, contract)
    return Outgoing(endpoints.MODIFY, request, f"modify order {order_id}")


def cancel(account_id: int, order_id: int) -> Outgoing[Done]:
    """Refused with OrderNotFound or Rejected: look again."""
    request = requests.OrderOfAccount(account_id=account_id, order_id=order_id)
    return Outgoing(endpoints.CANCEL, request, f"cancel order {order_id}")


def close(account_id: int, contract_id: str) -> Outgoing[Done]:
    """The legs of a bracket stay: cancel them as well."""
    request = requests.ContractOfAccount(account_id=account_id, contract_id=contract_id)
    return Outgoing(endpoints.CLOSE, request, f"close {contract_id}")


def reduce(account_id: int, contract_id: str, size: int) -> Outgoing[Done]:
    """Closes so many contracts of it. Refused with InvalidCloseSize for more than are held."""
    if size < 1:
        raise Misconfigured(f"reduce {contract_id} by {size}: the least is 1 contract")
    request = requests.PartOfPosition(account_id=account_id, contract_id=contract_id, size=size)
    return Outgoing(endpoints.PARTIAL_CLOSE, request, f"reduce {contract_id} by {size}")
