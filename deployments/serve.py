"""`python -m deployments.serve`: registers the deployments and runs what falls due, one at a time.

Needs a Prefect server and `PREFECT_API_URL`, which is refused when it is missing: without it
Prefect would start a temporary server that schedules nothing.
"""

import os
import sys

from prefect import serve

from deployments.trading_day import deployment


def main() -> int:
    if not os.environ.get("PREFECT_API_URL"):
        why = "PREFECT_API_URL is missing: `px ui --port 4200` is a server for it"
        print(why, file=sys.stderr)
        return 2
    serve(deployment(), limit=1, pause_on_shutdown=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
