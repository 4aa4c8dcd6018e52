"""Why a person does something: a line of their own, kept in the record."""

from pxcore.model.errors import Misconfigured

REASON_MAX = 500


def reason_given(text: str) -> str:
    """Raises Misconfigured for one that says nothing, or too much."""
    reason = text.strip()
    if not 0 < len(reason) <= REASON_MAX:
        raise Misconfigured(f"--reason must be 1 to {REASON_MAX} characters; nothing was written")
    return reason
