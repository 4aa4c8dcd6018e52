"""Which contract a person means by what they typed. Pure: the lists come from the caller."""

import re
from collections.abc import Iterable

from pxcore.model import Contract, Misconfigured
from pxcore.text.plain import plain

# Contract names are an exchange root, a month letter and a year: MNQZ6. Reference, 5.1.
_NAME = re.compile(r"(?P<root>.+)[FGHJKMNQUVXZ]\d{1,2}")
_NEAR_MAX = 8


def exchange_root(contract: Contract) -> str:
    """`MNQ` of `MNQZ6`; the whole name when it has another form."""
    match = _NAME.fullmatch(contract.name)
    return match["root"] if match else contract.name


def choose_contract(text: str, listed: Iterable[Contract]) -> Contract:
    """The one active contract with this id, name, exchange root or symbol.

    Fuzzy finds do not count: "NQ" is neither MNQ nor the natural gas NQG. Raises Misconfigured
    naming what was asked and what is near, when none or several fit.
    """
    wanted = plain(text.strip()).upper()  # as those of the venue are: see `wire.rows`
    known = {contract.id: contract for contract in listed}
    fitting = [c for c in known.values() if wanted in _names(c)]
    active = [c for c in fitting if c.is_active]
    if len(active) == 1:
        return active[0]
    if active:
        raise Misconfigured(f"contract {text!r} can be any of {_list(active)}: give its full id")
    if fitting:
        raise Misconfigured(f"contract {text!r} is listed but not active: {_list(fitting)}")
    near = [c for c in known.values() if c.is_active and _is_near(wanted, c)]
    hint = f"near it: {_list(near)}" if near else "nothing listed is near it"
    raise Misconfigured(f"no active contract is called {text!r}; {hint}")


def _names(contract: Contract) -> tuple[str, ...]:
    symbol = contract.symbol_id.rpartition(".")[2]
    names = (contract.id, contract.name, exchange_root(contract), contract.symbol_id, symbol)
    return tuple(name.upper() for name in names)


def _is_near(wanted: str, contract: Contract) -> bool:
    words = f"{contract.id} {contract.name} {contract.description}".upper()
    return bool(wanted) and (wanted in words or exchange_root(contract).upper() in wanted)


def _list(contracts: list[Contract]) -> str:
    shown = ", ".join(f"{c.name} ({c.id})" for c in contracts[:_NEAR_MAX])
    more = len(contracts) - _NEAR_MAX
    return f"{shown} and {more} more" if more > 0 else shown
