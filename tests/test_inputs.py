"""What nobody should give is refused: with its place, what was found, what is wanted, and status 2.

Every setting, key of `accounts.toml`, box of a form and option of the command line, each with what
it must not have. A new one is in here by being there.
"""

import os
import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

import commands_page
import inputs_page
import needs
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from typer.testing import CliRunner

from flows.flatten import FlattenOrder
from flows.kill_switch import KillOrder
from flows.parameters import REASON_MAX, Form, Run
from pxcore.cli.app import app
from pxcore.cli.trade.prices import price_ticks
from pxcore.config.accounts import accounts
from pxcore.config.bounds import bound_of, is_optional, wanted
from pxcore.config.settings import (
    NEEDED,
    SECRETS,
    Fields,
    LenientAccountlessSettings,
    LenientSettings,
    load_settings,
)
from pxcore.config.sources import environ_with
from pxcore.host.decoding import toml_value
from pxcore.model import Misconfigured
from pxcore.paper.markets.catalogue import catalogue
from pxcore.strategies import BUILT_IN
from pxcore.text.typed import ID_MAX, Between

FIELDS = Fields.model_fields


def kinds(field: FieldInfo) -> set[Any]:
    one_of = get_origin(field.annotation) in (Union, UnionType)
    return set(get_args(field.annotation)) if one_of else {field.annotation}


def is_number(field: FieldInfo) -> bool:
    return bool(kinds(field) & {int, float, Decimal})


def is_text(field: FieldInfo) -> bool:
    return bool(kinds(field) & {str, SecretStr})


NUMBERS = [name for name, field in FIELDS.items() if is_number(field)]
TEXTS = [name for name, field in FIELDS.items() if bound_of(field, "max_length")]
LIBRARY = (
    *("Value error", "Input should", "validation error", "Traceback", "pydantic"),
    *("set_int_max_str_digits", "Expected `"),
)
NO_NUMBERS = (
    *("NaN", "nan", "inf", "-Infinity", "1e99999999", "1E-300", "1e5", "9" * 400, "0." + "1" * 400),
    *(
        "１５０",
        "١٥٠",
        "1,5",
        "1.000,50",
        "1 000",
        "1_000",
        "0x10",
        "true",
        "five",
        "--5",
        "5-",
        "½",
    ),
    *("1\x1b[2J", "5\u202e", "5\x00", "-99999999999", "99999999999999999999"),
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [one for one in os.environ if one.upper().startswith("PX_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path


def refused(text: str | bytes, kind: type[Any] | None = None) -> tuple[str, ...]:
    """What is said of this `.env`."""
    Path(".env").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(Misconfigured) as caught:
        load_settings() if kind is None else load_settings(kind=kind)
    return caught.value.problems


def require_told(problem: str, *parts: str) -> None:
    assert all(part in problem for part in parts), (problem, parts)
    assert not any(word in problem for word in LIBRARY), problem
    assert len(problem) < 600 and problem.isprintable(), problem


# -- bounds ---------------------------------------------------------------------------------------


def models() -> list[type[BaseModel]]:
    return [Fields, *inputs_page.form_models(), *(kind.params for kind in BUILT_IN.values())]


@pytest.mark.parametrize("model", models(), ids=lambda one: one.__name__)
def test_every_number_has_a_lower_and_an_upper_bound_and_every_text_a_length(
    model: type[BaseModel],
) -> None:
    for name, field in model.model_fields.items():
        if is_number(field):
            assert bound_of(field, "ge") is not None and bound_of(field, "le") is not None, name
        elif is_text(field) and not wanted(field).startswith(("`", "http")):
            assert any(one.isdigit() for one in wanted(field)), (name, wanted(field))


def options() -> list[Any]:
    return [
        pytest.param(path, param, id=f"{path} {param.name}")
        for path, command in commands_page.commands()
        for param in command.params
        if param.name != "help"
    ]


@pytest.mark.parametrize(("path", "param"), options())
def test_every_number_of_the_command_line_has_both_bounds(path: str, param: Any) -> None:
    kind = commands_page.kind_of(param)
    is_number = issubclass(kind, int | float) and kind is not bool
    assert is_number == (commands_page.reader_of(param) is not None), (path, param.name, kind)


# -- settings -------------------------------------------------------------------------------------


def beyond(name: str) -> tuple[str, ...]:
    """Just outside of its bounds, and far."""
    low, high = bound_of(FIELDS[name], "ge"), bound_of(FIELDS[name], "le")
    return (format(Decimal(str(low)) - 1, "f"), format(Decimal(str(high)) + 1, "f"))


@pytest.mark.parametrize("name", NUMBERS)
def test_what_is_no_number_within_the_bounds_is_refused_with_its_line_and_what_is_wanted(
    name: str,
) -> None:
    empty = () if is_optional(FIELDS[name]) else ("", "  ")
    for text in (*NO_NUMBERS, *beyond(name), *empty):
        if "\0" in text:
            continue  # of the file as a whole: see below
        (problem,) = refused(f"# a comment\nPX_{name.upper()}='{text}'\n")
        require_told(problem, f"PX_{name.upper()} ", wanted(FIELDS[name]), "(.env, line 2)")


WRITABLE = st.text(st.characters(exclude_characters="'\r\n\0", exclude_categories=("Cs",)))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(NUMBERS), text=WRITABLE)
@example(name="balance_usd_floor", text="1e99999999")
@example(name="reply_timeout_s", text="1e-300")
@example(name="account_id", text=str(ID_MAX + 1))
def test_any_text_is_the_number_that_it_says_or_is_refused(name: str, text: str) -> None:
    Path(".env").write_text(f"PX_{name.upper()}='{text}'\n", encoding="utf-8")
    try:
        found = getattr(load_settings(), name)
    except Misconfigured as error:
        require_told("; ".join(error.problems), f"PX_{name.upper()}")
    else:
        assert found == Decimal(text) if text else found is None


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("text", ["x" * 3000, "a\x1b[2Jb", "a\u202eb", "a\tb"], ids=repr)
def test_text_that_is_too_long_or_holds_what_nobody_sees_is_refused(name: str, text: str) -> None:
    (problem,) = refused(f"PX_{name.upper()}='{text}'\n")
    require_told(problem, f"PX_{name.upper()}", "is refused", "(.env, line 1)")
    assert name not in SECRETS or "xxx" not in problem


OTHERS = [
    ("PX_HOME", "", "it is empty"),
    ("PX_HOME", "/a\x07b", "cannot be seen"),
    ("PX_HOME", "/" + "x" * 2000, "2,001 characters"),
    ("PX_GATEWAY", "topstep", "`paper` or `topstepx`"),
    ("PX_DEPTH", "maybe", "`true` or `false`"),
    ("PX_PAPER_URL", "http://example.com:80", "on this machine alone"),
    ("PX_WINDOW_START", "830", "HH:MM without a zone"),
    ("PX_WINDOW_START", "8.30", "HH:MM without a zone"),
    ("PX_WINDOW_START", "8:30", "two digits each are wanted: 08:30"),
    ("PX_NO_ENTRY", "8:30-08:40", "two digits each are wanted: 08:30"),
    ("PX_LOSS_USD_MAX", "1.000", "thousands, which have no sign: write 1000"),
    ("PX_BALANCE_USD_FLOOR", "49.500", "thousands, which have no sign: write 49500"),
    ("PX_ACCOUNT_ID", "9" * 23, "it has too many digits"),
    ("PX_WINDOW_START", "24:00", "no such time"),
    ("PX_WINDOW_START", "", "HH:MM without a zone"),
    ("PX_NO_ENTRY", "0830-0840", "HH:MM-HH:MM"),
    ("PX_NO_ENTRY", "08:30-08:40," * 2000, "characters"),
    ("PX_STRATEGY_PARAMS", '{"a":' * 70 + "1" + "}" * 70, "nested more than 64"),
    ("PX_STRATEGY_PARAMS", '{"a": NaN}', "NaN is no number"),
    ("PX_STRATEGY_PARAMS", '{"a": 1e999}', "has no end"),
    ("PX_STRATEGY_PARAMS", '{"a": ' + "9" * 100 + "}", "a number in it is above"),
    ("PX_STRATEGY_PARAMS", '{"a": 1, "a": 2}', "is there twice"),
    ("PX_STRATEGY_PARAMS", '{"a": "' + "x" * 20_000 + '"}', "characters"),
    ("PX_ALERT_URLS", "json://a " * 2000, "characters"),
]


@pytest.mark.parametrize(("name", "value", "said"), OTHERS, ids=lambda one: str(one)[:30])
def test_what_has_a_form_of_its_own_is_refused_without_it(name: str, value: str, said: str) -> None:
    (problem,) = refused(f"{name}='{value}'\n")
    require_told(problem, name, said, "(.env, line 1)")


def test_mistake_is_told_once() -> None:
    (problem,) = refused("PX_WINDOW_END=15:30\n")
    require_told(problem, "PX_WINDOW_END 15:30:00 is refused", "the latest")


def test_environment_is_named_as_the_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PX_LOSS_USD_MAX", "1e3")
    (problem,) = refused("PX_LOSS_USD_MAX=150\n")
    require_told(problem, "PX_LOSS_USD_MAX '1e3' is refused", "exponent", "(in the environment)")


@needs.posix
def test_name_in_both_letters_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PX_LOSS_USD_MAX", "150")
    monkeypatch.setenv("px_loss_usd_max", "500")
    (problem,) = refused("")
    require_told(problem, "PX_LOSS_USD_MAX is set twice in the environment")


# -- the file ------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [*inputs_page.LINES])
def test_line_of_the_page_is_read_as_it_says_or_refused_with_its_number(text: str) -> None:
    Path(".env").write_text(f"\n{text}\n", encoding="utf-8")
    try:
        found = load_settings()
    except Misconfigured as error:
        (problem,) = error.problems
        require_told(problem, ".env, line 2")
        assert "500" not in problem
    else:
        assert found.loss_usd_max == 150 or "PX_LOSS" not in text.upper()


UTF8 = "PX_LOSS_USD_MAX=150\r\nPX_CONTRACT=MES\r\n"
READ = [
    pytest.param(UTF8.encode(), id="as Windows ends lines"),
    pytest.param(UTF8.encode("utf-8-sig"), id="with a mark"),
    pytest.param(UTF8.replace("\r\n", "\r").encode(), id="as an old Mac does"),
    pytest.param(f"# für später\n{UTF8}".encode(), id="with umlauts"),
]


@pytest.mark.parametrize("data", READ)
def test_text_is_read_however_its_lines_end(data: bytes) -> None:
    Path(".env").write_bytes(data)
    found = load_settings()
    assert (found.loss_usd_max, found.contract) == (150, "MES")


ENCODED = [
    pytest.param(UTF8.encode("utf-16"), ".env is UTF-16", id="UTF-16"),
    pytest.param(UTF8.encode("utf-32"), ".env is UTF-32", id="UTF-32"),
    pytest.param(UTF8.encode("utf-16-le"), ".env holds NUL bytes", id="UTF-16 without its mark"),
    pytest.param(f"# für 1\n{UTF8}".encode("cp1252"), ".env, line 1: not UTF-8", id="cp1252"),
]


@pytest.mark.parametrize(("data", "said"), ENCODED)
def test_other_encoding_is_one_line_that_says_what_to_do(data: bytes, said: str) -> None:
    (problem,) = refused(data)
    require_told(problem, said, "save the file as UTF-8")


def test_name_that_is_set_twice_is_refused_with_both_lines() -> None:
    (problem,) = refused("PX_SIZE=1\n\npx_size=2\n")
    require_told(problem, ".env, lines 1 and 3: PX_SIZE is set twice")


def test_unknown_name_is_refused_with_the_one_that_is_meant() -> None:
    (problem,) = refused("PX_LOSS_USD_MX=150\n")
    require_told(problem, "PX_LOSS_USD_MX is not a setting", "PX_LOSS_USD_MAX meant?", "line 1")


def test_secret_on_a_line_that_is_not_understood_is_not_shown() -> None:
    for line in ("PX_API_KEY='s3cret", "PX_API_KEY 's3cret'", "PX_API_KEY=s3cret;"):
        (problem,) = refused(line)
        assert "s3cret" not in problem and "PX_API_KEY" in problem


def test_file_of_the_home_folder_that_is_not_read_is_refused(folder: Path) -> None:
    (folder / "home").mkdir()
    (folder / "home" / ".env").write_text("PX_LOSS_USD_MAX=150\n")
    (problem,) = refused("PX_HOME=home\n")
    require_told(problem, str(Path("home/.env")), "is not read")


LEFT_OUT = [
    pytest.param('PX_LOSS_USD_MAX="150', id="unclosed"),
    pytest.param("PX_LOSS_USD_MAX='150';", id="semicolon"),
    pytest.param("set PX_LOSS_USD_MAX=150", id="set"),
    pytest.param("limits for the morning", id="prose"),
    pytest.param('PX_ALERT_URLS="x', id="alerts"),
    pytest.param("PX_SIZE=1\nPX_SIZE=2", id="twice"),
    pytest.param("PX_ACCOUNT_ID=7\nPX_ACCOUNT_ID=7", id="needed, twice the same"),
]


@pytest.mark.parametrize("text", LEFT_OUT)
def test_what_takes_risk_off_goes_on_and_tells_the_line(text: str) -> None:
    (problem,) = refused(f"PX_CONTRACT=MES\n{text}\n")
    found = load_settings(kind=LenientSettings)
    assert found.left_out == (problem,) and found.contract == "MES" and ".env, line" in problem


@pytest.mark.parametrize(
    "data",
    [
        UTF8.encode("utf-16"),
        f"# für 1\n{UTF8}".encode("utf-16-le"),
        UTF8.encode("utf-16-be"),
        f"# für 1\n{UTF8}".encode("cp1252"),
    ],
)
def test_what_takes_risk_off_reads_what_it_can_of_another_encoding(data: bytes) -> None:
    (problem,) = refused(data)
    found = load_settings(kind=LenientSettings)
    assert (found.contract, found.loss_usd_max, found.left_out) == ("MES", 150, (problem,))


@pytest.mark.parametrize("data", [b"PX_SIZE=1\0\n", b"\0" * 99, UTF8.encode("utf-16-le")[:-1]])
def test_bytes_that_are_no_text_leave_all_in_doubt(data: bytes) -> None:
    (problem,) = refused(data, LenientAccountlessSettings)
    require_told(problem, ".env holds NUL bytes")


def test_faults_of_a_file_are_told_up_to_twenty() -> None:
    problems = refused("prose\n" * 500)
    assert len(problems) == 21 and problems[-1] == ".env: and 480 more like these"
    refused("prose\n" * 500 + "PX_GATEWAY: topstepx\n", LenientSettings)


IN_DOUBT = [
    'PX_GATEWAY="topstepx',
    "set PX_GATEWAY=topstepx",
    "PX_GATEWY='topstepx",
    "GATEWAY: topstepx",
    "PX_ACCOUNT_ID=7\nPX_ACCOUNT_ID=8",
    "PX_ACCOUNT_ID: 7",
]


@pytest.mark.parametrize("text", IN_DOUBT)
def test_what_takes_risk_off_refuses_a_line_that_may_say_what_it_needs(text: str) -> None:
    for problem in refused(text, LenientAccountlessSettings):
        require_told(problem, ".env, line")


@pytest.mark.parametrize(
    "text",
    ["PX_CONTRACT='MNQ' 'micro';", "PX_ACCOUNT_ID=7\nPX_ACCOUNT_ID=8", "PX_GATEWAY=topstepx"],
)
def test_kill_switch_needs_only_where_it_is_kept_and_whom_to_tell(text: str) -> None:
    refused(text, LenientSettings)
    said = CliRunner().invoke(app, ["kill", "on", "--reason", "news"])
    assert said.exit_code == 0 and "left out: " in said.stderr, said.output
    refused("set PX_HOME=/elsewhere")
    assert CliRunner().invoke(app, ["kill", "on", "--reason", "news"]).exit_code == 2


def test_needed_settings_in_another_encoding_are_in_doubt() -> None:
    (problem,) = refused("PX_USERNAME=Müller\n".encode("cp1252"), LenientSettings)
    require_told(problem, ".env, line 1: not UTF-8")
    assert "username" in NEEDED


# -- accounts.toml -------------------------------------------------------------------------------

ACCOUNT = "[[account]]\nid = {id}\nlabel = {label}\n{more}\n"
ACCOUNTS = [
    *(
        pytest.param({"id": one}, "number 1", id=f"id {one[:20]}")
        for one in ("0", "-1", str(ID_MAX + 1), "9" * 400, "1e300", "nan", "true", "'7'", "[7]")
    ),
    *(
        pytest.param({"label": one}, "number 1", id=f"label {one[:20]}")
        for one in ("''", "'A b'", "'" + "x" * 40 + "'", "7", "'\\u001b'", "'ä'", "['a']")
    ),
    pytest.param({"more": "settings = { PX_SIZE = 2 }"}, "PX_SIZE", id="no text"),
    pytest.param({"more": "settings = 3"}, "settings", id="no table"),
    pytest.param({"more": "settings = { PX_SISE = '2' }"}, "PX_SIZE meant?", id="unknown setting"),
    pytest.param({"more": "lable = 'b'"}, "lable", id="unknown key"),
    pytest.param({"more": "x = " + "[" * 5000}, "nested too deeply", id="without end"),
    pytest.param({"more": ".".join("a" * 20_000) + "=1"}, "line 4: it is nested more", id="dots"),
    pytest.param({"more": "[" + '."a" . '.join("b" * 40) + "]"}, "line 4", id="dots in a header"),
    pytest.param({"more": "x = " + "{a=" * 70 + "1" + "}" * 70}, "nested more", id="tables"),
    pytest.param({"id": "9" * 5000}, "a number of too many digits", id="id without end"),
]


@pytest.mark.parametrize(("given", "said"), ACCOUNTS)
def test_account_that_is_none_is_refused_with_its_place(given: dict[str, str], said: str) -> None:
    text = ACCOUNT.format(**{"id": "7", "label": "'main'", "more": ""} | given)
    Path("accounts.toml").write_text(text, encoding="utf-8")
    with pytest.raises(Misconfigured) as caught:
        accounts(load_settings())
    for problem in caught.value.problems:
        require_told(problem, "accounts.toml", said)
        assert "Expected" not in problem


@pytest.mark.parametrize("encoding", ["utf-16", "cp1252", "utf-16-le"])
def test_accounts_in_another_encoding_are_one_line(encoding: str) -> None:
    Path("accounts.toml").write_bytes("# für 1\n[[account]]\n".encode(encoding))
    with pytest.raises(Misconfigured) as caught:
        accounts(load_settings())
    (problem,) = caught.value.problems
    require_told(problem, "accounts.toml", "save the file as UTF-8")


def test_setting_of_an_account_is_refused_with_the_account() -> None:
    text = ACCOUNT.format(id=7, label="'main'", more="settings = { PX_LOSS_USD_MAX = '1e9' }")
    Path("accounts.toml").write_bytes(text.encode("utf-8-sig"))
    (account,) = accounts(load_settings())
    with account.in_force(), pytest.raises(Misconfigured) as caught:
        load_settings()
    require_told(caught.value.problems[0], "PX_LOSS_USD_MAX '1e9'", "accounts.toml, account main")


@pytest.mark.parametrize("text", ["# " + "." * 99, "x = '" + "a." * 99 + "'", "x = 'a.b'"])
def test_dots_that_make_no_tables_are_read(text: str) -> None:
    found = toml_value(f"{text}\ny.z = [1.5{', 2.5' * 99}]\n".encode(), dict[str, Any])
    assert len(found["y"]["z"]) == 100


@pytest.mark.parametrize("name", ["PX_STRATEGY_PARAMS", "--params"])
def test_parameter_of_too_many_digits_is_refused_in_our_words(name: str) -> None:
    params = '{"every_s": ' + "9" * 4400 + "}"
    if name == "--params":
        with environ_with({"PX_STRATEGY": "hold", "PX_STRATEGY_PARAMS": "{}"}):
            said = CliRunner().invoke(app, ["run", "--strategy", "timed-entry", name, params])
        assert said.exit_code == 2
        problem = said.stderr.strip()
    else:
        (problem,) = refused(f"{name}={params}")
    require_told(problem, name, "it holds a number of too many digits")


# -- the forms -----------------------------------------------------------------------------------


def boxes() -> list[Any]:
    return [
        pytest.param(model, name, id=f"{model.__name__}.{name}")
        for model in inputs_page.form_models()
        for name, field in model.model_fields.items()
        if is_number(field)
    ]


NO_BOX = (*NO_NUMBERS, True, float("nan"), float("inf"), 1e-300, 10**400, Decimal("1e99999999"), [])


@pytest.mark.parametrize(("model", "name"), boxes())
def test_box_of_a_form_refuses_what_is_no_number_within_its_bounds(
    model: type[Form], name: str
) -> None:
    for one in NO_BOX:
        with pytest.raises(ValidationError) as caught:
            model.model_validate({name: one})
        assert (name,) in [error["loc"] for error in caught.value.errors()], one


@pytest.mark.parametrize("params", [{"a": float("nan")}, {"a": 10**30}, {"a": "x" * 20_000}])
def test_parameters_of_a_form_are_such_as_a_setting_takes(params: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Run.model_validate({"trades": {"module": "a:B", "params": params}})


def test_parameters_of_a_form_without_end_are_refused() -> None:
    deep: dict[str, Any] = {}
    for _ in range(5000):
        deep = {"a": deep}
    with pytest.raises(ValidationError):
        Run.model_validate({"trades": {"module": "a:B", "params": deep}})


@pytest.mark.parametrize(
    ("model", "more"),
    [(FlattenOrder, {}), (KillOrder, {"action": "engage"})],
    ids=["flatten", "kill"],
)
def test_reason_of_a_form_that_takes_risk_off_is_cut_and_never_refused(
    model: type[Form], more: dict[str, Any]
) -> None:
    made = model.model_validate({"reason": "news\nat\x1b " + "x" * 500} | more)
    assert len(made.reason) == REASON_MAX and made.reason.isprintable()  # type: ignore[attr-defined]


def test_reason_that_is_too_long_engages_the_kill_switch_all_the_same(folder: Path) -> None:
    said = CliRunner().invoke(app, ["kill", "on", "--reason", "news\n" + "x" * 6000])
    assert said.exit_code == 0, said.output
    assert CliRunner().invoke(app, ["kill", "status"]).exit_code == 1


# -- the command line ----------------------------------------------------------------------------


def typed(path: str, param: Any, value: str) -> list[str]:
    if not param.opts[0].startswith("-"):
        return [*path.split(), "--", value]
    return [*path.split(), f"{param.opts[0]}={value}" if len(param.opts[0]) > 2 else param.opts[0]]


@pytest.mark.parametrize(
    ("path", "param"), [one for one in options() if commands_page.reader_of(one.values[1])]
)
def test_number_of_the_command_line_is_refused_by_its_name(path: str, param: Any) -> None:
    for text in ("nan", "1e99999999", "1e-300", "١٥", "1,5", "", "9" * 400, "-99999999999"):
        line = typed(path, param, text) + ([text] if param.opts == ["-n"] else [])
        said = CliRunner().invoke(app, line)
        words = " ".join(said.output.replace("│", " ").split())
        assert said.exit_code == 2 and "wanted is" in words, (text, words)
        assert param.opts[0] in words or param.name.upper() in words or "'ID'" in words


@pytest.mark.parametrize(
    ("path", "param"),
    [
        one
        for one in options()
        if commands_page.kind_of(one.values[1]) in (str, Path)
        and one.values[1].name not in ("params", "reason")
    ],
)
def test_text_of_the_command_line_is_refused_by_its_name(path: str, param: Any) -> None:
    for text in ("a\x1b[2J", "a\u202eb", "x" * 5000):
        said = CliRunner().invoke(app, typed(path, param, text))
        words = " ".join(said.output.replace("│", " ").split())
        assert said.exit_code == 2 and "Invalid value" in words, (text[:9], words)
        assert "\x1b[2J" not in said.output


@pytest.mark.parametrize(
    ("args", "option"),
    [
        pytest.param(["order", "place", "market", "--side", "up"], "--side", id="side"),
        pytest.param(["order", "place", "up"], "TYPE", id="type"),
        pytest.param(["paper", "--brackets", "up"], "--brackets", id="brackets"),
    ],
)
def test_choice_that_is_none_is_refused_without_the_words_of_a_library(
    args: list[str], option: str
) -> None:
    said = CliRunner().invoke(app, args)
    assert said.exit_code == 2 and f"'{option}': 'up' is not one of" in said.stderr, said.stderr
    assert not any(word in said.stderr for word in LIBRARY)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        pytest.param(
            ["run", "--strategy", "hold", "--params", ""], "--params is empty", id="params"
        ),
        pytest.param(["demo", "--market", ""], "--market: it is empty", id="market"),
        pytest.param(["demo", "--market="], "--market: it is empty", id="market, joined"),
        pytest.param(["paper", "--faults", ""], "--faults: it is empty", id="faults"),
    ],
)
def test_option_that_is_empty_is_refused_by_its_name(args: list[str], said: str) -> None:
    told = CliRunner().invoke(app, args)
    assert told.exit_code == 2 and said in told.stderr, told.stderr


def test_price_without_end_is_cut_where_it_is_refused() -> None:
    with pytest.raises(Misconfigured) as told:
        price_ticks(catalogue(date(2026, 12, 1))[0], "9" * 3000, option="--limit")
    require_told(str(told.value), "--limit '999", "(3,002 characters)", "is no price")


def test_number_is_read_from_its_bounds_on() -> None:
    kind = Between(int, 1, 150)
    assert (kind("1"), kind("150"), kind(7)) == (1, 150, 7)


@pytest.mark.process
@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param(b'PX_LOSS_USD_MAX="150\n', ".env, line 1", id="unclosed"),
        pytest.param(b"PX_BALANCE_USD_FLOOR=1e99999999\n", "has an exponent", id="digits"),
        pytest.param(UTF8.encode("utf-16"), ".env is UTF-16", id="encoding"),
    ],
)
def test_process_ends_with_one_line_and_status_2(data: bytes, said: str, folder: Path) -> None:
    (folder / ".env").write_bytes(data)
    done = subprocess.run(
        [sys.executable, "-m", "pxcore.cli", "preflight"],
        capture_output=True,
        text=True,
        check=False,
    )
    (line,) = done.stderr.splitlines()
    assert done.returncode == 2 and done.stdout == "" and line.startswith("px: ")
    require_told(line, said)
