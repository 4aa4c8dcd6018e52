"""Housekeeping, backups and what earlier days and versions left behind."""
