"""Sums by group, of tables so small or so many that what is laid around them takes longest."""

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]


def sums_by(group: npt.NDArray[np.intp], columns: list[Floats], *, count: int) -> Floats:
    """
    Add columns up by group.

    Parameters
    ----------
    group
        Number of the group of each row; -1 in none.
    columns
        A number for each row; NaN adds nothing.
    count
        Of groups.

    Returns
    -------
    sums
        Columns x groups; NaN where a group has no row.
    """
    if not columns:
        return np.empty((0, count))
    rows = group >= 0
    # Groups by number and columns side by side: names take longer than the sums themselves
    found = pd.DataFrame(np.column_stack(columns)[rows]).groupby(group[rows]).sum()
    sums = np.full((len(columns), count), np.nan)
    sums[:, found.index.to_numpy()] = found.to_numpy().T
    return sums
