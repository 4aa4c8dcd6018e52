"""`python -m pxcore.cli`: the same as `px`."""

from pxcore.cli import main

if __name__ == "__main__":
    main()
