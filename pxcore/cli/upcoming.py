"""What Prefect's server knows, asked over its own API: is it well, and what runs next."""

from datetime import datetime
from typing import Any

import msgspec
import requests

from pxcore.calendar import CHICAGO

_TIMEOUT_S = 3.0
_RUNS = 200


class NextRun(msgspec.Struct, frozen=True, kw_only=True):
    deployment: str
    at: datetime

    def text(self) -> str:
        there, here = self.at.astimezone(CHICAGO), self.at.astimezone()
        local = f" ({here:%H:%M} here)" if here.utcoffset() != there.utcoffset() else ""
        return f"{self.deployment:<18} {there:%a %d %b %H:%M} Chicago{local}"


class PrefectApi:
    """Of the server at `ui`, such as http://127.0.0.1:4200. Loopback: no proxy, no auth."""

    def __init__(self, ui: str) -> None:
        self._api = f"{ui}/api"
        self._session = requests.Session()
        self._session.trust_env = False

    def is_well(self) -> bool:
        try:
            return self._session.get(f"{self._api}/health", timeout=_TIMEOUT_S).ok
        except requests.RequestException:
            return False

    def unpolled(self, since: datetime, *, wanted: str, but_not: str = "") -> list[str] | None:
        """Deployments with the one tag and without the other that no runner has asked about since;
        None when the server cannot tell.
        """
        try:
            found = self._post("deployments/filter", {})
        except requests.RequestException:
            return None
        return [
            one["name"]
            for one in found
            if wanted in one["tags"] and but_not not in one["tags"]
            if not one["last_polled"] or datetime.fromisoformat(one["last_polled"]) < since
        ]

    def next_runs(self) -> list[NextRun]:
        """The next of each deployment, soonest first; empty when the server cannot tell."""
        try:
            names = {d["id"]: d["name"] for d in self._post("deployments/filter", {})}
            runs = self._post(
                "flow_runs/filter",
                {
                    "sort": "EXPECTED_START_TIME_ASC",
                    "limit": _RUNS,
                    "flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}},
                },
            )
        except requests.RequestException:
            return []
        found: dict[str, NextRun] = {}
        for run in runs:
            name = names.get(run["deployment_id"])
            if name is not None and name not in found:
                at = datetime.fromisoformat(run["expected_start_time"])
                found[name] = NextRun(deployment=name, at=at)
        return list(found.values())

    def _post(self, path: str, body: dict[str, Any]) -> list[dict[str, Any]]:
        answer = self._session.post(f"{self._api}/{path}", json=body, timeout=_TIMEOUT_S)
        answer.raise_for_status()
        found: list[dict[str, Any]] = answer.json()
        return found
