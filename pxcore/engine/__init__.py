"""Decisions: state, entry gates, risk, brackets, recovery, flatten. Pure: it only computes."""
