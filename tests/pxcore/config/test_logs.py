"""Logs show no secret, in neither form, and nobody who logs is broken by it."""

import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import needs
import pytest
from loguru import logger

from pxcore.config.logs import log_to, mask_logging
from pxcore.config.masking import Masker

KEY = "s3cret-key"
MASKER = Masker((KEY,))


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, made = root.handlers[:], root.level, logging.getLogRecordFactory()
    yield
    logger.remove()
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.setLogRecordFactory(made)
    logging.getLogger("pxcore").setLevel(logging.NOTSET)


def fail_with_a_cause() -> None:
    try:
        raise ValueError(f"refused: Bearer eyJhbGciOi.abc and {KEY}")
    except ValueError as error:
        raise RuntimeError(f"login with {KEY!r} failed") from error


def log_a_failure() -> None:
    try:
        fail_with_a_cause()
    except RuntimeError as error:
        logger.opt(exception=error).error("failed: {}", error)


@pytest.mark.parametrize("form", ["text", "json"])
def test_secrets_are_masked_in_messages_exceptions_and_their_causes(tmp_path, form):
    log_to(tmp_path / "a.log", level="INFO", masker=MASKER, form=form)
    logger.info("key {}, wss://host/hubs/user?access_token=eyJhbGciOi.abc-_x", KEY)
    log_a_failure()
    text = (tmp_path / "a.log").read_text()
    assert KEY not in text and "eyJhbGciOi" not in text
    assert "ValueError" in text and "RuntimeError" in text and "access_token=***" in text


def test_json_is_one_object_a_line_with_its_time_in_utc_and_its_session(tmp_path):
    log_to(tmp_path / "a.log", level="INFO", masker=MASKER, form="json", session="px-1")
    logger.warning("first\nsecond")
    log_a_failure()
    said, failed = map(json.loads, (tmp_path / "a.log").read_text().splitlines())
    assert said["time"].endswith("+00:00") and said["level"] == "WARNING"
    assert (said["session"], said["module"], said["exception"]) == ("px-1", "test_logs", None)
    assert said["message"] == "first\\nsecond"
    assert failed["exception"].splitlines()[-1] == "RuntimeError: login with '***' failed"


def test_text_is_one_fact_a_line(tmp_path):
    log_to(tmp_path / "a.log", level="INFO", masker=MASKER)
    logger.info("first\nsecond")
    (line,) = (tmp_path / "a.log").read_text().splitlines()
    assert line.endswith("| INFO    | test_logs | first\\nsecond")


def test_line_acts_on_no_screen_and_a_trace_keeps_its_lines(tmp_path):
    log_to(tmp_path / "a.log", level="INFO", masker=MASKER)
    logger.info("account {}", "Ann\x1b[2J\r\n12:00:00 | INFO | flat \ud83d")
    try:
        raise ValueError("\x1b]0;title\x07")
    except ValueError as error:
        logger.opt(exception=error).error("failed")
    said, failed, *trace = (tmp_path / "a.log").read_text().splitlines()
    assert said.endswith(r"account Ann\x1b[2J\r\n12:00:00 | INFO | flat \ud83d")
    assert failed.endswith("failed") and trace[-1] == r"ValueError: \x1b]0;title\x07"


@needs.posix
@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo], ids=["a folder", "a pipe"])
def test_log_that_cannot_be_written_is_written_to_standard_error(tmp_path, capsys, make):
    make(tmp_path / "a.log")
    log_to(tmp_path / "a.log", level="INFO", masker=MASKER)
    logger.info("still said")
    assert "still said" in capsys.readouterr().err


def test_what_libraries_log_goes_the_same_way_and_is_masked(tmp_path):
    log_to(tmp_path / "a.log", level="INFO", masker=MASKER)
    log_to(tmp_path / "a.log", level="INFO", masker=MASKER)  # twice, and yet each line once
    logging.getLogger("some.library").warning("retry with %s", KEY)
    logging.getLogger("some.library").info("chatter")
    logging.getLogger("pxcore.part").info("ours")
    lines = (tmp_path / "a.log").read_text().splitlines()
    assert [line.split(" | ", 2)[2] for line in lines] == [
        "some.library | retry with ***",
        "pxcore.part | ours",
    ]


def test_library_line_that_does_not_fit_its_values_breaks_nobody(tmp_path):
    logging.getLogger().handlers.clear()  # pytest's own would raise
    log_to(tmp_path / "a.log", level="INFO", masker=MASKER)
    logging.getLogger("some.library").warning("%s and %s", 1)
    assert "does not fit its values" in (tmp_path / "a.log").read_text()


def test_record_of_foreign_handlers_is_masked_as_it_is_made(caplog):
    mask_logging(MASKER)
    try:
        fail_with_a_cause()
    except RuntimeError as error:
        logging.getLogger("prefect.like").error("run failed with %s", KEY, exc_info=error)
    (record,) = caplog.records
    shown = logging.Formatter().format(record)
    assert KEY not in shown and "eyJhbGciOi" not in shown
    assert "run failed with ***" in shown and "ValueError" in shown


@needs.full_device
def test_full_disk_breaks_nobody_who_logs():
    log_to(Path("/dev/full"), level="INFO", masker=MASKER)
    logger.info("lost")
    log_a_failure()


def test_exception_that_cannot_even_be_shown_breaks_nobody_who_logs(tmp_path):
    class Worse(Exception):
        def __str__(self) -> str:
            raise RuntimeError(KEY)

    log_to(tmp_path / "a.log", level="INFO", masker=MASKER)
    logger.opt(exception=Worse()).error("failed")
    assert "Worse" in (tmp_path / "a.log").read_text()
