"""One live run: its plan, its process, and the supervisor that sees it end flat."""
