"""Asking for bars: one page of them, or all of a stretch of time."""

from datetime import datetime
from typing import Final

from pxcore.gateway.rest.bar_pages import BARS_MAX, BarHistory, collect, shortest
from pxcore.gateway.rest.caller import Caller
from pxcore.gateway.rest.policy import A_WINDOW_S
from pxcore.gateway.wire import codes, endpoints, requests
from pxcore.model import Bar, BarUnit, Contract, Refused

PAGE_BARS: Final = 20_000  # to ask for in one request; fewer may come (reference, 2.6)
PAGE_BARS_LEAST: Final = 1_000  # where so many are refused


class BarQuestions:
    """Safe to use from many threads."""

    def __init__(self, call: Caller) -> None:
        self._ask_for = call

    def bars(
        self,
        contract: Contract,
        *,
        unit: BarUnit,
        unit_number: int,
        start: datetime,
        end: datetime,
        limit: int = PAGE_BARS,
        with_partial: bool = False,
        budget_patience_s: float | None = None,
    ) -> tuple[Bar, ...]:
        """Bars that opened in the time given, oldest first, in one request. Older ones may be cut
        off at any number, and the venue does not say so: `bar_history` goes on until they came.
        """
        request = requests.BarsWanted(
            contract_id=contract.id,
            start_time=start,
            end_time=end,
            unit=codes.bar_unit_code(unit),
            unit_number=unit_number,
            limit=limit,
            include_partial_bar=with_partial,
        )
        answer = self._ask_for.ask(
            endpoints.BARS,
            request,
            f"bars of {contract.name}",
            budget_patience_s=budget_patience_s,
        )
        rows = answer.bars or ()
        return tuple(sorted((row.bar(contract) for row in rows), key=lambda bar: bar.opened_at))

    def bar_history(
        self,
        contract: Contract,
        *,
        unit: BarUnit,
        unit_number: int,
        start: datetime,
        end: datetime,
        most: int = BARS_MAX,
        with_partial: bool = False,
    ) -> BarHistory:
        """All bars that opened in the time given, or the newest `most` of them, in as many requests
        as it takes, up to a bound; stretches without a print have none. Waits for free requests.
        """
        bound = PAGE_BARS

        def page(start: datetime, end: datetime, limit: int) -> tuple[Bar, ...]:
            return self.bars(
                contract,
                unit=unit,
                unit_number=unit_number,
                start=start,
                end=end,
                limit=min(limit, bound),
                with_partial=with_partial,
                budget_patience_s=A_WINDOW_S,
            )

        def page_or_less(start: datetime, end: datetime, limit: int) -> tuple[Bar, ...]:
            nonlocal bound
            try:
                return page(start, end, limit)
            except Refused as error:
                if error.code_name != "LimitInvalid" or min(limit, bound) <= PAGE_BARS_LEAST:
                    raise
                bound = PAGE_BARS_LEAST
            return page(start, end, limit)

        return collect(
            page_or_less,
            start=start,
            end=end,
            shortest=shortest(unit, unit_number),
            most=most,
            page_bars=PAGE_BARS,
        )
