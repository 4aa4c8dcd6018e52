"""The SQL store: a projection of the journals, and the latch of a halted day."""

from pxcore.store.database import Store

__all__ = ["Store"]
