"""Which contracts of an account are ours to judge and to close: one value, made once."""

from collections.abc import Iterable
from typing import Final

import msgspec


class Scope(msgspec.Struct, frozen=True):
    """`contracts` are ids; None is every contract of the account."""

    contracts: tuple[str, ...] | None = None

    @classmethod
    def of(cls, contracts: Iterable[str]) -> "Scope":
        return cls(tuple(sorted(set(contracts))))

    def holds(self, contract_id: str) -> bool:
        return self.contracts is None or contract_id in self.contracts

    def __str__(self) -> str:
        return "every contract" if self.contracts is None else ", ".join(self.contracts)


WHOLE: Final = Scope()
