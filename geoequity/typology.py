"""
What kind of district: integrated, showcase, analogue, neglected, or uncertain.

Two pillars make four types. *Showcase* is the one rankings miss: technologies
high, structures low.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from geoequity.errors import DataError
from geoequity.schema import TYPES

UNCERTAIN = "uncertain"


def probabilities(
    structures: npt.NDArray[np.float64],
    technologies: npt.NDArray[np.float64],
    *,
    threshold: float,
    index: pd.Index,
) -> pd.DataFrame:
    """
    Count in how many draws a district is of each type.

    The draws are choices of weights, so this is how robust a type is to
    priorities, not a chance that anything happens.

    Parameters
    ----------
    structures
        Draws x districts: scores of the structures pillar, 0-100.
    technologies
        The same of the technologies pillar.
    threshold
        Score from which a pillar is high.
    index
        Ids of the districts.

    Returns
    -------
    probabilities
        Districts x types, rows summing to 1; NaN where a pillar is unknown.

    Raises
    ------
    DataError
        If the draws are not about the same districts, or there is none.

    Examples
    --------
    >>> probabilities(np.array([[60.0]]), np.array([[40.0]]), threshold=50, index=pd.Index(["a"]))
       integrated  showcase  analogue  neglected
    a         0.0       0.0       1.0        0.0
    """
    if (
        structures.shape != technologies.shape
        or structures.shape[1:] != (len(index),)
        or not len(structures)
    ):
        msg = (
            "structures, technologies and index must be about the same districts in the same draws"
        )
        raise DataError(msg)
    known = ~(np.isnan(structures) | np.isnan(technologies)).any(axis=0)
    high_s, high_t = structures >= threshold, technologies >= threshold
    shares = {
        "integrated": high_s & high_t,
        "showcase": ~high_s & high_t,
        "analogue": high_s & ~high_t,
        "neglected": ~high_s & ~high_t,
    }
    table = {one: np.where(known, shares[one].mean(axis=0), np.nan) for one in TYPES}
    return pd.DataFrame(table, index=index)


def types(probability: pd.DataFrame, *, min_probability: float) -> pd.Series:
    """
    Name the type of each district, or say that it is uncertain.

    Parameters
    ----------
    probability
        Districts x types, from :func:`probabilities`.
    min_probability
        Probability a type must reach to be stated; two that are equally likely
        are not stated.

    Returns
    -------
    type
        One of the four types, ``uncertain``, or None where a pillar is unknown.

    Examples
    --------
    >>> table = pd.DataFrame({"integrated": [0.9, 0.6], "neglected": [0.1, 0.4]})
    >>> types(table, min_probability=0.8).tolist()
    ['integrated', 'uncertain']
    """
    known = probability.notna().all(axis=1)
    best = probability.fillna(0.0).idxmax(axis=1)
    most = probability.max(axis=1)
    sure = (most >= min_probability) & (probability.eq(most, axis=0).sum(axis=1) == 1)
    named = best.where(sure, UNCERTAIN).astype(object)
    return named.where(known, None).rename("type")
