"""The accounts that `px up` began with, which has a watchdog for each of them and for no other. It
tells those that it starts by a variable of the environment, which is no setting; who was started by
hand has none, and takes the accounts as they are.
"""

import os
from collections.abc import Mapping, Sequence

import msgspec

from pxcore.config.accounts import NamedAccount
from pxcore.host.decoding import decode_json
from pxcore.model import Misconfigured, ProtocolError

VARIABLE = "ACCOUNTS_OF_PX"
OTHERS = "accounts.toml names other accounts than `px up` began with: `px down`, then `px up`"

Ids = dict[str, int | None]  # by label


def telling(known: Sequence[NamedAccount]) -> dict[str, str]:
    """What the environment of a child says of them; nothing of none."""
    return {VARIABLE: msgspec.json.encode(_ids(known)).decode()} if known else {}


def refuse_others(known: Sequence[NamedAccount], environ: Mapping[str, str] | None = None) -> None:
    """Raises Misconfigured when `px up` has said that it began with others. One account without an
    id is the paper gateway's own, whichever that is.
    """
    said = (os.environ if environ is None else environ).get(VARIABLE)
    if said is None:
        return
    try:
        began = decode_json(said, Ids)
    except ProtocolError as error:
        raise Misconfigured(f"{VARIABLE} is not what `px up` says: {error}") from error
    now = _ids(known)
    is_same = began.keys() == now.keys() and all(
        None in (began[label], now[label]) or began[label] == now[label] for label in now
    )
    if not is_same:
        raise Misconfigured(OTHERS)


def _ids(known: Sequence[NamedAccount]) -> Ids:
    return {one.label: one.id for one in known}
