"""Which way a connection takes, and what the environment of which process holds."""

import httpx
import pytest

from pxcore.host.proxies import KEPT, hide_proxies, proxy_to, settle_proxies, show_proxies
from pxcore.model import Misconfigured

VENUE = "https://api.topstepx.com"
DEAD = "http://127.0.0.1:9"
SOCKS = "socks5://127.0.0.1:9"
LOCAL = "http://127.0.0.1:4200/api"
OURS = "127.0.0.1,localhost,::1"


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize("url", [VENUE, "wss://rtc.topstepx.com/hubs/user?access_token=x"])
def test_venue_is_reached_through_the_proxy_that_is_set(name: str, url: str) -> None:
    assert str(proxy_to(url, {name: "http://proxy:3128"})) == "http://proxy:3128"


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1", "http://127.8.8.8:1", "http://localhost:1", "ws://[::1]:1"]
)
def test_loopback_goes_past_every_proxy(url: str) -> None:
    names = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
    assert proxy_to(url, dict.fromkeys(names, "nonsense://x")) is None


@pytest.mark.parametrize(
    ("no_proxy", "is_passed"),
    [
        ("*", True),
        ("topstepx.com", True),
        (".topstepx.com", True),
        ("*.topstepx.com", True),
        ("example.com, api.topstepx.com:443", True),
        ("api.topstepx.com:8443", False),
        ("stepx.com", False),
        ("", False),
        (",", False),
    ],
)
@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
def test_no_proxy_is_obeyed(name: str, no_proxy: str, is_passed: bool) -> None:
    found = proxy_to(VENUE, {"ALL_PROXY": "http://proxy:3128", name: no_proxy})
    assert (found is None) == is_passed


def test_network_of_addresses_in_no_proxy_is_obeyed() -> None:
    environ = {"ALL_PROXY": DEAD, "NO_PROXY": "10.0.0.0/8"}
    assert proxy_to("https://10.1.2.3", environ) is None
    assert proxy_to("https://11.1.2.3", environ) is not None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("proxy:3128", "http://proxy:3128"),
        ("http://proxy", "http://proxy:80"),
        ("http://user:s3cret@proxy:3128", "http://proxy:3128"),
        ("socks5h://[fe80::1]", "socks5h://[fe80::1]:1080"),
        ("SOCKS4A://proxy:1", "socks4a://proxy:1"),
    ],
)
def test_proxy_is_told_without_user_and_password(text: str, shown: str) -> None:
    assert str(proxy_to(VENUE, {"HTTPS_PROXY": text})) == shown


@pytest.mark.parametrize(
    "text",
    ["https://u:s3cret@proxy:1", "quic://u:s3cret@p", "http://u:s3cret@p:x", "http://", "::"],
)
def test_proxy_that_cannot_be_used_names_its_variable_and_what_is_wanted(text: str) -> None:
    with pytest.raises(Misconfigured, match=r"HTTPS_PROXY .* socks5://host:port") as raised:
        proxy_to(VENUE, {"HTTPS_PROXY": text})
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({}, OURS),
        ({"NO_PROXY": "a.example,b.example"}, f"a.example,b.example,{OURS}"),
        ({"no_proxy": "a.example"}, f"a.example,{OURS}"),
        ({"no_proxy": "localhost [::1]", "NO_PROXY": "x"}, "localhost,::1,x,127.0.0.1"),
        ({"NO_PROXY": "*"}, "*"),
    ],
)
def test_no_proxy_names_this_machine_beside_what_the_user_has(
    given: dict[str, str], wanted: str
) -> None:
    environ = {"HTTP_PROXY": DEAD, **given}
    settle_proxies(environ)
    settle_proxies(environ)  # a child does it again
    assert environ["NO_PROXY"] == wanted
    assert environ.get("no_proxy", wanted) == wanted
    assert environ["HTTP_PROXY"] == DEAD


def test_environment_without_a_proxy_stays_as_it_is() -> None:
    environ = {"NO_PROXY": "x"}
    settle_proxies(environ)
    assert environ == {"NO_PROXY": "x"}


@pytest.mark.parametrize("proxy", [DEAD, SOCKS, "socks4://x:1", "nonsense://x", "http://["])
@pytest.mark.parametrize("name", ["ALL_PROXY", "http_proxy", "HTTPS_PROXY"])
def test_prefects_client_can_be_made_whatever_is_set_and_the_venues_way_is_kept(
    monkeypatch: pytest.MonkeyPatch, proxy: str, name: str
) -> None:
    environ = {name: proxy, "PREFECT_API_URL": LOCAL}
    settle_proxies(environ)
    assert name not in environ and KEPT in environ
    for variable, value in environ.items():
        monkeypatch.setenv(variable, value)
    httpx.Client(base_url=LOCAL).close()
    if name != "http_proxy":
        assert _way({KEPT: environ[KEPT]}) == _way({name: proxy})


def _way(environ: dict[str, str]) -> str:
    try:
        return str(proxy_to(VENUE, environ))
    except Misconfigured as error:
        return str(error)


def test_client_of_a_prefect_server_on_another_machine_keeps_the_proxy() -> None:
    environ = {"HTTPS_PROXY": DEAD, "PREFECT_API_URL": "https://prefect.example/api"}
    settle_proxies(environ)
    assert environ["HTTPS_PROXY"] == DEAD and KEPT not in environ


def test_what_was_hidden_is_there_again_for_who_sends_alerts() -> None:
    environ = {"HTTPS_PROXY": SOCKS, "all_proxy": DEAD}
    hide_proxies(environ)
    hide_proxies(environ)
    show_proxies(environ)
    show_proxies(environ)
    assert environ == {"HTTPS_PROXY": SOCKS, "all_proxy": DEAD, "NO_PROXY": OURS, "no_proxy": OURS}


def test_what_is_kept_and_cannot_be_read_ends_no_process_and_no_way_is_guessed() -> None:
    environ = {KEPT: "{"}
    settle_proxies(environ)
    show_proxies(environ)
    with pytest.raises(Misconfigured, match=KEPT):
        proxy_to(VENUE, environ)
