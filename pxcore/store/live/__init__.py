"""What in the store is no projection: halts, leases, the kill switch, heartbeats."""
