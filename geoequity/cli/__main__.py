"""Run the command line: ``python -m geoequity.cli``."""

import sys

from geoequity.cli import main

sys.exit(main())
