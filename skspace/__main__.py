"""``python -m skspace``: the tour."""

import sys

from ._tour import main

if __name__ == "__main__":
    sys.exit(main())
