"""project-x-py by its realtime client, a callback for prints, and its own order manager.

Nothing was needed but its settings: `ProjectXConfig` takes the URLs, and how many requests a minute
it allows itself (60 by default, fewer than a round needs). Its client subscribes to depth as well,
and cannot be told not to: it hears twice as many messages as the others.

The README begins with `TradingSuite`, whose handler of prints (`EventType.TRADE_TICK`) this version
never calls; and a suite makes bars of every quote besides. Without it an order leaves earlier, so
this is the faster of its two ways.
"""

import asyncio
from itertools import cycle
from typing import Any

from project_x_py import ProjectX
from project_x_py.event_bus import EventBus
from project_x_py.models import ProjectXConfig
from project_x_py.order_manager import OrderManager
from project_x_py.realtime import ProjectXRealtimeClient
from task import TRIGGER_SIZE, Task, end_of_stdin, ready


async def main() -> None:
    task = Task.given()
    config = ProjectXConfig(
        api_url=f"{task.url}/api",
        user_hub_url=f"{task.url}/hubs/user",
        market_hub_url=f"{task.url}/hubs/market",
        requests_per_minute=200,
    )
    sides = cycle((0, 1))
    async with ProjectX(username=task.user, api_key=task.key, config=config) as client:
        await client.authenticate()
        realtime = ProjectXRealtimeClient(
            jwt_token=client.get_session_token(), account_id=str(task.account_id), config=config
        )
        orders = OrderManager(client, event_bus=EventBus())

        async def on_trade(event: dict[str, Any]) -> None:
            for row in event["data"]:
                if row["volume"] == TRIGGER_SIZE:
                    await orders.place_market_order(task.contract_id, side=next(sides), size=1)

        await orders.initialize(realtime)
        await realtime.add_callback("market_trade", on_trade)
        assert await realtime.connect(), "its hubs do not connect"
        await realtime.subscribe_user_updates()
        await realtime.subscribe_market_data([task.contract_id])
        ready()
        await end_of_stdin()
        await realtime.disconnect()


if __name__ == "__main__":
    asyncio.run(main())
