"""`px alerts test`: does an alert arrive?"""

from datetime import datetime

import typer

from pxcore.alerts.send import Alert, deliver
from pxcore.calendar.hours import CHICAGO
from pxcore.cli.output import Form, Output
from pxcore.config.masking import Masker
from pxcore.config.settings import AccountlessSettings, Settings, load_settings
from pxcore.model import Misconfigured
from pxcore.text.escaping import for_alert

app = typer.Typer(no_args_is_help=True)


@app.callback()
def alerts() -> None:
    """Alerts to where PX_ALERT_URLS says."""


@app.command()
def test() -> None:
    """Send one alert to every URL now, and say of each whether it was taken.

    Example: px alerts test
    """
    settings = load_settings(kind=AccountlessSettings)
    raise typer.Exit(try_alerts(settings, Output(Form.TABLE)))


def try_alerts(settings: Settings, out: Output) -> int:
    """0 when every one was taken. Waits for them, and does not try again."""
    urls = tuple(url.get_secret_value() for url in settings.alert_urls)
    if not urls:
        raise Misconfigured("PX_ALERT_URLS is not set: no alert is sent anywhere")
    masker = Masker(settings.secrets)
    moment = f"{datetime.now(CHICAGO):%Y-%m-%d %H:%M:%S} Chicago"
    text = f"A test at {moment}: alerts of px arrive here."
    answers = deliver(
        urls, Alert(code="test", about=moment, title="px: test", text=for_alert(text))
    )
    for number, (url, why) in enumerate(zip(urls, answers, strict=True), start=1):
        where = f"{number} of {len(urls)}, {url.partition(':')[0]}"  # no more: the rest is secret
        if why is None:
            out.say(f"{where}: taken; see whether it has arrived")
        else:
            out.say(f"{where}: NOT taken: {masker(why)}", style="bold red")
    return 0 if answers.count(None) == len(urls) else 1
