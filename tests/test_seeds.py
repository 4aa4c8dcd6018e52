"""Sixty days a push, a thousand a night."""

import pytest
from seeds import seeds


@pytest.mark.parametrize(("nightly", "count"), [(None, 60), ("", 60), ("0", 60), ("1", 1000)])
def test_night_has_more_seeds(
    monkeypatch: pytest.MonkeyPatch, nightly: str | None, count: int
) -> None:
    if nightly is None:
        monkeypatch.delenv("NIGHTLY", raising=False)
    else:
        monkeypatch.setenv("NIGHTLY", nightly)
    assert seeds() == range(count)


def test_what_takes_longer_has_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIGHTLY", "1")
    assert seeds(push=4, nightly=100) == range(100)
