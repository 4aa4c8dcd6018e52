"""Bad days by the clock: what faults make the venue do of itself, each when its alarm rings."""

from collections.abc import Iterable
from datetime import datetime
from functools import partial

from pxcore.model import OrderType
from pxcore.paper.exchange.floor import Floor
from pxcore.paper.exchange.messages import BracketMode, PlaceRequest
from pxcore.paper.exchange.order_desk import OrderDesk
from pxcore.paper.exchange.program import Lock
from pxcore.paper.exchange.program_rules import ProgramRules
from pxcore.paper.exchange.protection import PositionBracketOrders
from pxcore.paper.faults.base import Armed, Fault, Timed
from pxcore.paper.faults.venue import BracketModeSwitched, ForcedLiquidation, ForeignOrder


class TimedFaults:
    """Arms every fault; those that wait for an occasion are asked where it is."""

    def __init__(
        self,
        floor: Floor,
        *,
        desk: OrderDesk,
        brackets: PositionBracketOrders,
        rules: ProgramRules,
    ) -> None:
        self._floor = floor
        self._agenda = floor.agenda
        self._faults = floor.faults
        self._desk = desk
        self._brackets = brackets
        self._rules = rules

    def arm(self, fault: Fault, at: datetime) -> Armed:
        armed = self._faults.arm(fault, at)
        if isinstance(fault, Timed):
            self._set_alarm(armed, fault.moments_s())
        return armed

    def _set_alarm(self, armed: Armed, moments_s: Iterable[float]) -> None:
        moments = iter(moments_s)
        after_s = next(moments, None)
        if after_s is not None:
            moment = max(armed.moment(after_s), self._agenda.now)
            self._agenda.at(moment, partial(self._ring, armed, moments))

    def _ring(self, armed: Armed, moments_s: Iterable[float]) -> None:
        if not self._faults.is_armed(armed):
            return
        fault = armed.fault
        if armed.bites(self._agenda.now):
            if isinstance(fault, ForcedLiquidation):
                for account_id in self._meant(fault.account_id):
                    self._rules.liquidate(account_id, Lock(fault.lock))
            elif isinstance(fault, BracketModeSwitched):
                for account_id in self._meant(fault.account_id):
                    self._brackets.switch(account_id, BracketMode(fault.to))
            elif isinstance(fault, ForeignOrder):
                self._place_foreign(fault)
        self._set_alarm(armed, moments_s)

    def _meant(self, wanted_id: int | None) -> tuple[int, ...]:
        """The account that is named, if it exists; all when none is."""
        ids = tuple(account.id for account in self._floor.books.accounts)
        return tuple(account_id for account_id in ids if wanted_id in (None, account_id))

    def _place_foreign(self, fault: ForeignOrder) -> None:
        """Accepted without a look at the rules: it is not ours to judge. No market, no order."""
        tops = self._floor.tops
        known = [contract_id for contract_id, top in tops.items() if top.is_known]
        contract_id = fault.contract_id or next(iter(known), None)
        account_id = fault.account_id or self._floor.books.accounts[0].id
        if contract_id not in known or self._floor.books.account(account_id) is None:
            return
        contract, top = self._floor.contracts[contract_id], tops[contract_id]
        is_stop = fault.type is OrderType.STOP
        away = fault.ticks_away * (fault.side.sign if is_stop else -fault.side.sign)
        price = contract.price((top.opposite(fault.side) or 0) + away)
        request = PlaceRequest(
            contract_id=contract_id,
            type=fault.type,
            side=fault.side,
            size=fault.size,
            limit_price=price if fault.type is OrderType.LIMIT else None,
            stop_price=price if is_stop else None,
            tag=fault.tag,
        )
        self._desk.accept(account_id, request)
