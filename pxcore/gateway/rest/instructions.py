"""Everything that moves money. Each is sent once, whatever becomes of its answer.

Any of them raises Refused, Unavailable (it was not taken) and OutcomeUnknown (look before
acting) as the table in `outcomes` says, and Misconfigured for what must not leave this machine
(`outgoing`).
"""

from typing import TypeVar

from pxcore.gateway.rest import outgoing
from pxcore.gateway.rest.caller import Caller
from pxcore.gateway.rest.outgoing import Outgoing
from pxcore.gateway.rest.ready import Ready
from pxcore.model import Contract, NewOrder, OrderChange

A = TypeVar("A")


class Instructions:
    """Safe to use from many threads."""

    def __init__(self, call: Caller) -> None:
        self._call = call

    def instruct(self, instruction: Outgoing[A]) -> A:
        """Sends it and returns the answer."""
        return self._call.instruct(instruction)

    def at_once(self, instruction: Outgoing[A]) -> Ready[A] | None:
        """It, ready to leave without waiting for anything; None when it could not leave now: then
        `instruct`.
        """
        return self._call.at_once(instruction)

    def place_order(self, account_id: int, order: NewOrder, contract: Contract) -> int:
        """The id of the order, which is accepted and not yet filled."""
        return self.instruct(outgoing.place(account_id, order, contract)).order_id

    def modify_order(
        self, account_id: int, order_id: int, change: OrderChange, contract: Contract
    ) -> None:
        """Returns when the venue took it; the order keeps its id, its sibling is not touched."""
        self.instruct(outgoing.modify(account_id, order_id, change, contract))

    def cancel_order(self, account_id: int, order_id: int) -> None:
        """Returns when the venue took it. Refused with OrderNotFound or Rejected: look again."""
        self.instruct(outgoing.cancel(account_id, order_id))

    def close_position(self, account_id: int, contract_id: str) -> None:
        """Returns when the venue took it. The legs of a bracket stay: cancel them as well."""
        self.instruct(outgoing.close(account_id, contract_id))

    def reduce_position(self, account_id: int, contract_id: str, size: int) -> None:
        """Closes so many contracts of it. Refused with InvalidCloseSize for more than are held."""
        self.instruct(outgoing.reduce(account_id, contract_id, size))
