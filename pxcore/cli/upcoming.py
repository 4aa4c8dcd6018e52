"""What Prefect's server knows, asked over its own API: is it well, what runs next, what is lost."""

from datetime import datetime
from typing import Any

import msgspec
import requests

from pxcore.calendar.hours import CHICAGO
from pxcore.cli.prefect_session import PrefectSession
from pxcore.config.paths import Paths

_TIMEOUT_S = 3.0
_RUNS = 200


class NextRun(msgspec.Struct, frozen=True, kw_only=True):
    deployment: str
    at: datetime

    def text(self) -> str:
        there, here = self.at.astimezone(CHICAGO), self.at.astimezone()
        local = f" ({here:%H:%M} here)" if here.utcoffset() != there.utcoffset() else ""
        return f"{self.deployment:<18} {there:%a %d %b %H:%M} Chicago{local}"


class TakenRun(msgspec.Struct, frozen=True, kw_only=True):
    """A runner has it, and its code has not begun. `since` when. `loosens`: it releases the kill
    switch, which nobody may have done for them later than they asked for it.
    """

    id: str
    name: str
    since: datetime
    loosens: bool


class PrefectApi:
    """Of the server at `ui`, such as http://127.0.0.1:4200, whose key is in this home."""

    def __init__(self, ui: str, paths: Paths) -> None:
        self._session = PrefectSession(ui, paths)

    def is_well(self) -> bool:
        try:
            return self._session.ask("GET", "/api/health", timeout_s=_TIMEOUT_S).ok
        except requests.RequestException:
            return False

    def unpolled(self, since: datetime, *, wanted: str, but_not: str = "") -> list[str] | None:
        """Deployments with the one tag and without the other that no runner has asked about since;
        None when the server cannot tell.
        """
        try:
            found = self._deployments(wanted, but_not)
        except requests.RequestException:
            return None
        return [
            one["name"]
            for one in found
            if not one["last_polled"] or datetime.fromisoformat(one["last_polled"]) < since
        ]

    def is_empty(self) -> bool | None:
        """No deployment is registered there; None when the server cannot tell."""
        try:
            return not self._post("deployments/filter", {})
        except requests.RequestException:
            return None

    def last_polled(self, *, wanted: str, but_not: str = "") -> str | None:
        """When a runner has asked about one of these deployments last, as the server writes it;
        empty when nobody ever did, None when the server cannot tell.
        """
        try:
            found = self._deployments(wanted, but_not)
        except requests.RequestException:
            return None
        return max((str(one["last_polled"] or "") for one in found), default="")

    def taken(self, *, wanted: str, but_not: str = "") -> list[TakenRun] | None:
        """Runs of these deployments which a runner has taken and which have not begun; None when
        the server cannot tell.
        """
        try:
            runs = self._runs("PENDING")
            ids = {d["id"] for d in self._deployments(wanted, but_not)} if runs else set()
        except requests.RequestException:
            return None
        return [
            TakenRun(
                id=run["id"],
                name=run["name"],
                since=datetime.fromisoformat(run["state"]["timestamp"]),
                loosens=_is_release(run["parameters"]),
            )
            for run in runs
            if run["deployment_id"] in ids
        ]

    def give_back(self, run_id: str) -> bool:
        """It is scheduled for now: the next runner that asks begins it. False when the server did
        not take it.
        """
        return self._set_state(run_id, "SCHEDULED", "its runner ended before it began")

    def give_up(self, run_id: str) -> bool:
        """It is *Crashed*. False when the server did not take it."""
        return self._set_state(run_id, "CRASHED", "its runner ended before it began")

    def _set_state(self, run_id: str, kind: str, why: str) -> bool:
        state = {"state": {"type": kind, "message": why}, "force": True}
        try:
            answer: dict[str, Any] = self._post(f"flow_runs/{run_id}/set_state", state)
        except requests.RequestException:
            return False
        return answer.get("status") == "ACCEPT"

    def next_runs(self) -> list[NextRun]:
        """The next of each deployment, soonest first; empty when the server cannot tell."""
        try:
            names = {d["id"]: d["name"] for d in self._post("deployments/filter", {})}
            runs = self._runs("SCHEDULED")
        except requests.RequestException:
            return []
        found: dict[str, NextRun] = {}
        for run in runs:
            name = names.get(run["deployment_id"])
            if name is not None and name not in found:
                at = datetime.fromisoformat(run["expected_start_time"])
                found[name] = NextRun(deployment=name, at=at)
        return list(found.values())

    def _deployments(self, wanted: str, but_not: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._post("deployments/filter", {})
        return [d for d in found if wanted in d["tags"] and but_not not in d["tags"]]

    def _runs(self, state: str) -> list[dict[str, Any]]:
        """In this type of state, soonest first."""
        wanted = {
            "sort": "EXPECTED_START_TIME_ASC",
            "limit": _RUNS,
            "flow_runs": {"state": {"type": {"any_": [state]}}},
        }
        found: list[dict[str, Any]] = self._post("flow_runs/filter", wanted)
        return found

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        answer = self._session.ask("POST", f"/api/{path}", body, timeout_s=_TIMEOUT_S)
        answer.raise_for_status()
        return answer.json()


def _is_release(parameters: dict[str, Any]) -> bool:
    order = parameters.get("order")
    return isinstance(order, dict) and order.get("action") == "release"
