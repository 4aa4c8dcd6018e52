"""Prefect's own pages over a `px up`, in a real browser: what an operator sees and clicks.

With PICTURES_OF_PX=docs/pictures in the environment the pages are kept there as pictures.
"""

import base64
import os
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from browser import Browser
from house import House, until
from patience import patience

pytestmark = [
    pytest.mark.process,
    pytest.mark.e2e,
    pytest.mark.xdist_group("px up"),
]

CLICKS = LOADS = 5


class Pages:
    """The UI of a house, page by page."""

    def __init__(self, house: House, browser: Browser) -> None:
        self._house = house
        self._browser = browser
        self._shown = os.environ.get("PICTURES_OF_PX", "")
        browser.call(
            "Emulation.setDeviceMetricsOverride",
            width=1400,
            height=1000,
            deviceScaleFactor=1,
            mobile=False,
        )

    def log_in(self, name: str = "127.0.0.1") -> str:
        """As `px ui` does it, by a link that is good once."""
        said = self._house.px("ui", "--no-open").stdout
        (link,) = re.findall(r"http://\S+", said)
        self._browser.call("Page.navigate", url=link.replace("127.0.0.1", name))
        path = "location.pathname"
        until(lambda: self._browser.ask(path) == "/runs", what="a page that is logged in")
        return str(link)

    def visit(self, path: str, *words: str) -> str:
        """The page's text, once it has all these words."""
        found = ""

        def text() -> str | None:
            nonlocal found
            found = str(self._browser.ask("document.body ? document.body.innerText : ''"))
            return found if all(word in found for word in words) else None

        for _ in range(LOADS):  # a page that was read too early does not read again by itself
            self._browser.call("Page.navigate", url=f"{self._house.ui}/{path}")
            with suppress(AssertionError):
                return str(until(text, within_s=patience(8)))
        raise AssertionError(f"{path} does not show {words}, but: {found}")

    def click(self, label: str) -> None:
        """The last button with that text."""
        clicked = self._browser.ask(
            "(() => { const found = [...document.querySelectorAll('button')]"
            f".filter(b => b.innerText.trim() === {label!r}); "
            "if (!found.length) return false; found[found.length - 1].click(); return true; })()"
        )
        assert clicked, label

    def keep(self, name: str) -> None:
        if self._shown:
            time.sleep(1.0)  # for a picture alone: what is drawn after the text is there
            shot = self._browser.call("Page.captureScreenshot", format="png")["data"]
            Path(self._shown, f"{name}.png").write_bytes(base64.b64decode(shot))


@pytest.fixture
def pages(house: House, tmp_path: Path) -> Iterator[Pages]:
    browser = Browser(tmp_path)
    try:
        pages = Pages(house, browser)
        pages.log_in()
        yield pages
    finally:
        browser.close()


def test_deployments_are_shown_with_their_next_runs(house, pages):
    text = pages.visit("deployments", "9 Deployments", "trading-day", "flatten", "safety-flatten")
    assert "kill-switch" in text
    until(lambda: house.deployment("flatten")["status"] == "READY")
    pages.visit("deployments", "9 Deployments", "trading-day")
    pages.keep("deployments")
    deployment = house.deployment("trading-day")
    coming = {
        "flow_runs": {
            "deployment_id": {"any_": [deployment["id"]]},
            "state": {"type": {"any_": ["SCHEDULED"]}},
        }
    }
    until(lambda: house.post("flow_runs/filter", coming) or None, within_s=patience(60))
    page = f"deployments/deployment/{deployment['id']}?tab=Upcoming"
    pages.visit(page, "Scheduled for", "weekdays-0750-chicago")
    pages.keep("trading-day-deployment")


def test_finished_day_shows_its_result_and_its_artifacts(house, finished_day, pages):
    pages.visit(f"runs/flow-run/{finished_day}?tab=Artifacts", "Completed (flat, ")
    pages.keep("finished-day")
    made = house.post("artifacts/filter", {})
    report = next(a for a in made if a["key"].startswith("daily-report"))
    text = pages.visit(
        f"artifacts/artifact/{report['id']}", "Daily-loss report", "net P&L of the day, USD"
    )
    assert "headroom" in text
    pages.keep("daily-report")
    pages.visit("runs", "Completed (flat, ")
    pages.keep("runs")


def test_flatten_started_from_its_form_flattens_a_live_session(house, held, pages):
    session = str(house.holder()).split()[0]
    live = next(a for a in house.post("artifacts/filter", {}) if a["key"].startswith("live-"))
    pages.visit(f"artifacts/artifact/{live['id']}", "headroom")
    pages.keep("live-session")
    deployment = house.deployment("flatten")["id"]
    help_text = "instead of the settings' account"
    pages.visit(f"deployments/deployment/{deployment}/run", "Submit", "asked to end", help_text)
    pages.keep("flatten-form")
    assert not house.is_flat()
    run_id = submitted(house, pages)
    house.released()
    assert house.ended(run_id)["name"] == "Completed (flat)"
    house.ended(held)
    text = pages.visit(f"runs/flow-run/{run_id}", "Completed (flat)", session)
    assert "asking it to flatten and end" in text
    pages.keep("flatten-run")


def submitted(house: House, pages: Pages) -> str:
    """The id of the run that the form made. A page that is not ready yet lets a click go: it is
    repeated.
    """
    before = house.runs_of("flatten")

    def made() -> str | None:
        return next(iter(house.runs_of("flatten") - before), None)

    for _ in range(CLICKS):
        pages.click("Submit")
        with suppress(AssertionError):
            return str(until(made, within_s=patience(2), what="the form made a run"))
    raise AssertionError("the form made no run")
