"""The README holds no command, option or file that does not exist."""

import re
import subprocess
from pathlib import Path

import typer

from pxcore.cli.app import app

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
TOP = typer.main.get_command(app).commands
COMMANDS = {
    name if path is None else f"{name} {path}": command
    for name, top in TOP.items()
    for path, command in getattr(top, "commands", {None: top}).items()
} | {name: top for name, top in TOP.items() if getattr(top, "invoke_without_command", False)}
GROUPS = {name.split()[0] for name in COMMANDS if " " in name}


def named_in(text: str) -> list[tuple[str, str]]:
    """Commands, the sub-command in the name, and the options that follow each."""
    found = []
    for first, second, options in re.findall(
        r"\bpx ([a-z]+)(?: ([a-z]+)\b)?((?: (?:--?[a-z-]+|[\w./:]+))*)", text
    ):
        is_group = first in GROUPS and (second != "" or first not in COMMANDS)
        found.append((f"{first} {second}" if is_group else first, options))
    return [(name, options) for name, options in found if name != "sessions"]


def test_every_px_command_and_option_named_exists():
    used = named_in(README)
    assert {name for name, _ in used} == set(COMMANDS)
    for name, options in used:
        known = {o for p in COMMANDS[name].params for o in p.opts} | {"--help"}
        assert set(re.findall(r"--[a-z-]+", options)) <= known, (name, options)


def test_every_command_of_the_program_has_an_example():
    for name, command in COMMANDS.items():
        assert f"Example: px {name}" in (command.help or ""), name


def test_every_path_named_in_the_map_exists():
    block = README.split("## Map")[1].split("```")[1]
    top = [line.split()[0] for line in block.splitlines() if re.match(r"\w+/", line)]
    inner = re.findall(r"^    (\w+/)", block, re.M) + re.findall(r"(\w+\.py)", block)
    assert all((ROOT / name).exists() for name in top), top
    assert all((ROOT / "pxcore" / name).exists() for name in inner), inner


def test_links_to_files_lead_somewhere():
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target


def test_make_targets_named_exist():
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"`make ([a-z-]+)`", README):
        assert re.search(rf"^{target}:", makefile, re.M), target


def test_top_level_holds_what_the_design_names_and_nothing_else():
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
        "pxcore",
        "pyproject.toml",
        "requirements-dev.lock",
        "requirements.lock",
        "tasks",
        "tests",
    }
