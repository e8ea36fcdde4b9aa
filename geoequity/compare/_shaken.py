"""Cities under other choices, all under the same ones, and under error of their data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from geoequity import composite
from geoequity.compare._common import Ground, subtree
from geoequity.compare._error import Z
from geoequity.compare._scores import aggregate_of, aggregation_of, definitions_of
from geoequity.compare._sources import rests_on
from geoequity.indicators import Definition
from geoequity.judgement import AGGREGATES, make_tree
from geoequity.study import Study

_Floats = npt.NDArray[np.float64]
Draws = Mapping[str, Mapping[str, _Floats]]  # node -> city -> draws x districts
_LEAST = 2  # indicators, under which no choice of weights can be another


@dataclass(frozen=True, kw_only=True)
class Shaken:
    """
    The node of a ground, and its children that are no indicators, under many choices.

    Draw by draw, all cities have the same weights, the same mean and the same
    indicator left out.

    Parameters
    ----------
    method
        Node -> city -> draws x districts, over the choices; empty where there is
        no choice.
    sampling
        The same over error in the data, the choices as published, of the cities
        whose sources are no complete counts; empty where all are.
    both
        The same over both.
    """

    method: Draws
    sampling: Draws
    both: Draws


def shaken(ground: Ground, studies: Mapping[str, Study], *, draws: int, seed: int) -> Shaken:
    """
    Draw the choices and the errors behind a node, for all cities at once.

    Parameters
    ----------
    ground
        What cities stand on together.
    studies
        City -> study.
    draws
        How often.
    seed
        Of the draws.

    Returns
    -------
    shaken
        The scores of every draw.

    Notes
    -----
    A folder keeps the ends of the interval of a value, not its draws. They are
    drawn again, centred in the interval, log-normally where it lies above 0 on a
    ratio scale, else normally. Errors of one source are taken to go together in a
    district (a thin map hides services of every kind), those of different sources
    and districts to be independent: what an error common to a whole city would do
    is not in it.
    """
    first = studies[ground.cities[0]]
    keys = list(ground.indicators)
    if len(keys) < _LEAST:
        return Shaken(method={}, sampling={}, both={})
    definitions = definitions_of(first.catalogue, pd.Index(keys))
    method = first.summary["method"]
    tree = subtree(make_tree(definitions, present=keys, weights=method["weights"]), ground.node)
    places = {city: len(studies[city].districts) for city in ground.cities}
    data = pd.concat(
        [studies[city].indicators[keys].astype(float) for city in ground.cities],
        keys=ground.cities,
    )
    data.index = pd.Index([f"{city}/{unit}" for city, unit in data.index], dtype=object)
    posteriors = _posteriors(definitions, data, studies, ground, draws=draws, seed=seed)
    posts = {one.id: one.goalposts for one in definitions if one.goalposts is not None}
    mean = {aggregation_of(first): aggregate_of(first)}
    published = composite.Pool(
        normalise=[composite.goalposts(posts)],
        weights=(1.0, 1.0),
        aggregate=mean,
        drop_one=False,
    )
    choices = composite.Pool(
        normalise=published.normalise,
        weights=tuple(method["weights_range"]),
        aggregate=mean | AGGREGATES,  # the published one stays the first
    )

    def drawn(pool: composite.Pool, of: Mapping[str, pd.DataFrame]) -> Draws:
        found = composite.robustness(
            data,
            tree,
            pool=pool,
            draws=draws,
            rng=np.random.default_rng(seed),
            posteriors=of,
            sobol=0,
        ).draws
        cuts = np.cumsum(list(places.values()))[:-1]
        return {
            node: dict(zip(places, np.split(values, cuts, axis=1), strict=True))
            for node, values in found.items()
        }

    by_choice = drawn(choices, {})
    if not posteriors:
        return Shaken(method=by_choice, sampling={}, both=by_choice)
    by_error = drawn(published, posteriors)
    vary = {
        city
        for found in by_error.values()
        for city, values in found.items()
        if (np.ptp(values, axis=0) > 0).any()
    }
    in_error = {
        node: {city: values for city, values in found.items() if city in vary}
        for node, found in by_error.items()
    }
    return Shaken(
        method=by_choice,
        sampling=in_error,
        both=drawn(choices, posteriors),
    )


def _posteriors(
    definitions: Sequence[Definition],
    data: pd.DataFrame,
    studies: Mapping[str, Study],
    ground: Ground,
    *,
    draws: int,
    seed: int,
) -> dict[str, pd.DataFrame]:
    """Draw true values of the indicators that some city does not count completely."""
    rng = np.random.default_rng(seed)
    steps = [_steps(definitions, studies[city], draws, rng) for city in ground.cities]
    found = {}
    for one in definitions:
        frames = [ends_of_city(studies[city], one.id) for city in ground.cities]
        ends = pd.concat(frames).set_axis(data.index).where(data[one.id].notna())
        if ends.isna().any(axis=1).all():
            continue
        step = np.concatenate([mine[one.id] for mine in steps], axis=1)
        found[one.id] = pd.DataFrame(
            drawn_between(ends, scale=one.scale, steps=step), columns=data.index
        )
    return found


def _steps(
    definitions: Sequence[Definition], study: Study, draws: int, rng: np.random.Generator
) -> dict[str, _Floats]:
    """Draw how far each value is off, in standard errors: in step within a source."""
    names = rests_on(study, [one.id for one in definitions])
    of_source: dict[str, _Floats] = {}
    found = {}
    for one in definitions:
        source = min(names[one.id], default=one.id)
        if source not in of_source:
            of_source[source] = rng.standard_normal((draws, len(study.districts)))
        sign = 1.0 if one.better == "higher" else -1.0
        found[one.id] = sign * of_source[source]
    return found


def ends_of_city(study: Study, key: str) -> pd.DataFrame:
    """
    Take the sampling intervals of an indicator.

    Parameters
    ----------
    study
        Any study.
    key
        The indicator.

    Returns
    -------
    ends
        ``low`` and ``high`` by district; NaN = counted completely, or unknown.
    """
    table = study.intervals
    mine = table[table["indicator"] == key].set_index("unit_id")[["low", "high"]]
    return mine.astype(float).reindex(study.districts.index)


def drawn_between(ends: pd.DataFrame, *, scale: str, steps: _Floats) -> _Floats:
    """
    Draw true values of which the ends of 90 % intervals are known.

    Parameters
    ----------
    ends
        ``low`` and ``high`` by unit; NaN = counted completely, or unknown.
    scale
        ``ratio``, ``share`` or ``interval``.
    steps
        Draws x units: how far a value is off, in standard errors.

    Returns
    -------
    drawn
        Draws x units; shares within 0-1, NaN where there is no interval.
    """
    low, high = ends["low"].to_numpy(), ends["high"].to_numpy()
    on_log = bool(scale == "ratio" and np.nanmin(low) > 0)
    if on_log:
        low, high = np.log(low), np.log(high)
    drawn = (low + high) / 2 + (high - low) / 2 / Z * steps
    if on_log:
        return np.exp(drawn)
    least, most = (0.0, 1.0) if scale == "share" else (0.0 if scale == "ratio" else -np.inf, np.inf)
    return np.clip(drawn, least, most)
