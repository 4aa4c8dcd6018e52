"""`python -m deployments.server`: Prefect's server and its UI, for whoever has the key alone.

As `prefect server start` does it, with what that cannot: it looks at who asks, by which name and
from which page, before Prefect does. Where it listens and its key are settings of Prefect's own.
"""

import sys

import uvicorn
from prefect.server.api.server import create_app
from prefect.settings import get_current_settings

from deployments.guard import guarded
from deployments.saying import complain
from pxcore.host.entry import settle


def main() -> int:
    settings = get_current_settings().server
    key = settings.api.auth_string
    if key is None or not key.get_secret_value() or settings.api.host != "127.0.0.1":
        complain("it listens on 127.0.0.1 alone, and with a key")
        return 2
    app = create_app(final=True)
    uvicorn.run(
        guarded(app, key=key.get_secret_value()),
        host=settings.api.host,
        port=settings.api.port,
        timeout_keep_alive=settings.api.keepalive_timeout,
        ws_ping_interval=settings.api.websocket_ping_interval,
        ws_ping_timeout=settings.api.websocket_ping_timeout,
        log_level=settings.logging_level.lower(),
        server_header=False,
        proxy_headers=False,
    )
    return 0


if __name__ == "__main__":
    settle()
    sys.exit(main())
