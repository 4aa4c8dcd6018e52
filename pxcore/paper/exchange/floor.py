"""The floor that every part of the exchange stands on: time, settings, and what is written down.

Values and small parts alone, none of which knows a part that stands here.
"""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pxcore.model import Contract
from pxcore.paper.exchange.books import Books
from pxcore.paper.exchange.matching import Top
from pxcore.paper.exchange.messages import AccountSpec, ExchangeConfig, VenueEvent
from pxcore.paper.exchange.orders import OrderRegister
from pxcore.paper.exchange.timeline import Agenda
from pxcore.paper.faults.base import Armory


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """`tops` are the best prices of each of the `contracts`, both by contract id.

    `tell` takes every event, in the order in which clients will hear of them.
    """

    agenda: Agenda
    config: ExchangeConfig
    faults: Armory
    contracts: dict[str, Contract]
    tops: dict[str, Top]
    orders: OrderRegister
    books: Books
    tell: Callable[[VenueEvent], None]

    def knows(self, account_id: int, contract_id: str) -> bool:
        return self.books.account(account_id) is not None and contract_id in self.contracts


def new_floor(
    contracts: Iterable[Contract],
    accounts: Iterable[AccountSpec],
    *,
    seed: int,
    config: ExchangeConfig,
    agenda: Agenda,
    tell: Callable[[VenueEvent], None],
) -> Floor:
    """Of a venue where nobody has traded yet."""
    listed = {contract.id: contract for contract in contracts}
    return Floor(
        agenda=agenda,
        config=config,
        faults=Armory(seed),
        contracts=listed,
        tops={contract_id: Top() for contract_id in listed},
        orders=OrderRegister(random.Random(seed)),  # noqa: S311 - gaps between ids, no secret
        books=Books(accounts),
        tell=tell,
    )
