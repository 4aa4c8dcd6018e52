"""Who may act through what `px up` listens on: other pages, other names, other users, and the key.

The pages are real ones in a real Chromium: one of another origin, and one that our own address is
bound to a foreign name for (what DNS rebinding comes to: `*.localhost` is the loopback there).
"""

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests
from browser import Browser
from house import House, until
from patience import patience
from test_ui_process import Pages
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from pxcore.config.paths import Paths
from pxcore.config.server_key import server_key

pytestmark = [pytest.mark.process, pytest.mark.e2e, pytest.mark.xdist_group("px up")]

# Whatever a page can try: with and without asking the server first, as a form, and as a socket.
HOSTILE = """
const api = URL + "/api", ids = IDS, said = {};
const note = (name, text) => { said[name] = text };
async function tried(name, path, options) {
  try {
    const answer = await fetch(api + path, options);
    note(name, answer.type + " " + answer.status + " " + (await answer.text()).slice(0, 200));
  } catch (error) { note(name, "refused: " + error.message) }
}
const json = {"Content-Type": "application/json"};
async function attack() {
  await tried("health", "/health", {});
  await tried("read", "/deployments/filter", {method: "POST", headers: json, body: "{}"});
  await tried("read as text", "/deployments/filter", {method: "POST", body: "{}"});
  const run = JSON.stringify({parameters: {}, state: {type: "SCHEDULED"}});
  for (const id of ids) {
    const path = "/deployments/" + id;
    await tried("start " + id, path + "/create_flow_run",
                {method: "POST", headers: json, body: run});
    await tried("start, unasked " + id, path + "/create_flow_run",
                {method: "POST", mode: "no-cors", body: run});
    await tried("change " + id, path, {method: "PATCH", headers: json,
                body: JSON.stringify({pull_steps: [], paused: true})});
  }
  await tried("token", "/csrf-token?client=evil", {});
  await tried("ticket", "/../px/ticket", {method: "POST"});
  await new Promise(done => {
    const frame = document.createElement("iframe");
    frame.name = "there"; document.body.append(frame);
    const form = document.createElement("form");
    form.method = "post"; form.target = "there"; form.enctype = "text/plain";
    form.action = api + "/deployments/" + ids[0] + "/create_flow_run";
    const field = document.createElement("input");
    field.name = run.slice(0, -1) + ', "x": "'; field.value = '"}';
    form.append(field); document.body.append(form);
    frame.onload = done; form.submit(); setTimeout(done, 2000);
  });
  await new Promise(done => {
    const socket = new WebSocket(api.replace("http", "ws") + "/events/out", "prefect");
    socket.onopen = () => { note("socket", "open"); done() };
    socket.onerror = socket.onclose = () => { note("socket", "refused"); done() };
  });
  document.title = "done"; document.body.textContent = JSON.stringify(said);
}
attack();
"""


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    made = Browser(tmp_path)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def evil(house: House) -> Iterator[str]:
    """The address of a site of somebody else's, whose page attacks this house."""
    ids = [house.deployment(name)["id"] for name in ("flatten", "kill-switch", "trading-day")]
    script = HOSTILE.replace("URL +", f"{house.ui!r} +").replace("IDS", json.dumps(ids))
    page = f"<!doctype html><body><script>{script}</script>".encode()

    class Site(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *words: object) -> None:
            """Nothing."""

    site = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=site.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{site.server_port}/"
    site.shutdown()
    site.server_close()


def state_of(house: House) -> Any:
    """All that an attack might have changed."""
    runs = house.post("flow_runs/filter", {"sort": "ID_DESC"})
    scheduled = {r["id"] for r in runs if r["auto_scheduled"]}
    deployments = house.post("deployments/filter", {})
    kept = ("id", "name", "entrypoint", "pull_steps", "paused", "parameters")
    return (
        sorted(r["id"] for r in runs if r["id"] not in scheduled),
        sorted([tuple(str(d[k]) for k in kept) for d in deployments]),
        house.is_flat(),
    )


@pytest.mark.parametrize("is_logged_in", [False, True], ids=["stranger", "logged in"])
def test_page_of_another_origin_reads_nothing_and_starts_nothing(
    house, browser, evil, is_logged_in
):
    before = state_of(house)
    if is_logged_in:  # in the same browser
        Pages(house, browser).log_in()
    browser.call("Page.navigate", url=evil)
    until(lambda: browser.ask("document.title") == "done", what="the attack is over")
    said = json.loads(browser.ask("document.body.textContent"))
    assert len(said) >= 13
    for name, what in said.items():
        is_unasked = name.startswith("start, unasked") and what == "opaque 0 "
        assert is_unasked or what.startswith("refused"), (name, what)
    assert state_of(house) == before


def test_page_that_leads_to_our_address_under_a_foreign_name_gets_nothing(house, browser):
    port = house.ui.rpartition(":")[2]
    for path in ("", "/api/health", "/runs", "/px/open?ticket=x"):
        browser.call("Page.navigate", url=f"http://evil.localhost:{port}{path}")
        until(lambda: "by no other name" in said(browser), what="a refusal")


def said(browser: Browser) -> str:
    return str(browser.ask("document.body ? document.body.innerText : ''"))


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_link_of_px_ui_logs_a_browser_in_once(house, browser, name):
    link = Pages(house, browser).log_in(name)
    until(lambda: "Runs" in said(browser), what="the list of runs")

    browser.call("Page.navigate", url=link)
    until(lambda: "used already" in said(browser), what="a refusal of the link")


# -- without a browser ----------------------------------------------------------------------------


def answer(house: House, method: str, path: str, key: str = "", **headers: str) -> int:
    with requests.Session() as session:
        session.trust_env = False
        user, _, secret = key.partition(":")
        found = session.request(
            method,
            f"{house.ui}{path}",
            json={} if method == "POST" else None,
            auth=(user, secret) if key else None,
            headers={n.replace("_", "-"): v for n, v in headers.items()},
            timeout=patience(10),
        )
        return found.status_code


def test_whoever_has_no_key_learns_that_the_server_is_well_and_no_more(house):
    assert answer(house, "GET", "/api/health") == 200
    for method, path in (
        ("GET", "/api/csrf-token?client=x"),
        ("GET", "/api/admin/settings"),
        ("POST", "/px/ticket"),
        ("GET", "/api/flows/count"),
    ):
        assert answer(house, method, path) in (401, 405), path
        assert answer(house, method, path, "px:" + "x" * 43) in (401, 405), path
    assert answer(house, "POST", "/api/deployments/filter") in (401, 403)


def test_key_alone_does_not_do_from_another_page_or_by_another_name(house):
    key = server_key(Paths(house.home))
    assert answer(house, "GET", "/api/flows/count", key) in (200, 405)
    assert answer(house, "POST", "/api/flows/count", key) == 403, "no token against forgery"
    for headers in (
        {"Host": "evil.example"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
    ):
        for path in ("/api/health", "/", "/api/flows/count"):
            assert answer(house, "GET", path, key, **headers) == 403, (headers, path)


@pytest.mark.parametrize(
    "headers",
    [{"origin": "http://evil.example"}, {"additional_headers": {"Host": "evil.example"}}, {}],
    ids=["another page", "another name", "no key"],
)
def test_socket_for_events_is_refused(house, headers):
    url = f"{house.ui.replace('http', 'ws')}/api/events/out"
    with (
        pytest.raises(WebSocketException),
        closing(connect(url, subprotocols=["prefect"], **headers)) as socket,  # type: ignore
    ):
        socket.send(json.dumps({"type": "auth", "token": "px:no"}))
        socket.recv(timeout=patience(10))


def test_key_is_for_its_owner_alone_and_in_no_argument_list(house):
    path = Paths(house.home).prefect / "server.key"
    assert path.stat().st_mode & 0o777 == 0o600
    secret = server_key(Paths(house.home)).partition(":")[2]
    for process in house.family():
        assert secret not in " ".join(process.cmdline())
    assert not any(secret in log.read_text(errors="replace") for log in house.home.rglob("*.log"))


def readable_by_others(home: Path) -> list[str]:
    found = [home, *home.rglob("*")]
    return [f"{p} {p.lstat().st_mode:o}" for p in found if p.lstat().st_mode & 0o077]


def test_home_of_a_session_and_what_it_was_told_to_do_are_for_its_owner_alone(house, held):
    assert len(list(house.home.rglob("*"))) > 30
    assert readable_by_others(house.home) == []
    (line,) = [p.cmdline() for p in house.family() if "pxcore.session.process" in p.cmdline()]
    assert "balance" not in str(line) and len(str(line)) < 400
    assert list(Paths(house.home).handed.iterdir()) == [], "it was read"
    house.set_state(held, "CANCELLING")
    house.released()


def test_what_others_could_read_is_theirs_no_more_after_the_next_start(tmp_path):
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    for folder in (home, home / "journal", home / "mine", elsewhere):
        folder.mkdir(mode=0o755)
    mine = (home / "notes.txt", home / "mine" / "x", elsewhere / "y")
    for file in (home / "px.sqlite", home / "journal" / "a.jsonl", *mine):
        file.touch(mode=0o644)
    (home / "journal" / "link").symlink_to(elsewhere / "y")

    Paths(home).make()

    assert readable_by_others(home / "journal") == [f"{home}/journal/link 120777"]
    assert [f.stat().st_mode & 0o777 for f in (home, home / "px.sqlite")] == [0o700, 0o600]
    assert {file.stat().st_mode & 0o777 for file in mine} == {0o644}, "not ours to touch"


def test_deployment_that_was_changed_on_the_server_runs_our_flow_and_nothing_else(house, tmp_path):
    """By somebody who has the key, even."""
    written = tmp_path / "shell was here"
    step = {"prefect.deployments.steps.run_shell_script": {"script": f"touch '{written}'"}}
    preflight = house.deployment("preflight")
    changed = {"pull_steps": [step], "entrypoint": "os.system"}
    path = f"deployments/{preflight['id']}"
    house.patch(path, changed)
    try:
        assert house.deployment("preflight")["pull_steps"] == [step]
        run_id = house.start("preflight")
        ended = house.ended(run_id)
    finally:
        house.patch(path, {"pull_steps": None, "entrypoint": preflight["entrypoint"]})
    assert ended["type"] in ("COMPLETED", "FAILED") and "fit" in str(ended), ended
    assert not written.exists()
