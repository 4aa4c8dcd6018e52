"""README and docs/ name what exists, all of it and nothing else."""

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from commands_page import commands
from documents import PAGES, ROOT, TODAY, broken_links, code, name_of, prose, spans, text_of

from deployments.registry import every_deployment
from pxcore.config.settings import Fields
from pxcore.strategies import BUILT_IN

README = ROOT / "README.md"
README_LINES_MAX = 150
COMMANDS: dict[str, Any] = dict(commands())
SETTINGS = {f"PX_{name.upper()}" for name in Fields.model_fields}

by_page = pytest.mark.parametrize("page", PAGES, ids=name_of)
by_page_of_today = pytest.mark.parametrize("page", TODAY, ids=name_of)


# -- what a text names ----------------------------------------------------------------------------


def command_lines(text: str) -> Iterator[tuple[str, list[str]]]:
    """What is typed after `px` in its code: the command, and the words."""
    for line in code(text):
        for typed in re.findall(r"(?:^|[\s/`\\])px((?: +[^\s|;&#>`]+)+)", line):
            words = typed.split()
            if words[0].startswith(("'", '"')) or not re.fullmatch(r"[a-z]+", words[0]):
                continue
            yield command_of(words), words


def command_of(words: list[str]) -> str:
    """The longest beginning that is a command, or the first two words."""
    two = " ".join(words[:2])
    return two if two in COMMANDS or words[0] not in COMMANDS else words[0]


def wrong_commands(text: str) -> list[str]:
    wrong = []
    for name, words in command_lines(text):
        if name not in COMMANDS:
            wrong.append(f"px {' '.join(words)}")
            continue
        known = {o for p in COMMANDS[name].params for o in p.opts} | {"--help"}
        given = {re.split(r"[=.,:…)]", word)[0] for word in words if word.startswith("-")}
        wrong += [f"px {name} {option}" for option in sorted(given - known)]
    return wrong + [one for one in spans(text) if is_wrong_option(one)]


def is_wrong_option(span: str) -> bool:
    """One that stands alone is an option of some command, every one's, or mypy's."""
    option = re.match(r"--[a-z-]+", span)
    known = {o for one in COMMANDS.values() for p in one.params for o in p.opts}
    return option is not None and option.group() not in known | {"--help", "--strict"}


def wrong_settings(text: str) -> set[str]:
    return set(re.findall(r"\bPX_[A-Z_]*[A-Z]\b", text)) - SETTINGS - MISSPELT


# Named because it is wrong: a page shows what becomes of it.
MISSPELT = {"PX_GATEWY"}


def wrong_paths(text: str) -> list[str]:
    paths = re.findall(r"\b((?:pxcore|tests|flows|tasks|deployments|docs)/[\w./-]*\w)", text)
    modules = re.findall(r"(?<![\w/])((?:pxcore|flows|tasks|deployments)(?:\.[A-Za-z_]\w*)+)", text)
    return [p for p in paths if not (ROOT / p).exists()] + [m for m in modules if not is_module(m)]


def is_module(dotted: str) -> bool:
    """A package, a module, or a name that stands in one."""
    path = ROOT / dotted.replace(".", "/")
    if dotted.endswith(".py") or path.is_dir() or path.with_suffix(".py").exists():
        return True
    holder = path.parent
    source = holder / "__init__.py" if holder.is_dir() else holder.with_suffix(".py")
    return source.exists() and path.name in _names_in(source)


def _names_in(source: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.alias):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
    return found


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z0-9-]+):", text_of(ROOT / "Makefile"), re.M))


# A word with dashes between backticks is the name of something. Of ours it must exist; others' are
# these.
OTHERS = {
    "trading-day-main",  # accounts.toml as an example has it
    "trading-day-second",
    "enable-linger",
}


def dashed(text: str) -> set[str]:
    return {one for one in spans(text) if re.fullmatch(r"[a-z]+(-[a-z]+)+", one)} - OTHERS


# -- nothing else ---------------------------------------------------------------------------------


def test_readme_is_short() -> None:
    lines = text_of(README).splitlines()
    assert len(lines) <= README_LINES_MAX
    above = [line for line in lines[:12] if line.startswith("![")]
    assert above, "a picture stands above the first section"
    assert not any(line.startswith("|") for line in lines), "tables stand in docs/"


@by_page_of_today
def test_every_command_and_option_named_exists(page: Path) -> None:
    assert wrong_commands(text_of(page)) == []


@by_page_of_today
def test_every_setting_named_exists(page: Path) -> None:
    assert wrong_settings(text_of(page)) == set()


@by_page
def test_every_path_and_module_named_exists(page: Path) -> None:
    assert wrong_paths(text_of(page)) == []


@by_page
def test_every_link_leads_to_a_file_and_a_head_in_it(page: Path) -> None:
    assert broken_links(page, text_of(page)) == []


@by_page_of_today
def test_every_make_target_named_exists(page: Path) -> None:
    named = {
        target
        for line in code(text_of(page))
        for target in re.findall(r"\bmake ([a-z0-9-]+)", line)
    }
    assert named <= make_targets()


@by_page_of_today
def test_every_word_with_dashes_is_the_name_of_something(page: Path, deployed: set[str]) -> None:
    kinds = {"trailing-stop", "join-bid", "join-ask"}  # of orders
    known = deployed | set(BUILT_IN) | make_targets() | kinds
    assert dashed(text_of(page)) <= known


# What a trader says instead stands beside it.
PLAIN = {
    r"anew": "again, restart",
    r"let(s|ting)? go of": "release, clear; files: delete",
    r"mend(s|ed|ing)?": "fix",
    r"(is|are|was|were) (said|told)": "is logged, shown, reported",
    r"presence": "operator check-in",
    r"deepest fall": "max drawdown",
    r"stray": "lost order",
    r"leftovers": "orphaned position, orphaned orders",
    r"passed over": "skipped",
    r"keeps? at work": "keeps running",
    r"accounts of the position differ": "fills, orders and position report disagree",
    r"schedule is a wish": "the schedule only starts the run",
}


def literary(text: str) -> list[str]:
    return [
        f"{found.group()}: {say}"
        for word, say in PLAIN.items()
        for found in re.finditer(rf"\b{word}\b", prose(text), re.I)
    ]


@by_page_of_today
def test_page_is_in_the_words_of_the_trade(page: Path) -> None:
    assert literary(text_of(page)) == []


@by_page_of_today
def test_page_that_tells_times_says_once_that_they_are_chicago(page: Path) -> None:
    text = prose(text_of(page))
    if name_of(page) != "docs/changelog.md" and re.search(r"\b[0-2][0-9]:[0-5][0-9]\b", text):
        assert "Chicago" in text


def test_every_path_in_the_map_exists() -> None:
    block = text_of(ROOT / "docs/map.md").split("```")[1]
    top = [line.split()[0] for line in block.splitlines() if re.match(r"\w+/", line)]
    inner = re.findall(r"^    (\w+/)", block, re.M)
    assert top and all((ROOT / name).is_dir() for name in top), top
    assert inner and all((ROOT / "pxcore" / name).is_dir() for name in inner), inner


# -- and all of it --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[set[str]]:
    """The names of the deployments of a folder without settings."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("folder"))
        patch.setenv("PX_HOME", str(tmp_path_factory.mktemp("home")))
        yield {str(one.name) for one in every_deployment()}


def everything() -> str:
    return "\n".join(text_of(page) for page in TODAY)


def test_every_command_is_named_and_has_its_options_in_the_page_of_commands() -> None:
    by_hand, made = text_of(ROOT / "docs/commands.md").split("## Every option")
    glance = {name for name, _ in command_lines(by_hand)}
    assert glance == set(COMMANDS)
    assert all(f"### `px {name}`" in made for name in COMMANDS)


def test_every_command_of_the_program_has_an_example() -> None:
    for name, command in COMMANDS.items():
        assert f"Example: px {name}" in (command.help or ""), name


def test_every_example_of_the_program_is_a_command_with_its_options() -> None:
    for name, command in COMMANDS.items():
        example = str(command.help).split("Example: ")[1].splitlines()[0]
        assert wrong_commands(f"`{example}`") == [], name


def test_every_setting_is_in_the_table_of_settings() -> None:
    page = text_of(ROOT / "docs/settings.md")
    assert [name for name in sorted(SETTINGS) if f"| `{name}` |" not in page] == []


def test_every_deployment_is_in_the_table_of_deployments(deployed: set[str]) -> None:
    told = text_of(ROOT / "docs/trading-day.md").split("## The deployments")[1]
    rows = [line.split("|")[1] for line in told.splitlines() if line.startswith("| `")]
    assert {name for row in rows for name in spans(row)} == deployed


def test_every_room_is_in_the_map_and_in_its_table() -> None:
    listed = subprocess.check_output(["git", "ls-files", "pxcore"], cwd=ROOT, text=True)
    rooms = {name.split("/")[1] for name in listed.split() if name.count("/") > 1}
    page = text_of(ROOT / "docs/map.md")
    assert {room for room in rooms if f"| `pxcore.{room}` |" not in page} == set()
    assert {room for room in rooms if f"{room}/" not in page.split("```")[1]} == set()


def test_drawing_of_the_layers_is_the_import_contract() -> None:
    contracts = tomllib.loads(text_of(ROOT / "pyproject.toml"))["tool"]["importlinter"]["contracts"]
    layers = next(one["layers"] for one in contracts if one.get("containers") == ["pxcore"])
    rooms = [room for line in layers for room in line.split(" | ")]
    drawn = re.findall(r">([a-z]+)</text>", text_of(ROOT / "docs/pictures/layers.svg"))
    assert [word for word in drawn if word in rooms] == rooms


def test_every_page_is_named_by_the_readme_and_every_picture_is_shown() -> None:
    pages = {name_of(page) for page in TODAY if page != README}
    home = {"docs/index.md", "docs/changelog.md"}  # of the site: README and CHANGELOG.md
    assert {page for page in pages - home if f"({page})" not in text_of(README)} == set()
    pictures = {one.name for one in (ROOT / "docs/pictures").iterdir()}
    assert {one for one in pictures if f"pictures/{one})" not in everything()} == set()


def test_top_level_holds_what_the_design_names_and_nothing_else() -> None:
    listed = subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True).splitlines()
    top = {name.split("/")[0] for name in listed}
    assert top == {
        ".ci",
        ".env.example",
        ".gitignore",
        "CHANGELOG.md",
        "LICENSE",
        "Makefile",
        "README.md",
        "deployments",
        "docs",
        "flows",
        "mkdocs.yml",
        "pxcore",
        "pyproject.toml",
        "requirements-docs.lock",
        "requirements-dev.lock",
        "requirements.lock",
        "tasks",
        "tests",
    }


# -- each rule finds what it looks for ------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("`px halt`", ["px halt"]),
        ("`px kill`", ["px kill"]),
        ("`px flatten --all`", ["px flatten --all"]),
        ("`px down --leave --now`", ["px down --now"]),
        ("```\nPX_HOME=x px reprot\n```", ["px reprot"]),
        ("`px journal shwo --kind x`", ["px journal shwo"]),
        ("| `.venv/bin/px runs` |", ["px runs"]),
        ("`px down`; `--stay` leaves it", ["--stay"]),
        ("`px order place market --side buy` and `px journal tail -f`", []),
        ("px is installed", []),
    ],
)
def test_wrong_command_is_found(text: str, wrong: list[str]) -> None:
    assert [one.split(" --kind")[0] for one in wrong_commands(text)] == wrong


def test_wrong_setting_path_module_link_and_name_are_found() -> None:
    assert wrong_settings("`PX_LOSS_MAX=3`, `PX_SIZE`") == {"PX_LOSS_MAX"}
    assert wrong_paths("`pxcore/runtime/plan.py`, `tests/test_readme.py`") == [
        "pxcore/runtime/plan.py"
    ]
    assert wrong_paths("`pxcore.engine.motor`, `pxcore.engine.engine.Engine`") == [
        "pxcore.engine.motor"
    ]
    page = ROOT / "docs/map.md"
    text = "[a](nowhere.md) [b](service.md#start) [c](service.md#stop) [d](https://x.example)"
    assert broken_links(page, text) == ["nowhere.md", "service.md#start"]
    assert literary("It is told, and `anew`; it is started anew.") == [
        "anew: again, restart",
        "is told: is logged, shown, reported",
    ]
    assert dashed("`market-open`, `px run`, word-of-prose") == {"market-open"}
