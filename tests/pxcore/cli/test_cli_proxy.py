"""A proxy in the environment: what `px preflight` says of it, and what Prefect gets to see."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from counting_proxy import CountingProxy, counting_proxy
from paper_scenes import ACCOUNT
from paper_server import CONTROL_KEY, Gateway
from px_runner import Px, Said

from pxcore.cli.orchestrator import prefect_environ
from pxcore.config.paths import Paths
from pxcore.config.settings import GatewayName, model
from pxcore.host.proxies import KEPT

NAMES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def proxy(gateway: Gateway) -> Iterator[CountingProxy]:
    with counting_proxy(gateway.address) as proxy:
        yield proxy


@pytest.fixture
def real_px(gateway: Gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Px:
    """The real gateway has a name that only the proxy knows, which leads to a paper one."""
    hosts = ("http://api.invalid:8080", "http://rtc.invalid:8080")
    monkeypatch.setitem(model._HOSTS, GatewayName.TOPSTEPX, hosts)
    return Px(
        {
            "PX_HOME": str(tmp_path / "home"),
            "PX_GATEWAY": "topstepx",
            "PX_TRADING": "shadow",
            "PX_USERNAME": "trader01",
            "PX_API_KEY": CONTROL_KEY,
            "PX_ACCOUNT_ID": str(ACCOUNT),
        }
    )


def gateway_check(said: Said) -> dict[str, str]:
    return next(one for one in said.json["checks"] if one["name"] == "gateway")


@pytest.mark.parametrize("scheme", ["http", "socks5"])
def test_preflight_of_a_real_gateway_goes_through_the_proxy_and_names_it(
    real_px: Px, proxy: CountingProxy, scheme: str
) -> None:
    said = real_px("preflight --json", ALL_PROXY=proxy.url(scheme, "trader:s3cret@"))
    found = gateway_check(said)
    assert found["verdict"] == "ok", found
    assert f"answers through the proxy {proxy.url(scheme)}, login taken" in found["found"]
    assert {host for _, host, _ in proxy.asked} == {"api.invalid"}
    assert "s3cret" not in said.all and "trader:" not in said.all


def test_streams_that_go_another_way_than_rest_are_told(real_px: Px, proxy: CountingProxy) -> None:
    said = real_px("preflight --json", ALL_PROXY=proxy.url(), NO_PROXY="rtc.invalid")
    assert "its streams directly" in gateway_check(said)["found"]


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("https://trader:s3cret@proxy:3128", "of the kind https"),
        ("socks9://proxy:3128", "of the kind socks9"),
        ("http://:3128", "that names no host"),
    ],
)
@pytest.mark.parametrize("verb", ["preflight", "ping", "positions open"])
def test_proxy_that_cannot_be_used_is_said_with_what_to_do(
    real_px: Px, verb: str, value: str, what: str
) -> None:
    said = real_px(verb, HTTP_PROXY=value)
    assert said.status == (1 if verb == "preflight" else 2), said.all
    told = " ".join(said.all.split())
    assert f"HTTP_PROXY names a proxy {what}, which px cannot use" in told
    assert "unset it" in told and "s3cret" not in told


def test_proxy_that_is_away_is_named_with_what_to_do(real_px: Px) -> None:
    with counting_proxy() as gone:
        way = gone.url()
    found = gateway_check(real_px("preflight --json", ALL_PROXY=way))
    assert found["verdict"] == "fails"
    assert f"the proxy {way} gave none" in found["found"]
    assert "see whether the proxy" in found["remedy"] and "NO_PROXY" in found["remedy"]


def test_paper_gateway_is_looked_at_past_a_dead_proxy(px: Px) -> None:
    said = px("preflight --json", ALL_PROXY="socks5://127.0.0.1:9", http_proxy="nonsense://x")
    found = gateway_check(said)
    assert said.status == 0 and "proxy" not in found["found"], found


def test_prefects_processes_get_no_proxy_and_ours_in_them_know_it(tmp_path: Path) -> None:
    base = {"ALL_PROXY": "socks5://proxy:1", "https_proxy": "http://proxy:2", "NO_PROXY": "x"}
    environ = prefect_environ(Paths(tmp_path), 4200, base)
    assert not {"ALL_PROXY", "https_proxy"} & set(environ)
    assert "socks5://proxy:1" in environ[KEPT] and "http://proxy:2" in environ[KEPT]
    assert environ["NO_PROXY"] == "x,127.0.0.1,localhost,::1"
