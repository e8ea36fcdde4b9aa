"""The tables of a study in the shape of the files."""

import pandas as pd

from geoequity.study import Study

TIDY_COLUMNS = [
    "level",
    "unit_id",
    "indicator",
    "value",
    "unit",
    "score",
    "confidence",
    "population",
    "low",
    "high",
]


def tidy_indicators(study: Study) -> pd.DataFrame:
    """
    Lay all indicator values of a study out in one long table.

    Parameters
    ----------
    study
        Any study.

    Returns
    -------
    indicators
        Columns ``level`` (district or cell), ``unit_id``, ``indicator``,
        ``value``, ``unit``, ``score`` (0-100, districts only), ``confidence``
        (0-1, districts only), ``population``, ``low`` and ``high`` (90 % sampling
        interval, where the source is no complete count); NaN = unknown.
    """
    districts = _long(study.indicators, "district", study.districts, study)
    for name, table in (("score", study.scores), ("confidence", study.confidence)):
        districts = districts.merge(_melted(table, name), on=["unit_id", "indicator"], how="left")
    districts = districts.merge(study.intervals, on=["unit_id", "indicator"], how="left")
    cells = _long(study.cell_indicators, "cell", study.cells, study)
    frames = [one for one in (districts, cells) if len(one)] or [districts]
    return pd.concat(frames, ignore_index=True).reindex(columns=TIDY_COLUMNS)


def _long(wide: pd.DataFrame, level: str, units: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Turn units x indicators into one row a value, unit by unit."""
    long = _melted(wide, "value")
    long["level"] = level
    long["unit"] = long["indicator"].map(study.catalogue["unit"])
    population = units.get("population")
    long["population"] = float("nan") if population is None else long["unit_id"].map(population)
    return long


def _melted(wide: pd.DataFrame, name: str) -> pd.DataFrame:
    """Turn units x indicators into ``unit_id``, ``indicator`` and a value."""
    table = wide.rename_axis(index="unit_id").reset_index()
    long = table.melt(id_vars="unit_id", var_name="indicator", value_name=name)
    return long.sort_values("unit_id", kind="stable", ignore_index=True)
