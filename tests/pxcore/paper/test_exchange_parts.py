"""How the exchange is put together, read from the syntax tree."""

import ast
from collections import Counter
from pathlib import Path

import pxcore

PXCORE = Path(pxcore.__file__).parent
FOLDER = PXCORE / "paper" / "exchange"
MODULES = sorted(FOLDER.glob("*.py"))


def classes(path: Path) -> list[ast.ClassDef]:
    return [
        node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ClassDef)
    ]


OWN = {node.name for path in MODULES for node in classes(path)}


def test_class_of_the_exchange_has_a_name_that_nothing_else_in_pxcore_has():
    names = Counter(node.name for path in PXCORE.rglob("*.py") for node in classes(path))
    assert not {name: names[name] for name in OWN if names[name] > 1}
