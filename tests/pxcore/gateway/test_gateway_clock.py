"""How our clock stands to the gateway's, by the header `Date` of its replies."""

from datetime import UTC, datetime, timedelta

import pytest
from raw_http import RawHttp, Step

from pxcore.gateway.rest import GatewayClient
from pxcore.gateway.rest.clock_reading import read_clock

NOW = datetime(2026, 11, 20, 14, 30, 10, tzinfo=UTC)
READINGS = [
    # the server's time is taken to be a second after the one it wrote
    pytest.param("Fri, 20 Nov 2026 14:30:09 GMT", 0.0, 0.0, 0.0, id="together"),
    pytest.param("Fri, 20 Nov 2026 14:30:04 GMT", 0.0, 5.0, 5.0, id="ours is ahead"),
    pytest.param("Fri, 20 Nov 2026 14:30:49 GMT", 0.0, -40.0, 40.0, id="ours is behind"),
    # asked at 14:30:10, answered at 14:30:16: the server wrote somewhere in between
    pytest.param("Fri, 20 Nov 2026 14:30:10 GMT", 6.0, 2.0, 0.0, id="explained by a slow reply"),
    pytest.param("Fri, 20 Nov 2026 14:30:04 -0000", 0.0, 5.0, 5.0, id="without a zone"),
    pytest.param("Fri, 20 Nov 2026 15:30:04 +0100", 0.0, 5.0, 5.0, id="another zone"),
]


@pytest.mark.parametrize(("date", "took_s", "ahead_s", "apart_s"), READINGS)
def test_clock_is_read_from_the_middle_of_the_exchange(date, took_s, ahead_s, apart_s):
    found = read_clock(date, before=NOW, after=NOW + timedelta(seconds=took_s))
    assert found is not None
    assert (found.ahead_s, found.apart_s) == (ahead_s, apart_s)


@pytest.mark.parametrize("date", [None, "", "today", "Fri, 32 Nov 2026 14:30:10 GMT"])
def test_reply_without_a_time_that_can_be_read_says_nothing(date):
    assert read_clock(date, before=NOW, after=NOW) is None


def dated(*, behind: timedelta) -> Step:
    """An answer that says the gateway's time, which is behind ours."""

    def step(sock):
        text = f"{datetime.now(UTC) - behind:%a, %d %b %Y %H:%M:%S} GMT"
        sock.sendall(f"HTTP/1.1 200 X\r\nDate: {text}\r\nContent-Length: 0\r\n\r\n".encode())
        return True

    return step


def test_client_reads_the_gateways_clock_by_a_ping(client: GatewayClient, http: RawHttp) -> None:
    http.script("/api/Status/ping", dated(behind=timedelta(minutes=10)))
    reading = client.clock_reading()
    assert reading is not None and reading.ahead_s > 598
    assert reading.apart_s < 602  # however long the answer took
    assert [r.path for r in http.requests] == ["/api/Status/ping"]  # no login


def test_gateway_that_does_not_say_its_time_gives_no_reading(
    client: GatewayClient, http: RawHttp
) -> None:
    def undated(sock):
        sock.sendall(b"HTTP/1.1 200 X\r\nContent-Length: 0\r\n\r\n")
        return True

    http.script("/api/Status/ping", undated)
    assert client.clock_reading() is None
