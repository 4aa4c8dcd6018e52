"""Every setting, where it comes from, and what must hold between several of them."""

from pxcore.config.settings.fields import Fields, GatewayName
from pxcore.config.settings.loading import ENV_FILE, load_settings
from pxcore.config.settings.model import (
    PAPER_USER,
    AccountlessSettings,
    DownSettings,
    KillSettings,
    LenientAccountlessSettings,
    LenientSettings,
    Mode,
    Settings,
)
from pxcore.config.settings.refusals import NEEDED, SECRETS, field_of, unknown_told, value_of

__all__ = [
    "ENV_FILE",
    "NEEDED",
    "PAPER_USER",
    "SECRETS",
    "AccountlessSettings",
    "DownSettings",
    "Fields",
    "GatewayName",
    "KillSettings",
    "LenientAccountlessSettings",
    "LenientSettings",
    "Mode",
    "Settings",
    "field_of",
    "load_settings",
    "unknown_told",
    "value_of",
]
