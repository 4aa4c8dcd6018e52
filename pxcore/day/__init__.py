"""What a trading day has settled: window, latches, halts, kill switch, access to the store."""
