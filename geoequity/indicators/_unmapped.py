"""What the indicators may be where the map is thin."""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from geoequity.confidence import (
    Completeness,
    count_draws,
    length_draws,
    share_draws,
    walk_draws,
)
from geoequity.indicators._catalogue import Definition
from geoequity.indicators._evaluate import Evaluation
from geoequity.keeping import FORGETFUL, Kept
from geoequity.schema import LEVEL, MAP, check_columns

_WALKS = ("walk_min", "safe_walk_min")
_SHARES = ("services_share", "reached_15min_share")
_AMOUNTS = {  # by what they are made of
    "services_15min_count": "services",
    "area_per_person": "land",
    "intersections_per_km2": "streets",
    "street_km_per_km2": "streets",
    "street_length_per_km2": "streets",
}


def with_unmapped(
    evaluation: Evaluation,
    definitions: Iterable[Definition],
    *,
    completeness: Completeness,
    services: gpd.GeoDataFrame,
    own_streets: bool,
    rng: np.random.Generator,
    unedited: Evaluation | None = None,
    kept: Kept = FORGETFUL,
) -> Evaluation:
    """
    Draw what indicators may be in districts whose map is thin.

    Published values stay as they are; their draws, intervals and confidence say
    how far they may be off. Indicators whose places come from an official list,
    in whole or in part, are left alone, as are shares of what is tagged, stops
    and what public transport leads to.

    Parameters
    ----------
    evaluation
        The indicators that could be computed.
    definitions
        The catalogue, with the city's changes.
    completeness
        What share of each district is on the map.
    services
        All services that were read, with ``category`` and ``source``.
    own_streets
        Whether the streets come from a table of the city's own.
    rng
        Source of the draws.
    unedited
        The indicators as they were before a scenario changed the city; None
        without one. What a scenario builds or closes says nothing of what the
        map lacks: amounts are drawn for the city as it was, and what the
        scenario adds is added to every draw.
    kept
        Intervals of draws that are as they were.

    Returns
    -------
    evaluation
        With draws and intervals in the districts that completeness is drawn
        for; unchanged where there is none.

    Raises
    ------
    DataError
        If the services lack a column.
    """
    check_columns(services, ["category", "source"], name="services")
    drawn = completeness.services.notna().any()
    if not drawn.any():
        return evaluation
    listed = set(services.loc[services["source"] != MAP, "category"])
    draws, intervals = dict(evaluation.draws), dict(evaluation.intervals)
    touched: list[str] = []
    share = completeness.table["completeness"].where(drawn, 1.0)
    read = evaluation if unedited is None else unedited
    for one in definitions:
        if one.id not in read.districts.columns or set(_places(one)) & listed:
            continue
        table = _draws_of(one, read, completeness, own_streets=own_streets, rng=rng, kept=kept)
        if table is None or one.id not in evaluation.districts.columns:
            continue
        if unedited is not None:
            table = _edited(one, table, evaluation, unedited, completeness, kept=kept)
        draws[one.id] = table
        intervals[one.id] = kept.once("unmapped", partial(_ends, table), table)
        touched.append(one.id)
    confidence = evaluation.confidence.copy()
    confidence[touched] = confidence[touched].mul(share.reindex(confidence.index), axis=0)
    return replace(evaluation, draws=draws, intervals=intervals, confidence=confidence)


def _ends(drawn: pd.DataFrame) -> pd.DataFrame:
    """Take the middle of draws."""
    low, high = (drawn.quantile(end) for end in ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    return pd.DataFrame({"low": low, "high": high})


def _edited(
    one: Definition,
    drawn: pd.DataFrame,
    evaluation: Evaluation,
    unedited: Evaluation,
    completeness: Completeness,
    *,
    kept: Kept,
) -> pd.DataFrame:
    """Carry draws of a city over to what a scenario makes of it."""
    before, after = unedited.districts[one.id], evaluation.districts[one.id]
    if before.equals(after):
        return drawn
    if one.measure in {*_WALKS, *_SHARES}:
        return _nearer(one, after, completeness.services, kept=kept)
    changed = (after - before).fillna(0.0)
    return (drawn + changed).clip(lower=0.0).where(drawn.notna())


def _places(one: Definition) -> list[str]:
    """List the categories of services that an indicator speaks of."""
    return list(one.parameters.get("categories", ()))


def _nearer(one: Definition, value: pd.Series, share: pd.DataFrame, *, kept: Kept) -> pd.DataFrame:
    """Draw a walk, or a share of people who have none too far."""
    draw = walk_draws if one.measure in _WALKS else share_draws
    return kept.once(
        "unmapped nearer", lambda: draw(value, completeness=share), one.measure, value, share
    )


def _counted(
    count: pd.Series,
    people: pd.Series,
    share: pd.DataFrame,
    *,
    rng: np.random.Generator,
    kept: Kept,
) -> pd.DataFrame:
    """Draw a count for so many people; the generator goes on as if it had drawn what is known."""

    def draw() -> tuple[pd.DataFrame, Any]:
        drawn = count_draws(count, completeness=share, rng=rng) / people
        return drawn, rng.bit_generator.state

    state = rng.bit_generator.state
    drawn, rng.bit_generator.state = kept.once(
        "unmapped count", draw, *(count, people, share, state)
    )
    return drawn


def _draws_of(
    one: Definition,
    evaluation: Evaluation,
    completeness: Completeness,
    *,
    own_streets: bool,
    rng: np.random.Generator,
    kept: Kept,
) -> pd.DataFrame | None:
    """Draw one indicator; None where a thin map does not touch it."""
    value, share = evaluation.districts[one.id], completeness.services
    if one.measure in {*_WALKS, *_SHARES}:
        return _nearer(one, value, share, kept=kept)
    if one.measure == "services_per":
        people = evaluation.weights[one.id] / one.parameters["per"]
        return _counted((value * people).round(), people, share, rng=rng, kept=kept)
    made_of = _AMOUNTS.get(one.measure)
    if made_of is None or (made_of == "streets" and own_streets):
        return None
    share = getattr(completeness, made_of)
    return kept.once(
        "unmapped length", lambda: length_draws(value, completeness=share), value, share
    )
