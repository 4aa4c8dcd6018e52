"""Where everything of ours is kept when PX_HOME does not say: one folder a user, by the platform's
own convention (on Linux ~/.local/share/px-sessions), whatever folder a command is typed in.
"""

from pathlib import Path

from platformdirs import user_data_path

_NAME = "px-sessions"


def default_home() -> Path:
    return user_data_path(_NAME, appauthor=False)
