"""From the engine's entry to the order that the venue takes."""

from pxcore.engine.commands import PlaceEntry
from pxcore.gateway.wire import codes
from pxcore.gateway.wire.endpoints import BracketLeg, PlaceOrder
from pxcore.model import STOP_LOSS_TICKS_MIN, Contract, Misconfigured


def entry_request(account_id: int, entry: PlaceEntry, contract: Contract) -> PlaceOrder:
    """A market order with both legs, signed by side: a long's stop is below, its target above.

    Raises Misconfigured for an entry without a proper bracket: it must not leave this machine.
    Source: gateway reference, 2.9 (signs, the types of the legs, the least stop distance).
    """
    problems = tuple(_problems(entry, contract))
    if problems:
        raise Misconfigured(*problems)
    direction = entry.side.sign
    return PlaceOrder(
        account_id=account_id,
        contract_id=contract.id,
        type=codes.MARKET,
        side=codes.side_code(entry.side),
        size=entry.size,
        custom_tag=entry.tag,
        stop_loss_bracket=BracketLeg(
            ticks=-direction * entry.bracket.stop_loss_ticks, type=codes.STOP
        ),
        take_profit_bracket=BracketLeg(
            ticks=direction * entry.bracket.take_profit_ticks, type=codes.LIMIT
        ),
    )


def describe(entry: PlaceEntry, contract: Contract) -> str:
    return f"place {entry.side} {entry.size} {contract.name} (tag {entry.tag})"


def _problems(entry: PlaceEntry, contract: Contract) -> list[str]:
    what = describe(entry, contract)
    stop, target = entry.bracket.stop_loss_ticks, entry.bracket.take_profit_ticks
    found: list[str] = []
    if entry.contract_id != contract.id:
        found.append(f"{what}: the entry is for {entry.contract_id}")
    if entry.size < 1:
        found.append(f"{what}: the size must be at least 1")
    if not entry.tag:
        found.append(f"{what}: an entry needs a tag, or a lost reply could not be looked up")
    if stop < STOP_LOSS_TICKS_MIN:
        found.append(f"{what}: stop {stop} ticks away, the least is {STOP_LOSS_TICKS_MIN}")
    if target < 1:
        found.append(f"{what}: target {target} ticks away, the least is 1")
    return found
