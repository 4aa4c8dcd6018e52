"""Sentences that somebody reads and several tests are about: their wording stands here, once.

A test of what is done takes the sentence from here; when a screen is worded otherwise, this page is
changed and nothing else.
"""

# -- the venue's, as it was observed to say them ---------------------------------------------------

TAG_TAKEN = "Specified custom tag is already in use"
MARKET_CLOSED = (
    "Trading is currently unavailable. The instrument is not in an active trading status."
)
POSITION_BRACKETS = (
    "Brackets cannot be used with Position Brackets. You must enable Auto OCO Brackets."
)
MISALIGNED = "Price is not aligned to tick size."
OUT_OF_RANGE = "Invalid price. Price is outside allowed range."
BELOW_BEST_BID = "Order price is outside allowed range. Please set price above best bid."
NO_LAST_PRICE = "Cannot trail without a last price"
SIZE_ZERO = "Invalid size (0). Size should be greater than zero."
POSITION_MAX = "Maximum position exceeded for symbol"
STOP_TYPE_LIMIT = "Invalid stop loss type (Limit)"


def wrong_side(leg: str, ticks: int, *, is_long: bool) -> str:
    """Of a bracket's leg, `stop loss` or `take profit`, whose ticks have the wrong sign."""
    side = "longing" if is_long else "going short"
    than = "less" if ticks > 0 else "greater"
    return f"Invalid {leg} ticks ({ticks}). Ticks should be {than} than zero when {side}."


# -- ours -----------------------------------------------------------------------------------------

ASKED_TO_END = "asked to flatten and end"
TOO_SLOW = "this machine is too slow or too busy to trade: "
NOT_OURS = "order not sent by us"
NO_API_KEY = "PX_API_KEY is missing: gateway topstepx needs it"
NO_FILE = "cannot be read: No such file"


def price_gone(kind: str, before: int = 0) -> str:
    """Of MNQZ6: zero came. `before`: so many since it was told last."""
    return f"no {kind} of MNQZ6: it cannot be at 0" + (f" (and {before} before)" if before else "")


def price_back(kind: str, left_out: int) -> str:
    return f"the {kind} of MNQZ6 is back; left out: {left_out}"


def no_account(account_id: int, others: str = "") -> str:
    return f"there is no account {account_id}; the user's accounts: {others}"


def no_contract(symbol: str) -> str:
    """At the gateway."""
    return f"no active contract is called '{symbol}'"


def not_listed(symbol: str) -> str:
    """By the paper gateway."""
    return f"no contract '{symbol}' is listed"


def no_market(name: str) -> str:
    return f"no synthetic market '{name}'; there are calm, open"


def nothing_held(contract: str) -> str:
    return f"nothing is held in {contract}"


# A setting that is wrong and not needed: told, and left out.
WRONG_START = "PX_WINDOW_START '14:30Z' is refused"
UNKNOWN_LOSS = "PX_LOSSUSDMAX is not a setting"
LEFT_OUT = "left out: "
