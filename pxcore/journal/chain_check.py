"""Does the chain hold from the first row to the last? Asked of the bytes alone, for long journals.

A hash a row is half of what reading a day of millions of rows costs, and it waits for nothing:
so a process of its own does it, beside the one that reads what the rows say. It can only say
"all of it fits, so many rows, the last hash"; whoever hears anything else reads row by row.
"""

import subprocess
import sys
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from pxcore.host.decoding import Decoder
from pxcore.host.entry import settle
from pxcore.journal.chain import END, GENESIS, HASH_AT, HASH_FIELD, MARK_AT, TAIL
from pxcore.journal.segments import blocks_of, numbers_of
from pxcore.model import ProtocolError

_TIMEOUT_S = 120.0


class End(msgspec.Struct, frozen=True):
    """Of a chain that holds: how many rows, and the last one's hash."""

    rows: int
    hash: str


_end: Decoder[End] = Decoder(End)


def end_of_chain(path: Path) -> End:
    """Raises ProtocolError when a row does not fit, not naming it. A torn last line is left out."""
    rows, before = 0, GENESIS.encode()
    for _, _, lines in blocks_of(path):
        if not lines[-1].endswith(b"\n"):
            break
        told = [line[HASH_AT] for line in lines]
        made = [
            blake2b(last + line[:-TAIL], digest_size=16).hexdigest()
            for last, line in zip([before, *told], lines, strict=False)
        ]
        is_shaped = all([line.endswith(END) and line[MARK_AT] == HASH_FIELD for line in lines])
        if not is_shaped or "".join(made).encode() != b"".join(told):
            raise ProtocolError(f"journal {path.name} is not what was written")
        rows, before = rows + len(lines), told[-1]
    return End(rows, before.decode())


class ChainCheck:
    """`with ChainCheck(path) as check:`; the process is gone afterwards, whatever happens.

    A journal of one file is checked here: a process would cost more than it saves.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        if len(numbers_of(self._path)) > 1:
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", __name__, str(self._path)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        return self

    def end(self) -> End:
        """Waits for it. Raises ProtocolError when it does not say that the chain holds."""
        if self._process is None:
            return end_of_chain(self._path)
        try:
            said, _ = self._process.communicate(timeout=_TIMEOUT_S)
            return _end.decode(said)
        except (subprocess.TimeoutExpired, ProtocolError) as error:
            raise ProtocolError(f"journal {self._path.name}: its chain was not checked") from error

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None:
            with self._process as process:  # closes its pipe and waits
                process.kill()


if __name__ == "__main__":
    settle()
    sys.stdout.buffer.write(msgspec.json.encode(end_of_chain(Path(sys.argv[1]))))
