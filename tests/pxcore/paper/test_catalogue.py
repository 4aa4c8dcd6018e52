"""The listed contracts."""

from datetime import date
from decimal import Decimal

import pytest
import wording
from msgspec.structs import replace

from pxcore.model import Misconfigured
from pxcore.paper.markets.catalogue import catalogue, costs_per_side, find_contract, plausible_ticks

# Gateway reference, 5.3: root and active month on 2026-08-19.
LISTED_IN_AUGUST = [
    "EP.U26", "MES.U26", "ENQ.U26", "MNQ.U26", "YM.U26", "MYM.U26", "RTY.U26", "M2K.U26",
    "NKD.U26", "CLE.V26", "MCLE.V26", "NQM.V26", "NGE.U26", "NQG.U26", "MNG.U26", "HOE.V26",
    "RBE.V26", "GCE.Z26", "MGC.Z26", "SIE.U26", "SIL.U26", "CPE.U26", "MHG.U26", "PLE.V26",
    "TUA.U26", "FVA.U26", "TYA.U26", "TNA.U26", "USA.U26", "ULA.U26", "DA6.U26", "BP6.U26",
    "CA6.U26", "EU6.U26", "JY6.U26", "MX6.U26", "NE6.U26", "SF6.U26", "EEU.U26", "M6A.U26",
    "M6B.U26", "M6E.U26", "MBT.Q26", "GMET.Q26", "ZCE.Z26", "ZWA.Z26", "ZSE.X26", "ZME.Z26",
    "ZLE.Z26", "GLE.V26", "HE.V26",
]  # fmt: skip
NOVEMBER = catalogue(date(2026, 11, 20))


def test_catalogue_lists_the_51_recorded_contracts_of_august_2026() -> None:
    ids = [contract.id for contract in catalogue(date(2026, 8, 19))]
    assert ids == [f"CON.F.US.{end}" for end in LISTED_IN_AUGUST]
    assert len(ids) == 51


def test_contract_is_named_and_described_as_the_venue_does() -> None:
    nq = find_contract(catalogue(date(2026, 8, 19)), "NQ")
    assert (nq.id, nq.name, nq.symbol_id) == ("CON.F.US.ENQ.U26", "NQU6", "F.US.ENQ")
    assert nq.description == "E-mini NASDAQ-100: September 2026"
    assert (nq.tick_size, nq.tick_value) == (Decimal("0.25"), Decimal("5.00"))


@pytest.mark.parametrize(
    ("on", "root", "month"),
    [
        (date(2026, 11, 22), "MNQ", "Z26"),
        (date(2026, 12, 10), "MNQ", "Z26"),
        (date(2026, 12, 11), "MNQ", "H27"),
        (date(2026, 11, 25), "GC", "G27"),
        (date(2026, 12, 15), "CL", "G27"),
    ],
)
def test_active_month_follows_the_cycle(on: date, root: str, month: str) -> None:
    assert find_contract(catalogue(on), root).id.endswith(f".{month}")


def test_energy_may_be_at_zero_and_below_and_nothing_else() -> None:
    below = {contract.name[:-2] for contract in NOVEMBER if contract.can_be_at(0)}
    assert below == {"CL", "MCL", "QM", "NG", "QG", "MNG", "HO", "RB"}
    for contract in NOVEMBER:
        assert contract.can_be_at(1) and contract.can_be_at(plausible_ticks(contract))
        assert contract.can_be_at(-3763) is (contract.name[:-2] in below)
        assert not contract.can_be_at(10**9) and not contract.can_be_at(-(10**9))


def test_product_that_is_not_listed_has_no_price_of_zero() -> None:
    unknown = replace(find_contract(NOVEMBER, "CL"), symbol_id="")
    assert not unknown.can_be_at(0)


@pytest.mark.parametrize("symbol", ["mnq", "MNQZ6", "MNQZ26", "CON.F.US.MNQ.Z26"])
def test_contract_is_found_by_any_of_its_names(symbol: str) -> None:
    assert find_contract(NOVEMBER, symbol).symbol_id == "F.US.MNQ"


def test_unknown_symbol_is_a_clear_error() -> None:
    with pytest.raises(Misconfigured, match=wording.not_listed("MNX") + "; there are ES MES"):
        find_contract(NOVEMBER, "MNX")


@pytest.mark.parametrize(
    ("root", "fees", "commissions"),
    [
        ("MNQ", "0.36", "0.25"),
        ("MCL", "0.51", "0.25"),
        ("ES", "1.38", "0.50"),
        ("CL", "1.50", "0.50"),
        ("GC", "1.65", "0.50"),
        ("MGC", "1.10", "0.25"),
    ],
)
def test_costs_per_side(root: str, fees: str, commissions: str) -> None:
    costs = costs_per_side(find_contract(NOVEMBER, root))
    assert (costs.fees_usd, costs.commissions_usd) == (Decimal(fees), Decimal(commissions))


def test_every_product_has_a_plausible_level_on_its_grid() -> None:
    assert all(plausible_ticks(contract) > 700 for contract in NOVEMBER)
