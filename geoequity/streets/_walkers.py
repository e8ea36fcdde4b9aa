"""Who walks, and how fast: on the level, uphill and downhill, on steps and escalators."""

from dataclasses import dataclass

import numpy as np

from geoequity.errors import DataError

WALKING_KMH = 4.8
ESCALATOR_M_PER_MIN = 30.0  # 0.5 m/s, at which escalators commonly run; people stand on them
LIFT_MIN = 1.0  # to wait for a lift and ride it

_STEEPNESS, _EASIEST = 3.5, 0.05  # of Tobler's function


@dataclass(frozen=True, kw_only=True)
class Walker:
    """
    A person, as far as walking goes.

    Parameters
    ----------
    name
        What to call such people.
    speed_kmh
        Speed on level ground [km/h].
    takes_steps
        Whether steps and escalators are open to them.

    Raises
    ------
    DataError
        If the speed is not above 0.

    Examples
    --------
    >>> Walker(name="stroller", speed_kmh=3.0, takes_steps=False).m_per_min
    50.0
    """

    name: str
    speed_kmh: float
    takes_steps: bool = True

    def __post_init__(self) -> None:
        if not 0 < self.speed_kmh < np.inf:
            msg = f"speed_kmh: must be above 0, is {self.speed_kmh}"
            raise DataError(msg)

    @property
    def m_per_min(self) -> float:
        """
        Tell the speed on level ground.

        Returns
        -------
        m_per_min
            Metres a minute.
        """
        return self.speed_kmh * 1000 / 60


# The pace of the slower three is what 15 % of pedestrians over 65 do not reach, 0.92 m/s, which
# Gates et al. (2006, Transportation Research Record 1982, 38-47) found to suit guided children
# and disabled people too.
ADULT = Walker(name="adult", speed_kmh=WALKING_KMH)
OLDER = Walker(name="older", speed_kmh=3.3)
CHILD = Walker(name="child", speed_kmh=3.3)
WHEELCHAIR = Walker(name="wheelchair", speed_kmh=3.3, takes_steps=False)
WALKERS = {one.name: one for one in (ADULT, OLDER, CHILD, WHEELCHAIR)}


def slope_factor(slope: np.ndarray) -> np.ndarray:
    """
    Tell how much longer a walk takes on a slope than on the level.

    Tobler's function was drawn from hikers' records; that it holds for stairs
    and for everybody alike is assumed.

    Parameters
    ----------
    slope
        Rise over run in the direction of the walk; negative downhill.

    Returns
    -------
    factor
        Minutes over minutes on the level; below 1 on gentle descents.

    References
    ----------
    .. [1] Tobler, W. (1993). Three presentations on geographical analysis and
       modeling. NCGIA Technical Report 93-1.

    Examples
    --------
    >>> slope_factor(np.array([0.0, 0.1, -0.1])).round(3).tolist()
    [1.0, 1.419, 1.0]
    """
    return np.exp(_STEEPNESS * (np.abs(slope + _EASIEST) - _EASIEST))
