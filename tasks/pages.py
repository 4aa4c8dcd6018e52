"""What our runs show on Prefect's pages: artifacts and events, each text escaped for its place.

Prefect takes an artifact's description and the cells of its table for Markdown, and shows an event
as text. Nobody else here makes either.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from prefect.artifacts import (
    create_link_artifact,
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.events import emit_event

from pxcore.text.escaping import for_cell, for_markdown, for_prefect


def publish_markdown(*, key: str, markdown: str, about: str) -> None:
    """`markdown` was made for Markdown already, by `pxcore.reports`."""
    create_markdown_artifact(key=key, markdown=markdown, description=for_markdown(about))


def publish_table(*, key: str, rows: Sequence[Mapping[str, str]], about: str) -> None:
    table: list[dict[str, Any]] = [
        {name: for_cell(text) for name, text in row.items()} for row in rows
    ]
    create_table_artifact(key=key, table=table, description=for_markdown(about))


def publish_link(*, key: str, link: str, text: str, about: str) -> None:
    """`link` is a file's or a page's own address, as `Path.as_uri` quotes it."""
    create_link_artifact(
        key=key, link=link, link_text=for_markdown(text), description=for_markdown(about)
    )


def publish_progress(*, key: str, percent: float, about: str) -> Any:
    """What `update_progress` takes."""
    return create_progress_artifact(progress=percent, key=key, description=for_markdown(about))


def update_progress(artifact: UUID, *, percent: float, about: str) -> None:
    update_progress_artifact(artifact, progress=percent, description=for_markdown(about))


def emit(event: str, *, resource: Mapping[str, str], payload: Mapping[str, Any]) -> None:
    told = {name: for_prefect(v) if isinstance(v, str) else v for name, v in payload.items()}
    emit_event(event=event, resource=dict(resource), payload=told)
