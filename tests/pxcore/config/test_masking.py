"""A secret in any form in which programs print one is not in the text any more."""

import json
from urllib.parse import quote, quote_plus

import pytest
import wording

from pxcore.config.masking import Masker, password_in_url, secrets_in_url

SECRET = 's3cr\'t "k\\y"&/ü='

FORMS = [
    pytest.param(SECRET, id="as it is"),
    pytest.param(repr(SECRET), id="repr"),
    pytest.param(json.dumps(SECRET), id="JSON"),
    pytest.param(json.dumps(SECRET, ensure_ascii=False), id="JSON in UTF-8"),
    pytest.param(quote(SECRET, safe=""), id="URL-encoded"),
    pytest.param(quote(SECRET, safe="").lower(), id="URL-encoded in lower case"),
    pytest.param(quote_plus(SECRET), id="form-encoded"),
    pytest.param(repr(ValueError(json.dumps({"k": SECRET}))), id="JSON in an exception's repr"),
    pytest.param(json.dumps(repr({"k": SECRET})), id="repr in JSON"),
]


@pytest.mark.parametrize("shown", FORMS)
def test_secret_is_masked_in_every_form_in_which_it_is_printed(shown):
    found = Masker((SECRET,))(f"before {shown} after")
    assert "s3cr" not in found and "k\\" not in found
    assert found.startswith("before ") and found.endswith(" after") and "***" in found


JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl-_x"

LOOK_LIKE_TOKENS = [
    pytest.param(f"it is {JWT}.", "it is ***.", id="JWT alone"),
    pytest.param(f"Authorization: Bearer {JWT}", "Authorization: Bearer ***", id="bearer JWT"),
    pytest.param("bearer 0f3a-opaque", "bearer ***", id="bearer of another kind"),
    pytest.param("Bearer%20abc.def", "Bearer%20***", id="bearer in a URL"),
    pytest.param("/hubs/user?access_token=abc-1&x=2", "/hubs/user?access_token=***&x=2", id="hub"),
    pytest.param('{"token": "abc", "n": 1}', '{"token": "***", "n": 1}', id="token in JSON"),
    pytest.param(r"{\"token\":\"abc\"}", r"{\"token\":\"***\"}", id="token in JSON in JSON"),
    pytest.param("{'apiKey': 'abc'}", "{'apiKey': '***'}", id="key in a dict"),
    pytest.param("PX_API_KEY=abc x", "PX_API_KEY=*** x", id="key in an environment"),
    pytest.param(
        "postgresql+psycopg://px:p@ss@db:5432/x",
        "postgresql+psycopg://px:***@db:5432/x",
        id="database",
    ),
]


@pytest.mark.parametrize(("text", "shown"), LOOK_LIKE_TOKENS)
def test_what_looks_like_a_token_is_masked_without_being_named(text, shown):
    assert Masker()(text) == shown


LEFT_ALONE = [
    "flat, 3 trades",
    wording.NO_API_KEY,
    "a fresh token: hub reconnects",
    "http://127.0.0.1:8100/api/Order/place answered 500",
    "px-20261124-114303-2f11-0001 at 29507.00",
]


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_other_text_is_left_alone(text):
    assert Masker(("key-of-another",))(text) == text


URLS = [
    pytest.param("tgram://123456789:AbCdEfGhIj/55512345/", "AbCdEfGhIj", id="token in the host"),
    pytest.param("slack://TokenAAAA/TokenBBBB/Ccccccccc", "Ccccccccc", id="token in the path"),
    pytest.param("mailto://me:p%40ss@example.com", "p@ss", id="password, as it is sent"),
    pytest.param("json://h.example/?k=Qwertz-123", "Qwertz-123", id="token in the query"),
]


@pytest.mark.parametrize(("url", "token"), URLS)
def test_url_of_an_alert_gives_away_neither_itself_nor_what_it_holds(url, token):
    masker = Masker(secrets_in_url(url))
    found = masker(f"Max retries: https://api.example/{token}/send for {url}")
    assert token not in found and url not in found


def test_password_of_a_database_is_masked_as_it_is_sent():
    url = "postgresql+psycopg://px:p%40ss-word@db.example:5432/days"
    assert password_in_url(url) == ("p@ss-word",)
    assert password_in_url("not a URL") == password_in_url("sqlite:///a.db") == ()


def test_host_of_an_alert_is_no_secret():
    assert "127.0.0.1" in Masker(secrets_in_url("json://127.0.0.1:8000"))("127.0.0.1 refused")
