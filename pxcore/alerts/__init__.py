"""Alerts: how one is sent, and on which occasions."""
