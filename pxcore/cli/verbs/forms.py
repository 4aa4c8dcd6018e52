"""Options that several verbs have, and what they mean."""

from contextlib import AbstractContextManager
from typing import Annotated

import typer

from pxcore.cli.output import Form
from pxcore.cli.trade.desk import Gateway, open_desk
from pxcore.config.settings import LenientSettings
from pxcore.gateway.rest import Urgency

Json = Annotated[bool, typer.Option("--json", help="One JSON document instead of tables.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Beside = Annotated[
    bool, typer.Option("--beside-session", help="Act although a session holds the account.")
]


def form_of(json: bool) -> Form:
    return Form.JSON if json else Form.TABLE


def way_out(context: typer.Context, json: bool) -> AbstractContextManager[Gateway]:
    """For what takes risk off: the settings that it needs must be right, and no others."""
    kind = LenientSettings
    return open_desk(context, form_of(json), kind=kind, urgency=Urgency.URGENT)
