"""The trading system: everything that is true without Prefect.

Its rooms, imports running downwards only (an import contract checks it); rooms of one line know
nothing of each other:

    cli
    closing
    session
    preflight
    flatten, upkeep
    ownership
    day
    alerts, simulation, store
    paper, reports, venue
    config, gateway, journal
    clock, strategies
    calendar, engine, host
    model
    text
"""

__version__ = "0.2.0"
