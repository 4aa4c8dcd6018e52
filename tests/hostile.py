"""Texts that would act wherever they are shown raw, and what each place must have made of them."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from markdown_it import MarkdownIt
from markdown_it.token import Token

# One of everything: a formula, HTML, an image and links of Markdown, a cell's end, what clears a
# screen and names its window, an order of reading turned, rich's markup, Jinja's, a line of its
# own, and what GFM takes for a link by itself.
HOSTILE = (
    "=1+1 <script>alert(1)</script> ![x](http://evil.example/p.png) [y](javascript:alert(1)) "
    "<img src=x onerror=alert(2)> <http://evil.example> | \x1b[2J\x1b]0;t\x07 \u202eknil\u200b\x9b"
    "[bold]b[/bold] [link=http://evil.example]l[/link] {{7*7}} %s & \"q\" 'a' `c` **d** @everyone "
    "http://evil.example/a www.evil.example me@evil.example\r\n# forged\n- forged\n| a | b |\n"
)
# One line of it, for whoever keeps no line feeds.
ON_ONE_LINE = HOSTILE.replace("\r\n", " ").replace("\n", " ")
NAMES = ("script", "alert(1)", "knil", "forged")  # of which something must be left: it is shown

_ACTS_IN_A_FILE = re.compile(
    r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]"
)
_MARKUP = ("html_block", "html_inline", "link_open", "image")
# GFM 0.29, 6.9: a scheme, `www.` or a mailbox, with nothing but text around.
_LINKS_ITSELF = re.compile(r"(?i)(https?|ftp)://|(?<![\w\\])www\.|(?<![\\])(?<=[\w.+-])@\w")


def require_plain(text: str) -> None:
    """Nothing in it acts on a screen; it may have lines."""
    found = _ACTS_IN_A_FILE.search(text)
    assert found is None, (found, text[max(0, found.start() - 60) : found.end() + 60])


def require_shown(text: str, *names: str) -> None:
    """It was not left out either."""
    assert all(name in text for name in names or NAMES), text


def require_no_line_of_its_own(text: str) -> None:
    lines = [line.strip() for line in text.splitlines()]
    assert not [one for one in lines if one.startswith(("forged", "# forged", "- forged"))], text


def tokens_of(markdown: str) -> Iterator[Token]:
    parser = MarkdownIt("commonmark", {"html": True}).enable("table").enable("strikethrough")
    for token in parser.parse(markdown):
        yield token
        yield from token.children or ()


def require_harmless_markdown(markdown: str) -> None:
    """No HTML, link or image of somebody else's; each row of a table has its table's columns.

    Our own picture, an SVG within the page, is none to this parser: it takes no such address.
    """
    require_plain(markdown)
    found = [token for token in tokens_of(markdown) if token.type in _MARKUP]
    assert not found, found
    texts = _LINKS_ITSELF.search(re.sub(r"\(data:image[^)]*\)", "", markdown))
    assert texts is None, texts
    heads = [t.content for t in tokens_of(markdown) if t.type == "inline" and t.level == 1]
    assert not [one for one in heads if one.startswith("forged")]
    require_whole_tables(markdown)


def require_whole_tables(markdown: str) -> None:
    """GFM fills rows up and cuts them: what stands in the file is counted."""
    columns = None
    for line in markdown.splitlines():
        if not line.startswith("|"):
            columns = None
            continue
        count = len(re.findall(r"(?<!\\)(?:\\\\)*\|", line))
        columns = columns or count
        assert count == columns, line


class Tags(HTMLParser):
    """Of a page: each tag with its attributes, and the text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def require_harmless_html(page: str) -> None:
    """No script, no image, nothing that reacts, no address."""
    require_plain(page)
    for tag, attributes in Tags(page).tags:
        assert tag not in ("script", "img", "a", "iframe"), tag
        assert not [name for name in attributes if name.startswith("on")], attributes
        assert not [v for v in attributes.values() if v and "evil.example" in v], attributes
