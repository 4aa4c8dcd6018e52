"""Decisions: state, entry gates, risk, brackets, recovery, flatten. Pure: it only computes."""

from pxcore.engine.config import EngineConfig, Limits
from pxcore.engine.engine import Engine
from pxcore.engine.state import Phase

__all__ = ["Engine", "EngineConfig", "Limits", "Phase"]
