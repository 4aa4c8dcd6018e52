"""A sentence that somebody reads is asserted word by word in one file; other tests take it from
`wording`, or judge what was done.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
_ONE_PLACE = "tests/wording.py"
_SENTENCE = 5  # words

# Calls whose arguments are compared with what was said; others are only given theirs.
_COMPARES = {"raises", "startswith", "endswith", "count", "index", "match", "search", "param"}


def sentences(text: str) -> set[str]:
    """Those that are asserted: in an `assert`, as the match of an exception, in a table of cases,
    or in a constant.
    """
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Assert(test=test):
                found |= set(said(test))
            case ast.Call() if called(node) in ("raises", "parametrize", "param"):
                found |= set(said(node))
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name.isupper():
                labels = {id(k) for n in ast.walk(value) if isinstance(n, ast.Dict) for k in n.keys}
                parts = (n for n in ast.walk(value) if isinstance(n, ast.Constant))
                found.update(*(said(part) for part in parts if id(part) not in labels))
    return found


def said(node: ast.AST) -> Iterator[str]:
    """Sentences in it, what is handed to other calls left out."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        words = sum(any(map(str.isalpha, word)) for word in node.value.split())
        if words >= _SENTENCE and " --" not in node.value:  # what is typed is no screen
            yield node.value.strip()
        return
    is_given = isinstance(node, ast.Call) and called(node) not in _COMPARES | {"parametrize"}
    for child in [node.func] if is_given else ast.iter_child_nodes(node):  # type: ignore[attr-defined]
        yield from said(child)


def called(node: ast.Call) -> str:
    function = node.func
    return getattr(function, "attr", getattr(function, "id", ""))


def shared(texts: dict[str, str]) -> list[tuple[str, str, str]]:
    """Two files, and the sentence that both hold whole, or one of them in part."""
    held = sorted((sentence, name) for name, text in texts.items() for sentence in sentences(text))
    return [
        (one, other, part)
        for part, one in held
        for whole, other in held
        if one != other and part in whole and (part != whole or one < other)
    ]


def looked_at() -> dict[str, str]:
    texts = {}
    for path in sorted(TESTS.rglob("*.py")):
        name = path.relative_to(TESTS.parent).as_posix()
        if name != _ONE_PLACE:
            texts[name] = path.read_text(encoding="utf-8")
    return texts


def test_no_sentence_is_asserted_in_two_files() -> None:
    found = shared(looked_at())
    assert not found, "say it once, in tests/wording.py:\n" + "\n".join(
        f"{one} and {other}: {sentence}" for one, other, sentence in found
    )


@pytest.mark.parametrize(
    "text",
    [
        "assert said == 'there is nothing to close here'",
        "assert said.startswith('there is nothing to close here')",
        "assert f'px: there is nothing to close here {n}' in said",
        "with pytest.raises(Refused, match='there is nothing to close here'): ...",
        "@pytest.mark.parametrize('x', [pytest.param('there is nothing to close here')])\n"
        "def test(x): ...",
        "CASES = {1: 'there is nothing to close here'}",
        "CASES = [Refused('there is nothing to close here')]",
        "@pytest.mark.parametrize('x', [('there is nothing to close here', 2)])\ndef test(x): ...",
    ],
)
def test_sentence_of_every_kind_is_found_beside_the_same_one(text: str) -> None:
    other = "assert 'there is nothing to close here' in said"
    assert len(shared({"a.py": text, "b.py": other})) >= 1
    assert shared({"a.py": text}) == []


@pytest.mark.parametrize(
    "text",
    [
        "assert 'nothing to close here' in said",  # four words
        "assert px('order place market buy now').status == 0",  # a command
        "print('there is nothing to close here')",
        "CASES = {'there is nothing to close here': 1}",  # a label
        "def test():\n '''there is nothing to close here'''",
    ],
)
def test_what_is_no_asserted_sentence_may_stand_twice(text: str) -> None:
    assert shared({"a.py": text, "b.py": text}) == []
