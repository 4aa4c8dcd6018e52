"""No test judges by the wall clock of an idle machine: seconds in a test come from `patience`.

Looks at the syntax of every file under `tests/` for a number, or a constant that is one, where
somebody waits, sleeps, or compares with a clock. What a test may say in seconds is listed with
its reason.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import hypothesis
import pytest

TESTS = Path(__file__).parent
_BENCHMARKS = "tests/benchmarks"  # they measure and judge no test; `make` runs them by themselves

_LIMIT = "the product's own limit, which this test lets run out: nothing else is waited for"
_LOOKS = "how often it looks; the bound is `patience`"
_ALLOWED: dict[tuple[str, str], str] = {
    ("tests/end_to_end/crash_case.py", "threading.Event().wait(0.005)"): _LOOKS,
    (
        "tests/end_to_end/broken_case.py",
        "threading.Event().wait(STARTS_APART_S)",
    ): "how far apart the starts of a schedule are at the least",
    (
        "tests/end_to_end/crash_case.py",
        "self._stopped.wait(0.05)",
    ): "how often it measures",
    ("tests/end_to_end/house.py", "_never.wait(_LOOK_EVERY_S)"): _LOOKS,
    (
        "tests/end_to_end/test_ui_process.py",
        "time.sleep(1.0)",
    ): "for a picture that a person looks at; nothing is judged by it",
    (
        "tests/end_to_end/test_up_ends_process.py",
        "session.wait(AWAY_S)",
    ): "how long the server is away: longer than a request of Prefect's waits",
    ("tests/pxcore/gateway/raw_http.py", "timeout=0.02"): "how often it sends a byte more",
    (
        "tests/pxcore/gateway/test_gateway_reconnect.py",
        "time.monotonic() - began > 3 * pause_s",
    ): "at least so long: no machine is too slow for that",
    ("tests/pxcore/gateway/test_gateway_stream.py", "timeout_s=0.2"): _LIMIT,
    ("tests/pxcore/gateway/test_gateway_stream.py", "timeout_s=0.05"): _LIMIT,
    (
        "tests/pxcore/journal/kill_case.py",
        "journal.wait_written(ticket, 5.0)",
    ): "a process of its own; what was not written in time is not said, and not judged",
    ("tests/pxcore/flatten/test_drive.py", "timeout_s=60.0"): "virtual time",
    ("tests/pxcore/day/test_store_access.py", "limit_s=0.2"): _LIMIT,
    ("tests/pxcore/session/test_supervisor.py", "connect_timeout_s=0.1"): _LIMIT,
    ("tests/pxcore/session/test_supervisor.py", "reply_timeout_s=0.1"): _LIMIT,
    (
        "tests/shared_prefect.py",
        "threading.Event().wait(_LOOK_EVERY_S)",
    ): _LOOKS,
    ("tests/shared_prefect.py", "told.wait(_LOOK_EVERY_S)"): "how often it looks, for ever",
    ("tests/waiting.py", "_never.wait(_LOOK_S)"): _LOOKS,
}

_WAITS = re.compile(r"(^|_)timeout(_s)?$|(^|_)within|^(wait|limit)_s$|^deadline")
_BOUND = re.compile(r"WAIT|WITHIN|TIMEOUT|DEADLINE|PATIENCE|ARRIVES")  # in a constant's name
_SECONDS_AT = {  # of a call without keywords: which argument is the bound
    "wait": 0,
    "join": 0,
    "result": 0,
    "poll": 0,
    "settimeout": 0,
    "timeout": 0,
    "abandon": 0,
    "wait_for": 1,
    "wait_written": 1,
}
_SLEEPS = {"sleep", "time.sleep", "asyncio.sleep"}
_CLOCKS = {"monotonic", "perf_counter", "time", "monotonic_ns", "perf_counter_ns", "time_ns"}


class Source:
    """One file's syntax, and which of its names stand for a number."""

    def __init__(self, text: str, numbers: dict[str, set[str]] | None = None) -> None:
        self.tree = ast.parse(text)
        self.numbers = numbers_in(self.tree.body)
        for node in self.tree.body:
            if isinstance(node, ast.ImportFrom) and node.module is not None:
                theirs = (numbers or {}).get(node.module.rpartition(".")[2], set())
                self.numbers |= {a.asname or a.name for a in node.names if a.name in theirs}

    def is_number(self, node: ast.expr | None) -> bool:
        """Not zero: who waits for nothing judges nothing."""
        match node:
            case ast.Constant(value=bool()):
                return False
            case ast.Constant(value=int() | float() as value):
                return value != 0
            case ast.UnaryOp(operand=operand):
                return self.is_number(operand)
            case ast.BinOp(left=left, right=right):
                return self.is_number(left) and self.is_number(right)
            case ast.Name(id=name):
                return name in self.numbers
            case _:
                return False

    def findings(self) -> Iterator[tuple[int, str]]:
        """Line and code of each."""
        for scope in ast.walk(self.tree):
            if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef | ast.Module):
                inside = list(own_nodes(scope))
                module = self.numbers
                self.numbers = module | numbers_in(inside)
                yield from self._in_scope(inside)
                self.numbers = module

    def _in_scope(self, inside: list[ast.AST]) -> Iterator[tuple[int, str]]:
        for node in inside:
            match node:
                case ast.Call():
                    yield from self._call(node)
                case ast.arguments():
                    yield from self._defaults(node)
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    if name.isupper() and _BOUND.search(name) and self.is_number(value):
                        yield node.lineno, ast.unparse(node)
        yield from self._clocks(inside)

    def _call(self, node: ast.Call) -> Iterator[tuple[int, str]]:
        name, at = called(node), len(node.args)
        if name == "sleep":
            at = 0 if ast.unparse(node.func) in _SLEEPS else at  # a clock of ours may pass time
        else:
            at = _SECONDS_AT.get(name, at)
        for keyword in node.keywords:
            if _WAITS.search(keyword.arg or "") and self.is_number(keyword.value):
                yield keyword.lineno, ast.unparse(keyword)
        if len(node.args) > at and self.is_number(node.args[at]):
            yield node.lineno, ast.unparse(node)

    def _defaults(self, node: ast.arguments) -> Iterator[tuple[int, str]]:
        plain = [*node.posonlyargs, *node.args]
        given = [*zip(plain[len(plain) - len(node.defaults) :], node.defaults, strict=True)]
        for argument, default in [*given, *zip(node.kwonlyargs, node.kw_defaults, strict=True)]:
            if _WAITS.search(argument.arg) and self.is_number(default):
                yield argument.lineno, f"{argument.arg}={ast.unparse(default or argument)}"

    def _clocks(self, inside: list[ast.AST]) -> Iterator[tuple[int, str]]:
        """Comparisons of a clock with a number, and numbers added to a clock."""
        known: set[str] = set()
        for node in inside:  # in the order of the text, near enough
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    if is_clock(value, known):
                        known.add(name)
        for node in inside:
            match node:
                case ast.Compare():
                    sides = [node.left, *node.comparators]
                    has_clock = any(is_clock(side, known) for side in sides)
                    if has_clock and any(self.is_number(side) for side in sides):
                        yield node.lineno, ast.unparse(node)
                case ast.BinOp(left=left, op=ast.Add(), right=right):
                    if is_clock(left, known) and self.is_number(right):
                        yield node.lineno, ast.unparse(node)


def numbers_in(nodes: Iterable[ast.AST]) -> set[str]:
    """Names that are given a number as it stands."""
    found: set[str] = set()
    for node in nodes:
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=ast.expr() as value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            ):
                if all(
                    isinstance(
                        n, ast.Constant | ast.BinOp | ast.UnaryOp | ast.operator | ast.unaryop
                    )
                    and not isinstance(getattr(n, "value", 0), str | bytes | bool | None)
                    for n in ast.walk(value)
                ):
                    found.add(name)
    return found


def is_arithmetic(node: ast.AST) -> bool:
    """Of numbers alone."""
    match node:
        case ast.Constant(value=value):
            return isinstance(value, int | float) and not isinstance(value, bool)
        case _:
            return isinstance(node, ast.BinOp | ast.UnaryOp | ast.operator | ast.unaryop)


def called(node: ast.Call) -> str:
    function = node.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def is_clock(node: ast.expr, known: set[str]) -> bool:
    """Whether it is read from a real clock, or reckoned from what was."""
    match node:
        case ast.Call():
            return called(node) in _CLOCKS and not node.args
        case ast.BinOp(left=left, right=right):
            return is_clock(left, known) or is_clock(right, known)
        case ast.Name(id=name):
            return name in known
        case _:
            return False


def own_nodes(scope: ast.AST) -> Iterator[ast.AST]:
    """What stands in it, functions inside left out: those are looked at for themselves."""
    for child in ast.iter_child_nodes(scope):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield child
            yield from own_nodes(child)


def looked_at() -> dict[str, str]:
    """Path from the top, and text, of every file that is held to the rule."""
    texts = {}
    for path in sorted(TESTS.rglob("*.py")):
        name = path.relative_to(TESTS.parent).as_posix()
        if not name.startswith(_BENCHMARKS):
            texts[name] = path.read_text(encoding="utf-8")
    return texts


def found_in(texts: dict[str, str]) -> list[tuple[str, int, str]]:
    numbers = {Path(name).stem: numbers_in(ast.parse(text).body) for name, text in texts.items()}
    return [
        (name, line, code)
        for name, text in texts.items()
        for line, code in sorted(Source(text, numbers).findings())
    ]


@pytest.fixture(scope="module")
def there() -> list[tuple[str, int, str]]:
    """All findings of today."""
    return found_in(looked_at())


def test_no_test_waits_or_judges_by_seconds_of_its_own(there: list[tuple[str, int, str]]) -> None:
    found = [one for one in there if (one[0], one[2]) not in _ALLOWED]
    assert not found, "use patience(…) or wait for the event:\n" + "\n".join(
        f"{name}:{line}: {code}" for name, line, code in found
    )


def test_whatever_is_allowed_still_stands_there(there: list[tuple[str, int, str]]) -> None:
    assert set(_ALLOWED) <= {(name, code) for name, _, code in there}


def test_hypothesis_gives_an_example_as_long_as_it_takes() -> None:
    assert hypothesis.settings().deadline is None
    assert hypothesis.HealthCheck.too_slow in hypothesis.settings().suppress_health_check


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("box.get(timeout=5)", "timeout=5"),
        ("until(it, within_s=2 * 30)", "within_s=2 * 30"),
        ("Client(reply_timeout_s=0.3)", "reply_timeout_s=0.3"),
        ("until(it, deadline_s=-1.5)", "deadline_s=-1.5"),
        ("LONG = 60.0\nprocess.communicate(timeout=LONG)", "timeout=LONG"),
        ("LONG: float = 6 * 10\nevent.wait(LONG)", "event.wait(LONG)"),
        ("event.wait(5)", "event.wait(5)"),
        ("asyncio.wait_for(it, 5)", "asyncio.wait_for(it, 5)"),
        ("time.sleep(0.1)", "time.sleep(0.1)"),
        ("async def f():\n await asyncio.sleep(1)", "asyncio.sleep(1)"),
        ("@pytest.mark.timeout(60)\ndef test(): ...", "pytest.mark.timeout(60)"),
        ("def until(it, *, within_s=30.0): ...", "within_s=30.0"),
        ("def until(it, timeout_s: float = 30): ...", "timeout_s=30"),
        ("WAIT_S = 5.0\nstream.read(WAIT_S)", "WAIT_S = 5.0"),
        ("assert time.monotonic() - began < 2", "time.monotonic() - began < 2"),
        ("def f():\n t = time.time() - b\n assert 1 < t", "1 < t"),
        ("def f():\n t = loop.time()\n u = t - b\n assert u < 3 * 2", "u < 3 * 2"),
        ("end = time.perf_counter() + 5", "time.perf_counter() + 5"),
        ("def f():\n long = 5\n event.wait(long)", "event.wait(long)"),
    ],
)
def test_seconds_of_every_kind_are_found(text: str, code: str) -> None:
    assert [found for _, found in Source(text).findings()] == [code]


def test_number_of_another_module_is_found_where_it_is_used() -> None:
    texts = {
        "tests/a.py": "LONG = 5",
        "tests/b.py": "from a import LONG as MINE\nevent.wait(MINE)",
    }
    assert found_in(texts) == [("tests/b.py", 2, "event.wait(MINE)")]


@pytest.mark.parametrize(
    "text",
    [
        "box.get(timeout=patience(5))",
        "WAIT_S = patience(5)\nevent.wait(WAIT_S)",
        "assert time.monotonic() - began < patience(2)",
        "end = time.monotonic() + patience(5)",
        "time.sleep(0)\nbox.get(timeout=0)\nlock.acquire(blocking=True)",
        "clock.sleep(60)",
        "def f():\n took = clock.now - 3\n assert took < 2",
        "assert now_s < 2",
        "', '.join(words)\nevent.wait()\n{}.get(1, 2)",
        "@settings(deadline=None)\ndef test(): ...",
        "def f():\n t = time.time()\n\ndef g():\n t = 3\n assert t < 5",
        "def f():\n long = 5\n\ndef g(long):\n event.wait(long)",
    ],
)
def test_what_waits_with_patience_or_for_nothing_is_left_alone(text: str) -> None:
    assert list(Source(text).findings()) == []
