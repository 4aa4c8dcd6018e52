"""`python -m pxcore.paper '{"port": 0, ...}'`: see `process.PaperConfig`."""

import sys

from pxcore.paper.process import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
