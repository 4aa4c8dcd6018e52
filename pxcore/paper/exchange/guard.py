"""Where each account with a program stands, and how far its market may move unwatched.

Balance with open profit and loss is exact only as a fraction, too dear to work out at every
quote. So an account that was judged and found good gets a safe level for each position: until
one of them is passed, no limit can have been touched.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal

from msgspec.structs import replace

from pxcore.model import Account, Contract
from pxcore.paper.exchange.books import HeldPosition
from pxcore.paper.exchange.matching import Top
from pxcore.paper.exchange.messages import AccountSpec
from pxcore.paper.exchange.program import (
    Lock,
    Program,
    Standing,
    begun,
    breach,
    least_usd,
    next_standing,
)


class Guard:
    def __init__(self, specs: Iterable[AccountSpec]) -> None:
        self.standings: dict[int, Standing] = {}
        self._programs = {spec.id: spec.program for spec in specs if spec.program}
        self._safe: dict[tuple[int, str], tuple[int, int]] = {}  # direction, level in ticks

    @property
    def is_on(self) -> bool:
        return bool(self._programs)

    @property
    def account_ids(self) -> tuple[int, ...]:
        return tuple(self._programs)

    def program(self, account_id: int) -> Program | None:
        return self._programs.get(account_id)

    def begin(self, day: date, accounts: Iterable[Account]) -> None:
        """Accounts that were not restored stand where they start."""
        for account in accounts:
            program = self._programs.get(account.id)
            if program is not None and account.id not in self.standings:
                self.standings[account.id] = begun(program, day, account.balance_usd)

    def lock_of(self, account_id: int) -> Lock | None:
        standing = self.standings.get(account_id)
        return standing.lock if standing else None

    def lock(self, account_id: int, lock: Lock, day: date, balance_usd: Decimal) -> None:
        """Of an account without a program too. A failure is never softened to a day's lock."""
        standing = self.standings.get(account_id)
        if standing is None:
            standing = Standing(day=day, day_start_usd=balance_usd, peak_usd=balance_usd)
        if standing.lock is not Lock.FAILED:
            self.standings[account_id] = replace(standing, lock=lock)

    def next_day(self, account_id: int, day: date, balance_usd: Decimal) -> None:
        standing = self.standings.get(account_id)
        if standing is not None:
            self.standings[account_id] = next_standing(standing, day, balance_usd)
        self.forget(account_id)

    def breach(self, account_id: int, equity_usd: Decimal) -> Lock | None:
        """The lock that is called for; None when there is none, or it is there already."""
        program, standing = self._programs.get(account_id), self.standings.get(account_id)
        if program is None or standing is None:
            return None
        called_for = breach(program, standing, equity_usd)
        is_new = standing.lock is None or called_for is Lock.FAILED
        return called_for if is_new and called_for is not standing.lock else None

    # How far the market may move

    def forget(self, account_id: int) -> None:
        """Balance or positions have changed: nothing is known to be safe."""
        for key in [key for key in self._safe if key[0] == account_id]:
            del self._safe[key]

    def is_safe(self, account_id: int, contract_id: str, mark: int | None) -> bool:
        """Can the account not have touched a limit while this contract is marked there?"""
        safe = self._safe.get((account_id, contract_id))
        return safe is not None and mark is not None and safe[0] * (mark - safe[1]) > 0

    def allow(
        self,
        account_id: int,
        equity_usd: Decimal,
        holdings: Iterable[HeldPosition],
        contracts: Mapping[str, Contract],
        tops: Mapping[str, Top],
    ) -> None:
        """Shares the headroom out: each position may lose its part before anybody looks again."""
        program, standing = self._programs.get(account_id), self.standings.get(account_id)
        if program is None or standing is None:
            return
        held = [h.position for h in holdings if h.position.account_id == account_id]
        least = least_usd(program, standing)
        for position in held:
            top, contract = tops[position.contract_id], contracts[position.contract_id]
            mark = top.bid if position.size > 0 else top.ask
            if mark is None:
                continue
            direction = 1 if position.size > 0 else -1
            part = mark if least is None else (equity_usd - least) / len(held)
            ticks = int(part / (contract.tick_value * abs(position.size)))
            self._safe[account_id, position.contract_id] = (direction, mark - direction * ticks)
