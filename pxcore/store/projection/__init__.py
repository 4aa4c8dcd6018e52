"""Rows that are made from the journals, and can be made again."""
