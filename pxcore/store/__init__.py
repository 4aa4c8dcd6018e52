"""The SQL store: `projection` of the journals, `live` latches and leases. Opened by `database`."""
