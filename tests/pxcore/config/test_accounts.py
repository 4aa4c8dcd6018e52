"""Which accounts are traded here, and with which settings."""

import os

import pytest

from pxcore.config.accounts import account_of, accounts
from pxcore.config.settings import load_settings
from pxcore.config.sources import environ_with
from pxcore.model import Misconfigured

TWO = """
[[account]]
id = 11
label = "main"
settings = { PX_SIZE = "2" }

[[account]]
id = 12
label = "second"
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PX_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    return tmp_path


def test_without_the_file_it_is_the_account_of_the_settings(folder, monkeypatch):
    monkeypatch.setenv("PX_ACCOUNT_ID", "7")
    (one,) = accounts(load_settings())
    assert (one.id, one.label, one.suffix, one.environ()) == (7, "", "", {})


@pytest.mark.parametrize("where", [".", "home"])
def test_file_in_the_folder_or_the_home_names_them_with_settings_of_their_own(folder, where):
    (folder / where / "accounts.toml").write_text(TWO)
    first, second = accounts(load_settings())
    assert first.environ() == {"PX_SIZE": "2", "PX_ACCOUNT_ID": "11"}
    assert (second.suffix, second.environ()) == ("-second", {"PX_ACCOUNT_ID": "12"})


def test_account_is_found_by_its_id_and_one_that_is_not_named_has_the_settings_as_they_are(folder):
    (folder / "accounts.toml").write_text(TWO)
    settings = load_settings()
    assert account_of(settings, 12).label == "second"
    assert account_of(settings, 99).environ() == {"PX_ACCOUNT_ID": "99"}
    with pytest.raises(Misconfigured, match="say which one"):
        account_of(settings, None)


BAD = [
    pytest.param(
        TWO.replace('label = "second"', ""), "number 2, id 12, has no label", id="no label"
    ),
    pytest.param(TWO.replace("id = 12", ""), "number 2, label 'second', has no id", id="no id"),
    pytest.param("[[account]]\nid = 1\nlabel = 'A b'\n", "label 'A b'", id="label"),
    pytest.param(TWO.replace("12", "11"), "id 11 is there twice", id="id twice"),
    pytest.param(TWO.replace("PX_SIZE", "PX_API_KEY"), "belongs in .env", id="a secret"),
    pytest.param(TWO.replace("PX_SIZE", "PX_SISE"), "PX_SISE is not a setting", id="unknown"),
    pytest.param("account = 3", "accounts.toml", id="no list"),
    pytest.param("[[account", "accounts.toml", id="no TOML"),
    pytest.param("account = []", "no [[account]]", id="empty"),
]


@pytest.mark.parametrize(("text", "said"), BAD)
def test_file_that_is_not_right_is_refused_with_what_is_wrong(folder, text, said):
    (folder / "accounts.toml").write_text(text)
    with pytest.raises(Misconfigured) as refused:
        accounts(load_settings())
    assert said in str(refused.value)


def test_settings_of_an_account_are_in_force_only_meanwhile(monkeypatch):
    monkeypatch.setenv("PX_SIZE", "1")
    monkeypatch.delenv("PX_CONTRACT", raising=False)
    with environ_with({"PX_SIZE": "2", "PX_CONTRACT": "MES"}):
        assert (os.environ["PX_SIZE"], os.environ["PX_CONTRACT"]) == ("2", "MES")
    assert os.environ["PX_SIZE"] == "1" and "PX_CONTRACT" not in os.environ
