"""
Where a city's districts are alike together, as a study tells it.

The statistics are those of :mod:`geoequity.patterns`; here they meet the index,
the pillars, a stratifier and the centre of the city. What cannot be said is None,
with a reason.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely import Point

from geoequity import patterns
from geoequity.confidence import Reason, reason
from geoequity.errors import DataError
from geoequity.judgement import ROOT
from geoequity.keeping import FORGETFUL, Kept
from geoequity.patterns import Pattern
from geoequity.summary import people_of, plain

TOLERANCE_M = 25.0  # gap between districts that still touch: slivers, and streets between them
MIN_DISTRICTS = 8  # fewer can hardly be told from chance
FALSE_DISCOVERY = 0.05  # rate of clusters
CLIFFS = 10  # listed
CLUSTERS = {"high_high": "hot", "low_low": "cold"}  # the other two quadrants are outliers
COLUMNS = (
    "neighbours",
    "local_moran",
    "quadrant",
    "gi_star",
    "p",
    "p_adjusted",
    "cluster",
)
_MIN_DISTANCES = 3  # of a gradient


@dataclass(frozen=True, kw_only=True, eq=False)
class Vicinity:
    """
    What lies together.

    Parameters
    ----------
    report
        The block ``patterns`` of the summary.
    table
        Districts x ``neighbours`` (how many), ``local_moran``, ``quadrant``,
        ``gi_star``, ``p``, ``p_adjusted`` and ``cluster``: ``hot``, ``cold``,
        ``high_low`` or ``low_high`` where the false discovery rate is kept, None
        elsewhere.
    """

    report: dict[str, Any]
    table: pd.DataFrame


def vicinity(
    districts: gpd.GeoDataFrame,
    *,
    scores: pd.DataFrame,
    ranges: pd.DataFrame,
    indicators: pd.DataFrame,
    stratifiers: Sequence[str],
    asked: Sequence[str],
    centre: Point | None,
    seed: int,
    kept: Kept = FORGETFUL,
) -> Vicinity:
    """
    Tell where districts are alike together, where they are far apart, and which way it goes.

    Parameters
    ----------
    districts
        Districts with ``population`` where it is counted.
    scores
        Districts x ``index`` and the two pillars, 0-100; NaN where unknown.
    ranges
        Districts x ``index_low``, ``index_high``.
    indicators
        Districts x indicator ids; NaN where unknown.
    stratifiers
        Ids of the stratifiers, the first known one of which the index is set against.
    asked
        Ids of indicators whose gradient is told besides that of the index.
    centre
        The centre of the city, in the CRS of the districts; None where nobody says.
    seed
        Of the permutations.
    kept
        Who neighbours whom, where districts are as they were.

    Returns
    -------
    vicinity
        The block of the summary, and the table by district.
    """
    from libpysal.graph import Graph  # noqa: PLC0415  takes a second

    people = people_of(districts)
    index = scores[ROOT]

    def touching() -> pd.DataFrame:
        return patterns.neighbours(districts, tolerance_m=TOLERANCE_M).adjacency.reset_index()

    def linked() -> Graph:
        return Graph(links.set_index(["focal", "neighbor"])["weight"], is_sorted=True)

    links = kept.once("neighbours", touching, districts.geometry, TOLERANCE_M)
    kept = kept.in_memory()
    graph = kept.once("neighbour graph", linked, links)
    dice = {"neighbours": graph, "rng": np.random.default_rng(seed), "kept": kept}
    known = [one for one in stratifiers if indicators[one].notna().any()]
    against = indicators[known[0]] if known else index * np.nan
    asked_of = {ROOT: index, **{one: indicators[one] for one in asked}}
    told = {
        "index": _told(lambda: patterns.moran(index, **dice), index),
        "technologies_structures": _told(
            lambda: patterns.bivariate_moran(
                scores["technologies"], around=scores["structures"], **dice
            ),
            scores["technologies"],
            scores["structures"],
        ),
        "index_stratifier": _told(
            lambda: patterns.bivariate_moran(index, around=against, **dice), index, against
        ),
        "gradient": _gradients(asked_of, districts, people=people, centre=centre),
    }
    table = _clusters(index, clustering=told["index"][0] is not None, dice=dice)
    touch = {"neighbours": graph, "units": districts, "tolerance_m": TOLERANCE_M}
    pairs = patterns.cliffs(index, **touch, kept=kept)
    blocks = {key: block for key, (block, _) in told.items()}
    if blocks["index_stratifier"] is not None:
        blocks["index_stratifier"] = {"indicator": known[0], **blocks["index_stratifier"]}
    report = {
        "neighbours": {
            "mean": plain(graph.cardinalities.mean()),
            "islands": [str(one) for one in graph.isolates],
            "tolerance_m": TOLERANCE_M,
        },
        **blocks,
        "level": FALSE_DISCOVERY,
        "permutations": patterns.PERMUTATIONS,
        "hot": _ids(table["cluster"] == "hot"),
        "cold": _ids(table["cluster"] == "cold"),
        "outliers": _ids(table["cluster"].isin(["high_low", "low_high"])),
        "cliffs": [_cliff(one, ranges) for _, one in pairs.head(CLIFFS).iterrows()],
        "reasons": {key: why for key, (_, why) in told.items() if why is not None},
    }
    return Vicinity(report=report, table=table)


def _told(measure: Callable[[], Pattern], *values: pd.Series) -> tuple[Any, Reason | None]:
    """Measure a pattern where there are districts enough, else say why not."""
    known = pd.concat(values, axis=1).dropna()
    if known.empty:
        return None, reason("all_unknown")
    try:
        found = measure()
        count = found.units
    except DataError as error:  # too few are left, or what is left is all alike but for rounding
        count = len(error.ids)
        if count >= MIN_DISTRICTS:
            return None, reason("all_alike")
    if count < MIN_DISTRICTS:
        return None, reason("few_neighbours", count=count, needed=MIN_DISTRICTS)
    block = {one: plain(getattr(found, one)) for one in ("value", "expected", "z", "p")}
    return {**block, "n": found.units}, None


def _clusters(index: pd.Series, *, clustering: bool, dice: Mapping[str, Any]) -> pd.DataFrame:
    """Look for clusters district by district."""
    blank = dict.fromkeys(("local_moran", "gi_star", "p", "p_adjusted"), np.nan)
    table = pd.DataFrame(blank, index=index.index).assign(quadrant=None, cluster=None)
    if clustering:
        local = patterns.local_moran(index, **dice)
        # Both hang on the sum over the neighbours, so that one p-value stands for both
        spots = patterns.getis_ord(index, permutations=1, **dice)
        quadrant = local["quadrant"].astype(object)
        table = local.rename(columns={"value": "local_moran"}).assign(gi_star=spots["gi_star"])
        cluster = quadrant.map(lambda one: CLUSTERS.get(one, one))
        sure = table["p_adjusted"] <= FALSE_DISCOVERY
        table["cluster"] = cluster.astype(object).where(sure, None)
    count = dice["neighbours"].cardinalities.reindex(index.index)
    return table.assign(neighbours=count)[list(COLUMNS)]


def _ids(chosen: pd.Series) -> list[str]:
    """List the districts that are chosen."""
    return [str(one) for one in chosen.index[chosen]]


def _cliff(pair: pd.Series, ranges: pd.DataFrame) -> dict[str, Any]:
    """Describe a cliff, and whether it stands whatever the choices of method."""
    high, low = ranges.loc[pair["higher"], "index_low"], ranges.loc[pair["lower"], "index_high"]
    return {
        "higher": str(pair["higher"]),
        "lower": str(pair["lower"]),
        "points": plain(pair["difference"]),
        "border_m": plain(round(pair["border_m"], 1)),
        "apart": None if pd.isna(high - low) else bool(high > low),
    }


def _gradients(
    values: Mapping[str, pd.Series],
    districts: gpd.GeoDataFrame,
    *,
    people: pd.Series,
    centre: Point | None,
) -> tuple[Any, Reason | None]:
    """Measure how values change from the centre outwards, those that are known in places enough."""
    if centre is None:
        return None, reason("no_centre")
    if not (people > 0).any():
        return None, reason("no_population")
    found = {}
    for key, value in values.items():
        counted = value.where(people > 0)
        if counted.notna().sum() >= _MIN_DISTANCES:
            options = {"units": districts, "centre": centre, "population": people}
            found[key] = _slope(patterns.gradient(counted, **options))
    return (found, None) if found else (None, reason("all_unknown"))


def _slope(found: patterns.Gradient) -> dict[str, Any]:
    """Write a gradient as JSON holds it."""
    rings = [
        {
            "from_km": plain(ring["from_km"]),
            "to_km": plain(ring["to_km"]),
            "districts": int(ring["units"]),
            "population": plain(ring["population"]),
            "mean": plain(ring["mean"]),
        }
        for _, ring in found.rings.iterrows()
    ]
    return {
        "slope_per_km": plain(found.slope_per_km),
        "explained": plain(found.explained),
        "rank_correlation": plain(found.rank_correlation),
        "rings": rings,
    }
