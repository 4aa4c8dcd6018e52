"""The watchdog's own heartbeat, in its own thread: a flatten takes a minute, a store may hang."""

import os
import threading
import time
from collections.abc import Callable

from loguru import logger

from pxcore.config.settings import Settings
from pxcore.day.store_access import ask_store
from pxcore.model import PxError
from pxcore.store.live.leases import beat_watchdog

_STORE_S = 5.0
_EVERY_S = 3.0
_STUCK_S = 120.0  # a look that takes longer, its flatten included, comes to no end


class Beat:
    """`is_taken`: the store takes writes: ours, and so a session's. It beats while looks go on."""

    def __init__(
        self, settings: Settings, account_id: int, place: str, *, say: Callable[[str], None]
    ) -> None:
        self._settings = settings
        self._account_id = account_id
        self._place = place
        self._say = say
        self._said = "the account cannot be read"
        self._looked_at_s = time.monotonic()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watchdog-beat", daemon=True)
        self.is_taken = True

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()

    def looked(self) -> None:
        """Another look is done."""
        self._looked_at_s = time.monotonic()

    def note(self, said: str) -> None:
        """What the next beat says of the account."""
        self._said = said

    def _run(self) -> None:
        while True:
            try:
                if time.monotonic() - self._looked_at_s < _STUCK_S:
                    self._tell()
            except Exception as error:  # the edge of this thread: without it nobody is missed
                logger.opt(exception=error).error("no heartbeat")
            if self._stopped.wait(_EVERY_S):
                return

    def _tell(self) -> None:
        said = self._said
        try:
            ask_store(
                self._settings,
                lambda store: beat_watchdog(
                    store,
                    account_id=self._account_id,
                    place=self._place,
                    pid=os.getpid(),
                    said=said,
                ),
                limit_s=_STORE_S,
            )
        except PxError as error:
            if self.is_taken:
                self._say(f"no heartbeat: {error}")
            self.is_taken = False  # a store that is locked or full is read, and stands still
        else:
            self.is_taken = True
