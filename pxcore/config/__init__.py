"""Settings, limits, accounts, paths and logs: what a person says, and where things lie."""
