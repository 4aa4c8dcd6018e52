from gateway_fixtures import (
    both_ways,
    budget,
    certificate,
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
    "both_ways",
    "budget",
    "certificate",
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
