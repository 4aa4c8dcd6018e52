"""What a contender is told, and how it says that it is there and hears that it is over.

For processes of other environments, too: the standard library alone.
"""

import asyncio
import json
import os
import sys
from dataclasses import dataclass

TRIGGER_SIZE = 77


@dataclass(frozen=True, slots=True)
class Task:
    """The one argument of a contender, as JSON. `url` is of REST and of the hubs."""

    url: str
    user: str
    key: str
    account_id: int
    contract_id: str

    @classmethod
    def given(cls) -> "Task":
        return cls(**json.loads(sys.argv[1]))


def ready() -> None:
    """It is subscribed; what it says from here on is read by nobody."""
    print("ready", flush=True)


async def end_of_stdin() -> None:
    over = asyncio.Event()

    def look() -> None:
        if not os.read(0, 4096):
            asyncio.get_running_loop().remove_reader(0)
            over.set()

    asyncio.get_running_loop().add_reader(0, look)
    await over.wait()
