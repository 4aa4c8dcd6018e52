"""Alerts: a person is told, wherever they are, what must not wait for someone to read a log.

`Alerts.send` starts a process of its own for each alert and returns: whoever raises one is
neither held up nor broken by a slow or dead receiver, and the alert outlives a flow that is
killed. A network that is away is tried again for some minutes, since it may be the reason for the
alert. Each goes out once per code and session: one that was delivered leaves a file in
`PX_HOME/alerts`.
"""

import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from loguru import logger

from pxcore.config.logs import log_to, take_over_crashes
from pxcore.config.masking import Masker
from pxcore.config.settings import Settings
from pxcore.host.courtesy import bounded
from pxcore.host.decoding import decode_json
from pxcore.host.entry import settle
from pxcore.host.proxies import show_proxies
from pxcore.model import Unavailable
from pxcore.text.escaping import for_alert, for_alert_markdown

_RETRY_AFTER_S = (5.0, 15.0, 60.0, 180.0)
_CONNECT_S, _REPLY_S = 5.0, 10.0
_ATTEMPT_S = 30.0  # for all URLs, whatever they do
# Receivers that show text as Markdown, though Apprise has it that they show text.
_MARKDOWN = frozenset(("discord", "guilded", "mmost", "mmosts", "revolt", "zulip"))
_TEXT_MAX = 2000  # characters; some receivers take no more


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """`code` says what happened, `about` to which session or to which account's day."""

    code: str
    about: str
    title: str
    text: str


class Errand(msgspec.Struct, frozen=True, kw_only=True):
    """All that the sending process is told, on its stdin: a command line is for all to read.

    `delivered` is the file that says so.
    """

    alert: Alert
    urls: tuple[str, ...]
    secrets: tuple[str, ...]
    log: str
    delivered: str
    retry_after_s: tuple[float, ...] = _RETRY_AFTER_S


class Alerts:
    """Where alerts go: `PX_ALERT_URLS`. Without any, nothing is sent."""

    def __init__(
        self, settings: Settings, *, retry_after_s: tuple[float, ...] = _RETRY_AFTER_S
    ) -> None:
        self._urls = tuple(url.get_secret_value() for url in settings.alert_urls)
        self._secrets = settings.secrets
        self._home = settings.home.absolute()
        self._retry_after_s = retry_after_s

    def send(self, alert: Alert) -> None:
        """It is on its way, unless it was before. Waits for nobody and never raises."""
        if not self._urls:
            return
        try:
            name = re.sub(r"[^A-Za-z0-9._-]", "_", f"{alert.code}--{alert.about}")
            delivered = self._home / "alerts" / name
            if _is_new(delivered):
                _start(self._errand(alert, delivered))
                logger.error("alert {} of {} sent: {}", alert.code, alert.about, alert.title)
        except Exception as error:  # the edge: what raised the alert has more to do than this
            logger.error("alert {} not sent: {}", alert.code, error)

    def _errand(self, alert: Alert, delivered: Path) -> Errand:
        masker = Masker(self._secrets)
        return Errand(
            alert=Alert(
                code=alert.code,
                about=alert.about,
                title=for_alert(masker(alert.title)),
                text=for_alert(*masker(alert.text).split("\n"))[:_TEXT_MAX],
            ),
            urls=self._urls,
            secrets=self._secrets,
            log=str(self._home / "logs" / "alerts.log"),
            delivered=str(delivered),
            retry_after_s=self._retry_after_s,
        )


# Those that this process has sent, by file: none is sent again while it is on its way.
_ON_THEIR_WAY: dict[str, "subprocess.Popen[bytes]"] = {}


def _is_new(delivered: Path) -> bool:
    """A disk that does not answer says nothing of it: better twice than not at all."""
    before = _ON_THEIR_WAY.get(str(delivered))
    try:
        was_delivered = bounded("the record of alerts", delivered.exists)
    except (OSError, Unavailable):
        was_delivered = False
    return not was_delivered and (before is None or before.poll() is not None)


def _start(errand: Errand) -> None:
    group: dict[str, Any] = (
        {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
        if os.name == "nt"
        else {"start_new_session": True}
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "pxcore.alerts.send"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **group,
    )
    _ON_THEIR_WAY[errand.delivered] = process
    assert process.stdin is not None
    with process.stdin as stdin:  # a few kB: the pipe takes them before anybody reads
        stdin.write(msgspec.json.encode(errand))


# -- the sending process ----------------------------------------------------------------------


def deliver(urls: tuple[str, ...], alert: Alert) -> tuple[str | None, ...]:
    """For each URL why it did not arrive, or None where it did; not masked. Waits for all of
    them, half a minute at most.
    """
    answers: list[str | None] = [f"no answer within {_ATTEMPT_S:g} s"] * len(urls)

    def ask(number: int, url: str) -> None:
        answers[number] = _deliver_one(url, alert)

    threads = [
        threading.Thread(target=ask, args=(number, url), daemon=True)
        for number, url in enumerate(urls)
    ]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + _ATTEMPT_S
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return tuple(answers)


def _deliver_one(url: str, alert: Alert) -> str | None:
    import apprise  # half a second, and for this process alone

    target = apprise.Apprise.instantiate(url, suppress_exceptions=True)
    if not isinstance(target, apprise.NotifyBase):
        return "this is no URL that Apprise knows, or a part of it is missing"
    target.socket_connect_timeout, target.socket_read_timeout = _CONNECT_S, _REPLY_S
    sender = apprise.Apprise(asset=apprise.AppriseAsset(app_id="px", app_desc="px alerts"))
    sender.add(target)
    capture: Any = apprise.LogCapture  # it has no types
    with capture(fmt="%(message)s") as said:
        words = _words(alert, target)
        if sender.notify(
            title=words.title,
            body=words.text,
            body_format=words.form,
            notify_type="failure",
        ):
            return None
        return " ".join(said.getvalue().split()) or "it was not taken"


class _Words(NamedTuple):
    """`form` is what Apprise is told of them."""

    title: str
    text: str
    form: str


def _words(alert: Alert, target: Any) -> _Words:
    """Title and text for how that receiver takes them. One that makes HTML of them has Apprise
    escape them, which is told that they are text.
    """
    form = str(getattr(target.notify_format, "value", target.notify_format))
    if form != "markdown" and not _schemes(target) & _MARKDOWN:
        return _Words(alert.title, alert.text, "text")
    return _Words(for_alert_markdown(alert.title), for_alert_markdown(alert.text), form)


def _schemes(target: Any) -> set[str]:
    """A service has one, some, or none, with TLS and without."""
    found: set[str] = set()
    for one in (target.protocol, target.secure_protocol):
        found |= {one} if isinstance(one, str) else set(one or ())
    return found


def run(errand: Errand) -> int:
    """Tries each URL until it took the alert, or for the last time; 0 when one of them did."""
    left, is_delivered = errand.urls, False
    for wait_s in (0.0, *errand.retry_after_s):
        time.sleep(wait_s)
        answers = deliver(left, errand.alert)
        for why in filter(None, answers):
            logger.warning("alert {} not delivered: {}", errand.alert.code, why)
        if None in answers and not is_delivered:
            is_delivered = True
            _note(errand)
        left = tuple(url for url, why in zip(left, answers, strict=True) if why is not None)
        if not left:
            return 0
    logger.error("alert {} given up for {} URLs", errand.alert.code, len(left))
    return 0 if is_delivered else 1


def _note(errand: Errand) -> None:
    logger.info("alert {} of {} delivered", errand.alert.code, errand.alert.about)
    try:
        Path(errand.delivered).parent.mkdir(parents=True, exist_ok=True)
        Path(errand.delivered).touch()
    except OSError as error:
        logger.warning("it may be sent again: {}", error)


def main() -> int:
    """`python -m pxcore.alerts.send`, an Errand on its stdin."""
    settle()
    show_proxies(os.environ)
    errand = decode_json(sys.stdin.buffer.read(), Errand)
    log_to(Path(errand.log), level="INFO", masker=Masker(errand.secrets))
    take_over_crashes()
    return run(errand)


if __name__ == "__main__":
    sys.exit(main())
