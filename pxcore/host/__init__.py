"""Processes, files and sockets of this machine. Nothing of trading."""
