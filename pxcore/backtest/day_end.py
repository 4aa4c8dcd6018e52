"""What must hold when a simulated day is over: of its account, its money and its journals."""

from collections.abc import Collection
from decimal import Decimal
from typing import TYPE_CHECKING

from pxcore.backtest.scenario import ACCOUNT_ID, BALANCE_USD, GAPS_MOST, Scenario
from pxcore.backtest.told import ToldFills
from pxcore.backtest.violations import Invariant, Violation
from pxcore.engine import Engine
from pxcore.model import OrderType
from pxcore.paper.exchange import Exchange
from pxcore.strategies import make_strategy

if TYPE_CHECKING:
    from pxcore.backtest.simulation import Session

_SLIP_TICKS = 60  # the market moves on while a stop-less position is noticed and closed


class DayEnd:
    """`told` is what the last session was told, `tags` those of every order of ours."""

    def __init__(
        self, scenario: Scenario, exchange: Exchange, *, told: ToldFills, tags: Collection[str]
    ) -> None:
        self._scenario = scenario
        self._exchange = exchange
        self._told = told
        self._tags = tags

    def judge(self, sessions: "list[Session]") -> None:
        """Raises Violation."""
        last = sessions[-1].engine
        if last.is_left:
            self._judge_left()
        elif not self._exchange.is_flat and not self._scenario.has_strangers:
            raise Violation(Invariant.FLAT, f"{self._exchange.positions(ACCOUNT_ID)}")
        self._judge_orders()
        self._judge_money(last)
        for session in sessions:
            _judge_replay(session, self._scenario)

    def _judge_left(self) -> None:
        """What a session was asked to leave is under its stop, or gone by its bracket."""
        if self._scenario.has_strangers:
            return
        for position in self._exchange.positions(ACCOUNT_ID):
            stops = [
                order.size
                for order in self._exchange.orders(ACCOUNT_ID)
                if order.is_working
                and order.type is OrderType.STOP
                and order.side.sign * position.size < 0
            ]
            if sum(stops) < abs(position.size):
                raise Violation(Invariant.LEFT_PROTECTED, f"{position}")

    def _judge_orders(self) -> None:
        ours = [o for o in self._exchange.orders(ACCOUNT_ID) if o.tag in self._tags]
        if len(ours) > len({o.tag for o in ours}):
            raise Violation(Invariant.ONE_ORDER, f"{len(ours)} orders of ours, some with one tag")
        fills = self._exchange.fills(ACCOUNT_ID)
        entries = {o.id for o in ours if o.type is OrderType.MARKET}
        rounds, most = len({f.order_id for f in fills} & entries), self._scenario.config.limits
        if rounds > most.trades_max and not self._scenario.lies.fills_late:  # else nobody knew
            raise Violation(Invariant.TRADES_MAX, f"{rounds} of {most.trades_max}")

    def _judge_money(self, last: Engine) -> None:
        account = self._exchange.account(ACCOUNT_ID)
        assert account is not None
        gained = account.balance_usd - BALANCE_USD
        if self._scenario.has_strangers or last.is_left:
            return
        believed = last.state.book.realised_usd
        is_known = last.is_over and self._told.has_all(self._exchange.fills(ACCOUNT_ID))
        if is_known and believed != gained:
            raise Violation(Invariant.REALISED, f"we make it {believed} USD, the venue {gained}")
        self._judge_loss(gained)

    def _judge_loss(self, gained: Decimal) -> None:
        """Beyond the limit by no more than one trade's stop, slippage and costs of it all."""
        config = self._scenario.config
        limits, contract = config.limits, config.contract
        slip_ticks = _SLIP_TICKS
        slip_ticks += round(GAPS_MOST * self._scenario.gap_ticks)  # or jumps over its stop
        ticks = config.bracket.stop_loss_ticks + limits.slippage_ticks + slip_ticks
        worst = contract.usd(ticks, config.size) + 2 * limits.costs_usd_per_side * config.size
        if -gained > limits.loss_usd_max + worst:
            raise Violation(Invariant.LOSS_MAX, f"{-gained} USD of {limits.loss_usd_max}")


def _judge_replay(session: "Session", scenario: Scenario) -> None:
    engine = Engine(
        session.engine.config, make_strategy("timed-entry", {"every_s": scenario.every_s})
    )
    for number, (event, commands) in enumerate(session.journal):
        said = tuple(engine.step(event))
        if said != commands:
            raise Violation(
                Invariant.REPLAY, f"event {number} of {session.engine.config.session_id}"
            )
