"""
Whether the findings hang on the borders: the same study on other districts.

The numbers of a city change with the polygons they are stated in (the modifiable
areal unit problem). Here cells are gathered into other zones, such as comunas or
hexagons of several sizes, every indicator is computed there anew, and the gap, the
inequality and the worst-off quarter of people are set beside the published ones.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import geopandas as gpd
import h3
import numpy as np
import pandas as pd

from geoequity import composite, grids, inequality
from geoequity._sums import sums_by
from geoequity.errors import DataError
from geoequity.indicators import Definition, Evaluation, Layers, TableValues
from geoequity.judgement import ROOT, base_of, gap, make_tree, mean
from geoequity.keeping import FORGETFUL, Kept
from geoequity.locale import LANGUAGES, quantity, text
from geoequity.summary import plain
from geoequity.units import largest_part, totals

PUBLISHED = "districts"
CELLS = "cells"
WORST = 0.25  # share of people, by the index of where they live
MIN_ZONES = 5  # fewer say nothing about a gap
MIN_CELLS = 4  # a zone should gather about that many, or it is little but a cell
_COARSEST, _FINEST = 5, 9  # resolutions of H3 that a city may be cut into
_GINIS = ["indicator", "zoning", "units", "gini", "theil_between_share"]
_FIGURES = [
    "units",
    "population",
    "mean",
    "gap_points",
    "mean_abs_difference",
    "gini",
    "worst_quarter_kept",
]


@dataclass(frozen=True, kw_only=True)
class Zonings:
    """
    One study under several borders.

    Parameters
    ----------
    table
        Index zoning, ``districts`` first: ``units`` with residents,
        ``population``, ``mean`` of the index, ``gap_points`` (90th less 10th
        percentile of people), ``mean_abs_difference`` between two people
        [points], ``gini`` of the index (it depends on where the scale of scores
        begins: to be read between zonings only) and ``worst_quarter_kept``,
        share of the people in the published worst quarter who are in this
        zoning's [0-1]. All of the index of `indicators`; NaN without one.
    ginis
        ``indicator``, ``zoning``, ``units``, ``gini`` and
        ``theil_between_share``, the share of the inequality between cells
        (Theil T) that stands between its units [0-1], for indicators of ratio
        scale that are known at cells; zoning ``cells`` has the whole of it.
    indicators
        Indicators that are known under all borders: the index is made of these
        everywhere, the published districts included, so that only the borders
        differ.
    """

    table: pd.DataFrame
    ginis: pd.DataFrame
    indicators: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Borders:
    """
    Indicators within some borders.

    Parameters
    ----------
    indicators
        Units x indicators.
    people
        Residents by unit.
    unit
        The unit that each cell lies in, on the index of the cells; None for none.
    """

    indicators: pd.DataFrame
    people: pd.Series
    unit: pd.Series

    @classmethod
    def of(cls, layers: Layers, evaluation: Evaluation) -> Self:
        """
        Take what is compared between borders from what was computed within them.

        Parameters
        ----------
        layers
            What it was computed from: ``cells``, and ``districts`` with ``population``.
        evaluation
            The indicators.

        Returns
        -------
        borders
            Little of it.

        Raises
        ------
        DataError
            If there are no cells.
        """
        if layers.cells is None:
            msg = "zones: without cells nobody can be counted in other zones"
            raise DataError(msg)
        people, unit = layers.districts["population"], layers.cells["district_id"]
        return cls(indicators=evaluation.districts, people=people, unit=unit)


def hexagon_sizes(districts: gpd.GeoDataFrame, *, cells: gpd.GeoDataFrame) -> tuple[int, ...]:
    """
    Choose hexagons about as large as the districts, and about a seventh of that.

    Parameters
    ----------
    districts
        Districts with ``area_m2``.
    cells
        Cells with ``area_m2``, which the hexagons are to gather.

    Returns
    -------
    resolutions
        Of H3, coarse to fine; those left out would be too few, or too small to
        gather cells.
    """
    target, total = float(districts["area_m2"].mean()), float(districts["area_m2"].sum())
    area = {one: h3.average_hexagon_area(one, unit="m^2") for one in range(_COARSEST, _FINEST + 1)}
    nearest = min(area, key=lambda one: abs(np.log(area[one] / target)))
    least = MIN_CELLS * float(cells["area_m2"].median())
    return tuple(
        one
        for one in (nearest, nearest + 1)
        if one in area and area[one] >= least and total / area[one] >= MIN_ZONES
    )


def make_zones(districts: gpd.GeoDataFrame, *, kind: str, size: int) -> gpd.GeoDataFrame:
    """
    Cut the city into the cells of a grid.

    Parameters
    ----------
    districts
        Districts in a metric CRS; the zones end where they do.
    kind
        ``h3`` or ``grid``.
    size
        Resolution of H3, or side of a square [m].

    Returns
    -------
    zones
        Index ``unit_id``: geometry clipped to the city, ``name``, ``area_m2``.

    Raises
    ------
    DataError
        If the kind is neither, or the grid cannot be made.
    CRSError
        If the CRS is missing or not metric.
    """
    if kind == "h3":
        zones = grids.make_h3_grid(districts, resolution=size)
    elif kind == "grid":
        zones = grids.make_square_grid(districts, cell_m=size)
    else:
        msg = f"zones: {kind!r} is no grid; there are h3 and grid"
        raise DataError(msg)
    zones = zones.set_geometry(zones.intersection(districts.union_all()))
    return zones.assign(area_m2=zones.area)


def zoned(layers: Layers, zones: gpd.GeoDataFrame, *, tables: Mapping[str, TableValues]) -> Layers:
    """
    Give every cell one of other zones, so that indicators can be computed there.

    A cell belongs whole to the zone that holds most of its land: where zones are not
    much larger than cells, their borders are coarse.

    Parameters
    ----------
    layers
        What the study is computed from, with cells.
    zones
        Other districts in the same CRS: index ``unit_id``, geometry, ``name``,
        ``area_m2``.
    tables
        Values at cells and at these zones; what a table told by district has
        no value at others.

    Returns
    -------
    layers
        The same of the zones where people were counted; of each, the share that
        cells cover, and the share of people whom streets serve.

    Raises
    ------
    DataError
        If there are no cells, or none lies in a zone.
    """
    if layers.cells is None:
        msg = "zones: without cells nobody can be counted in other zones"
        raise DataError(msg)
    inside = layers.cells["district_id"].notna()
    zone = largest_part(layers.cells, zones).where(inside, None)
    if zone.isna().all():
        msg = "zones: no cell lies in any zone"
        raise DataError(msg, ids=zones.index)
    cells = layers.cells.assign(district_id=zone)
    bases = [one for one in ("population", "households", "dwellings", "jobs") if one in cells]
    there = zones.loc[zones.index.isin(zone.dropna())]
    there = there[["name", "area_m2", "geometry"]].join(
        totals(cells, there.index, columns=tuple(bases))
    )
    covered_m2 = cells.area.groupby(zone).sum().reindex(there.index)
    there = there.assign(cells_share=(covered_m2 / there["area_m2"]).clip(upper=1.0))
    if layers.homes is not None and layers.network is not None:
        there = there.assign(streets_share=_served(layers.homes, cells).reindex(there.index))
    return replace(layers, districts=there, cells=cells, tables=tables)


def compare(
    borders: Mapping[str, Borders],
    *,
    cells: pd.DataFrame,
    at_cells: pd.DataFrame,
    definitions: Iterable[Definition],
    weights: Mapping[str, float],
    min_coverage: float,
    kept: Kept = FORGETFUL,
) -> Zonings:
    """
    Set the gap and the inequality under several borders side by side.

    Scores are by goalposts and arithmetic means whatever the city file chooses:
    scores that set zones against each other would not compare across zonings.

    Parameters
    ----------
    borders
        Zoning -> its indicators; `PUBLISHED` is the one that the others are
        compared with.
    cells
        The cells that all of them gather, with ``population`` and other bases.
    at_cells
        Cells x indicators, for those computed at cells.
    definitions
        The catalogue, with the city's changes.
    weights
        Weights of the index that differ from 1.
    min_coverage
        Share of people of whom an indicator must be known in every zoning.
    kept
        What was measured before of indicators that are as they were.

    Returns
    -------
    zonings
        Figures of each zoning.
    """
    definitions = list(definitions)
    common = _common(borders, min_coverage=min_coverage)
    tree = make_tree(definitions, present=common, weights=weights)
    scores = _scores(borders, definitions, tree)
    rows: dict[str, dict[str, float]] = {}
    worst: dict[str, pd.Series] = {}
    for (name, one), index in zip(borders.items(), scores, strict=True):
        rows[name] = _figures(index, one.people)
        worst[name] = _worst(index, one.people).reindex(one.unit).set_axis(one.unit.index)
    table = pd.DataFrame.from_dict(rows, orient="index", columns=_FIGURES)
    table["worst_quarter_kept"] = _kept(worst, cells["population"])
    ginis = _ginis(at_cells, cells, borders, definitions, least=min_coverage, kept=kept)
    return Zonings(
        table=table.rename_axis("zoning"),
        ginis=ginis,
        indicators=tuple(one for one in common if one in set(tree["id"])),
    )


def zoning_report(
    zonings: Zonings | None, labels: Mapping[str, Mapping[str, str]]
) -> dict[str, Any] | None:
    """
    Tell what hangs on the borders, for the summary.

    Parameters
    ----------
    zonings
        From :func:`compare`; None where there are no other zones.
    labels
        What to call a zoning, by language; its id where nothing is said.

    Returns
    -------
    told
        ``indicators`` of the index; ``zonings``: id -> ``label`` and the figures;
        ``ginis``: indicator -> zoning -> ``gini`` and ``theil_between_share``.
        None without other zones.
    """
    if zonings is None:
        return None
    return {
        "indicators": list(zonings.indicators),
        "zonings": {
            str(name): {
                "label": dict(labels.get(str(name), {})),
                "units": int(row["units"]),
                **{key: plain(row[key]) for key in _FIGURES if key != "units"},
            }
            for name, row in zonings.table.iterrows()
        },
        "ginis": {
            str(key): {
                str(row["zoning"]): {
                    "units": int(row["units"]),
                    "gini": plain(row["gini"]),
                    "theil_between_share": plain(row["theil_between_share"]),
                }
                for _, row in some.iterrows()
            }
            for key, some in zonings.ginis.groupby("indicator", sort=False)
        },
    }


def labels_of(specs: Mapping[str, tuple[str, int] | None]) -> dict[str, dict[str, str]]:
    """
    Name the zones of grids in every language.

    Parameters
    ----------
    specs
        Zoning -> kind of its grid and resolution or side [m]; None where it is none.

    Returns
    -------
    labels
        Zoning -> name by language, for grids and the published districts.
    """
    labels = {PUBLISHED: {one: text("zoning.districts", language=one) for one in LANGUAGES}}
    for key, grid in specs.items():
        if grid is None:
            continue
        kind, size = grid
        shown_size = h3.average_hexagon_area(size, unit="km^2") if kind == "h3" else size
        unit = "km²" if kind == "h3" else "m"
        labels[key] = {
            one: text(
                f"zoning.{kind}",
                language=one,
                size=quantity(shown_size, unit=unit, language=one),
            )
            for one in LANGUAGES
        }
    return labels


def _served(homes: gpd.GeoDataFrame, cells: gpd.GeoDataFrame) -> pd.Series:
    """Share of the people of each zone whose walks were measured along streets."""
    people = cells["population"] if "population" in cells else pd.Series(1.0, index=cells.index)
    each = homes["share"] * people.fillna(0.0).reindex(homes["cell_id"]).to_numpy()
    zone = cells["district_id"].reindex(homes["cell_id"]).to_numpy()
    table = pd.DataFrame({"on": each.where(~homes["straight"].astype(bool), 0.0), "all": each})
    sums = table.groupby(zone).sum()
    return (sums["on"] / sums["all"].where(sums["all"] > 0)).fillna(0.0)


def _common(borders: Mapping[str, Borders], *, min_coverage: float) -> list[str]:
    """List the indicators that are known of enough people in every zoning."""
    common = list(borders[PUBLISHED].indicators.columns)
    for one in borders.values():
        counted = one.people.where(one.people > 0, 0.0).to_numpy()[:, None]
        known = one.indicators.reindex(columns=common).notna().to_numpy()
        held, total = (counted * known).sum(axis=0), counted.sum(axis=0)
        fits = (held >= min_coverage * total) & (total > 0)
        common = [key for key, fit in zip(common, fits, strict=True) if fit]
    return common


def _scores(
    borders: Mapping[str, Borders], definitions: Iterable[Definition], tree: pd.DataFrame
) -> list[pd.Series]:
    """Build the index of all zonings in one go, as each unit scores by itself."""
    tables = [one.indicators for one in borders.values()]
    scores = np.full(sum(map(len, tables)), np.nan)
    if not tree.empty:
        posts = {one.id: one.goalposts for one in definitions if one.goalposts is not None}
        every, scaled = pd.concat(tables, ignore_index=True), composite.goalposts(posts)
        scores = composite.build(every, tree, normalise=scaled).scores[ROOT].to_numpy()
    parts = np.split(scores, np.cumsum([len(one) for one in tables])[:-1])
    return [pd.Series(one, index=its.index) for one, its in zip(parts, tables, strict=True)]


def _figures(index: pd.Series, people: pd.Series) -> dict[str, float]:
    """Measure mean and spread of an index over people."""
    known = index.notna() & (people > 0)
    row = dict.fromkeys(_FIGURES, float("nan"))
    row |= {"units": float((people > 0).sum()), "population": float(people.sum())}
    if not known.any():
        return row
    value, counted = index[known], people[known]
    half = inequality.absolute_gini(value, population=counted)
    row |= {
        "mean": mean(value, counted),
        "gap_points": gap(value, counted),
        "mean_abs_difference": 2 * half,
    }
    if value.any():
        row["gini"] = inequality.gini(value, population=counted)
    return row


def _worst(index: pd.Series, people: pd.Series) -> pd.Series:
    """Share of the people of each unit who are in the worst-off quarter of all; ties alike."""
    counted = people.where(index.notna(), 0.0).fillna(0.0)
    if not counted.sum() > 0:
        return pd.Series(np.nan, index=index.index)
    by_value = counted.groupby(index).sum().sort_index()
    upto = by_value.cumsum()
    room = WORST * counted.sum() - (upto - by_value)
    share = (room / by_value.where(by_value > 0)).clip(0.0, 1.0)
    return index.map(share)


def _kept(worst: Mapping[str, pd.Series], people: pd.Series) -> pd.Series:
    """Share of the people of the published worst quarter who are in that of each zoning."""
    kept = {}
    for name, share in worst.items():
        both = pd.concat([worst[PUBLISHED], share], axis=1).min(axis=1, skipna=False)
        there = people.where(both.notna(), 0.0).fillna(0.0)
        total = float((worst[PUBLISHED].fillna(0.0) * there).sum())
        kept[name] = float((both.fillna(0.0) * there).sum()) / total if total else float("nan")
    return pd.Series(kept, dtype=float)


def _ginis(
    at_cells: pd.DataFrame,
    cells: pd.DataFrame,
    borders: Mapping[str, Borders],
    definitions: Iterable[Definition],
    *,
    least: float,
    kept: Kept,
) -> pd.DataFrame:
    """Measure the Gini of indicators between cells, and between the units of each zoning."""
    inside = borders[PUBLISHED].unit.notna()
    zones = {name: pd.factorize(one.unit[inside], sort=True)[0] for name, one in borders.items()}
    bases: dict[str, pd.Series] = {}
    there, values = at_cells[inside], {}
    for one in definitions:
        if one.scale == "ratio" and one.id in at_cells:
            if one.base not in bases:
                bases[one.base] = base_of(one, cells)[inside]
            values[one.id] = (there[one.id], bases[one.base], zones, least)
    made = kept.each(
        "ginis",
        values,
        lambda which: {
            key: _gini_rows(key, *values[key][:2], zones=zones, least=least) for key in which
        },
    )
    return pd.DataFrame([row for rows in made.values() for row in rows], columns=_GINIS)


def _gini_rows(
    key: str, value: pd.Series, weight: pd.Series, *, zones: Mapping[str, np.ndarray], least: float
) -> list[list[Any]]:
    """Measure one indicator between cells, and between the units of each zoning."""
    value, people = value.where(weight > 0), weight.where(weight > 0, 0.0)
    known, counts = value.notna().to_numpy(), people.to_numpy(dtype=float)
    enough = least * counts.sum()
    if not counts[known].sum() >= enough > 0 or not value.any() or (value < 0).any():
        return []
    theil = inequality.theil(value, population=people)
    rows = [[key, CELLS, known.sum(), inequality.gini(value, population=people), 1.0]]
    for name, zone in zones.items():
        inside = known & (zone >= 0)
        if not counts[inside].sum() >= enough:
            continue
        here, group = value.where(inside), pd.Series(zone, index=value.index)
        split = inequality.theil(here, population=people, groups=group)
        weighed = [here.to_numpy(dtype=float) * counts, np.where(inside, counts, np.nan)]
        amount, held = sums_by(zone, weighed, count=zone.max() + 1)
        means = pd.Series(amount[held > 0] / held[held > 0])
        gini = inequality.gini(means, population=pd.Series(held[held > 0]))
        share = split.between / split.total if theil.total > 0 else float("nan")
        rows.append([key, name, len(means), gini, share])
    return rows
