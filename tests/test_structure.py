"""What keeps `pxcore` readable: a public class name exists once, and no import hides a circle."""

import ast
from collections import defaultdict
from pathlib import Path

PXCORE = Path(__file__).parents[1] / "pxcore"


def test_public_class_names_exist_once() -> None:
    places: defaultdict[str, list[str]] = defaultdict(list)
    for file in PXCORE.rglob("*.py"):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(str(file.relative_to(PXCORE)))
    assert len(places) > 400, "the classes are found"
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


def test_import_for_types_alone_hides_no_circle() -> None:
    """What is imported under TYPE_CHECKING could be imported for good: it takes long, no more."""
    real, typed = _imports()
    assert sum(map(len, typed.values())) > 0, "there are some"
    circles = [
        (module, target)
        for module, targets in typed.items()
        for target in targets
        if module in _reached(target, real)
    ]
    assert circles == []


_MAKES_SCOPES = {
    "engine/config.py",  # of what a session was told
    "session/plan.py",  # which every part of a session has it from
    "venue/scoping.py",  # of what is no session, or begins before there is a plan
}


def test_scope_of_an_account_is_made_in_three_places() -> None:
    makers = {
        str(file.relative_to(PXCORE))
        for file in PXCORE.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "scope"
    }
    assert makers == _MAKES_SCOPES


Imports = dict[str, set[str]]


def _imports() -> tuple[Imports, Imports]:
    """Of each module of `pxcore`, wherever in it: for good, and for types alone."""
    modules = {_name(file): file for file in PXCORE.rglob("*.py")}
    real: Imports = {}
    typed: Imports = {}
    for module, file in modules.items():
        tree = ast.parse(file.read_text(encoding="utf-8"))
        later = {
            id(inner)
            for node in ast.walk(tree)
            if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"
            for inner in ast.walk(node)
        }
        real[module], typed[module] = set(), set()
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                names = {f"{node.module}.{alias.name}" for alias in node.names}
                found = {name if name in modules else node.module for name in names}
                (typed if id(node) in later else real)[module] |= found & modules.keys()
    return real, typed


def _name(file: Path) -> str:
    parts = file.relative_to(PXCORE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _reached(module: str, real: Imports) -> set[str]:
    found: set[str] = set()
    waiting = [module]
    while waiting:
        for target in real[waiting.pop()] - found:
            found.add(target)
            waiting.append(target)
    return found
