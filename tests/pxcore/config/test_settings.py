"""Settings: every problem at once, paper by default, live only by two that agree.

`python tests/pxcore/config/test_settings.py` prints what `.env.example` must hold.
"""

from datetime import time
from pathlib import Path

import pytest
from pydantic import SecretStr
from pydantic_core import PydanticUndefined
from wording import UNKNOWN_LOSS, WRONG_START

from pxcore.config.settings import (
    NEEDED,
    SECRETS,
    AccountlessSettings,
    LenientAccountlessSettings,
    LenientSettings,
    Mode,
    Settings,
    load_settings,
)
from pxcore.config.texts import urls_in
from pxcore.model import Misconfigured

ROOT = Path(__file__).parents[3]
REAL = {
    "PX_GATEWAY": "topstepx",
    "PX_ACCOUNT_ID": "5",
    "PX_USERNAME": "trader",
    "PX_API_KEY": "s3cret-key",
}


def default_text(name: str) -> str:
    default = Settings.model_fields[name].default
    assert default is not PydanticUndefined
    if name == "home":
        return "~/.local/share/px-sessions"
    if default in (None, ()):
        return ""
    if isinstance(default, SecretStr):
        return default.get_secret_value()
    return str(default).lower() if isinstance(default, bool) else str(default)


def example() -> str:
    head = (
        "# Every setting with its default; copy to .env and uncomment what you change.\n"
        "# Absent settings mean paper. .env is git-ignored: secrets belong there alone.\n"
    )
    rows = [
        f"\n# {field.description}\n#PX_{name.upper()}={default_text(name)}\n"
        for name, field in Settings.model_fields.items()
    ]
    return head + "".join(rows)


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch, tmp_path):
    for name in Settings.model_fields:
        monkeypatch.delenv(f"PX_{name.upper()}", raising=False)
    monkeypatch.chdir(tmp_path)


def load(monkeypatch, **values: str) -> Settings:
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return load_settings()


def problems(monkeypatch, **values: str) -> tuple[str, ...]:
    with pytest.raises(Misconfigured) as caught:
        load(monkeypatch, **values)
    return caught.value.problems


def test_env_example_lists_every_setting_with_its_default():
    assert (ROOT / ".env.example").read_text() == example()


ZONES = [
    pytest.param({"PX_WINDOW_START": "14:30Z"}, WRONG_START, id="start"),
    pytest.param({"PX_WINDOW_END": "15:00-06:00"}, "PX_WINDOW_END", id="end"),
    pytest.param({"PX_FLAT_BY": "15:05:00+00:00"}, "PX_FLAT_BY", id="flat by"),
    pytest.param(
        {"PX_WINDOW_START": "08:30-06:00", "PX_WINDOW_END": "15:00-06:00"},
        "PX_WINDOW_END",
        id="two",
    ),
    pytest.param({"PX_NO_ENTRY": "08:58Z-09:02"}, "PX_NO_ENTRY", id="one of a stretch"),
    pytest.param({"PX_NO_ENTRY": "08:58Z-09:02Z"}, "PX_NO_ENTRY", id="both of a stretch"),
]


@pytest.mark.parametrize(("given", "named"), ZONES)
def test_zone_in_a_time_of_the_day_is_refused_with_a_sentence(monkeypatch, given, named):
    found = "; ".join(problems(monkeypatch, **given))
    assert named in found and "Chicago's, HH:MM without a zone" in found


def test_paper_clock_without_a_zone_is_refused(monkeypatch):
    (found,) = problems(monkeypatch, PX_PAPER_CLOCK="2026-11-20T08:30@2026-11-24T08:30:00Z@1")
    assert "that say their zone" in found


def test_absent_settings_mean_paper(monkeypatch):
    assert load(monkeypatch).mode is Mode.PAPER


def test_uncommented_example_is_accepted(tmp_path):
    text = (ROOT / ".env.example").read_text().replace("#PX_", "PX_")
    (tmp_path / ".env").write_text(text)
    assert load_settings().mode is Mode.PAPER


def test_real_gateway_alone_is_shadow(monkeypatch):
    assert load(monkeypatch, **REAL).mode is Mode.SHADOW


def test_real_gateway_that_is_armed_is_live(monkeypatch):
    assert load(monkeypatch, **REAL, PX_TRADING="armed").mode is Mode.LIVE


def test_shadow_can_be_asked_for_on_any_gateway(monkeypatch):
    assert load(monkeypatch, PX_TRADING="shadow").mode is Mode.SHADOW
    assert load(monkeypatch, **REAL).mode is Mode.SHADOW


def test_armed_without_a_gateway_is_paper(monkeypatch):
    assert load(monkeypatch, PX_TRADING="armed").mode is Mode.PAPER


def test_empty_variable_disarms_an_armed_env_file(monkeypatch, tmp_path):
    lines = "".join(f"{name}={value}\n" for name, value in REAL.items())
    (tmp_path / ".env").write_text(lines + "PX_TRADING=armed\n")
    assert load_settings().mode is Mode.LIVE
    assert load(monkeypatch, PX_TRADING="").mode is Mode.SHADOW


def test_every_problem_is_told_at_once(monkeypatch, tmp_path):
    (tmp_path / ".env").write_text("PX_SZIE=3\n")
    found = problems(
        monkeypatch,
        PX_FOO="1",
        PX_SIZE="0",
        PX_GATEWAY="topstepx",
        PX_WINDOW_START="16:00",
        PX_PAPER_CLOCK="noon",
    )
    for part in (
        "PX_FOO is not a setting",
        "PX_SZIE is not a setting",
        "PX_SIZE '0' is refused",
        "PX_PAPER_CLOCK 'noon' is refused",
        "PX_WINDOW_START 16:00:00 must be before",
        "PX_ACCOUNT_ID is missing",
        "PX_USERNAME is missing",
        "PX_API_KEY is missing",
    ):
        assert any(part in problem for problem in found), (part, found)


def test_questions_that_concern_no_account_need_none_of_a_real_gateway(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name, value in {"GATEWAY": "topstepx", "USERNAME": "u", "API_KEY": "k"}.items():
        monkeypatch.setenv(f"PX_{name}", value)
    with pytest.raises(Misconfigured, match="PX_ACCOUNT_ID is missing"):
        load_settings()
    settings = load_settings(kind=AccountlessSettings)
    assert (settings.account_id, settings.mode) == (None, Mode.SHADOW)


REFUSED = [
    pytest.param("PX_TRADING", "yes", id="arming by another word"),
    pytest.param("PX_GATEWAY", "demo", id="gateway that does not exist"),
    pytest.param("PX_ACCOUNT_ID", "-1", id="account id below one"),
    pytest.param("PX_PAPER_URL", "http://example.com:80", id="paper beyond loopback"),
    pytest.param("PX_LOSS_USD_MAX", "0", id="no loss limit"),
    pytest.param("PX_LOSS_USD_MAX", "NaN", id="loss limit that is no number"),
    pytest.param("PX_COOLDOWN_S", "inf", id="endless cooldown"),
    pytest.param("PX_STOP_LOSS_TICKS", "3", id="stop nearer than the venue takes"),
    pytest.param("PX_WINDOW_END", "25:00", id="time that does not exist"),
    pytest.param("PX_STRATEGY_PARAMS", "every_s=4", id="parameters that are no JSON"),
    pytest.param("PX_STRATEGY_PARAMS", "[4]", id="parameters that are no JSON object"),
    pytest.param("PX_SILENCE_LIMIT_S", "5", id="silence limit below the venue's ping"),
]


@pytest.mark.parametrize(("name", "value"), REFUSED)
def test_value_out_of_range_is_refused_by_name_and_value(monkeypatch, name, value):
    (found,) = problems(monkeypatch, **{name: value})
    assert name in found and value in found


def test_strategy_and_parameters_are_taken_as_they_are_and_no_module_is_imported(monkeypatch):
    given = {"PX_STRATEGY": "no_such_module:Mine", "PX_STRATEGY_PARAMS": '{"every_s": 4, "x": [1]}'}
    settings = load(monkeypatch, **given)
    assert settings.strategy == "no_such_module:Mine"
    assert settings.strategy_params == {"every_s": 4, "x": [1]}


def test_parameters_are_read_from_the_env_file_as_the_documents_write_them(tmp_path):
    (tmp_path / ".env").write_text('PX_STRATEGY_PARAMS={"bar_s": 5, "slow_bars": 20}\n')
    assert load_settings().strategy_params == {"bar_s": 5, "slow_bars": 20}


def test_empty_parameters_are_none(monkeypatch):
    assert load(monkeypatch, PX_STRATEGY_PARAMS="").strategy_params == {}


def test_setting_of_before_is_refused(monkeypatch):
    assert "PX_ENTRY_EVERY_S" in problems(monkeypatch, PX_ENTRY_EVERY_S="900")[0]


def test_size_above_the_largest_is_refused(monkeypatch):
    assert "PX_CONTRACTS_MAX" in problems(monkeypatch, PX_SIZE="9")[0]


def test_paper_clock_is_refused_with_a_real_gateway(monkeypatch):
    clock = "2026-11-20T14:00:00Z@2026-11-22T22:00:00Z@20"
    assert "PX_PAPER_CLOCK" in problems(monkeypatch, **REAL, PX_PAPER_CLOCK=clock)[0]


def test_key_appears_neither_in_the_settings_text_nor_in_a_refusal(monkeypatch):
    settings = load(monkeypatch, **REAL)
    assert "s3cret-key" not in repr(settings) + str(settings)
    found = problems(monkeypatch, PX_SIZE="0")
    assert "s3cret-key" not in " ".join(found)


LEFT_OUT = [
    pytest.param({"PX_WINDOW_START": "14:30Z"}, WRONG_START, id="zone"),
    pytest.param({"PX_WINDOW_END": "15:30"}, "PX_WINDOW_END 15:30:00 is refused", id="too late"),
    pytest.param({"PX_LOSSUSDMAX": "3"}, UNKNOWN_LOSS, id="unknown"),
    pytest.param({"PX_WINDOW_START": "15:02"}, "PX_WINDOW_START 15:02:00 must be", id="order"),
    pytest.param({"PX_SIZE": "9"}, "PX_SIZE 9 is above PX_CONTRACTS_MAX 5", id="two of them"),
]


@pytest.mark.parametrize(("given", "told"), LEFT_OUT)
def test_lenient_settings_leave_out_what_is_not_needed_and_tell_it(monkeypatch, given, told):
    assert told in "; ".join(problems(monkeypatch, **given))
    settings = load_settings(kind=LenientSettings)
    (left_out,) = settings.left_out
    assert told in left_out
    default = Settings.model_construct()
    assert (settings.window_start, settings.window_end) == (time(8, 30), time(15, 0))
    assert (settings.size, settings.contracts_max) == (default.size, default.contracts_max)


@pytest.mark.parametrize(("given", "told"), LEFT_OUT)
def test_env_file_is_read_as_leniently(tmp_path, given, told):
    lines = "".join(f"{name}={value}\n" for name, value in given.items())
    (tmp_path / ".env").write_text(lines + "PX_STALE_DATA_S=7\nOTHER=1\n")
    settings = load_settings(kind=LenientAccountlessSettings)
    assert told in "; ".join(settings.left_out) and "OTHER is not" in "; ".join(settings.left_out)
    assert settings.stale_data_s == 7


STILL_NEEDED = [
    pytest.param({"PX_GATEWAY": "topstep"}, "PX_GATEWAY 'topstep' is refused", id="gateway"),
    pytest.param({"PX_ACCOUNT_ID": "main"}, "PX_ACCOUNT_ID 'main' is refused", id="account"),
    pytest.param({"PX_REPLY_TIMEOUT_S": "0"}, "PX_REPLY_TIMEOUT_S '0' is refused", id="time-out"),
    pytest.param({"PX_FOREIGN": "leave"}, "PX_FOREIGN 'leave' is refused", id="foreign"),
    pytest.param({"PX_GATEWY": "topstepx"}, "is PX_GATEWAY meant?", id="needed one misspelt"),
    pytest.param(REAL | {"PX_API_KEY": ""}, "PX_API_KEY is missing", id="no key"),
]


@pytest.mark.parametrize(("given", "told"), STILL_NEEDED)
def test_lenient_settings_refuse_what_is_needed_and_wrong_beside_all_else(monkeypatch, given, told):
    for name, value in (given | {"PX_WINDOW_START": "14:30Z"}).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(Misconfigured) as caught:
        load_settings(kind=LenientSettings)
    said = "; ".join(caught.value.problems)
    assert told in said and "PX_WINDOW_START '14:30Z'" in said


def test_needed_settings_are_settings():
    assert set(Settings.model_fields) >= NEEDED


def test_time_to_be_flat_stays_when_only_the_end_of_the_window_is_wrong(monkeypatch):
    monkeypatch.setenv("PX_WINDOW_END", "10:30Z")
    monkeypatch.setenv("PX_FLAT_BY", "11:00")
    settings = load_settings(kind=LenientSettings)
    assert settings.flat_by == time(11, 0) and len(settings.left_out) == 1


def test_time_to_be_flat_that_contradicts_the_window_is_left_out(monkeypatch):
    monkeypatch.setenv("PX_FLAT_BY", "05:05")
    settings = load_settings(kind=LenientSettings)
    assert settings.flat_by == time(15, 5) and len(settings.left_out) == 1


if __name__ == "__main__":
    print(example(), end="")


def test_limits_that_are_left_out_or_empty_are_not_there(monkeypatch):
    settings = load(monkeypatch, PX_DRAWDOWN_USD_MAX="", PX_PRESENCE_S="", PX_SPREAD_TICKS_MAX="")
    assert settings.drawdown_usd_max is settings.presence_s is settings.spread_ticks_max is None


def test_times_without_entries_are_read_in_order(monkeypatch):
    settings = load(monkeypatch, PX_NO_ENTRY="08:58-09:02, 13:55-14:05:30")
    assert settings.no_entry_times == (
        (time(8, 58), time(9, 2)),
        (time(13, 55), time(14, 5, 30)),
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [("08:58", "not HH:MM-HH:MM"), ("9-10-11", "not HH"), ("10:00-09:00", "before it begins")],
)
def test_times_without_entries_that_make_no_sense_are_refused(monkeypatch, text, why):
    assert why in problems(monkeypatch, PX_NO_ENTRY=text)[0]


def test_every_secret_setting_is_masked_in_refusals_and_named_to_the_logs(monkeypatch):
    kept = {
        name
        for name, field in Settings.model_fields.items()
        if "SecretStr" in str(field.annotation)
    }
    assert kept == SECRETS
    settings = load(monkeypatch, **REAL, PX_ALERT_URLS="tgram://123:AbCdEfGhIj/555 json://h.x:1/")
    assert {"s3cret-key", "tgram://123:AbCdEfGhIj/555", "AbCdEfGhIj"} <= set(settings.secrets)
    assert "AbCdEfGhIj" not in repr(settings)


ALERT_URLS = [
    pytest.param("", [], id="none"),
    pytest.param("json://a.b:1", ["json://a.b:1"], id="one"),
    pytest.param(" json://a.b:1\n slack://x/y ", ["json://a.b:1", "slack://x/y"], id="blanks"),
    pytest.param(
        "mailto://u:p@h.x?to=a@h.x,b@h.x, json://a.b:1",
        ["mailto://u:p@h.x?to=a@h.x,b@h.x", "json://a.b:1"],
        id="commas within and between",
    ),
]


@pytest.mark.parametrize(("text", "urls"), ALERT_URLS)
def test_alert_urls_are_a_list(monkeypatch, text, urls):
    found = load(monkeypatch, PX_ALERT_URLS=text).alert_urls
    assert [url.get_secret_value() for url in found] == urls


def test_alert_url_that_is_none_is_refused_without_being_shown(monkeypatch):
    (found,) = problems(monkeypatch, PX_ALERT_URLS="hunter2-no-url")
    assert "PX_ALERT_URLS is refused" in found and "number 1 of 1 is no URL" in found
    assert "hunter2" not in found


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("", ()),
        ("json://a", ("json://a",)),
        (
            " json://a,b/c  mailto://d, json://e,tgram://f ",
            ("json://a,b/c", "mailto://d", "json://e", "tgram://f"),
        ),
    ],
)
def test_alert_urls_stand_between_blanks_or_commas(text, urls):
    assert urls_in(text) == urls


def test_alert_url_that_is_none_is_named_by_its_place_and_not_by_its_text():
    with pytest.raises(ValueError, match="number 3 of 3 is no URL") as refused:
        urls_in("json://a json://b geheim")
    assert "geheim" not in str(refused.value)
