"""Text from outside, at its worst, in everything that the program shows and writes."""

import csv
import io
import json
import logging
import plistlib
import subprocess
import sys
import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path, PurePosixPath

import pytest
from hostile import (
    HOSTILE,
    ON_ONE_LINE,
    Tags,
    require_harmless_html,
    require_harmless_markdown,
    require_no_line_of_its_own,
    require_plain,
    require_shown,
)
from loguru import logger
from msgspec.structs import replace
from patience import patience
from report_scenes import reported_day
from rich.console import Console

from pxcore.cli.output import Form, Grid, Output, say_line
from pxcore.cli.screen import Screen
from pxcore.config.logs import log_to, mask_logging
from pxcore.config.masking import Masker
from pxcore.engine.commands import Level
from pxcore.host.service_files import Platform, Service, definition
from pxcore.journal.export import write_csv
from pxcore.journal.rows import Row, RowKind
from pxcore.model import Misconfigured, ProtocolError, PxError, Refused
from pxcore.reports.chart import ChartLine, ChartMark, chart, picture
from pxcore.reports.daily import DailyReport
from pxcore.reports.html import to_html
from pxcore.reports.measures import Point
from pxcore.reports.record import Incident
from pxcore.reports.render import to_markdown, to_terminal
from pxcore.session.lines import Ended, Milestone

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


@pytest.fixture
def report(tmp_path: Path) -> DailyReport:
    """A real day's, with every text that somebody else may choose."""
    made = reported_day(tmp_path, 3)
    trades = tuple(replace(one, reason=HOSTILE, exit_by=HOSTILE) for one in made.trades)
    differs = dict.fromkeys(("kind", "what", "ours", "venues"), HOSTILE)
    return replace(
        made,
        session_id="px-1",
        account=f"1 {HOSTILE}",
        contract=HOSTILE,
        strategy=HOSTILE,
        ended=HOSTILE,
        denials={HOSTILE: 3},
        trades=trades,
        incidents=(Incident(at=NOW, level=Level.ALARM, code=HOSTILE, text=HOSTILE),),
        differences=(differs,),
    )


# -- the report, on each of its pages -------------------------------------------------------------


def test_report_in_markdown_shows_every_text_and_obeys_none(report: DailyReport) -> None:
    page = to_markdown(report, has_picture=True)
    require_harmless_markdown(page)
    require_shown(page)


def test_report_as_a_page_has_no_element_but_its_own(report: DailyReport) -> None:
    page = to_html(report)
    require_harmless_html(page)
    require_shown(Tags(page).text)


def test_report_on_a_screen_has_no_line_and_no_style_of_anybody_else(report: DailyReport) -> None:
    out = io.StringIO()
    Console(file=out, width=4000, force_terminal=True, no_color=True).print(to_terminal(report))
    said = out.getvalue()
    for ours in ("\x1b[2m", "\x1b[1m", "\x1b[1;31m", "\x1b[0m"):
        said = said.replace(ours, "")
    require_plain(said)
    require_shown(said, "[bold]b[/bold]", "<script>")
    lines = [line.strip(" │") for line in said.splitlines()]
    assert not [one for one in lines if one.startswith(("# forged", "- forged"))]


def test_chart_is_well_formed_whatever_it_is_called() -> None:
    points = [Point(NOW, 1.0), Point(NOW.replace(minute=5), 2.0)]
    made = chart(
        points,
        name=HOSTILE,
        unit=HOSTILE,
        decimals=2,
        marks=[ChartMark(at=NOW, value=1.0, kind='x" onload="alert(1)', text=HOSTILE)],
        lines=[ChartLine(value=1.5, kind='x" onload="alert(1)', text=HOSTILE)],
    )
    root = ET.fromstring(made)  # noqa: S314 - our own
    names = {one.tag for one in root.iter()}
    assert names <= {"svg", "line", "title", "text", "polyline", "circle"}
    assert not [name for one in root.iter() for name in one.attrib if name.startswith("on")]
    require_plain(made)
    assert picture(made).startswith("data:image/svg+xml;base64,")


# -- the terminal ---------------------------------------------------------------------------------


def test_answer_on_a_screen_is_one_line_a_row(capsys: pytest.CaptureFixture[str]) -> None:
    out = Output(Form.TABLE)
    out.say(f"account {HOSTILE}")
    out.warn(HOSTILE)
    out.show({}, f"name {HOSTILE}", Grid(("name",), [(HOSTILE,)]))
    say_line(f"row {HOSTILE}".replace("\n", ""))
    said = capsys.readouterr()
    require_plain(said.out + said.err)
    require_no_line_of_its_own(said.out + said.err)
    assert len(said.out.splitlines()) == 5 and len(said.err.splitlines()) == 1
    require_shown(said.out, "[bold]b[/bold]")


def test_plain_print_on_our_console_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    from pxcore.cli.output import console, error_console, steady_console

    for screen in (console(4000), error_console(), steady_console()):
        screen.print(f"noted in {HOSTILE}", soft_wrap=True)
    said = capsys.readouterr()
    require_plain(said.out + said.err)
    require_no_line_of_its_own(said.out + said.err)


def test_live_panel_shows_texts_of_others_as_text() -> None:
    from pxcore.cli.output import _Screen

    out = io.StringIO()
    screen = Screen(_Screen(file=out, width=2000, force_terminal=False), HOSTILE)
    with screen:
        screen.say(f"step {HOSTILE}")
        screen.show(Milestone(at=NOW, level=Level.INFO, code="x", text=HOSTILE))
        screen.show(Ended(reason=HOSTILE, is_flat=True))
        screen._console.print(screen._panel())
    require_plain(out.getvalue())
    require_no_line_of_its_own(out.getvalue())
    require_shown(out.getvalue(), "[link=http://evil.example]")


@pytest.mark.parametrize(
    "arguments",
    [
        (HOSTILE,),
        (f"--{HOSTILE[1:]}",),
        ("report", f"--{HOSTILE[1:]}"),
        ("report", HOSTILE),
        ("report", "--week", HOSTILE),
        ("paper", "--brackets", HOSTILE),
        ("kill", HOSTILE),
        ("demo", "--strategy", HOSTILE),
        ("demo", "--market", HOSTILE),
        ("service", "install", "--folder", HOSTILE),
        ("journal", "export", HOSTILE),
    ],
    ids=lambda given: " ".join(given)[:24].split("=")[0],
)
def test_what_was_typed_wrong_is_said_in_lines_of_ours(
    arguments: tuple[str, ...], tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pxcore.cli", *arguments],
        env={"PX_HOME": str(tmp_path / "home"), "PATH": "/usr/bin:/bin", "COLUMNS": "4000"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=patience(30),
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert done.returncode in (1, 2) and "Traceback" not in done.stderr
    require_plain(done.stdout + done.stderr)
    require_no_line_of_its_own(done.stdout + done.stderr)


@pytest.mark.parametrize("name", ["PX_SIZE", "PX_STRATEGY", "PX_WINDOW_START", "PX_GATEWAY"])
def test_setting_that_is_refused_is_quoted_on_one_line(name: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pxcore.cli", "preflight"],
        env={"PX_HOME": str(tmp_path / "home"), "PATH": "/usr/bin:/bin", name: HOSTILE},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=patience(30),
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert done.returncode in (1, 2)
    require_plain(done.stdout + done.stderr)
    require_no_line_of_its_own(done.stdout + done.stderr)


# -- errors, logs ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error",
    [
        PxError(HOSTILE),
        ProtocolError(HOSTILE),
        Misconfigured(HOSTILE, HOSTILE),
        Refused(HOSTILE, code=2, code_name="X", text=HOSTILE, remedy=HOSTILE),
    ],
    ids=lambda error: type(error).__name__,
)
def test_error_of_ours_is_one_line_wherever_it_is_shown(error: PxError) -> None:
    """Prefect makes states of them, an alert their text, a log their last line."""
    for text in (str(error), *getattr(error, "problems", ())):
        require_plain(text)
        assert "\n" not in text
        require_shown(text)


def test_log_line_is_one_line_in_both_forms(tmp_path: Path) -> None:
    for form in ("text", "json"):
        file = tmp_path / f"{form}.log"
        log_to(file, level="DEBUG", masker=Masker(), form=form)
        logger.warning("account {}", HOSTILE)
        logging.getLogger(f"lib{HOSTILE}").warning("said %s", HOSTILE)
        said = file.read_text(encoding="utf-8")
        require_plain(said)
        assert len(said.splitlines()) == 2
        require_shown(said)
    logger.remove()


def test_record_that_prefect_prints_and_keeps_is_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = logging.getLogRecordFactory()
    try:
        mask_logging(Masker(("s3cret",)))
        make = logging.getLogRecordFactory()
        error = ValueError(HOSTILE)
        made = make("n", 40, "f", 1, "run %s s3cret", (HOSTILE,), (ValueError, error, None))
    finally:
        logging.setLogRecordFactory(before)
    require_plain(made.getMessage() + str(made.exc_text))
    assert "\n" not in made.getMessage() and "s3cret" not in made.getMessage()
    require_no_line_of_its_own(str(made.exc_text))


# -- files for other programs ---------------------------------------------------------------------


def row(text: str, body: bytes) -> Row:
    return Row(
        v=1,
        seq=1,
        kind=RowKind.EVENT,
        session=text,
        contract=text,
        at=NOW,
        wall=NOW,
        body=body,
        hash="0" * 64,
    )


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r=", "\uff1d", " ="])
def test_exported_field_is_no_formula_of_a_spreadsheet(start: str, tmp_path: Path) -> None:
    text = f'{start}HYPERLINK("http://evil.example","x")'
    body = json.dumps({"event": text, "reason": HOSTILE}, ensure_ascii=False).encode()
    write_csv([row(text, body), row(text, b"=cmd|' /C calc'!A0")], tmp_path / "day.csv")
    written = (tmp_path / "day.csv").read_text(encoding="utf-8")
    require_plain(written)
    _, one, damaged = csv.reader(io.StringIO(written))
    for cell in (*one, *damaged):
        assert not cell.lstrip().startswith(tuple("=+-@\uff1d")), cell
    assert json.loads(one[7])["reason"] == HOSTILE


# -- service files --------------------------------------------------------------------------------


ODD_PATHS = ['a"b', "a'b", "a%h", "a$HOME", "a b", "a;b", "a\\b", "a&<b>", "a#b", "a`id`"]


@pytest.mark.parametrize("name", ODD_PATHS)
def test_service_file_holds_any_path_it_takes_as_one_path(name: str) -> None:
    folder = PurePosixPath(f"/home/{name}/px")
    service = Service(px=folder / "bin" / "px", folder=folder, log=folder / "px.log", user=name)
    unit = definition(Platform.SYSTEMD, service)
    working = [line for line in unit.splitlines() if line.startswith("WorkingDirectory=")]
    assert [one.removeprefix("WorkingDirectory=").replace("%%", "%") for one in working] == [
        str(folder)
    ]
    agent = plistlib.loads(definition(Platform.LAUNCHD, service).encode())
    assert agent["WorkingDirectory"] == str(folder)
    task = ET.fromstring(definition(Platform.WINDOWS, service))  # noqa: S314 - our own
    assert str(folder) in [one.text for one in task.iter()]


@pytest.mark.parametrize("name", ["a\nExecStart=/bin/sh", "a\r\nx", "a\x1b[2J", "a\u202eb", "a\0"])
@pytest.mark.parametrize("part", ["px", "folder", "log", "user"])
def test_service_file_takes_no_name_that_adds_a_line_or_hides_one(part: str, name: str) -> None:
    given: dict[str, PurePosixPath | str] = {
        "px": PurePosixPath("/opt/px"),
        "folder": PurePosixPath("/opt"),
        "log": PurePosixPath("/opt/log"),
        "user": "ann",
    }
    given[part] = name if part == "user" else PurePosixPath(f"/opt/{name}")
    with pytest.raises(Misconfigured) as refused:
        Service(**given)  # type: ignore[arg-type]
    require_plain(str(refused.value))


# -- what is kept for later -----------------------------------------------------------------------


def test_figures_stay_readable_in_the_file(report: DailyReport) -> None:
    """What nobody else chose is not escaped for nothing."""
    page = to_markdown(replace(report, net_usd=Decimal("-5.66")))
    assert "| net P&L of the day, USD | +18.34 |" in page.replace("\\&", "&")
    assert ON_ONE_LINE not in page
