"""Machines as they were measured: one that is quick and idle, one that is neither."""

from pxcore.preflight.machine import Machine

QUICK = Machine(work_s=0.045, wake_late_s=0.0002, flush_s=0.0003)
SLOW = Machine(work_s=0.5, wake_late_s=0.25, flush_s=1.5)
