"""What can go wrong on request: named, seeded, and composable.

`base` decides when a fault bites, `venue` lists those of the exchange (pure, so a simulation in
virtual time has them too), `wire` those of the server, `file` reads both from TOML.
"""
