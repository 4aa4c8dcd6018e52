"""The standard streams, such that nothing that is said on them can stop what is being done.

Every process of ours settles them first. A sign that a stream has not is shown by its number; one
that is closed, full or read by nobody loses what it is told, and whoever told it goes on. Nothing
of it changes an exit status: that is the verb's own.
"""

import io
import os
import select
import sys
from contextlib import suppress
from typing import Any, TextIO

_PART = 512  # bytes that a stream which is ready takes without waiting (POSIX, PIPE_BUF)
_READER_S = 2.0  # for whoever reads, before a process that acts goes on without


def settle_streams() -> None:
    """Once, before anything is said."""
    _fill_descriptors()
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115 - for as long as we live
    with suppress(AttributeError, ValueError):
        sys.stdin.reconfigure(errors="backslashreplace")  # type: ignore[union-attr,unused-ignore]
    sys.stdout, sys.stderr = _settled(sys.stdout), _settled(sys.stderr)


def act_on() -> None:
    """From here on nobody waits for a reader that has stopped: a terminal held by Ctrl-S, a pipe
    into a program that reads no more. What does not go out in a while is lost.
    """
    for stream in (sys.stdout, sys.stderr):
        raw = _raw_of(stream)
        if raw is not None:
            raw.reader_s = _READER_S


def tell_losses() -> None:
    """At the end: an answer that is not whole is said to be none. A reader that has gone wanted no
    more of it.
    """
    with suppress(OSError, ValueError):
        sys.stdout.flush()
    raw = _raw_of(sys.stdout)
    if raw is not None and raw.lost is not None:
        print(f"px: not all of standard output was written: {raw.lost}", file=sys.stderr)


class _Courteous(io.RawIOBase):
    """What is written goes to `beneath`, or nowhere. Never raises."""

    def __init__(self, beneath: Any) -> None:
        self._beneath = beneath
        self.reader_s: float | None = None  # None: for as long as it takes
        self.lost: str | None = None  # why something was, a reader that has gone apart

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return int(self._beneath.fileno())

    def isatty(self) -> bool:
        return bool(self._beneath.isatty())

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        try:
            self._send(view)
        except BrokenPipeError:
            pass
        except (OSError, ValueError) as error:  # full, closed
            self.lost = getattr(error, "strerror", None) or str(error)
        return len(view)

    def _send(self, left: memoryview) -> None:
        while left:
            if not self._is_ready():
                self.lost = "nobody reads it"
                return
            part = left if self.reader_s is None else left[:_PART]
            left = left[self._beneath.write(part) or 0 :]  # None: it would have had to wait

    def _is_ready(self) -> bool:
        """May it be written to now? One that was not ready in time is not waited for again,
        before it is.
        """
        if os.name == "nt" or (self.reader_s is None and os.get_blocking(self.fileno())):
            return True
        _, ready, _ = select.select((), (self.fileno(),), (), self.reader_s)
        if self.reader_s is not None:
            self.reader_s = _READER_S if ready else 0.0
        return bool(ready)


def _raw_of(stream: TextIO | None) -> _Courteous | None:
    raw = getattr(getattr(stream, "buffer", None), "raw", None)
    return raw if isinstance(raw, _Courteous) else None


def _settled(stream: TextIO | None) -> TextIO:
    buffer = getattr(stream, "buffer", None)
    if stream is None or buffer is None:
        return stream or _nowhere()
    if _raw_of(stream) is not None:
        return stream
    with suppress(OSError, ValueError):
        stream.flush()
    beneath = getattr(buffer, "raw", buffer)  # unbuffered, it is the raw one itself
    return io.TextIOWrapper(
        io.BufferedWriter(_Courteous(beneath)),
        encoding=stream.encoding,
        errors="backslashreplace",
        line_buffering=getattr(stream, "line_buffering", True),
        write_through=getattr(stream, "write_through", False),
    )


def _nowhere() -> TextIO:
    return open(os.devnull, "w", encoding="utf-8")


def _fill_descriptors() -> None:
    """Where 0, 1 or 2 is closed, the next file or socket would be it, and hear what is printed."""
    with suppress(OSError):  # no descriptor is to be had, or no null device
        while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
            os.set_inheritable(descriptor, True)
        os.close(descriptor)
