"""What keeps `pxcore` readable: a public class name exists once, no import hides a circle, and what
is public is used.
"""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PXCORE = ROOT / "pxcore"
PROGRAM = ("pxcore", "flows", "tasks", "deployments")
FOR_USERS = ("pxcore.strategies", "pxcore.strategies.indicators")  # what these export is for others
BY_NAME = "pxcore.cli.verbs."  # a verb is looked up when it is typed
UNUSED = {
    "pxcore.paper.markets.formats.PACKINGS",  # docs/inputs.md is made of it
    "pxcore.simulation.rehearsal.rehearse",  # docs/strategy-template.py calls it
}


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


def test_public_name_is_used_by_the_program_elsewhere_than_where_it_is_defined() -> None:
    """What tests alone use is theirs. What a decorator registers is used by its registry."""
    trees = {
        _name(file): ast.parse(file.read_text(encoding="utf-8"))
        for room in PROGRAM
        for file in (ROOT / room).rglob("*.py")
        if "migrations" not in file.parts
    }
    imported = {module: _imported(tree) for module, tree in trees.items()}
    used = {
        _origin(place, imported)
        for module, tree in trees.items()
        for place in _used(module, tree, imported[module])
    }
    public = {place for module, tree in trees.items() for place in _defined(module, tree)}
    assert len(public) > 1500, "the names are found"
    assert {".".join(place) for place in public - used} == UNUSED


Place = tuple[str, str]  # a module, and a name in it


def _imported(tree: ast.Module) -> dict[str, Place]:
    return {
        alias.asname or alias.name: (node.module, alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }


def _origin(place: Place, imported: dict[str, dict[str, Place]]) -> Place:
    """Where what a package hands on was defined."""
    module, name = place
    while name in imported.get(module, {}):
        module, name = imported[module][name]
    return module, name


def _used(module: str, tree: ast.Module, imported: dict[str, Place]) -> Iterator[Place]:
    is_package = any("__all__" in _names(node) for node in tree.body)
    if not is_package or module in FOR_USERS:
        yield from imported.values()
    for statement in tree.body:
        for node in ast.walk(statement):
            match node:
                case ast.Attribute(value=ast.Name(id=of), attr=attr) if of in imported:
                    yield ".".join(imported[of]), attr
                case ast.Name(id=name, ctx=ast.Load()) if name not in _names(statement):
                    yield imported.get(name, (module, name))


def _defined(module: str, tree: ast.Module) -> Iterator[Place]:
    for statement in [] if module.startswith(BY_NAME) else tree.body:
        if not getattr(statement, "decorator_list", []) or isinstance(statement, ast.ClassDef):
            yield from ((module, name) for name in _names(statement) if not name.startswith("_"))


def _names(statement: ast.stmt) -> list[str]:
    match statement:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.Assign(targets=targets):
            nodes = [node for target in targets for node in ast.walk(target)]
            return [node.id for node in nodes if isinstance(node, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
    return []
