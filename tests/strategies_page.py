"""The parameters of the built-in strategies for `docs/strategies.md`, from their registry."""

from collections.abc import Iterator

from tables import Row, table

from pxcore.strategies import BUILT_IN, describe


def block() -> str:
    return "\n".join(
        table(("strategy", "parameter", "default", "allowed", "what, and in which unit"), _rows())
    )


def _rows() -> Iterator[Row]:
    for name, kind in BUILT_IN.items():
        described = describe(kind)
        if not described.params:
            yield f"`{name}`", "none", "", "", ""
        for one in described.params:
            yield f"`{name}`", f"`{one.name}`", f"`{one.default}`", one.allowed, one.description
