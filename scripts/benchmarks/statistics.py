#!/usr/bin/env python3
"""
Run the jobs of `statistics_jobs.py`: inequality of many cells, its bootstrap, the composite.

Python looks into the folder of a script first, where this file has the name of a module of
its own. So it measures where it is run, and where the other scripts of the folder or
their libraries import it, it steps aside for that module.
"""

import sys
from pathlib import Path

if __name__ == "__main__":
    from statistics_jobs import main

    main()
else:
    path = sys.path[:]
    sys.path[:] = [one for one in path if Path(one).resolve() != Path(__file__).resolve().parent]
    del sys.modules[__name__]
    import statistics  # noqa: F401 - that of Python, which takes the place of this one

    sys.path[:] = path
