"""What the hubs say, as events. One feed lives for one connection; it runs on its reader.

A payload that cannot be read is counted and left out, its neighbours are not touched. Nothing
here waits or asks: a contract that is not in the mapping is reported, never looked up.
Source: gateway reference, 4.3 to 4.9.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec

from pxcore.clock.clocks import Clock
from pxcore.engine.events import AccountSeen, Event, FillSeen, OrderSeen, PositionSeen
from pxcore.gateway.wire.market import (
    DepthRow,
    PrintRow,
    QuoteRow,
    Row,
    Tape,
    Usual,
    payloads,
)
from pxcore.gateway.wire.rows import AccountRow, WireOrder, WirePosition, WireTrade, read_row
from pxcore.host.decoding import Decoder
from pxcore.model import Contract, ProtocolError
from pxcore.text.plain import original, plain_id

Arguments = list[msgspec.Raw]
_text: Decoder[str] = Decoder(str)


class Report(Protocol):
    """Where a feed says what it could not deliver."""

    def bad_record(self, why: str) -> None: ...

    def handler_error(self, error: Exception) -> None: ...

    def unknown_contract(self, contract_id: str) -> None: ...

    def bad_price(self) -> None: ...

    def tell(self, what: str) -> None: ...


class Arrivals(Protocol):
    """Who is told, on its reader's thread, what the market hub brings, around its events."""

    def received(self) -> None:
        """Bytes have arrived."""

    def decoded(self, records: int) -> None:
        """They hold so many records, whose events follow."""

    def delivered(self) -> None:
        """Those were all."""


class Unheeded:
    """Nobody wants to know."""

    def received(self) -> None:
        return

    def decoded(self, records: int) -> None:
        return

    def delivered(self) -> None:
        return


class UserFeed:
    """Orders, positions, fills and the balance of one account.

    The position of a contract that is not in the mapping is delivered all the same, since it
    needs no ticks; its orders and fills are not. Each of them is reported.
    """

    def __init__(
        self,
        *,
        account_id: int,
        contracts: Mapping[str, Contract],
        deliver: Callable[[Event], None],
        clock: Clock,
        report: Report,
    ) -> None:
        self._account_id = account_id
        self._contracts = contracts
        self._deliver = deliver
        self._clock = clock
        self._report = report
        self.handlers: dict[str, Callable[[Arguments], None]] = {
            "GatewayUserAccount": self._each(self._account),
            "GatewayUserOrder": self._each(self._order),
            "GatewayUserPosition": self._each(self._position),
            "GatewayUserTrade": self._each(self._fill),
        }

    def subscriptions(self) -> list[tuple[str | int, ...]]:
        """What to invoke: method and arguments. The account id must be a number."""
        account_id = self._account_id
        return [
            ("SubscribeAccounts",),
            ("SubscribeOrders", account_id),
            ("SubscribePositions", account_id),
            ("SubscribeTrades", account_id),
        ]

    def _each(self, take: Callable[[bytes], None]) -> Callable[[Arguments], None]:
        def handler(arguments: Arguments) -> None:
            if not arguments:
                self._report.bad_record("a user event without its payload")
                return
            for payload in payloads(arguments[0]):
                try:
                    take(payload)
                except ProtocolError as error:
                    self._report.bad_record(str(error))
                except Exception as error:  # whatever it was, what this one said is not known
                    self._report.handler_error(error)
                    self._report.bad_record(f"a user record was not taken: {error!r}")

        return handler

    def _account(self, payload: bytes) -> None:
        account = read_row(payload, AccountRow).account()
        if account.id == self._account_id:
            self._deliver(AccountSeen(at=self._clock.now(), account=account))

    def _order(self, payload: bytes) -> None:
        row = read_row(payload, WireOrder)
        if row.account_id == self._account_id and (contract := self._known(row.contract_id)):
            self._deliver(OrderSeen(at=self._clock.now(), order=row.order(contract)))

    def _position(self, payload: bytes) -> None:
        row = read_row(payload, WirePosition)
        if row.account_id == self._account_id:
            self._deliver(PositionSeen(at=self._clock.now(), position=row.position()))
            self._known(row.contract_id)

    def _fill(self, payload: bytes) -> None:
        row = read_row(payload, WireTrade)
        if row.account_id == self._account_id and (contract := self._known(row.contract_id)):
            self._deliver(FillSeen(at=self._clock.now(), fill=row.fill(contract)))

    def _known(self, contract_id: str) -> Contract | None:
        contract = self._contracts.get(contract_id)
        if contract is None:
            self._report.unknown_contract(contract_id)
        return contract


class MarketFeed:
    """Quotes, merged from their partial updates, prints and, if wanted, depth: an event each.

    `take` is for records that were decoded whole, `handlers` for those in any other shape.
    """

    def __init__(
        self,
        *,
        contracts: Mapping[str, Contract],
        wants_depth: bool,
        deliver: Callable[[Event], None],
        clock: Clock,
        report: Report,
        arrivals: Arrivals,
    ) -> None:
        self._arrivals = arrivals
        self._tapes = {
            original(name): Tape(contract, report) for name, contract in contracts.items()
        }
        self._wants_depth = wants_depth
        self._deliver = deliver
        self._now = clock.now
        self._report = report
        self.heard = 0  # messages about the market so far
        self.handlers: dict[str, Callable[[Arguments], None]] = {
            "GatewayQuote": self._each(QuoteRow),
            "GatewayTrade": self._each(PrintRow),
            "GatewayDepth": self._each(DepthRow),
        }

    def subscriptions(self) -> list[tuple[str | int, ...]]:
        methods = ["SubscribeContractQuotes", "SubscribeContractTrades"]
        if self._wants_depth:
            methods.append("SubscribeContractMarketDepth")
        return [(method, contract_id) for contract_id in self._tapes for method in methods]

    def take(self, records: list[Usual]) -> None:
        """A batch that arrived together, and so was learned of at one moment.

        Written for speed: it does what little there is to do for a quote right here.
        """
        self.heard += len(records)
        self._arrivals.decoded(len(records))
        at, tapes, deliver = self._now(), self._tapes, self._deliver
        for record in records:
            contract_id, row = record.arguments
            tape = tapes.get(contract_id)
            if tape is None:
                self._report.unknown_contract(plain_id(contract_id))
                continue
            try:
                if type(row) is QuoteRow:
                    deliver(tape.quote(row, at))
                else:
                    for one in row if isinstance(row, list) else (row,):
                        if (event := tape.event(one, at)) is not None:
                            deliver(event)
            except ProtocolError as error:
                self._report.bad_record(str(error))
            except Exception as error:  # the edge of the reader: the stream goes on
                self._report.handler_error(error)
        self._arrivals.delivered()

    def _each(self, kind: type[Row]) -> Callable[[Arguments], None]:
        def handler(arguments: Arguments) -> None:
            self.heard += 1
            tape = self._tape(arguments)
            if tape is None:
                return
            for payload in payloads(arguments[1]):
                try:
                    event = tape.event(read_row(payload, kind), self._now())
                    if event is not None:
                        self._deliver(event)
                except ProtocolError as error:
                    self._report.bad_record(str(error))

        return handler

    def _tape(self, arguments: Arguments) -> Tape | None:
        try:
            contract_id = _text.decode(arguments[0])
            _ = arguments[1]
        except (IndexError, ProtocolError) as error:
            self._report.bad_record(f"market data without contract or payload: {error}")
            return None
        tape = self._tapes.get(contract_id)
        if tape is None:
            self._report.unknown_contract(plain_id(contract_id))
        return tape
