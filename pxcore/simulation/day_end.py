"""What must hold when a simulated day is over: of its account, its money and its journals."""

from collections.abc import Collection
from decimal import Decimal

from pxcore.engine.engine import Engine
from pxcore.model import Foreign, OrderType
from pxcore.paper.exchange import Exchange
from pxcore.simulation.early_close import FEE_USD
from pxcore.simulation.lives import SimulatedSession
from pxcore.simulation.scenario import ACCOUNT_ID, BALANCE_USD, GAPS_MOST, Scenario
from pxcore.simulation.standstill import beating
from pxcore.simulation.stranger_judge import StrangerJudge
from pxcore.simulation.told import ToldFills
from pxcore.simulation.truth import alive_of, held_of, stops_of
from pxcore.simulation.violations import Invariant, Violation

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

    def judge(self, sessions: list[SimulatedSession], strangers: StrangerJudge) -> None:
        """Raises Violation."""
        last = sessions[-1].engine
        if last.is_left:
            self._judge_left()
        elif not self._scenario.has_strangers:
            self._judge_flat()
        self._judge_orders()
        self._judge_money(last)
        for session in sessions:
            self._judge_replay(session, strangers)

    def _judge_flat(self) -> None:
        """In our own contract: elsewhere others may have traded after the last proof."""
        contract_id = self._scenario.config.contract.id
        held = held_of(self._exchange, contract_id)
        alive = alive_of(self._exchange, contract_id)
        if held or alive:
            raise Violation(Invariant.FLAT, f"{held:+d}, {alive}")

    def _judge_left(self) -> None:
        """What a session was asked to leave is under its stop, or gone by its bracket."""
        if self._scenario.has_strangers:
            return
        contract_id = self._scenario.config.contract.id
        held = held_of(self._exchange, contract_id)
        stops = stops_of(self._exchange, contract_id, held)
        if sum(o.size for o in stops) < abs(held):
            raise Violation(Invariant.LEFT_PROTECTED, f"{held:+d}")
        told = [o for o in stops if o.id in self._told.orders]
        if held and sum(o.size for o in told) > abs(held):
            raise Violation(Invariant.LEFT_ONCE, f"{held:+d} under {told}")

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
        if self._scenario.stranger is None:
            self._judge_loss(gained)

    def _judge_loss(self, gained: Decimal) -> None:
        """Beyond the limit by no more than one trade's stop, slippage and costs of it all."""
        config = self._scenario.config
        limits, contract = config.limits, config.contract
        slip_ticks = _SLIP_TICKS
        slip_ticks += round(GAPS_MOST * self._scenario.gap_ticks)  # or jumps over its stop
        ticks = config.bracket.stop_loss_ticks + limits.slippage_ticks + slip_ticks
        worst = contract.usd(ticks, config.size) + 2 * limits.costs_usd_per_side * config.size
        if self._scenario.venue_flat is not None:
            worst += FEE_USD * config.size
        if -gained > limits.loss_usd_max + worst:
            raise Violation(Invariant.LOSS_MAX, f"{-gained} USD of {limits.loss_usd_max}")

    def _judge_replay(self, session: SimulatedSession, strangers: StrangerJudge) -> None:
        engine = self._engine_again(session)
        for number, (event, commands) in enumerate(session.journal):
            if tuple(engine.step(event)) != commands:
                what = f"event {number} of {session.engine.config.session_id}"
                raise Violation(Invariant.REPLAY, what)
        is_ignored = session.engine.config.foreign is Foreign.IGNORE
        if self._scenario.stranger is not None and is_ignored:
            strangers.judge_replay(self._engine_again(session).step, session.journal)

    def _engine_again(self, session: SimulatedSession) -> Engine:
        strategy = beating(self._scenario.every_s)
        return Engine(session.engine.config, strategy)
