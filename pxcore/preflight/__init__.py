"""The check list before a trading day: this machine, the venue, the settings."""
