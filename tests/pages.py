"""`make pages` writes what the documents take from the code: every block between two marks.

A page is written by hand around its blocks. Whoever adds a setting, a box of a form, an option or
a decision has it in its page by that alone. `test_made_pages` fails where a page is stale.
"""

import re
from collections.abc import Callable
from pathlib import Path

import commands_page
import inputs_page
import settings_page
import strategies_page

from pxcore.model import ProtocolError

ROOT = Path(__file__).parents[1]
DECISIONS = ROOT / "docs" / "decisions"
_END = "<!-- end of what `make pages` writes -->"
_BLOCK = re.compile(rf"(<!-- `make pages` writes: ([a-z]+) -->\n).*?({re.escape(_END)})", re.S)


def decisions() -> str:
    """The index: a line for each decision, by its number and its title."""
    lines = []
    for page in sorted(DECISIONS.glob("[0-9]*.md")):
        head = page.read_text(encoding="utf-8").splitlines()[0]
        title = re.sub(r"^# (?:\d+[.:] )?", "", head)
        lines.append(f"- [{page.name[:4]}]({page.name}): {title}")
    return "\n".join(lines)


BLOCKS: dict[str, tuple[str, Callable[[], str]]] = {
    "commands": ("docs/commands.md", commands_page.block),
    "settings": ("docs/settings.md", settings_page.block),
    "strategies": ("docs/strategies.md", strategies_page.block),
    "inputs": ("docs/inputs.md", inputs_page.block),
    "decisions": ("docs/decisions/index.md", decisions),
}
FILES = tuple(sorted({file for file, _ in BLOCKS.values()}))


def made_again(text: str) -> str:
    """The page with each of its blocks as the code has it now. Raises ProtocolError for an unknown
    block.
    """

    def block(found: re.Match[str]) -> str:
        begin, name, end = found.groups()
        if name not in BLOCKS:
            raise ProtocolError(f"no block is called {name}; there are {', '.join(BLOCKS)}")
        return f"{begin}\n{BLOCKS[name][1]().strip()}\n\n{end}"

    return _BLOCK.sub(block, text)


def blocks_in(text: str) -> list[str]:
    return [name for _, name, _ in _BLOCK.findall(text)]


if __name__ == "__main__":
    for file in FILES:
        path = ROOT / file
        path.write_text(made_again(path.read_text(encoding="utf-8")), encoding="utf-8")
