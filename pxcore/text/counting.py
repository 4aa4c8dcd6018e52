"""How many of something, in words that agree: "1 attempt", "2 attempts"."""


def counted(number: int, one: str, many: str = "") -> str:
    """`many` where it is not `one` with an s."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"
