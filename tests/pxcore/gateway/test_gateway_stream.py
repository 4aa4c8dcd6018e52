"""Every wait on a connection ends, and what is written arrives whole."""

import socket
import threading
from collections.abc import Iterator

import pytest
from patience import patience
from raw_hub import WAIT_S

from pxcore.gateway.stream import Aborted, Stream


@pytest.fixture
def ends() -> Iterator[tuple[Stream, socket.socket]]:
    """Ours and the server's end of one connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(WAIT_S)
        stream = Stream(f"http://localhost:{listener.getsockname()[1]}")
        stream.open(WAIT_S)
        theirs, _ = listener.accept()
        theirs.settimeout(WAIT_S)
        yield stream, theirs
        stream.close()
        theirs.close()


def test_writes_of_many_threads_do_not_mix_when_the_peer_is_slow(
    ends: tuple[Stream, socket.socket],
) -> None:
    stream, theirs = ends
    size, letters = 2_000_000, b"abcd"
    writers = [
        threading.Thread(target=stream.write, args=(bytes([c]) * size, WAIT_S)) for c in letters
    ]
    for writer in writers:
        writer.start()
    got = bytearray()
    while len(got) < size * len(letters):
        got += theirs.recv(4096)
    blocks = [bytes(got[i : i + size]) for i in range(0, len(got), size)]
    assert sorted(blocks) == [bytes([c]) * size for c in letters]


def test_write_to_a_peer_that_never_reads_times_out(ends: tuple[Stream, socket.socket]) -> None:
    stream, _ = ends
    with pytest.raises(TimeoutError):
        stream.write(b"x" * 50_000_000, timeout_s=0.2)


def test_read_from_a_silent_peer_times_out_and_then_goes_on(
    ends: tuple[Stream, socket.socket],
) -> None:
    stream, theirs = ends
    with pytest.raises(TimeoutError):
        stream.read(timeout_s=0.05)
    theirs.sendall(b"late")
    assert stream.read(WAIT_S) == b"late"
    theirs.shutdown(socket.SHUT_WR)
    assert stream.read(WAIT_S) == b""


def test_abort_wakes_a_read_that_waits(ends: tuple[Stream, socket.socket]) -> None:
    stream, theirs = ends
    ended: list[object] = []

    def read() -> None:
        try:
            ended.append(stream.read(timeout_s=patience(60)))
        except OSError as error:
            ended.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    stream.abort()
    reader.join(WAIT_S)
    assert len(ended) == 1 and (ended == [b""] or isinstance(ended[0], Aborted))
    assert theirs.recv(1) == b""
    with pytest.raises(Aborted):
        stream.write(b"x", WAIT_S)


def test_aborted_stream_does_not_connect() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stream = Stream(f"http://127.0.0.1:{listener.getsockname()[1]}")
        stream.abort()
        with pytest.raises(Aborted):
            stream.open(WAIT_S)
        stream.close()
