"""The 51 products that the venue lists, their active contracts, and what a side costs.

Ticks, tick values, roots and the months active on 2026-08-19: gateway reference, 5.3.

The active month is a rule of thumb, exact on that date. Each product has a cycle of month letters
and a last day, counted in whole months from the delivery month: the active contract is the first
of the cycle whose last day has not passed. Index and currency futures roll on the 10th of their
delivery month, bonds, metals and livestock in the last week of the month before it, crude and its
products about a week before expiry in the middle of the month before, crypto in its own month.
Months that are listed but never become the liquid one (October gold, September corn) are left out.

Fees and commissions are per side and contract (reference, 6.10): MNQ, MES and MCL as recorded,
the rest estimates: every other micro as MCL, every other full or mini contract 1.38 and 0.50.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from pxcore.model import Contract, Misconfigured

_LETTERS = "FGHJKMNQUVXZ"
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cycle:
    """Which months become active, and until when: the `day` of the month `months` away."""

    letters: str
    months: int
    day: int


@dataclass(frozen=True, slots=True)
class Costs:
    """Per side and contract, in USD."""

    fees_usd: Decimal
    commissions_usd: Decimal


@dataclass(frozen=True, slots=True)
class Product:
    """One row of the list. `price` is a plausible level to start a synthetic market at."""

    exchange_root: str
    root: str
    title: str
    tick_size: str
    tick_value: str
    cycle: Cycle
    price: str
    costs: Costs


_INDEX = Cycle("HMUZ", 0, 10)
_FX = Cycle("HMUZ", 0, 10)
_BOND = Cycle("HMUZ", -1, 24)
_GOLD = Cycle("GJMQZ", -1, 24)
_SILVER = Cycle("HKNUZ", -1, 24)
_PLATINUM = Cycle("FJNV", -1, 24)
_CRUDE = Cycle(_LETTERS, -1, 14)
_GAS = Cycle(_LETTERS, -1, 21)
_CRYPTO = Cycle(_LETTERS, 0, 24)
_CORN = Cycle("HKNZ", -1, 10)
_WHEAT = Cycle("HKNUZ", -1, 10)
_BEANS = Cycle("FHKNX", -1, 10)
_MEAL = Cycle("FHKNZ", -1, 10)
_CATTLE = Cycle("GJMQVZ", -1, 24)
_HOGS = Cycle("GJMNQVZ", -1, 24)

_RECORDED = Costs(Decimal("0.36"), Decimal("0.25"))
_MICRO = Costs(Decimal("0.51"), Decimal("0.25"))
_MINI = Costs(Decimal("1.38"), Decimal("0.50"))
_OIL = Costs(Decimal("1.50"), Decimal("0.50"))
_BIG_GOLD = Costs(Decimal("1.65"), Decimal("0.50"))
_MICRO_GOLD = Costs(Decimal("1.10"), Decimal("0.25"))

_PRODUCTS = (
    Product("ES", "EP", "E-mini S&P 500", "0.25", "12.50", _INDEX, "7700", _MINI),
    Product("MES", "MES", "Micro E-mini S&P 500", "0.25", "1.25", _INDEX, "7700", _RECORDED),
    Product("NQ", "ENQ", "E-mini NASDAQ-100", "0.25", "5.00", _INDEX, "29500", _MINI),
    Product("MNQ", "MNQ", "Micro E-mini NASDAQ-100", "0.25", "0.50", _INDEX, "29500", _RECORDED),
    Product("YM", "YM", "E-mini Dow ($5)", "1", "5.00", _INDEX, "51000", _MINI),
    Product("MYM", "MYM", "Micro E-mini Dow", "1", "0.50", _INDEX, "51000", _MICRO),
    Product("RTY", "RTY", "E-mini Russell 2000", "0.1", "5.00", _INDEX, "2900", _MINI),
    Product("M2K", "M2K", "Micro E-mini Russell 2000", "0.1", "0.50", _INDEX, "2900", _MICRO),
    Product("NKD", "NKD", "Nikkei 225 (USD)", "5", "25.00", _INDEX, "52000", _MINI),
    Product("CL", "CLE", "Crude Oil", "0.01", "10.00", _CRUDE, "62", _OIL),
    Product("MCL", "MCLE", "Micro WTI Crude Oil", "0.01", "1.00", _CRUDE, "62", _MICRO),
    Product("QM", "NQM", "E-mini Crude Oil", "0.025", "12.50", _CRUDE, "62", _MINI),
    Product("NG", "NGE", "Natural Gas", "0.001", "10.00", _GAS, "3.6", _MINI),
    Product("QG", "NQG", "E-mini Natural Gas", "0.005", "12.50", _GAS, "3.6", _MINI),
    Product("MNG", "MNG", "Micro Henry Hub Natural Gas", "0.001", "1.00", _GAS, "3.6", _MICRO),
    Product("HO", "HOE", "NY Harbor ULSD", "0.0001", "4.20", _CRUDE, "2.4", _MINI),
    Product("RB", "RBE", "RBOB Gasoline", "0.0001", "4.20", _CRUDE, "2.0", _MINI),
    Product("GC", "GCE", "Gold", "0.1", "10.00", _GOLD, "4100", _BIG_GOLD),
    Product("MGC", "MGC", "Micro Gold", "0.1", "1.00", _GOLD, "4100", _MICRO_GOLD),
    Product("SI", "SIE", "Silver", "0.005", "25.00", _SILVER, "50", _MINI),
    Product("SIL", "SIL", "Micro Silver", "0.005", "5.00", _SILVER, "50", _MICRO),
    Product("HG", "CPE", "Copper", "0.0005", "12.50", _SILVER, "5", _MINI),
    Product("MHG", "MHG", "Micro Copper", "0.0005", "1.25", _SILVER, "5", _MICRO),
    Product("PL", "PLE", "Platinum", "0.1", "5.00", _PLATINUM, "1550", _MINI),
    Product("ZT", "TUA", "2-Year T-Note", "0.00390625", "7.8125", _BOND, "104", _MINI),
    Product("ZF", "FVA", "5-Year T-Note", "0.0078125", "7.8125", _BOND, "109", _MINI),
    Product("ZN", "TYA", "10-Year T-Note", "0.015625", "15.625", _BOND, "113", _MINI),
    Product("TN", "TNA", "Ultra 10-Year T-Note", "0.015625", "15.625", _BOND, "115", _MINI),
    Product("ZB", "USA", "30-Year T-Bond", "0.03125", "31.25", _BOND, "117", _MINI),
    Product("UB", "ULA", "Ultra T-Bond", "0.03125", "31.25", _BOND, "120", _MINI),
    Product("6A", "DA6", "Australian Dollar", "0.00005", "5.00", _FX, "0.65", _MINI),
    Product("6B", "BP6", "British Pound", "0.0001", "6.25", _FX, "1.32", _MINI),
    Product("6C", "CA6", "Canadian Dollar", "0.00005", "5.00", _FX, "0.72", _MINI),
    Product("6E", "EU6", "Euro FX", "0.00005", "6.25", _FX, "1.16", _MINI),
    Product("6J", "JY6", "Japanese Yen", "0.0000005", "6.25", _FX, "0.0065", _MINI),
    Product("6M", "MX6", "Mexican Peso", "0.00001", "5.00", _FX, "0.054", _MINI),
    Product("6N", "NE6", "New Zealand Dollar", "0.00005", "5.00", _FX, "0.57", _MINI),
    Product("6S", "SF6", "Swiss Franc", "0.00005", "6.25", _FX, "1.25", _MINI),
    Product("E7", "EEU", "E-mini Euro FX", "0.0001", "6.25", _FX, "1.16", _MINI),
    Product("M6A", "M6A", "Micro AUD/USD", "0.0001", "1.00", _FX, "0.65", _MICRO),
    Product("M6B", "M6B", "Micro GBP/USD", "0.0001", "0.625", _FX, "1.32", _MICRO),
    Product("M6E", "M6E", "Micro EUR/USD", "0.0001", "1.25", _FX, "1.16", _MICRO),
    Product("MBT", "MBT", "Micro Bitcoin", "5", "0.50", _CRYPTO, "95000", _MICRO),
    Product("MET", "GMET", "Micro Ether", "0.5", "0.05", _CRYPTO, "3200", _MICRO),
    Product("ZC", "ZCE", "Corn", "0.25", "12.50", _CORN, "440", _MINI),
    Product("ZW", "ZWA", "Wheat", "0.25", "12.50", _WHEAT, "540", _MINI),
    Product("ZS", "ZSE", "Soybeans", "0.25", "12.50", _BEANS, "1120", _MINI),
    Product("ZM", "ZME", "Soybean Meal", "0.1", "10.00", _MEAL, "320", _MINI),
    Product("ZL", "ZLE", "Soybean Oil", "0.01", "6.00", _MEAL, "50", _MINI),
    Product("LE", "GLE", "Live Cattle", "0.025", "10.00", _CATTLE, "220", _MINI),
    Product("HE", "HE", "Lean Hogs", "0.025", "10.00", _HOGS, "85", _MINI),
)
_BY_SYMBOL_ID = {f"F.US.{product.root}": product for product in _PRODUCTS}


def catalogue(on: date) -> tuple[Contract, ...]:
    """The contracts that are listed on a date: one, the active month, of each product."""
    return tuple(_contract(product, on) for product in _PRODUCTS)


def find_contract(contracts: tuple[Contract, ...], symbol: str) -> Contract:
    """The contract that a person means by `MNQ`, `MNQZ6`, `MNQZ26` or a whole contract id.

    Raises Misconfigured, naming what is listed, when there is none.
    """
    wanted = symbol.strip().upper()
    for contract in contracts:
        root, letter, year = contract.name[:-2], contract.name[-2], contract.id[-2:]
        if wanted in (root, contract.name, f"{root}{letter}{year}", contract.id):
            return contract
    roots = " ".join(contract.name[:-2] for contract in contracts)
    raise Misconfigured(f"no contract {symbol!r} is listed; there are {roots}")


def costs_per_side(contract: Contract) -> Costs:
    """What one side of one contract costs; an unlisted product costs what a mini does."""
    product = _BY_SYMBOL_ID.get(contract.symbol_id)
    return product.costs if product else _MINI


def plausible_ticks(contract: Contract) -> int:
    """A level to start a made-up market at, in ticks; 20,000 ticks for an unlisted product."""
    product = _BY_SYMBOL_ID.get(contract.symbol_id)
    return contract.ticks(product.price) if product else 20_000


def _contract(product: Product, on: date) -> Contract:
    year, month = _active_month(product.cycle, on)
    letter = _LETTERS[month - 1]
    return Contract(
        id=f"CON.F.US.{product.root}.{letter}{year % 100:02}",
        name=f"{product.exchange_root}{letter}{year % 10}",
        description=f"{product.title}: {_MONTHS[month - 1]} {year}",
        symbol_id=f"F.US.{product.root}",
        tick_size=Decimal(product.tick_size),
        tick_value=Decimal(product.tick_value),
        is_active=True,
    )


def _active_month(cycle: Cycle, on: date) -> tuple[int, int]:
    """Year and month of the first delivery whose last active day is not before `on`."""
    for ahead in range(24):
        year, month = _months_on(on.year, on.month, ahead)
        last_year, last_month = _months_on(year, month, cycle.months)
        if _LETTERS[month - 1] in cycle.letters and on <= date(last_year, last_month, cycle.day):
            return year, month
    raise AssertionError(f"{cycle} has no month within two years of {on}")


def _months_on(year: int, month: int, ahead: int) -> tuple[int, int]:
    years, index = divmod(month - 1 + ahead, 12)
    return year + years, index + 1
