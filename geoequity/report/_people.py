"""Whom the values of an indicator count for."""

import pandas as pd

from geoequity import inequality
from geoequity.report._words import at
from geoequity.study import Study

Weighed = tuple[pd.Series, pd.Series]


def by_district(study: Study, indicator: str) -> Weighed:
    """
    Take the known values of districts and whom each counts for.

    Parameters
    ----------
    study
        What was found in a city.
    indicator
        Its id.

    Returns
    -------
    weighed
        Values and the people, households or other base they are shares or means
        of, residents where the base is not counted; empty where nobody is.
    """
    return _weighed(study, indicator, study.indicators, study.districts)


def measured(study: Study, indicator: str) -> Weighed:
    """
    Take the known values where they are measured and whom each counts for.

    Parameters
    ----------
    study
        What was found in a city.
    indicator
        Its id.

    Returns
    -------
    weighed
        As `by_district`, of cells inside the districts where the indicator is
        measured at cells: what the inequality of the summary is computed from.
    """
    if at(study.summary, "indicators", indicator, "level") != "cell":
        return by_district(study, indicator)
    inside = study.cells["district_id"].notna()
    return _weighed(study, indicator, study.cell_indicators, study.cells, among=inside)


def served(study: Study, indicator: str) -> inequality.Tenths:
    """
    Take the tenths of people whose ratio the summary publishes.

    Parameters
    ----------
    study
        What was found in a city.
    indicator
        Its id.

    Returns
    -------
    served
        Means of the best- and the worst-served tenth.
    """
    value, people = measured(study, indicator)
    better = study.catalogue.loc[indicator, "better"]
    return inequality.tenths(value, population=people, better=better)


def _weighed(
    study: Study,
    indicator: str,
    table: pd.DataFrame,
    units: pd.DataFrame,
    *,
    among: pd.Series | bool = True,
) -> Weighed:
    """Give the known values of a table, among some units, and whom each counts for."""
    base = str(study.catalogue.loc[indicator, "base"])
    columns = [{"persons": "population"}.get(base, base), "population"]
    counted = next(
        (units[one] for one in columns if one in units and (among & units[one].notna()).any()), None
    )
    if counted is None:
        return pd.Series(dtype=float), pd.Series(dtype=float)
    value = table[indicator]
    known = among & (counted > 0) & value.notna()
    return value[known], counted[known].astype(float)
