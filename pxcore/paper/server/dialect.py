"""How the wire speaks where sources disagree, or where a client should be tried on another form.

The defaults are what was recorded from the real venue (gateway reference, 4.6 and 7.13).
"""

from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec

BARS_MAX = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """`arrays` of prints and depth rows or single `objects`; quotes `partial` or `full`.

    User events are `wrapped` in `{action, data}` or `bare` as documented. A call's result is 0 or
    null. With `snapshot` off, depth begins with the next change. Negotiation may be required
    (a socket without a negotiated id is refused) or refused (404).

    An answer holds `bars_max` bars, whatever more was asked for: by one source 20,000, measured in
    September 2026 were 1,000. It keeps the newest or the oldest of the stretch, and tells them
    newest or oldest first. With a `history_max` the histories of orders and trades end after so
    many rows, which no source has seen.
    """

    user_events: Literal["wrapped", "bare"] = "wrapped"
    market_rows: Literal["arrays", "objects"] = "arrays"
    quotes: Literal["partial", "full"] = "partial"
    call_result: Literal["zero", "null"] = "zero"
    depth_snapshot: Literal["on", "off"] = "on"
    negotiation: Literal["optional", "required", "refused"] = "optional"
    bars_max: Annotated[int, msgspec.Meta(ge=1, le=BARS_MAX)] = BARS_MAX
    history_max: Annotated[int, msgspec.Meta(ge=1)] | None = None
    bars_kept: Literal["newest", "oldest"] = "newest"
    bars_order: Literal["newest first", "oldest first"] = "newest first"
