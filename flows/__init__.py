"""The trading day told as a story: prepare, trade, flatten, reconcile, report."""
