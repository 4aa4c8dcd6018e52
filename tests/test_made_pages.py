"""A page that `make pages` writes is as the code has it now."""

import pages
import pytest
from settings_page import unit_of

from pxcore.config.settings import Fields
from pxcore.model import ProtocolError


@pytest.mark.parametrize("file", pages.FILES)
def test_page_is_as_the_code_makes_it(file: str) -> None:
    text = (pages.ROOT / file).read_text(encoding="utf-8")
    assert pages.made_again(text) == text, f"{file} is stale: `make pages`"


def test_every_block_stands_once_in_its_page_and_nowhere_else() -> None:
    found = [
        (name, path.relative_to(pages.ROOT).as_posix())
        for path in sorted((pages.ROOT / "docs").rglob("*.md"))
        for name in pages.blocks_in(path.read_text(encoding="utf-8"))
    ]
    assert sorted(found) == sorted((name, file) for name, (file, _) in pages.BLOCKS.items())


def test_what_stands_by_hand_around_a_block_stays_and_a_stale_block_goes() -> None:
    begin, end = (
        "<!-- `make pages` writes: settings -->",
        "<!-- end of what `make pages` writes -->",
    )
    made = pages.made_again(f"before\n\n{begin}\nstale\n{end}\n\nafter\n")
    assert made.startswith(f"before\n\n{begin}\n") and made.endswith(f"{end}\n\nafter\n")
    assert "stale" not in made and "| `PX_SIZE` | `1` | contracts |" in made


def test_unknown_block_is_refused() -> None:
    with pytest.raises(ProtocolError, match="no block is called sizes"):
        pages.made_again(
            "<!-- `make pages` writes: sizes -->\n<!-- end of what `make pages` writes -->"
        )


def test_every_setting_that_is_a_number_has_a_unit() -> None:
    numbers = {
        name
        for name, field in Fields.model_fields.items()
        if any(hasattr(one, "le") for one in field.metadata)
    }
    assert {name for name in numbers if not unit_of(name)} == {"account_id"}
