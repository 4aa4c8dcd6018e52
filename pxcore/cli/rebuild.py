"""`px journal rebuild`: the store made again from the journals."""

from contextlib import closing

from sqlalchemy.exc import SQLAlchemyError

from pxcore.cli.output import Form, Output
from pxcore.config.paths import Paths
from pxcore.config.settings import Settings
from pxcore.day.store_access import open_store, store_away
from pxcore.store.projection.days import rebuild
from pxcore.text.counting import counted


def rebuild_store(settings: Settings, *, prunes: bool, as_json: bool) -> int:
    """0 when every journal could be read, 1 when one could not: its rows are missing."""
    out = Output(Form.JSON if as_json else Form.TABLE)
    try:
        with closing(open_store(settings)) as store:
            done = rebuild(store, Paths(settings.home).journals, prunes=prunes)
            where = store.name
    except (SQLAlchemyError, ValueError, ArithmeticError, TypeError) as error:  # damaged, too
        raise store_away(settings, error) from error
    for what in done.unread:
        out.warn(what)
    if done.kept:
        kept = counted(done.kept, "day")
        out.warn(f"{kept} without a journal here kept as before; --prune removes them")
    out.show(done, f"{counted(done.days, 'day')}, {counted(done.rows, 'row')} in {where}")
    return int(bool(done.unread))
