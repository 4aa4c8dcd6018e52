"""What is done about what is found on the account."""

from enum import StrEnum

from pxcore.model.scope import WHOLE, Scope


class Foreign(StrEnum):
    """Orders and positions that no session of ours made.

    On our own contract the venue nets them with ours, so that they cannot be ignored there.
    """

    REFUSE = "refuse"  # at start: no session. Later: said, no entry, and flattened with ours
    FLATTEN = "flatten"  # at start: flattened first. Later: as above
    ADOPT = "adopt"  # a position on our contract is guarded like one of ours
    IGNORE = "ignore"  # other contracts are left alone; on ours, as `refuse`

    def scope(self, *contracts: str) -> Scope:
        """What is judged and closed by who trades these contracts, given by their ids."""
        return Scope.of(contracts) if self is Foreign.IGNORE else WHOLE


class Leftovers(StrEnum):
    """What a session of ours that died has left behind, at the next start."""

    FLATTEN = "flatten"
    ADOPT = "adopt"  # its position goes on, guarded, with the stop and target that it has
    REFUSE = "refuse"  # no session
