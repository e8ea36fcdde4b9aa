"""Read perception surveys: what people of a district say, and how sure that is."""

from statistics import NormalDist

import numpy as np
import pandas as pd

from geoequity.errors import DataError, shown
from geoequity.sources.files import Record
from geoequity.sources.spec import ColumnSpec, FileSpec, ItemSpec, SurveySpec, TableSpec
from geoequity.sources.tables import read_values

LEVEL = 0.9  # of the intervals, as everywhere


def read_survey(
    spec: SurveySpec, *, units: pd.DataFrame | None, record: Record
) -> dict[str, pd.DataFrame]:
    """
    Read the items of a survey, each with its sampling interval.

    A margin of error is taken at its word; where there is none, people are
    taken for a simple random sample, which real surveys seldom are, so the
    interval is the narrowest that is honest.

    Parameters
    ----------
    spec
        The file, its key and its items.
    units
        Districts, with ``name``; None where they could not be read.
    record
        Gets the rows read, joined and dropped.

    Returns
    -------
    items
        Item id -> districts x ``value`` (shares 0-1), ``low`` and ``high`` (90 %
        interval; NaN without margin and number of people), ``n``.

    Raises
    ------
    SourceError
        If the file cannot be read or is empty.
    DataError
        If a column is absent, keys repeat or match nothing, text stands for a
        number, a share lies outside 0-1, or a margin or number is not positive.

    Notes
    -----
    Margins are scaled from their level to 90 % by normal quantiles; shares
    without a margin get Wilson's interval [1]_.

    References
    ----------
    .. [1] Wilson, E. B. (1927). Probable inference, the law of succession, and
       statistical inference. J. American Statistical Association 22, 209-212.
    """
    columns = {}
    for key, item in spec.items.items():
        columns[key] = ColumnSpec(column=item.column, unit=item.unit)
        for part in ("n", "margin"):
            if getattr(item, part) is not None:
                columns[f"{key}.{part}"] = ColumnSpec(column=getattr(item, part), unit="value")
    plain = {one: getattr(spec, one) for one in FileSpec.model_fields}
    joined = {one: getattr(spec, one) for one in ("key", "template", "join", "aliases")}
    table = TableSpec(**plain, **joined, columns=columns)
    rows = read_values(table, units=units, scales={}, record=record)
    return {key: _item(key, item, rows, spec) for key, item in spec.items.items()}


def _item(key: str, item: ItemSpec, rows: pd.DataFrame, spec: SurveySpec) -> pd.DataFrame:
    """Give one item its interval."""
    value = rows[key]
    n = rows.get(f"{key}.n", pd.Series(np.nan, index=rows.index))
    margin = rows.get(f"{key}.margin", pd.Series(np.nan, index=rows.index))
    if item.unit == "percent":
        margin = margin / 100
    bad = (n <= 0) | (margin <= 0)
    if bad.any():
        odd = shown(rows.index[bad])
        msg = f"{spec.path}: item {key!r}: people asked or margin not positive: {odd}"
        raise DataError(msg, ids=rows.index[bad])
    z = _two_sided(LEVEL)
    half = margin * z / _two_sided(item.margin_level)
    low, high = value - half, value + half
    if item.unit != "value":
        wilson_low, wilson_high = _wilson(value, n, z)
        low, high = low.fillna(wilson_low).clip(lower=0), high.fillna(wilson_high).clip(upper=1)
    return pd.DataFrame({"value": value, "low": low, "high": high, "n": n})


def _two_sided(level: float) -> float:
    """Give the normal quantile of a two-sided level."""
    return NormalDist().inv_cdf((1 + level) / 2)


def _wilson(share: pd.Series, n: pd.Series, z: float) -> tuple[pd.Series, pd.Series]:
    """Give Wilson's interval of a share."""
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return middle - half, middle + half
