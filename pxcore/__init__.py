"""The trading system: everything that is true without Prefect.

Layers, imports running downwards only (an import contract checks it):

    cli
    runtime, backtest
    gateway, paper
    journal, reports
    strategies
    engine
    model
    settings, calendar, clock
"""

__version__ = "0.1.0"
