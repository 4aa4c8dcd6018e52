"""A ProjectX venue on loopback, for demonstrations, backtests and tests.

`catalogue` lists the contracts, `hours` when they trade, `exchange` is the venue as a pure machine.
`synthetic`, `replay` and `script` are markets; `bars` and `depth` are made from any of them.
`faults` is what can go wrong on request. `server` puts all that behind REST and the two hubs,
`assembly` puts it together from a `config`, `process` runs it. See docs/paper-gateway.md.
"""
