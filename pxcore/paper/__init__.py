"""A ProjectX venue on loopback, for demonstrations, backtests and tests.

`catalogue` lists the contracts, `exchange` is the venue as a pure machine, `synthetic` and
`replay` are markets, `server` puts them behind REST and the two hubs, `process` runs that.
"""
