"""Everything that moves money. Each is sent once, whatever becomes of its answer.

Any of them raises Refused, Unavailable (it was not taken) and OutcomeUnknown (look before
acting) as the table in `outcomes` says, and Misconfigured for what must not leave this machine.
What opens is held back by a used-up budget; what takes risk off the account never is.
"""

from pxcore.engine.commands import PlaceEntry, PlaceStop
from pxcore.gateway.rest.budget import Urgency
from pxcore.gateway.rest.caller import Caller
from pxcore.gateway.rest.placing import (
    describe,
    entry_order,
    modify_request,
    place_request,
    stop_order,
)
from pxcore.gateway.wire import endpoints, requests
from pxcore.model import Contract, Misconfigured, NewOrder, OrderChange


class Instructions:
    """Safe to use from many threads."""

    def __init__(self, call: Caller) -> None:
        self._call = call

    def place_entry(self, account_id: int, entry: PlaceEntry, contract: Contract) -> int:
        """As `place_order`, for the engine's market entry with both legs."""
        return self.place_order(account_id, entry_order(entry), contract)

    def place_stop(self, account_id: int, stop: PlaceStop, contract: Contract) -> int:
        """As `place_order`, for a position without its stop: from the requests kept for that."""
        order = stop_order(stop)
        return self.place_order(account_id, order, contract, urgency=Urgency.URGENT)

    def place_order(
        self,
        account_id: int,
        order: NewOrder,
        contract: Contract,
        *,
        urgency: Urgency = Urgency.NORMAL,
    ) -> int:
        """The id of the order, which is accepted and not yet filled.

        Raises Misconfigured, and sends nothing, for an order that the venue cannot take.
        """
        request = place_request(account_id, order, contract)
        attempted = describe(order, contract)
        return self._call.instruct(endpoints.PLACE, request, attempted, urgency).order_id

    def modify_order(
        self, account_id: int, order_id: int, change: OrderChange, contract: Contract
    ) -> None:
        """Returns when the venue took it; the order keeps its id, its sibling is not touched."""
        request = modify_request(account_id, order_id, change, contract)
        self._call.instruct(endpoints.MODIFY, request, f"modify order {order_id}", Urgency.URGENT)

    def cancel_order(self, account_id: int, order_id: int) -> None:
        """Returns when the venue took it. Refused with OrderNotFound or Rejected: look again."""
        request = requests.OrderOfAccount(account_id=account_id, order_id=order_id)
        self._call.instruct(endpoints.CANCEL, request, f"cancel order {order_id}", Urgency.URGENT)

    def close_position(self, account_id: int, contract_id: str) -> None:
        """Returns when the venue took it. The legs of a bracket stay: cancel them as well."""
        request = requests.ContractOfAccount(account_id=account_id, contract_id=contract_id)
        self._call.instruct(endpoints.CLOSE, request, f"close {contract_id}", Urgency.URGENT)

    def reduce_position(self, account_id: int, contract_id: str, size: int) -> None:
        """Closes so many contracts of it. Refused with InvalidCloseSize for more than are held."""
        if size < 1:
            raise Misconfigured(f"reduce {contract_id} by {size}: the least is 1 contract")
        request = requests.PartOfPosition(account_id=account_id, contract_id=contract_id, size=size)
        attempted = f"reduce {contract_id} by {size}"
        self._call.instruct(endpoints.PARTIAL_CLOSE, request, attempted, Urgency.URGENT)
