"""Principal components of scores, which both an audit and a scheme of weights ask for."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from geoequity import schema
from geoequity.errors import DataError, shown

_FEWEST = 3  # units: two always lie on one line


@dataclass(frozen=True, kw_only=True)
class Components:
    """
    Principal components of the correlations between indicators.

    Parameters
    ----------
    eigenvalues
        Variance of each component, the largest first, numbered from 1; they sum
        to the number of indicators.
    explained
        Share of all variance that each explains, 0-1.
    loadings
        Indicators x components: correlation of the two, each component turned
        so that its loadings sum to 0 or more.
    above_one
        How many components explain more than an indicator does alone.
    units
        Number of units, those known in every indicator.
    """

    eigenvalues: pd.Series
    explained: pd.Series
    loadings: pd.DataFrame
    above_one: int
    units: int


def components(scores: pd.DataFrame) -> Components:
    """
    Find the principal components of indicators, each counting alike.

    Units unknown in any indicator are left out: correlations of different units
    with each other need not have components.

    Parameters
    ----------
    scores
        Units x indicators; NaN = unknown.

    Returns
    -------
    components
        As many as indicators.

    Raises
    ------
    DataError
        If there are no indicators, one is no number or infinite, fewer than 3 units
        are known throughout, or, among those that are, all are alike in an indicator.

    References
    ----------
    .. [1] OECD/JRC (2008). Handbook on Constructing Composite Indicators, step 4.
       DOI 10.1787/9789264043466-en.

    Examples
    --------
    >>> scores = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [10.0, 20.0, 30.0]})
    >>> components(scores).explained.round(9).tolist()
    [1.0, 0.0]
    """
    if not len(scores.columns):
        msg = "principal components: there are no indicators"
        raise DataError(msg)
    known = schema.floats_of(scores, name="scores").dropna()
    if len(known) < _FEWEST:
        msg = (
            f"principal components need {_FEWEST} units known in all of {shown(scores.columns)},"
            f" not {len(known)}"
        )
        raise DataError(msg, ids=scores.columns)
    alike = known.columns[known.min() == known.max()]
    if len(alike):
        msg = f"principal components: all units are alike in {shown(alike)}"
        raise DataError(msg, ids=alike)
    correlation = np.corrcoef(known.to_numpy(float), rowvar=False).reshape(known.shape[1], -1)
    values, vectors = np.linalg.eigh(correlation)
    values, vectors = np.maximum(values[::-1], 0.0), vectors[:, ::-1]
    vectors = vectors * np.where(vectors.sum(axis=0) < 0, -1.0, 1.0)
    number = pd.RangeIndex(1, len(values) + 1, name="component")
    return Components(
        eigenvalues=pd.Series(values, index=number, name="eigenvalue"),
        explained=pd.Series(values / len(values), index=number, name="explained"),
        loadings=pd.DataFrame(vectors * np.sqrt(values), index=known.columns, columns=number),
        above_one=int((values > 1).sum()),
        units=len(known),
    )
