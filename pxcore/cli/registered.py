"""Is what Prefect's server has registered still what this program would register?

What a registering is worked out from, and what the server had when it was done, are kept as two
hashes in a variable of the server itself: it goes with its database. Where either differs, or
nobody can tell, everything is registered again.
"""

import hashlib
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import msgspec
import requests

from pxcore.cli.prefect_session import PrefectSession
from pxcore.cli.settings_watch import Times

VARIABLE: Final = "px_registered"
_TIMEOUT_S = 5.0
_PACKAGES = ("deployments", "flows", "tasks", "pxcore")
# Of a deployment, all that a registering sets; the server adds what changes by itself.
_SET = (
    "name",
    "entrypoint",
    "path",
    "pull_steps",
    "tags",
    "paused",
    "parameters",
    "parameter_openapi_schema",
    "enforce_parameter_schema",
    "job_variables",
    "concurrency_limit",
    "work_pool_name",
    "work_queue_name",
    "description",
)
_SET_SCHEDULE = ("schedule", "active", "slug", "parameters")
_SET_AUTOMATION = ("name", "description", "enabled", "trigger", "actions", "actions_on_trigger")


class Registered:
    """`is_current` before a registering that may be spared; `forget`, register, `note`."""

    def __init__(self, session: PrefectSession) -> None:
        self._session = session

    def is_current(self, times: Times) -> bool:
        """False where the server does not say."""
        try:
            answer = self._ask("GET", f"variables/name/{VARIABLE}")
            if answer.status_code != requests.codes.ok:
                return False
            found: Any = answer.json()["value"]
            return bool(found == {"of": _of(times), "there": self._there()})
        except (requests.RequestException, KeyError, TypeError, ValueError):
            return False

    def forget(self) -> None:
        """Before anything is changed: one that is broken off must not pass for done. Raises what
        `requests` raises.
        """
        answer = self._ask("DELETE", f"variables/name/{VARIABLE}")
        if answer.status_code != requests.codes.not_found:
            answer.raise_for_status()

    def note(self, times: Times) -> None:
        """Instead of what was noted before. Raises what `requests` raises: then it is registered
        again at the next start.
        """
        self.forget()
        value = {"of": _of(times), "there": self._there()}
        self._ask("POST", "variables/", {"name": VARIABLE, "value": value}).raise_for_status()

    def _there(self) -> str:
        deployments = [_deployment(one) for one in self._all("deployments")]
        made = [
            {n: _without_chance(one.get(n)) for n in _SET_AUTOMATION}
            for one in self._all("automations")
        ]
        return _hash([sorted(deployments, key=_name), sorted(made, key=_name)])

    def _all(self, what: str) -> list[dict[str, Any]]:
        answer = self._ask("POST", f"{what}/filter", {})
        answer.raise_for_status()
        found: list[dict[str, Any]] = answer.json()
        return found

    def _ask(self, method: str, path: str, body: Any = None) -> requests.Response:
        return self._session.ask(method, f"/api/{path}", body, timeout_s=_TIMEOUT_S)


def _deployment(there: dict[str, Any]) -> dict[str, Any]:
    schedules = [{n: one.get(n) for n in _SET_SCHEDULE} for one in there.get("schedules") or ()]
    return {n: there.get(n) for n in _SET} | {"schedules": sorted(schedules, key=str)}


def _without_chance(value: Any) -> Any:
    """Triggers have a new id whenever they are written, and sets of names no order."""
    if isinstance(value, dict):
        return {name: _without_chance(one) for name, one in value.items() if name != "id"}
    if isinstance(value, list):
        cleared = [_without_chance(one) for one in value]
        return sorted(cleared) if all(isinstance(one, str) for one in cleared) else cleared
    return value


def _of(times: Times) -> str:
    """The program itself, Prefect's version, and what the schedules of each account come from."""
    return _hash([_sources(), version("prefect"), msgspec.to_builtins(times)])


def _sources() -> str:
    root = Path(__file__).parents[2]
    found = hashlib.sha256()
    for package in _PACKAGES:
        for file in sorted((root / package).rglob("*.py")):
            found.update(file.relative_to(root).as_posix().encode())
            found.update(file.read_bytes())
    return found.hexdigest()


def _hash(value: Any) -> str:
    return hashlib.sha256(msgspec.json.encode(value, order="sorted")).hexdigest()


def _name(one: dict[str, Any]) -> str:
    return str(one["name"])
