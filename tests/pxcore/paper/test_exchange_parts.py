"""How the exchange is put together: parts that know those below them, read from the syntax tree."""

import ast
from collections import Counter
from pathlib import Path

import pytest

import pxcore

PXCORE = Path(pxcore.__file__).parent
FOLDER = PXCORE / "paper" / "exchange"
MODULES = sorted(FOLDER.glob("*.py"))


def classes(path: Path) -> list[ast.ClassDef]:
    return [
        node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ClassDef)
    ]


OWN = {node.name for path in MODULES for node in classes(path)}


def bases(node: ast.ClassDef) -> set[str]:
    """The last word of each base, also where it has a parameter or a module before it."""
    plain = (base.value if isinstance(base, ast.Subscript) else base for base in node.bases)
    return {ast.unparse(base).rsplit(".", 1)[-1] for base in plain}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_no_class_of_the_exchange_inherits_from_another(path):
    heirs = {node.name: bases(node) & OWN for node in classes(path)}
    assert not {name: parents for name, parents in heirs.items() if parents}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_no_part_of_the_exchange_touches_what_is_private_to_another(path):
    touched = [
        f"{path.name}:{node.lineno}: {ast.unparse(node)}"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and node.attr.startswith("_")
        and not node.attr.startswith("__")
        and ast.unparse(node.value) not in ("self", "cls")
    ]
    assert not touched


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_no_part_of_the_exchange_imports_only_to_check_types(path):
    assert "TYPE_CHECKING" not in path.read_text()


def test_class_of_the_exchange_has_a_name_that_nothing_else_in_pxcore_has():
    names = Counter(node.name for path in PXCORE.rglob("*.py") for node in classes(path))
    assert not {name: names[name] for name in OWN if names[name] > 1}
