"""Takes what Realtime delivers, and waits for what a test wants to see next."""

import queue
import threading
from typing import Any, TypeVar

from gateway_samples import ACCOUNT, MNQ, FixedClock
from patience import patience
from raw_hub import WAIT_S

from pxcore.engine.events import Event, Hub, HubDown, HubUp
from pxcore.gateway.hubs import Backoff, HubLimits, Realtime

E = TypeVar("E")


class Listener:
    def __init__(self, url: str, clock: FixedClock, **options: Any) -> None:
        self.seen: list[Event] = []
        self.unknown: list[str] = []
        self.fail_next: Exception | None = None
        self._inbox: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._waiting: list[Event] = []
        self.token_number = 1
        self.gone = threading.Event()  # once a hub has gone down
        # A step that is never answered is waited for in full: some tests let it run out.
        step_s = patience(0.125) if options.pop("quick", False) else WAIT_S
        limits = HubLimits(
            connect_timeout_s=step_s,
            upgrade_timeout_s=step_s,
            handshake_timeout_s=step_s,
            invoke_timeout_s=step_s,
            write_timeout_s=step_s,
            ping_every_s=options.pop("ping_every_s", 10.0),
            silence_limit_s=options.pop("silence_limit_s", WAIT_S),
            data_limit_s=options.pop("data_limit_s", WAIT_S),
        )
        self.realtime = Realtime(
            rtc_url=url,
            account_id=ACCOUNT,
            contracts={MNQ.id: MNQ},
            deliver=self._deliver,
            clock=clock,
            on_unknown_contract=self.unknown.append,
            limits=limits,
            **(
                {
                    "token": self._token,
                    "backoff": Backoff(least_s=0.01, most_s=0.05),
                }
                | options
            ),
        )

    def start(self) -> None:
        self.realtime.start()

    def next(self, kind: type[E]) -> E:
        """The next event of this kind that no test has taken yet; others keep waiting."""
        while True:
            for event in self._waiting:
                if isinstance(event, kind):
                    self._waiting.remove(event)
                    return event
            self._waiting.append(self._inbox.get(timeout=WAIT_S))

    def wait_up(self, hub: Hub) -> None:
        others: list[Event] = []
        while (up := self.next(HubUp)).hub is not hub:
            others.append(up)
        self._waiting += others

    def count(self, kind: type[Event]) -> int:
        """Events of this kind that have arrived and were not taken."""
        while not self._inbox.empty():
            self._waiting.append(self._inbox.get())
        return sum(isinstance(event, kind) for event in self._waiting)

    def _token(self) -> str:
        """Another one whenever a hub has gone down."""
        return f"token-{self.token_number}"

    def _deliver(self, event: Event) -> None:
        if self.fail_next is not None and not isinstance(event, HubUp):
            error, self.fail_next = self.fail_next, None
            raise error
        if isinstance(event, HubDown):
            self.token_number += 1
            self.gone.set()
        self.seen.append(event)
        self._inbox.put(event)
