"""What `--strategy` and `--params` mean: settings, put before those of the folder.

They go into the environment, where this process and all that it starts read them.
"""

from pxcore.config.texts import JSON_WANTED
from pxcore.model import Misconfigured

STRATEGY_OPTIONS = "given by --strategy and --params"


def strategy_settings(strategy: str | None, params: str | None) -> dict[str, str]:
    """Settings of the strategy that was asked for, none when none was.

    Parameters belong to one strategy: those of the settings are not for another one. Raises
    Misconfigured for parameters alone.
    """
    if strategy is None and params is not None:
        raise Misconfigured("--params needs --strategy: it says what the parameters are for")
    if params is not None and not params.strip():
        raise Misconfigured(f"--params is empty; wanted is {JSON_WANTED}")
    if strategy is None:
        return {}
    return {"PX_STRATEGY": strategy, "PX_STRATEGY_PARAMS": "{}" if params is None else params}
