"""Tables on screens of any width."""

import io

from rich.console import Console

from pxcore.cli.output import Grid, parts_for

GRID = Grid(
    ("id", "price", "tag"),
    [("3400000101", "29510.25", "run-1-SL"), ("3400000102", "-", "")],
    right=("price",),
)


def shown(width: int, *, is_terminal: bool) -> list[str]:
    out = io.StringIO()
    screen = Console(file=out, width=width, force_terminal=is_terminal, no_color=True)
    for part in parts_for(GRID, screen):
        screen.print(part)
    return [line.rstrip() for line in out.getvalue().replace("\x1b[1m", "").splitlines()]


def test_table_that_just_fits_is_whole():
    # 10, 8 and 8 characters and a gap of two after each
    assert GRID.width == 32
    assert shown(32, is_terminal=False)[1:] == [
        "3400000101  29510.25  run-1-SL",
        "3400000102         -",
    ]
    assert len(shown(32, is_terminal=True)) == 3


def test_table_that_does_not_fit_is_a_sentence_a_row_of_what_there_is():
    assert shown(31, is_terminal=True) == [
        "id 3400000101, price 29510.25,",
        "tag run-1-SL",
        "id 3400000102",
    ]
