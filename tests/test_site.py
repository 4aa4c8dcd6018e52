"""The documentation as a site: it builds without a warning, and a page of it fetches nothing."""

import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import needs
import pytest
from documents import ROOT
from patience import patience

pytestmark = pytest.mark.docs
_BUILD_UNITS = 120
# Attributes by which a page fetches; a link that a person clicks is none of them.
_FETCHED = {
    "script": ("src",),
    "img": ("src", "srcset"),
    "link": ("href",),
    "iframe": ("src",),
    "source": ("src", "srcset"),
    "video": ("src", "poster"),
    "audio": ("src",),
    "object": ("data",),
    "embed": ("src",),
    "use": ("href", "xlink:href"),
    "image": ("href", "xlink:href"),
}
_REMOTE = re.compile(r"(?:https?:)?//", re.I)
_REMOTE_CSS = re.compile(r"(?:url\(|@import)\s*['\"]?\s*(?:https?:)?//", re.I)


class _Fetches(HTMLParser):
    """What a page loads from elsewhere by being opened."""

    def __init__(self) -> None:
        super().__init__()
        self.remote: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.remote += [
            f"{tag} {given[name]}"
            for name in _FETCHED.get(tag, ())
            if _REMOTE.match((given.get(name) or "").strip())
        ]
        if "mermaid" in (given.get("class") or "").split():  # the theme would fetch its program
            self.remote.append("mermaid")


def remote_in(text: str, *, is_css: bool = False) -> list[str]:
    if is_css:
        return _REMOTE_CSS.findall(text)
    page = _Fetches()
    page.feed(text)
    return page.remote + _REMOTE_CSS.findall(text)


def build(root: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """As `make docs` does it, into another folder."""
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8").split("\ndocs: ")[1].splitlines()[1]
    options = recipe.split("$(BIN)/python ")[1].split()
    return subprocess.run(
        [sys.executable, *options, "--site-dir", str(folder)],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        timeout=patience(_BUILD_UNITS),
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    needs.mkdocs()
    folder = tmp_path_factory.mktemp("site")
    done = build(ROOT, folder)
    warned = re.search(r"^(?:WARNING|ERROR)", done.stderr, re.M)
    assert done.returncode == 0 and warned is None, done.stderr
    return folder


@pytest.mark.parametrize("link", ["nowhere.md", "settings.md#nowhere"])
def test_link_that_leads_nowhere_is_no_site(tmp_path: Path, link: str) -> None:
    needs.mkdocs()
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    for name in ("mkdocs.yml", "CHANGELOG.md"):
        shutil.copy(ROOT / name, tmp_path / name)
    page = tmp_path / "docs" / "map.md"
    page.write_text(f"{page.read_text(encoding='utf-8')}\n[here]({link})\n", encoding="utf-8")
    done = build(tmp_path, tmp_path / "site")
    assert done.returncode != 0 and link in done.stderr


def test_site_builds_without_a_warning_and_has_every_page(site: Path) -> None:
    pages = {path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md")}
    assert {page for page in pages if not (site / page.with_suffix(".html")).is_file()} == set()
    assert "First release" in (site / "changelog.html").read_text(encoding="utf-8")


def test_page_of_the_site_asks_the_network_for_nothing(site: Path) -> None:
    found = {
        f"{path.relative_to(site)}: {one}"
        for path in sorted(site.rglob("*"))
        if path.suffix in (".html", ".css", ".svg")
        for one in remote_in(path.read_text(encoding="utf-8"), is_css=path.suffix == ".css")
    }
    assert found == set()


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ('<script src="https://cdn.example/x.js"></script>', 1),
        ('<link rel="preconnect" href="//fonts.example">', 1),
        ('<img src="http://pictures.example/a.png">', 1),
        ("<style>@import url(https://fonts.example/f.css)</style>", 1),
        ('<pre class="mermaid">graph</pre>', 1),
        ('<a href="https://www.prefect.io">Prefect</a><img src="a.png">', 0),
    ],
)
def test_resource_of_others_is_found_and_a_link_is_none(text: str, count: int) -> None:
    assert len(remote_in(text)) == count
