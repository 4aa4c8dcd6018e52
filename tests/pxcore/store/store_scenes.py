"""Everything that a store holds, as plain values."""

from typing import Any

from sqlalchemy import inspect, select

from pxcore.store.database import Store
from pxcore.store.projection.tables import Base


def contents(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """Every table's rows, in a fixed order."""
    found = {}
    with store.session() as session:
        for mapper in Base.registry.mappers:
            table = mapper.class_
            names = sorted(c.key for c in inspect(table).columns)
            rows = session.scalars(select(table)).all()
            found[table.__tablename__] = sorted(
                (tuple(getattr(row, name) for name in names) for row in rows), key=repr
            )
    return found
