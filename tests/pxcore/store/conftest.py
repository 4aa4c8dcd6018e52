"""The same suite on both databases: SQLite as a file, PostgreSQL as a server of our own."""

import itertools

import postgres
import pytest

from pxcore.store.database import Store

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres_url():
    with postgres.server() as url:
        yield url


ON_POSTGRES = [pytest.mark.services, pytest.mark.xdist_group("postgres")]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=ON_POSTGRES)])
def url(request, tmp_path):
    """Of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/px.sqlite"
    server = request.getfixturevalue("postgres_url")
    return postgres.new_database(server, f"px_{next(_numbers)}")


@pytest.fixture
def store(url):
    made = Store(url)
    yield made
    made.close()
