"""Whether two studies can be set against each other, and what of them."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely

from geoequity.errors import SHOWN_IDS, ConfigError, DataWarning, shown
from geoequity.locale import name
from geoequity.study import Study

RULES = (  # of the summary's method: without these the same, scores are not on one scale
    "normalisation",
    "aggregation",
    "weights",
    "weights_range",
    "threshold",
    "min_probability",
    "min_gap_points",
    "quantile_rule",
)
MEANING = ("worst", "best", "better", "unit", "scale", "pillar", "area", "family")
_MANNER = ("walking_speed_kmh", "streets", "detour_factor", "buffer_m", "min_coverage", "parent")
_REDRAWN_SHARE = 0.01  # of a district's land, beyond which it is another district by the same name


@dataclass(frozen=True, kw_only=True)
class Pair:
    """
    What two studies have in common, and what one of them has alone.

    Parameters
    ----------
    districts
        Ids in both.
    gone
        Names by id, of those only in the old one.
    added
        Names by id, of those only in the new one.
    redrawn
        Names by id, of those whose outline moved.
    indicators
        Ids computed in both.
    only_old
        Ids only in the old one.
    only_new
        Ids only in the new one.
    manner
        Facts of the method that differ: name -> old and new.
    warnings
        What was warned of.
    """

    districts: pd.Index
    gone: dict[str, str]
    added: dict[str, str]
    redrawn: dict[str, str]
    indicators: pd.Index
    only_old: list[str]
    only_new: list[str]
    manner: dict[str, tuple[Any, Any]]
    warnings: list[str]


def pair(old: Study, new: Study) -> Pair:
    """
    Check that two studies are of one city on one scale, and find what they share.

    Parameters
    ----------
    old
        The earlier study.
    new
        The later one.

    Returns
    -------
    pair
        Districts and indicators in both, and the rest by name.

    Raises
    ------
    ConfigError
        If they are of two cities, judged by different rules or goalposts, or
        without a district in common; every fault in one message.

    Warns
    -----
    DataWarning
        For districts that are only in one of them, or were redrawn.
    """
    indicators = old.indicators.columns.intersection(new.indicators.columns, sort=False)
    both = old.districts.index.intersection(new.districts.index, sort=False)
    cities = [one.summary["city"]["id"] for one in (old, new)]
    faults = []
    if cities[0] != cities[1]:
        faults.append(f"city: {cities[0]} and {cities[1]} are two cities")
    else:
        faults += _rule_faults(old, new) + _meaning_faults(old, new, indicators)
        if both.empty:
            faults.append("districts: none is in both, by id")
    if faults:
        msg = "these studies cannot be compared"
        raise ConfigError(msg, faults=faults)
    gone = _names(old, old.districts.index.difference(both, sort=False))
    added = _names(new, new.districts.index.difference(both, sort=False))
    redrawn = _names(new, _redrawn(old, new, both))
    aside = {
        "districts that are gone, left out": gone,
        "new districts, left out": added,
        "districts whose outline moved": redrawn,
    }
    mended = {f"{told}: {shown(one.values())}": list(one) for told, one in aside.items() if one}
    for told, ids in mended.items():
        warnings.warn(DataWarning(told, ids=ids), stacklevel=3)
    return Pair(
        districts=both,
        gone=gone,
        added=added,
        redrawn=redrawn,
        indicators=indicators,
        only_old=[str(one) for one in old.indicators.columns.difference(indicators)],
        only_new=[str(one) for one in new.indicators.columns.difference(indicators)],
        manner=_manner(old, new),
        warnings=list(mended),
    )


def _rule_faults(old: Study, new: Study) -> list[str]:
    """Name the rules of the index that differ."""
    methods = [one.summary["method"] for one in (old, new)]
    faults = [
        f"method.{key}: {methods[0][key]} and {methods[1][key]}"
        for key in RULES
        if methods[0].get(key) != methods[1].get(key)
    ]
    if not faults and "goalposts" not in methods[1]["normalisation"]:
        said = methods[1]["normalisation"]
        faults.append(f"method.normalisation: {said}, which is another at each date; use goalposts")
    return faults


def _meaning_faults(old: Study, new: Study, indicators: pd.Index) -> list[str]:
    """Name the indicators that are judged or meant otherwise."""
    faults = []
    for column in MEANING:
        before, after = (one.catalogue[column].reindex(indicators) for one in (old, new))
        differ = indicators[~((before == after) | (before.isna() & after.isna()))]
        said = [f"{one} ({before[one]} and {after[one]})" for one in differ[:SHOWN_IDS]]
        more = len(differ) - len(said)
        if said:
            rest = f" and {more} more" if more > 0 else ""
            faults.append(f"catalogue.{column}: {', '.join(said)}{rest}")
    return faults


def _names(study: Study, ids: pd.Index) -> dict[str, str]:
    """Name districts."""
    return {str(one): name(study.districts.loc[one, "name"]) for one in ids}


def _redrawn(old: Study, new: Study, both: pd.Index) -> pd.Index:
    """Find the districts that are no longer the same land."""
    land = old.districts.loc[both].geometry.to_crs(new.districts.crs).to_numpy()
    later = new.districts.loc[both].geometry.to_numpy()
    odd = shapely.area(shapely.symmetric_difference(land, later))
    return both[odd > _REDRAWN_SHARE * np.maximum(shapely.area(land), shapely.area(later))]


def _manner(old: Study, new: Study) -> dict[str, tuple[Any, Any]]:
    """Find facts of the method that make values differ where nothing else does."""
    methods = [one.summary["method"] for one in (old, new)]
    versions = [one.summary["versions"].get("geoequity") for one in (old, new)]
    found = {key: tuple(one.get(key) for one in methods) for key in _MANNER}
    found["version"] = tuple(versions)
    return {key: (one[0], one[1]) for key, one in found.items() if one[0] != one[1]}
