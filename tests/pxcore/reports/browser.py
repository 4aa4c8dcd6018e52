"""A real headless Chromium, spoken to over its debugging protocol on loopback."""

import itertools
import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import needs
from patience import patience
from websockets.sync.client import ClientConnection, connect

WAIT_S = patience(15)


_LEFT = "Inspected target navigated or closed"  # the page was left in the middle of the question


class Browser:
    """One page. `complaints` are what it said to its console, errors of the page among them."""

    def __init__(self, folder: Path, *, dark: bool = False) -> None:
        program = needs.chromium()
        self.complaints: list[str] = []
        self._numbers = itertools.count(1)
        self._loaded = False
        profile = folder / "profile"
        # It leaves folders behind where it is ended, and sockets in them: a short path of its own.
        self._scratch = tempfile.TemporaryDirectory(
            prefix="px-chromium-", ignore_cleanup_errors=True
        )
        self._process = subprocess.Popen(
            [
                program,
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--disable-background-networking",
                "--remote-debugging-port=0",
                f"--user-data-dir={profile}",
                "about:blank",
            ],
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            env=os.environ | {"TMPDIR": self._scratch.name},
        )
        self._socket = self._attach()
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")
        if dark:
            features = [{"name": "prefers-color-scheme", "value": "dark"}]
            self.call("Emulation.setEmulatedMedia", features=features)

    def open(self, page: Path) -> None:
        self._loaded = False
        self.call("Page.navigate", url=page.as_uri())
        while not self._loaded:
            self._take(json.loads(self._socket.recv(timeout=WAIT_S)))

    def ask(self, expression: str) -> Any:
        """What the expression is, on the page."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        return found["result"].get("value")

    def call(self, method: str, **params: Any) -> Any:
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            said = json.loads(self._socket.recv(timeout=WAIT_S))
            if said.get("id") == number:
                if said.get("error", {}).get("message") == _LEFT:
                    return self.call(method, **params)  # of the page that there is now
                assert "error" not in said, said
                return said["result"]
            self._take(said)

    def close(self) -> None:
        self._socket.close()
        self._process.terminate()
        self._process.wait(WAIT_S)
        assert self._process.stderr is not None
        self._process.stderr.close()
        self._scratch.cleanup()

    def _take(self, said: dict[str, Any]) -> None:
        method, params = said.get("method"), said.get("params", {})
        if method == "Page.loadEventFired":
            self._loaded = True
        elif method == "Log.entryAdded":
            self.complaints.append(params["entry"]["text"])
        elif method in ("Runtime.exceptionThrown", "Runtime.consoleAPICalled"):
            self.complaints.append(json.dumps(params))

    def _attach(self) -> ClientConnection:
        """To the one page: the browser says on stderr where it listens."""
        assert self._process.stderr is not None
        url = next(
            line.split()[-1] for line in self._process.stderr if "DevTools listening on" in line
        )
        browser = connect(url, max_size=None, open_timeout=WAIT_S)
        browser.send(json.dumps({"id": 0, "method": "Target.getTargets"}))
        targets = json.loads(browser.recv(timeout=WAIT_S))["result"]["targetInfos"]
        browser.close()
        page = next(t["targetId"] for t in targets if t["type"] == "page")
        base = url.split("/devtools/")[0]
        return connect(f"{base}/devtools/page/{page}", max_size=None, open_timeout=WAIT_S)
