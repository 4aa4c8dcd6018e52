"""No place where a text leaves the program goes without `pxcore/text/escaping.py`.

Looked for in the source: what is printed, what becomes rich's text, what Prefect is told, what an
alert says, what a page or a spreadsheet is made of. Each rule is shown to find what it looks for.
"""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("pxcore", "tasks", "flows", "deployments")
SOURCES = sorted(file for name in FOLDERS for file in (ROOT / name).rglob("*.py"))
TEMPLATES = sorted((ROOT / "pxcore").rglob("*.j2"))
LEVELS = ("trace", "debug", "info", "success", "warning", "error", "critical", "exception", "log")

# Below `escaping`: what it prints is the system's own word for what became of a stream.
BELOW = "pxcore/host/streams.py"

Found = Iterator[tuple[int, str]]
Rule = Callable[[ast.AST, str], Found]


def name_of(node: ast.AST) -> str:
    """Of what is called, as it stands there: `logger.opt` of `logger.opt(...)`."""
    return ast.unparse(node.func) if isinstance(node, ast.Call) else ""


def is_ours(node: ast.AST, *escaped_by: str) -> bool:
    """Words that stand in the source, or what one of these functions made."""
    return isinstance(node, ast.Constant) or name_of(node) in escaped_by


def calls(tree: ast.AST) -> Iterator[tuple[ast.Call, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node, name_of(node)


def imported(tree: ast.AST) -> Iterator[tuple[int, str, str]]:
    """Line, module, name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, node.module or "", one.name) for one in node.names)
        elif isinstance(node, ast.Import):
            yield from ((node.lineno, one.name, "") for one in node.names)


def only_in(*files: str, module: str, names: tuple[str, ...] = ()) -> Rule:
    """Who else imports these names, all of them when none is given, of that module."""

    def rule(tree: ast.AST, file: str) -> Found:
        for line, there, name in imported(tree):
            is_it = there == module or f"{there}.{name}" == module
            if file not in files and is_it and (not names or name in names):
                yield line, f"{module} {name} is for {' and '.join(files)}"

    return rule


def printed(tree: ast.AST, file: str) -> Found:
    for call, name in calls(tree):
        if (
            name == "print"
            and file != BELOW
            and not all(is_ours(one, "for_terminal") for one in call.args)
        ):
            yield call.lineno, "print takes what `for_terminal` made"
        if name in ("sys.stdout.write", "sys.stderr.write") and file != "pxcore/cli/output.py":
            yield call.lineno, "a stream is written to by `cli.output`"
        if name.endswith((".echo", ".secho")):
            yield call.lineno, "Typer's echo escapes nothing: see `cli.output`"


def rich_texts(tree: ast.AST, file: str) -> Found:
    for call, name in calls(tree):
        if name == "Text" and not all(is_ours(one, "for_terminal") for one in call.args):
            yield call.lineno, "`Text` takes what `for_terminal` made; `cli.output.line` does it"
        if name in ("Console", "_Screen", "_Steady") and file != "pxcore/cli/output.py":
            yield call.lineno, "a console is one of `cli.output`"
        if name.endswith((".from_markup", ".from_ansi", ".render_str")):
            yield call.lineno, "this obeys what it is given"
        titles = [one.value for one in call.keywords if one.arg in ("title", "subtitle")]
        if name == "Panel" and not all(
            isinstance(one, ast.Name) or is_ours(one, "Text", "line", "text_line") for one in titles
        ):
            yield call.lineno, "a panel's title is markup, unless it is a `Text`"


def alerts(tree: ast.AST, file: str) -> Found:
    for call, name in calls(tree):
        for text in (one.value for one in call.keywords if one.arg == "text"):
            whole = text.value if isinstance(text, ast.Subscript) else text
            if name == "Alert" and not is_ours(whole, "for_alert"):
                yield call.lineno, "an alert's text is made by `for_alert`, a line each"


def log_calls(tree: ast.AST, file: str) -> Found:
    """A pattern that holds somebody's text would be filled in by it, and by nothing of ours."""
    for call, name in calls(tree):
        who, _, level = name.rpartition(".")
        if level not in LEVELS or "logger" not in who.lower() or not call.args:
            continue
        pattern = call.args[1] if level == "log" else call.args[0]
        if not isinstance(pattern, ast.Constant):
            yield call.lineno, "the pattern of a log line stands in the source"


def pages(tree: ast.AST, file: str) -> Found:
    for call, name in calls(tree):
        if name.endswith("Environment") and "jinja" in name:
            given = {one.arg: ast.unparse(one.value) for one in call.keywords}
            if given.get("autoescape") != "True" or "finalize" not in given:
                yield call.lineno, "a template escapes, and makes plain, what it is given"
        if name.endswith(("HTMLResponse", "csv.DictWriter")):
            yield call.lineno, "nobody of ours answers with a page, or writes such a file"


OURS_IN_SVG = ("path", "anchor", "decimals", "head", "paper", "_LOOK", "svg[begin:]")


def in_svg(tree: ast.AST, file: str) -> Found:
    """What stands between tags is a number in a format of ours, or was made by `for_html`."""
    if file != "pxcore/reports/chart.py":
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.FormattedValue) and node.format_spec is None:
            value = ast.unparse(node.value)
            if not value.startswith(("for_html(", "b64encode(")) and value not in OURS_IN_SVG:
                yield node.lineno, f"{value} is not escaped"


MARKDOWN = ("# ", "## ", "- ", "| ", "Net ", "Session ", "Verdict: ", "![")
OURS_IN_MARKDOWN = (
    "for_markdown(",
    "for_cell(",
    "' | '.join(map(for_cell",
    "clock_text(",  # a time
    "picture(",  # an address of our own
    "usd(",
)


def markdown(tree: ast.AST, file: str) -> Found:
    """A line that holds a value: a date, a number, a word of an enum, or an escaped text."""
    if not file.startswith(("tasks/", "pxcore/reports/")):
        return
    dull = ("day", "report.trading_day", "report.first", "report.last", "report.account_id")
    for node in ast.walk(tree):
        if not isinstance(node, ast.JoinedStr) or not isinstance(node.values[0], ast.Constant):
            continue
        if not str(node.values[0].value).startswith(MARKDOWN):
            continue
        for part in node.values:
            if isinstance(part, ast.FormattedValue) and part.format_spec is None:
                value = ast.unparse(part.value)
                if not value.startswith(OURS_IN_MARKDOWN) and value not in (*dull, "i.level"):
                    yield node.lineno, f"{value} is not escaped for Markdown"


RULES: dict[str, Rule] = {
    "printed": printed,
    "rich": rich_texts,
    "alerts": alerts,
    "logged": log_calls,
    "pages": pages,
    "svg": in_svg,
    "markdown": markdown,
    "artifacts": only_in("tasks/pages.py", module="prefect.artifacts"),
    "events": only_in("tasks/pages.py", module="prefect.events", names=("emit_event",)),
    "states": only_in("flows/states.py", "tasks/sweeping.py", module="prefect.states"),
    "escape": only_in("pxcore/text/escaping.py", "pxcore/config/masking.py", module="html"),
    "markup": only_in("pxcore/reports/html.py", module="markupsafe"),
    "csv writers": only_in(
        "pxcore/journal/export.py", "pxcore/paper/markets/table.py", module="csv"
    ),
}


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())
def test_no_text_leaves_the_program_but_by_its_own_function(rule: Rule) -> None:
    found = []
    for source in SOURCES:
        file = source.relative_to(ROOT).as_posix()
        tree = ast.parse(source.read_text(encoding="utf-8"))
        found += [f"{file}:{line}: {why}" for line, why in rule(tree, file)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda file: file.name)
def test_template_trusts_nothing_that_it_is_given(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    assert "|safe" not in text.replace(" ", "") and "autoescape" not in text
    assert "<script" not in text and "Content-Security-Policy" in text


FOUND = [
    ("printed", 'print(f"account {name}")'),
    ("printed", "print(*names)"),
    ("printed", "sys.stdout.write(text)"),
    ("printed", "typer.echo(text)"),
    ("rich", 'Text(f"{name}")'),
    ("rich", "Console()"),
    ("rich", "Text.from_markup(name)"),
    ("rich", 'Panel(x, title=f"{name}")'),
    ("alerts", 'Alert(code="a", about="b", title=t, text=str(error))'),
    ("logged", 'logger.warning(f"{name}")'),
    ("logged", "get_run_logger().warning(notice.text)"),
    ("logged", "logger.log(level, text)"),
    ("pages", "jinja2.Environment(autoescape=False, finalize=f)"),
    ("pages", "jinja2.Environment(autoescape=True)"),
    ("artifacts", "from prefect.artifacts import create_table_artifact"),
    ("artifacts", "from prefect import artifacts"),
    ("events", "from prefect.events import emit_event"),
    ("states", "from prefect.states import Failed"),
    ("escape", "from html import escape"),
    ("markup", "from markupsafe import Markup"),
    ("csv writers", "import csv"),
]


@pytest.mark.parametrize(("name", "source"), FOUND)
def test_rule_finds_what_it_looks_for(name: str, source: str) -> None:
    assert list(RULES[name](ast.parse(source), "pxcore/new.py"))


def test_rule_of_markdown_finds_a_text_on_a_line() -> None:
    source = ast.parse('f"- {problem}"')
    assert list(markdown(source, "tasks/new.py"))


def test_rule_of_curves_finds_a_text_between_tags() -> None:
    source = ast.parse('f"<title>{mark.text}</title>"')
    assert list(in_svg(source, "pxcore/reports/chart.py"))
