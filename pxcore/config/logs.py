"""Logs, for people by default and for programs on request: one place that sets them up.

Every process of ours calls `log_to` once. Secrets are masked in the sink, in the finished text,
which is the only place that catches exceptions and what they were caused by; loguru's own
diagnosis, which prints the values of variables, stays off. What libraries log by way of `logging`
goes the same way. Writing a line never raises: a full disk must not end a session.
"""

import logging
import os
import queue
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, TextIO

import msgspec
from loguru import logger

from pxcore.config.masking import Masker
from pxcore.host.courtesy import begun
from pxcore.text.escaping import for_log, for_log_lines

if TYPE_CHECKING:
    from pxcore.config.settings import Settings  # takes long, and a crash is logged without

Form = Literal["text", "json"]
Level = Literal["DEBUG", "INFO", "WARNING", "ERROR"]

_WRITTEN_S = 0.2  # for a line to be on the disk, or with the system
_LINES_MAX = 10_000  # that wait for a disk
_TRACE = "px.trace"  # of a record whose exception is text already: see `mask_logging`
_LIBRARIES_FROM = logging.WARNING  # their chatter below that is nobody's


class LogLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of `PX_LOG_FORMAT=json`. `time` is UTC; `exception` with all its causes."""

    time: str
    level: str
    module: str
    message: str
    session: str | None
    exception: str | None


def log_as_set(settings: "Settings", path: Path | None, *, session: str | None = None) -> None:
    """As `log_to`, with the level, the form and the secrets of the settings."""
    log_to(
        path,
        level=settings.log_level,
        form=settings.log_format,
        masker=Masker(settings.secrets),
        session=session,
    )


def log_to(
    path: Path | None,
    *,
    level: Level,
    masker: Masker,
    form: Form = "text",
    session: str | None = None,
) -> None:
    """All of this process's log lines go to `path`, or to stderr when it is None or cannot be
    written.
    """
    stream, why = (None, "") if path is None else _opened(path)
    shown = _as_json if form == "json" else _as_text
    sink = _Sink(stream, lambda record: shown(line_of(record, masker, session)))
    logger.remove()
    logger.add(
        sink,
        level=level,
        format=_nothing,  # the sink makes its own line of the record
        diagnose=False,
        backtrace=False,
        catch=False,  # loguru would print the record on stderr, unmasked; the sink never raises
    )
    _take_over_logging(level)
    if why:
        logger.warning("logging here: {}", why)


def _opened(path: Path) -> tuple[TextIO | None, str]:
    """The file, or why there is none: nobody fails, or waits, for want of a log."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NONBLOCK", 0)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(path, flags, 0o600)
    except OSError as error:
        return None, f"{path} cannot be written: {error.strerror}"
    return open(file, "a", encoding="utf-8", errors="backslashreplace", buffering=1), ""


def line_of(record: Any, masker: Masker, session: str | None = None) -> LogLine:
    """A record of loguru's, masked. Its message is one line that acts on no screen: a line break in
    it is shown as `\\n`.
    """
    happened, trace = record["exception"], record["extra"].get(_TRACE)
    if happened is not None and happened.value is not None:
        trace = _traced(happened.value, masker)
    elif trace is not None:
        trace = for_log_lines(masker(trace))
    return LogLine(
        time=record["time"].astimezone(UTC).isoformat(timespec="milliseconds"),
        level=record["level"].name,
        module=for_log(record["name"] or ""),
        message=for_log(masker(record["message"])),
        session=session,
        exception=trace,
    )


def _traced(error: BaseException, masker: Masker) -> str:
    """The traceback, with all causes. What an error says is one line: it forges none of ours."""
    parts = map(masker, traceback.format_exception(error))
    return "\n".join(
        for_log_lines(part.rstrip("\n"))
        if part.startswith((" ", "\n", "Traceback"))
        else for_log(part.rstrip("\n"))
        for part in parts
    )


def _as_text(line: LogLine) -> str:
    moment = line.time[:23].replace("T", " ")
    trace = "" if line.exception is None else f"{line.exception}\n"
    return f"{moment} | {line.level: <7} | {line.module} | {line.message}\n{trace}"


def _as_json(line: LogLine) -> str:
    return msgspec.json.encode(line).decode() + "\n"


def _nothing(record: Any) -> str:
    return ""


class _Sink:
    """Lines to a file, or to whatever stderr is at the time. What could not be written is counted,
    and said as soon as something can be written again.

    A thread writes. Whoever logs waits until the line is there, but not for long: a disk that
    stands still holds nobody up, and while it does, nobody waits for it again.
    """

    def __init__(self, stream: TextIO | None, shown: Callable[[Any], str]) -> None:
        self._stream = stream
        self._shown = shown
        self._lost = 0
        self._is_behind = False
        self._lines: queue.SimpleQueue[tuple[str, threading.Event]] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def __call__(self, message: Any) -> None:
        try:
            text = self._shown(message.record)
        except Exception:  # the edge: nobody who logs may be broken by it, whatever it was
            self._lost += 1
            return
        if self._lines.qsize() >= _LINES_MAX:
            self._lost += 1
            return
        is_written = threading.Event()
        self._lines.put((text, is_written))
        if not self._is_writing():
            self._write_all()
        elif not self._is_behind and not is_written.wait(_WRITTEN_S):
            self._is_behind = True

    def _is_writing(self) -> bool:
        """False where the system gives no thread for it. A forked child has not its parent's."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="log", daemon=True)
            return begun(self._thread)
        return True

    def _run(self) -> None:
        while True:
            self._write(*self._lines.get())
            self._is_behind = self._is_behind and not self._lines.empty()

    def _write_all(self) -> None:
        with suppress(queue.Empty):
            while True:
                self._write(*self._lines.get_nowait())

    def _write(self, text: str, is_written: threading.Event) -> None:
        stream = self._stream or sys.stderr
        try:
            if self._lost:
                stream.write(f"{self._lost} log lines could not be written\n")
                self._lost = 0
            stream.write(text)
        except Exception:  # the edge, as above
            self._lost += 1
        is_written.set()


class _Library(logging.Handler):
    """What comes by way of `logging`, under the name of its own logger."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            text = record.getMessage()
        except (TypeError, ValueError) as error:
            text = f"{record.msg!r}, which does not fit its values: {error}"

        def name(made: Any) -> None:
            made["name"] = record.name
            made["extra"][_TRACE] = None if record.exc_info else record.exc_text

        named = logger.patch(name).opt(exception=record.exc_info)
        named.log(_level_of(record.levelno), "{}", text)


def _level_of(number: int) -> str:
    names = ((logging.ERROR, "ERROR"), (logging.WARNING, "WARNING"), (logging.INFO, "INFO"))
    return next((name for least, name in names if number >= least), "DEBUG")


def _take_over_logging(level: Level) -> None:
    """Once, however often it is called; other handlers stay."""
    root = logging.getLogger()
    for handler in [h for h in root.handlers if isinstance(h, _Library)]:
        root.removeHandler(handler)
    root.addHandler(_Library())
    root.setLevel(_LIBRARIES_FROM)
    logging.getLogger("pxcore").setLevel(level)


def mask_logging(masker: Masker) -> None:
    """Every record of `logging` is masked as it is made, and acts on no screen: for a process whose
    handlers are not ours, Prefect's, which print exceptions and send them to a server.
    """

    def make(*given: Any, **named: Any) -> logging.LogRecord:
        record = logging.LogRecord(*given, **named)
        try:
            record.msg = for_log(masker(record.getMessage()))
        except (TypeError, ValueError):
            record.msg = for_log(masker(f"{record.msg!r} {record.args!r}"))
        record.args = ()
        if record.exc_info and record.exc_info[1] is not None:
            record.exc_text, record.exc_info = _traced(record.exc_info[1], masker), None
        return record

    logging.setLogRecordFactory(make)


def take_over_crashes() -> None:
    """An error that nothing catches, in any thread, is logged too: Python would print it
    unmasked.
    """

    def hook(
        kind: type[BaseException], error: BaseException | None, trace: TracebackType | None
    ) -> None:
        logger.opt(exception=(kind, error, trace)).critical("not caught")

    def thread_hook(what: threading.ExceptHookArgs) -> None:
        if what.exc_type is not SystemExit:
            hook(what.exc_type, what.exc_value, what.exc_traceback)

    sys.excepthook = hook
    threading.excepthook = thread_hook
