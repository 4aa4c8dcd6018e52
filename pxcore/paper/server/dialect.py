"""How the wire speaks where sources disagree, or where a client should be tried on another form.

The defaults are what was recorded from the real venue (gateway reference, 4.6 and 7.13).
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """`arrays` of prints and depth rows or single `objects`; quotes `partial` or `full`.

    User events are `wrapped` in `{action, data}` or `bare` as documented. A call's result is 0 or
    null. With `snapshot` off, depth begins with the next change. Negotiation may be required
    (a socket without a negotiated id is refused) or refused (404).
    """

    user_events: Literal["wrapped", "bare"] = "wrapped"
    market_rows: Literal["arrays", "objects"] = "arrays"
    quotes: Literal["partial", "full"] = "partial"
    call_result: Literal["zero", "null"] = "zero"
    depth_snapshot: Literal["on", "off"] = "on"
    negotiation: Literal["optional", "required", "refused"] = "optional"
