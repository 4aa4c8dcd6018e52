"""What README and the pages of docs/ name: code, links, anchors. CHANGELOG.md tells of what was."""

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[1]
DECISIONS = ROOT / "docs" / "decisions"
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
# A decision tells of the day on which it was made: its links and paths alone are held.
TODAY = tuple(page for page in PAGES if page.parent != DECISIONS or page.name == "index.md")


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def _tokens(text: str) -> Iterator[Token]:
    for token in MarkdownIt().enable("table").parse(text):
        yield token
        yield from token.children or ()


def spans(text: str) -> list[str]:
    """What stands between backticks in a line."""
    return [one.content for one in _tokens(text) if one.type == "code_inline"]


def code(text: str) -> list[str]:
    """Spans, and the lines of blocks."""
    blocks = [one.content for one in _tokens(text) if one.type in ("fence", "code_block")]
    return spans(text) + [line for block in blocks for line in block.splitlines()]


def links(text: str) -> list[str]:
    """Of links and pictures, as they stand there."""
    return [
        str(one.attrs[what])
        for one in _tokens(text)
        for kind, what in (("link_open", "href"), ("image", "src"))
        if one.type == kind
    ]


def anchors(text: str) -> set[str]:
    """Of its heads, as GitHub makes them."""
    tokens = list(_tokens(text))
    found: set[str] = set()
    for before, token in pairwise(tokens):
        if before.type == "heading_open":
            shown = "".join(one.content for one in token.children or ())
            anchor = re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")
            others = sum(1 for one in found if one == anchor or one.startswith(f"{anchor}-"))
            found.add(f"{anchor}-{others}" if anchor in found else anchor)
    return found


def broken_links(page: Path, text: str) -> list[str]:
    """Relative ones whose file, or whose head in it, does not exist."""
    broken = []
    for link in links(text):
        if re.match(r"[a-z]+:", link):
            continue
        target, _, anchor = link.partition("#")
        file = (page.parent / target).resolve() if target else page
        if not file.exists() or (anchor and anchor not in anchors(text_of(file))):
            broken.append(link)
    return broken


def prose(text: str) -> str:
    """What is written by hand for a person: neither code, nor quoted output, nor a made block."""
    by_hand = re.sub(r"<!-- `make pages` writes.*?<!-- end of", "", text, flags=re.S)
    return " ".join(
        one.content
        for token in MarkdownIt().enable("table").parse(by_hand)
        for one in token.children or ()
        if one.type == "text"
    )
