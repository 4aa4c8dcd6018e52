"""`python -m pxcore.paper '{"port": 0, ...}'`: see `process.PaperConfig`."""

import sys

from pxcore.paper.process import main
from pxcore.streams import settle_streams

if __name__ == "__main__":
    settle_streams()
    sys.exit(main(sys.argv[1:]))
