"""Alerts arrive, once each, and whoever raises one is neither held up nor broken by it."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from alert_receiver import ARRIVES_S, receiving
from counting_proxy import counting_proxy
from hostile import HOSTILE, Tags, require_harmless_markdown, require_plain, require_shown

from pxcore.alerts import send as sending
from pxcore.alerts.occasions import alert_differences, closing_alerted, flatten_alerted
from pxcore.alerts.send import Alert, Alerts, deliver
from pxcore.cli.orchestrator import free_port
from pxcore.config.settings import Settings
from pxcore.flatten.drive import NotFlat
from pxcore.host.proxies import hide_proxies, show_proxies
from pxcore.model import Unavailable
from pxcore.text.escaping import for_alert

ALERT = Alert(code="not_flat", about="px-1", title="NOT FLAT", text="look at the account")


def settings(home: Path, *urls: str) -> Settings:
    return Settings(home=home, alert_urls=" ".join(urls), _env_file=None)


@pytest.fixture
def ended() -> Callable[[], None]:
    """Waits for the sending processes of this test to be over."""
    before = set(sending._ON_THEIR_WAY)

    def wait() -> None:
        for name in set(sending._ON_THEIR_WAY) - before:
            sending._ON_THEIR_WAY[name].wait(ARRIVES_S)

    return wait


# -- one attempt ------------------------------------------------------------------------------


@pytest.mark.services
def test_alert_arrives_with_its_title_and_text():
    with receiving() as receiver:
        assert deliver((receiver.url,), ALERT) == (None,)
        came = receiver.next()
    assert (came["title"], came["message"]) == ("NOT FLAT", "look at the account")
    assert came["type"] == "failure"


@pytest.mark.services
@pytest.mark.parametrize("scheme", ["http", "socks5h"])
def test_alert_goes_through_the_proxy_that_is_set_and_past_it_on_loopback(monkeypatch, scheme):
    with receiving() as receiver, counting_proxy(("127.0.0.1", receiver.port)) as proxy:
        for name in ("HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url(scheme))
        environ = dict(os.environ)
        hide_proxies(environ)  # as a session of Prefect's has it
        show_proxies(environ)  # as the process that sends alerts begins
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.setenv(name, environ[name])
        assert deliver((receiver.url,), ALERT) == (None,)
        assert proxy.asked == []
        away = f"json://receiver.invalid:{receiver.port}/inbox"
        deliver((away,), ALERT)
    assert len(proxy.asked) >= 1


@pytest.mark.services
def test_each_url_is_answered_for_itself():
    with receiving() as good, receiving(500) as bad:
        nobody = f"json://127.0.0.1:{free_port()}"
        taken, refused, away, wrong = deliver((good.url, bad.url, nobody, "foo://bar"), ALERT)
    assert taken is None
    assert refused and away and wrong
    assert "Apprise" in wrong


def came_to(url: str, receiver) -> tuple[str, str]:
    """Title and text of a hostile alert, as that receiver got them."""
    alert = Alert(code="a", about="b", title=for_alert(HOSTILE), text=for_alert("one", HOSTILE))
    assert deliver((url,), alert) == (None,)
    came = receiver.next()
    title, text = came.get("title", ""), str(came.get("message") or came.get("text"))
    text = text.replace("\r\n", "\n")  # Apprise's own, between a title and its text
    require_plain(f"{title}{text}")
    require_shown(f"{title}{text}")
    return title, text


@pytest.mark.services
def test_texts_of_others_are_text_to_a_receiver_that_shows_text():
    with receiving() as receiver:
        _, text = came_to(receiver.url, receiver)
    assert text == for_alert("one", HOSTILE)


@pytest.mark.services
def test_texts_of_others_are_no_html_to_a_receiver_that_makes_html():
    with receiving() as receiver:
        _, text = came_to(f"{receiver.url}?format=html", receiver)
    assert {tag for tag, _ in Tags(text).tags} <= {"br"}


@pytest.mark.services
@pytest.mark.parametrize("kind", ["json", "mmost"])
def test_texts_of_others_are_no_markdown_and_call_nobody_where_markdown_is_shown(kind):
    with receiving() as receiver:
        url = f"{receiver.url}?format=markdown"
        if kind == "mmost":  # says that it shows text, and shows Markdown
            url = f"mmost://127.0.0.1:{receiver.port}/aaaaaaaaaaaaaaaaaaaaaaaaaa"
        title, text = came_to(url, receiver)
    require_harmless_markdown(title)
    require_harmless_markdown(text)
    assert "@" not in title + text


@pytest.mark.services
def test_receiver_that_never_answers_is_given_up(monkeypatch):
    monkeypatch.setattr(sending, "_ATTEMPT_S", 1.0)
    with receiving(is_silent=True) as receiver:
        assert deliver((receiver.url,), ALERT) == ("no answer within 1 s",)


# -- in the background ------------------------------------------------------------------------


@pytest.mark.services
def test_sender_is_not_held_up_by_a_receiver_that_does_not_answer(tmp_path, ended):
    with receiving(is_silent=True) as receiver:
        Alerts(settings(tmp_path, receiver.url)).send(ALERT)
        assert receiver.next()["title"] == "NOT FLAT"
        sender = sending._ON_THEIR_WAY[str(tmp_path / "alerts" / "not_flat--px-1")]
        assert sender.poll() is None  # it waits for the answer, and we do not
        receiver.lets_answer.set()
        ended()
    assert [path.name for path in (tmp_path / "alerts").iterdir()] == ["not_flat--px-1"]


@pytest.mark.services
def test_alert_is_sent_once_a_code_and_session_also_by_the_next_process(tmp_path, ended):
    with receiving() as receiver:
        alerts = Alerts(settings(tmp_path, receiver.url))
        for _ in range(5):
            alerts.send(ALERT)
        assert receiver.next()
        ended()
        sending._ON_THEIR_WAY.clear()  # what another process knows
        alerts.send(ALERT)
        assert not sending._ON_THEIR_WAY and receiver.is_empty
        alerts.send(Alert(code="not_flat", about="px-2", title="another", text="session"))
        assert receiver.next()["title"] == "another"
        ended()


@pytest.mark.services
def test_receiver_that_is_away_is_tried_again_and_failures_are_logged_masked(tmp_path, ended):
    with receiving(500, 200) as receiver:
        url = receiver.url
        Alerts(settings(tmp_path, url), retry_after_s=(0.1, 0.1)).send(ALERT)
        assert receiver.next() == receiver.next()
        ended()
        assert receiver.is_empty
        log = (tmp_path / "logs" / "alerts.log").read_text()
        assert "not delivered" in log and "alert not_flat of px-1 delivered" in log
        assert receiver.secret not in log and url not in log


@pytest.mark.services
def test_alert_that_nobody_took_may_be_sent_again(tmp_path, ended):
    gone = f"json://127.0.0.1:{free_port()}"
    Alerts(settings(tmp_path, gone), retry_after_s=()).send(ALERT)
    ended()
    assert "given up" in (tmp_path / "logs" / "alerts.log").read_text()
    with receiving() as receiver:
        Alerts(settings(tmp_path, receiver.url)).send(ALERT)
        assert receiver.next()["title"] == "NOT FLAT"
        ended()


@pytest.mark.services
def test_secret_in_an_alerts_text_does_not_leave_the_machine(tmp_path, ended):
    with receiving() as receiver:
        given = Settings(
            home=tmp_path, alert_urls=receiver.url, api_key="s3cret-key", _env_file=None
        )
        Alerts(given).send(Alert(code="a", about="b", title="t s3cret-key", text="x s3cret-key"))
        came = json.dumps(receiver.next())
        ended()
    assert "s3cret-key" not in came and "x ***" in came


def test_without_urls_nothing_is_started(tmp_path):
    before = dict(sending._ON_THEIR_WAY)
    Alerts(settings(tmp_path)).send(ALERT)
    assert before == sending._ON_THEIR_WAY


def test_alert_that_cannot_be_sent_breaks_nobody(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.executable", str(tmp_path / "no-python"))
    Alerts(settings(tmp_path, "json://127.0.0.1:9")).send(ALERT)


# -- what raises one --------------------------------------------------------------------------


@pytest.mark.services
@pytest.mark.parametrize(
    "error", [NotFlat("not proven"), Unavailable("no gateway"), OSError("full")]
)
def test_flatten_without_proof_is_alerted_and_raised_as_it_was(tmp_path, ended, error):
    with receiving() as receiver:
        given = settings(tmp_path, receiver.url)
        with (
            pytest.raises(type(error)) as caught,
            flatten_alerted(given, about="px-9", account_id=7),
        ):
            raise error
        came = receiver.next()
        ended()
    assert caught.value is error
    assert "NOT PROVEN FLAT" in came["title"] and "7 (paper)" in came["title"]
    assert str(error) in came["message"]


@pytest.mark.services
def test_day_that_cannot_be_closed_is_alerted_whatever_kept_it_from_it(tmp_path, ended):
    with receiving() as receiver:
        given = settings(tmp_path, receiver.url)
        with (
            pytest.raises(KeyError),
            closing_alerted(given, about="px-9", account_id=7),
        ):
            raise KeyError("a row of the journal")
        came = receiver.next()
        ended()
    assert "not reconciled" in came["title"] and "a row of the journal" in came["message"]


@pytest.mark.services
def test_words_of_an_error_or_a_difference_add_no_line_to_an_alert(tmp_path, ended):
    with receiving() as receiver:
        given = settings(tmp_path, receiver.url)
        with (
            pytest.raises(OSError),
            closing_alerted(given, about="px-8", account_id=7),
        ):
            raise OSError(HOSTILE)
        closing = receiver.next()["message"]
        differs = dict.fromkeys(("kind", "what", "ours", "venues"), HOSTILE)
        alert_differences(given, about="px-8", account=HOSTILE, differences=[differs])
        broken = receiver.next()
        ended()
    require_plain(closing + broken["title"] + broken["message"])
    assert "\n" not in closing + broken["title"] and broken["message"].count("\n") == 1


def test_flatten_with_proof_raises_no_alert(tmp_path):
    before = dict(sending._ON_THEIR_WAY)
    with flatten_alerted(settings(tmp_path, "json://127.0.0.1:9"), about="px-9", account_id=7):
        pass
    assert before == sending._ON_THEIR_WAY
