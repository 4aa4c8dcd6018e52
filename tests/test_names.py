"""A public class name exists once in `pxcore`: who reads it knows which one is meant."""

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
