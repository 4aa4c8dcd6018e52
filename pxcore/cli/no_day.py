"""A flow that ended without a day, and what an error of ours has to say, a sentence a problem."""

from pxcore.model.errors import Misconfigured, PxError
from pxcore.text.escaping import for_terminal


class NoDay(PxError):
    """The flow ended without a day: `status` is its exit status."""

    def __init__(self, status: int, problems: tuple[str, ...]) -> None:
        self.status = status
        self.problems = tuple(map(for_terminal, problems))
        super().__init__("; ".join(problems))


def problems_of(error: PxError) -> tuple[str, ...]:
    """One sentence a problem."""
    if isinstance(error, Misconfigured | NoDay):
        return error.problems
    return (str(error),)
