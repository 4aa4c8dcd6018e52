"""Where the life of a position stands: the one table of phases."""

from enum import StrEnum


class Phase(StrEnum):
    """Where the life of a position stands.

    FLAT ─approved─► ENTERING ─fill─► UNPROTECTED ─both legs─► PROTECTED ─exit─► SETTLING ─► FLAT
                        │                  │ deadline              │ window end, limit, kill
                        └─deadline─────────┴────► FLATTENING ◄─────┘
    """

    FLAT = "flat"
    ENTERING = "entering"
    UNPROTECTED = "unprotected"
    PROTECTED = "protected"
    SETTLING = "settling"  # leaving: the last reports, and what is left over on their way out
    FLATTENING = "flattening"
