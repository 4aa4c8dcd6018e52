"""`px order place`: one order, announced, agreed to, sent once, and followed."""

import re
import secrets

import msgspec

from pxcore.cli.trade.consent import (
    Consent,
    holding,
    is_agreed_to,
    require_may_act,
    require_may_open,
)
from pxcore.cli.trade.desk import Gateway
from pxcore.cli.trade.outcome import OrderOutcome, follow, look_up, show
from pxcore.cli.trade.prices import price_ticks, trail_level
from pxcore.cli.trade.values import words
from pxcore.gateway.rest.placing import place_request
from pxcore.model import (
    Account,
    Contract,
    Misconfigured,
    NewOrder,
    OrderType,
    OutcomeUnknown,
    Refused,
    Side,
)
from pxcore.venue.resolve import resolve_account

_TAG = re.compile(r"[A-Za-z0-9-]{1,57}")  # its legs' suffix must fit too; reference, 7.12


class OrderAsked(msgspec.Struct, frozen=True, kw_only=True):
    """As typed; None for what was left out. `trail`, `stop_loss`, `take_profit` in ticks."""

    type: OrderType
    side: Side
    size: int
    contract: str | None
    limit: str | None
    stop: str | None
    trail: int | None
    stop_loss: int | None
    take_profit: int | None
    tag: str | None


def place(desk: Gateway, asked: OrderAsked, consent: Consent) -> int:
    """0 when the order works or is filled, its legs too; 1 when not, or when it is unknown."""
    require_may_act(desk, consent)
    require_may_open(desk)
    tag = _tag(desk, asked.tag)
    if asked.size > desk.settings.contracts_max:
        raise Misconfigured(
            f"--size {asked.size} is above PX_CONTRACTS_MAX {desk.settings.contracts_max}; nothing "
            "was sent"
        )
    if (asked.trail is not None) != (asked.type is OrderType.TRAILING_STOP):
        raise Misconfigured("--trail is for a trailing-stop, which needs it; nothing was sent")
    account = resolve_account(desk.client, desk.settings)
    contract = desk.contract(asked.contract)
    order, explained = _order(desk, asked, contract, tag)
    place_request(account.id, order, contract)  # raises for what the venue cannot take
    if not is_agreed_to(desk, account, [*_plan(order, contract), *explained], consent):
        return 1
    if not consent.is_agreed:  # time has passed while we asked
        require_may_open(desk)
        order, explained = _order(desk, asked, contract, tag)
        for line in explained:
            desk.out.say(line)
    with holding(desk, account, consent, verb="px order place"):
        outcome = _send(desk, account, order, contract)
    return show(desk, outcome, contract)


def _send(desk: Gateway, account: Account, order: NewOrder, contract: Contract) -> OrderOutcome:
    sent_at = desk.now
    try:
        order_id = desk.client.place_order(account.id, order, contract)
    except OutcomeUnknown as lost:
        return look_up(desk, account, order, lost)
    except Refused as refused:
        return OrderOutcome(name="rejected", tag=order.tag, problems=(str(refused),))
    return follow(desk, account, order, order_id, sent_at=sent_at)


def _order(
    desk: Gateway, asked: OrderAsked, contract: Contract, tag: str
) -> tuple[NewOrder, list[str]]:
    explained: list[str] = []
    limit_ticks = price_ticks(contract, asked.limit, option="--limit")
    stop_ticks = price_ticks(contract, asked.stop, option="--stop")
    trail_ticks = None
    if asked.trail is not None:
        trail_ticks, line = trail_level(desk, contract, asked.side, asked.trail)
        explained.append(line)
    order = NewOrder(
        contract_id=contract.id,
        type=asked.type,
        side=asked.side,
        size=asked.size,
        tag=tag,
        limit_ticks=limit_ticks,
        stop_ticks=stop_ticks,
        trail_ticks=trail_ticks,
        stop_loss_ticks=asked.stop_loss,
        take_profit_ticks=asked.take_profit,
    )
    return order, explained


def _plan(order: NewOrder, contract: Contract) -> list[str]:
    levels = (order.limit_ticks, order.stop_ticks, order.trail_ticks)
    at = next((f" at {contract.price(ticks)}" for ticks in levels if ticks is not None), "")
    lines = [
        f"will place: {words(order.type)} {order.side.value} {order.size} {contract.name}{at}",
        f"contract {contract.id} ({contract.description}), tag {order.tag}",
        f"stop loss {_leg(order.stop_loss_ticks, order, contract)}, "
        f"take profit {_leg(order.take_profit_ticks, order, contract)}",
    ]
    if order.stop_loss_ticks is None:
        lines.append("NO STOP: what it opens is not protected")
    if (order.stop_loss_ticks is None) != (order.take_profit_ticks is None):
        lines.append("one leg alone: what the venue makes of that is not recorded")
    return lines


def _leg(ticks: int | None, order: NewOrder, contract: Contract) -> str:
    if ticks is None:
        return "none"
    return f"{ticks} ticks from the fill ({contract.usd(ticks, order.size):,.2f} USD)"


def _tag(desk: Gateway, given: str | None) -> str:
    """A tag is new for ever: ours hold the time and a random part."""
    if given is None:
        return f"hand-{desk.now:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
    if not _TAG.fullmatch(given):
        raise Misconfigured(
            f"--tag {given!r}: 1 to 57 letters, digits and hyphens, as far as is known to be safe; "
            "nothing was sent"
        )
    return given
