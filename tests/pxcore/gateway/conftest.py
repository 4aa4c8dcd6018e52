from gateway_fixtures import (
    budget,
    client,
    clock,
    hasty_client,
    http,
    hubs,
    listener,
    new_client,
    new_listener,
    pauses,
)

__all__ = [
    "budget",
    "client",
    "clock",
    "hasty_client",
    "http",
    "hubs",
    "listener",
    "new_client",
    "new_listener",
    "pauses",
]
