"""Who may send: account lock, lease, home lock, and how a holder is asked to stop."""
