"""Small cities to set side by side: studies of values that a test writes down, with cells."""

from dataclasses import replace

import pandas as pd
from small_city import cells as cells_of
from two_dates import study

_MADE = {}  # judging takes its time; cities of the same values differ in what they are called


def city(identity, values, *, rank=None, **options):
    """A study of one city; `rank` is that of IMD, `about` changes more of its block."""
    block = {"id": identity, "name": identity.title(), "imd_2025_rank": rank, "fictitious": False}
    block |= options.pop("about", {})
    about = repr((values, sorted(options.items())))
    if about not in _MADE:
        _MADE[about] = study(values, **({"draws": 100} | options))
    made = _MADE[about]
    method = {"streets": "network", "walking_speed_kmh": 4.8, "buffer_m": 1600.0}
    told = {"city": made.summary["city"] | block, "method": made.summary["method"] | method}
    return replace(made, summary={**made.summary, **told})


def with_cells(made, *, key, values, people, ids=None):
    """Give a study cells, some for each district, and an indicator that is known of them."""
    owners = [parent for parent, mine in values.items() for _ in mine]
    counts = [float(one) for mine in people.values() for one in mine]
    table = cells_of(owners, population=counts)
    if ids is not None:
        table = table.assign(cell_id=list(ids))
    flat = [one for mine in values.values() for one in mine]
    inner = pd.DataFrame({key: flat}, index=table.index, dtype=float)
    told = {**made.summary["indicators"][key], "level": "cell"}
    summary = {
        **made.summary,
        "units": {**made.summary["units"], "cells": len(table)},
        "indicators": {**made.summary["indicators"], key: told},
    }
    return replace(made, cells=table, cell_indicators=inner, summary=summary)


def with_method(made, **facts):
    """Change facts of the method of a study."""
    return replace(made, summary={**made.summary, "method": {**made.summary["method"], **facts}})
