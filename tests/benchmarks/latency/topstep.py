"""topstep-sdk as its README has it: handlers of its market hub, and its own order call.

Nothing was needed but its settings: `Config` takes the URL of REST and those of the hubs. A handler
may be a coroutine, which its hub awaits; there the order is placed.
"""

import asyncio
from itertools import cycle

from task import TRIGGER_SIZE, Task, end_of_stdin, ready
from topstep_sdk import AsyncTopstepClient, OrderSide, OrderType
from topstep_sdk.config import Config
from topstep_sdk.models.realtime import MarketTradeData, QuoteData


async def main() -> None:
    task = Task.given()
    config = Config(
        username=task.user,
        api_key=task.key,
        rest_base_url=task.url,
        user_hub_url=f"{task.url}/hubs/user",
        market_hub_url=f"{task.url}/hubs/market",
    )
    quotes: dict[str, QuoteData] = {}
    sides = cycle((OrderSide.BUY, OrderSide.SELL))
    async with AsyncTopstepClient(config) as client:
        await client.ping()  # its connection is open
        market = client.market_hub()

        @market.on_quote
        def _(contract_id: str, quote: QuoteData) -> None:
            quotes[contract_id] = quote

        @market.on_trade
        async def _(contract_id: str, trade: MarketTradeData) -> None:
            if trade.volume == TRIGGER_SIZE:
                await client.orders.place(
                    task.account_id,
                    contract_id,
                    side=next(sides),
                    type=OrderType.MARKET,
                    size=1,
                )

        await market.start()
        await market.subscribe_quotes(task.contract_id)
        await market.subscribe_trades(task.contract_id)
        ready()
        await end_of_stdin()
        await market.stop()


if __name__ == "__main__":
    asyncio.run(main())
