"""`python -m pxcore.paper '{"port": 0, ...}'`: see `process.PaperConfig`."""

import sys

from pxcore.host.entry import settle
from pxcore.paper.process import main

if __name__ == "__main__":
    settle()
    sys.exit(main(sys.argv[1:]))
