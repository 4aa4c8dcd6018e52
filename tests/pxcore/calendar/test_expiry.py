"""When contracts end: the third Friday of a quarter, and the Monday before it for the roll."""

from datetime import date, timedelta

import pytest
from gateway_samples import MNQ, contract
from msgspec.structs import replace

from pxcore.calendar.expiry import Stage, expiry_of

# December 2026: the third Friday is the 18th, its week's Monday the 14th, four days before the 10th
STAGES = [
    pytest.param(date(2026, 11, 20), Stage.CURRENT, id="a month before"),
    pytest.param(date(2026, 12, 9), Stage.CURRENT, id="five days before the roll"),
    pytest.param(date(2026, 12, 10), Stage.ROLLING, id="four days before the roll"),
    pytest.param(date(2026, 12, 14), Stage.ROLLING, id="Monday of the roll"),
    pytest.param(date(2026, 12, 17), Stage.ROLLING, id="day before expiry"),
    pytest.param(date(2026, 12, 18), Stage.OVER, id="day of expiry"),
    pytest.param(date(2027, 1, 4), Stage.OVER, id="long expired"),
]


@pytest.mark.parametrize(("today", "stage"), STAGES)
def test_equity_contract_rolls_from_four_days_before_its_monday_and_ends_on_its_friday(
    today, stage
):
    found = expiry_of(MNQ, today)
    assert found.stage is stage
    assert (found.rolls_on, found.ends_on) == (date(2026, 12, 14), date(2026, 12, 18))


ENDS = [
    pytest.param("MNQH7", "MNQ", date(2027, 3, 19), "MNQM7", id="March"),
    pytest.param("NQU7", "ENQ", date(2027, 9, 17), "NQZ7", id="September, the venue's own root"),
    pytest.param("ESZ8", "EP", date(2028, 12, 15), "ESH9", id="December, the next one in a year"),
    pytest.param("MESH0", "MES", date(2030, 3, 15), "MESM0", id="outside the calendar's table"),
    # both third Fridays are Juneteenth or its observance: the index is not published then
    pytest.param("ESM6", "EP", date(2026, 6, 18), "ESU6", id="third Friday is a holiday, 2026"),
    pytest.param("MNQM7", "MNQ", date(2027, 6, 17), "MNQU7", id="third Friday is a holiday, 2027"),
]


@pytest.mark.parametrize(("name", "root", "ends_on", "next_name"), ENDS)
def test_equity_contract_ends_on_its_third_friday_or_the_trading_day_before(
    name, root, ends_on, next_name
):
    year = 2030 if name.endswith("0") else 2020 + int(name[-1])
    named = replace(contract(name, root), id=f"CON.F.US.{root}.{name[-2]}{year % 100}")
    found = expiry_of(named, ends_on - timedelta(days=1))
    assert (found.ends_on, found.next_name) == (ends_on, next_name)
    assert found.stage is Stage.ROLLING
    assert expiry_of(named, ends_on).stage is Stage.OVER


@pytest.mark.parametrize(
    ("today", "stage"),
    [
        pytest.param(date(2026, 11, 30), Stage.CURRENT, id="before its month"),
        pytest.param(date(2026, 12, 1), Stage.ROLLING, id="its month has begun"),
    ],
)
def test_of_another_product_only_the_month_is_known(today, stage):
    found = expiry_of(contract("GCZ6", "GCE"), today)
    assert (found.stage, found.month, found.ends_on) == (stage, date(2026, 12, 1), None)


def test_equity_root_with_a_month_that_is_no_quarter_has_no_known_rule():
    found = expiry_of(contract("MNQV6", "MNQ"), date(2026, 9, 30))
    assert (found.stage, found.ends_on) == (Stage.CURRENT, None)


def test_name_of_two_digits_leads_to_one_of_two_digits():
    assert expiry_of(replace(MNQ, name="MNQZ26"), date(2026, 12, 1)).next_name == "MNQH27"


def test_id_without_a_month_is_not_known():
    assert expiry_of(replace(MNQ, id="MNQ"), date(2026, 12, 1)).stage is Stage.UNKNOWN


def test_name_of_another_form_names_no_next_one():
    found = expiry_of(replace(MNQ, name="Micro NASDAQ"), date(2026, 12, 14))
    assert (found.stage, found.next_name) == (Stage.ROLLING, None)
