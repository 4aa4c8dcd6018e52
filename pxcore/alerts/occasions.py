"""What is worth an alert: an account that is not proven flat, a day that cannot be closed."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from pxcore.alerts.send import Alert, Alerts
from pxcore.config.settings import Settings
from pxcore.text.escaping import for_alert

BROKEN, NOT_FLAT, NOT_CLOSED = "reconciliation.broken", "not_flat", "day.not_closed"
UNWATCHED, LATE = "watchdog.silent", "trading_day.late"
HUNG, NO_SCHEDULE, SET_ASIDE = "up.hung", "up.no_schedule", "up.database_set_aside"
_LISTED_MAX = 10  # differences in one alert


def act_of(account_id: int, at: datetime) -> str:
    """What an alert is about where there is no session: each act of its own."""
    return f"{account_id}-{at:%Y%m%d-%H%M%S}"


def alert_differences(
    settings: Settings, *, about: str, account: str, differences: Sequence[Mapping[str, str]]
) -> None:
    """The record of the account's day is broken."""
    kinds = Counter(d["kind"] for d in differences)
    said = [", ".join(f"{count} {kind}" for kind, count in kinds.items())]
    said += [
        f"{d['kind']}, {d['what']}: ours {d['ours']}, the venue's {d['venues']}"
        for d in differences[:_LISTED_MAX]
    ]
    if len(differences) > _LISTED_MAX:
        said.append(f"and {len(differences) - _LISTED_MAX} more")
    title = f"px: reconciliation broken, account {account}"
    Alerts(settings).send(Alert(code=BROKEN, about=about, title=title, text=for_alert(*said)))


def alert_not_flat(settings: Settings, *, about: str, account: str, why: str) -> None:
    """Nobody could prove the account flat: a person must look at it now."""
    title = f"px: NOT PROVEN FLAT, account {account}"
    advice = "Look at the account now: `px flatten`, or the platform's own Flatten all."
    alert = Alert(code=NOT_FLAT, about=about, title=title, text=for_alert(why, advice))
    Alerts(settings).send(alert)


def alert_unwatched(settings: Settings, why: str) -> None:
    """The watchdog itself is gone: told once a day."""
    day = f"{settings.clock.now():%Y%m%d}"
    alert = Alert(
        code=UNWATCHED,
        about=f"{settings.account_id}-{day}",
        title=f"px: no watchdog, account {settings.account_id} ({settings.mode})",
        text=for_alert(why),
    )
    Alerts(settings).send(alert)


def alert_late(settings: Settings, deployment: str) -> None:
    """A trading day has not begun in time: told once a day."""
    day = f"{settings.clock.now():%Y%m%d}"
    title = f"px: {deployment} has not started in time ({settings.mode})"
    advice = "Is its runner alive? `px up` shows it. The window is traded from whenever it starts."
    about = f"{deployment}-{day}"
    Alerts(settings).send(Alert(code=LATE, about=about, title=title, text=for_alert(advice)))


def alert_up(settings: Settings, *, code: str, title: str, text: str) -> None:
    """Of what `px up` keeps running: told once an hour for each, by our own clock."""
    about = f"{title}-{datetime.now(UTC):%Y%m%d-%H}"
    alert = Alert(code=code, about=about, title=f"px up: {title}", text=for_alert(text))
    Alerts(settings).send(alert)


@contextmanager
def flatten_alerted(settings: Settings, *, about: str, account_id: int) -> Iterator[None]:
    """Whatever keeps the flatten inside from its proof is sent, and raised as it was."""
    try:
        yield
    except Exception as error:  # whatever it was: there is no proof
        account = f"{account_id} ({settings.mode})"
        alert_not_flat(settings, about=about, account=account, why=str(error))
        raise


@contextmanager
def closing_alerted(settings: Settings, *, about: str, account_id: int) -> Iterator[None]:
    """A day that cannot be closed was not reconciled either: that is sent, and raised."""
    try:
        yield
    except Exception as error:  # whatever it was: nobody has compared anything
        title = f"px: the day was not reconciled, account {account_id} ({settings.mode})"
        alert = Alert(code=NOT_CLOSED, about=about, title=title, text=for_alert(error))
        Alerts(settings).send(alert)
        raise
