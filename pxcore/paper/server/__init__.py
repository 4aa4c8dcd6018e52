"""The paper gateway's wire: REST and the two SignalR hubs in front of one exchange.

The only part of the paper gateway that knows asyncio, sockets and wall time. Everything runs on
one event loop, so nothing here is locked. `venue.Venue` owns the exchange, `app.create_app`
makes the ASGI application.
"""
