"""
Who is connected, and how well: broadband by district, with its uncertainty.

Tiles of measurements are cut by district borders and shared out by area, as if
tests were spread evenly over a tile. What is said of districts rests on
:mod:`geoequity.smallsample`: an interval for every number, and nothing at all
of a district with too few tests, nor of the tiles it alone contains.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial, reduce
from operator import or_
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from geoequity import schema, smallsample
from geoequity._cores import in_order
from geoequity.errors import DataError, shown
from geoequity.units import overlap

_Floats = npt.NDArray[np.float64]

TILE_VALUES = ("down_mbps", "up_mbps", "latency_ms")
MIN_TESTS = 30
# What it takes to be connected: at least these speeds [Mbps], at most this latency [ms]
BASIC = {"down_mbps": 25.0, "up_mbps": 3.0}  # benchmark of the US regulator until 2024
ADVANCED = {"down_mbps": 100.0, "up_mbps": 20.0}  # its benchmark since
INTERACTIVE = {"latency_ms": 100.0}
PARTS = ("measured_speed", "household_access", "device", "public_access")

_WEIGHTS = 4_000_000  # by part and group, past which they are not all written out
_FAILING = 40_000_000  # draws of tiles weighed at a time
_MEDIANS = 4_000_000  # draws of tiles sorted at a time
_TINY_SHARE = 1e-6  # of a tile's area: rounding, not land
_QUARTER = re.compile(r"(\d{4})Q([1-4])")
_SCORES = (0.0, 100.0)


@dataclass(frozen=True, kw_only=True)
class Kpi:
    """
    An indicator of the U4SSC set that a part of digital inclusion speaks to.

    Parameters
    ----------
    code
        Its number.
    name
        Its name.
    definition
        What it counts; ours is stated by district, and in its own unit.
    """

    code: str
    name: str
    definition: str


# United for Smart Sustainable Cities, Economy - ICT infrastructure. Speed and devices have no
# indicator there. 1C and 2C: U4SSC KPIs Verification Manual (ITU 2022), pp. 23 and 25.
U4SSC: dict[str, tuple[Kpi, ...]] = {
    "measured_speed": (),
    "household_access": (
        Kpi(
            code="EC: ICT: ICT: 1C",
            name="Household Internet Access",
            definition="share of households with internet access",
        ),
        Kpi(
            code="EC: ICT: ICT: 2C",
            name="Fixed Broadband Subscriptions",
            definition="share of households with fixed broadband",
        ),
    ),
    "device": (),
    "public_access": (
        Kpi(
            code="EC: ICT: ICT: 5C",
            name="Availability of WIFI in Public Areas",
            definition="number of public Wi-Fi hotspots in the city",
        ),
    ),
}


@dataclass(frozen=True, kw_only=True)
class Broadband:
    """
    One quantity of broadband by district.

    Parameters
    ----------
    column
        The quantity, such as ``down_mbps``.
    period
        When it was measured.
    table
        Districts x ``value``, the typical tile's, with ``value_low`` and
        ``value_high``; ``test_mean`` and ``device_mean``, means of tiles weighted
        by tests and by devices, and ``tile_median``, the median of tile means
        (which is no median speed), all as published, each with the
        ``_estimate``, ``_low`` and ``_high`` of the same figure of the tiles'
        true means; ``tiles``, ``tests``, ``devices`` and ``suppressed``. NaN where
        suppressed.
    total
        The same figures, but ``value``, of all districts shown taken together.
    estimates
        Draws of districts and of tiles, and the spreads of the city.
    tile_values
        Published means of the tiles in the draws, by ``tile_id``.
    """

    column: str
    period: str | None
    table: pd.DataFrame
    total: pd.Series
    estimates: smallsample.Estimates
    tile_values: pd.Series


def tile_parts(tiles: gpd.GeoDataFrame, districts: gpd.GeoDataFrame) -> pd.DataFrame:
    """
    Share tiles out among districts by area.

    Parameters
    ----------
    tiles
        Tiles of one kind and period in a metric CRS.
    districts
        Districts in the same CRS.

    Returns
    -------
    parts
        Columns ``tile_id``, ``district_id`` and ``share`` of the tile's area in
        the district (0-1]; what lies outside all districts is left out.

    Raises
    ------
    CRSError
        If a CRS is missing, not metric, or the two differ.
    """
    pieces = overlap(tiles, districts)
    share = pieces["area_m2"] / tiles.area.to_numpy()[pieces["left"]]
    parts = pd.DataFrame(
        {
            "tile_id": tiles.index[pieces["left"]],
            "district_id": districts.index[pieces["right"]],
            "share": share.clip(upper=1.0),
        }
    )
    return parts[parts["share"] > _TINY_SHARE].reset_index(drop=True)


def broadband(
    tiles: gpd.GeoDataFrame,
    districts: gpd.GeoDataFrame,
    *,
    column: str,
    rng: np.random.Generator,
    min_tests: float = MIN_TESTS,
    draws: int = 1000,
    level: float = 0.9,
    figures: bool = True,
    tile_draws: bool = True,
) -> Broadband:
    """
    Measure broadband by district, with an interval for every number.

    People who test their connection are taken to stand for those who do not.

    Parameters
    ----------
    tiles
        Tiles of one kind and period, as ``read_tiles`` or :func:`pooled` give
        them, in a metric CRS.
    districts
        Districts in the same CRS.
    column
        ``down_mbps``, ``up_mbps`` or ``latency_ms``.
    rng
        Source of the draws.
    min_tests
        Tests under which a district is suppressed.
    draws
        Number of draws.
    level
        Level of the intervals, 0-1.
    figures
        Whether to work out means and medians, too, or typical values and counts
        alone.
    tile_draws
        Whether true means of tiles are wanted, too; figures are made of them.

    Returns
    -------
    broadband
        Figures and intervals, on the districts' index.

    Raises
    ------
    DataError
        If a column is absent, tiles are of several kinds or periods, or a
        value, its tests or devices are not positive.
    CRSError
        If a CRS is missing, not metric, or the two differ.
    """
    period = _one_period(tiles)
    schema.check_columns(tiles, [column, "tests", "devices"], name="tiles")
    parts = tile_parts(tiles, districts)
    of_tile = tiles[[column, "tests", "devices"]].rename(columns={column: "value"})
    parts = parts.join(of_tile, on="tile_id")
    known = smallsample.district_values(
        parts,
        districts=districts.index,
        min_tests=min_tests,
        rng=rng,
        draws=draws,
        level=level,
        tile_draws=figures or tile_draws,
    )
    public = parts[~known.table["suppressed"].loc[parts["district_id"]].to_numpy()]
    table, total = _summaries(public, known, figures=figures)
    values = of_tile["value"].loc[known.tile_draws.columns]
    return Broadband(
        column=column,
        period=period,
        table=table,
        total=total,
        estimates=known,
        tile_values=values.rename_axis("tile_id"),
    )


def pooled(tiles: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """
    Take several periods of one kind together, tile by tile.

    Parameters
    ----------
    tiles
        Tiles as ``read_tiles`` gives them.

    Returns
    -------
    tiles
        One row a tile, on its quadkey: means weighted by tests, ``tests``
        added up. Devices may come back every quarter and are counted as in
        their best quarter, never twice.

    Raises
    ------
    DataError
        If tiles are of several kinds, or a column is absent.
    """
    schema.check_columns(tiles, ["quadkey", "kind", "period", *TILE_VALUES], name="tiles")
    schema.check_columns(tiles, ["tests", "devices"], name="tiles")
    _one_kind(tiles)
    columns = list(TILE_VALUES)
    weighted = tiles[columns].mul(tiles["tests"], axis=0).assign(tests=tiles["tests"])
    sums = weighted.groupby(tiles["quadkey"]).sum()
    first = tiles.drop_duplicates("quadkey").set_index("quadkey", drop=False)
    first = first.rename_axis("tile_id").sort_index()
    for column in columns:
        first[column] = sums[column] / sums["tests"]
    first["tests"] = sums["tests"]
    first["devices"] = tiles.groupby("quadkey")["devices"].max()
    periods = sorted(tiles["period"].dropna().unique())
    first["period"] = (
        f"{periods[0]} to {periods[-1]}" if len(periods) > 1 else tiles["period"].max()
    )
    return first


def people_by_tile(cells: gpd.GeoDataFrame, tiles: gpd.GeoDataFrame) -> pd.DataFrame:
    """
    Count the people of every district by the tile they live in.

    People are taken to be spread evenly over their cell.

    Parameters
    ----------
    cells
        Cells with ``population`` and ``district_id``; districts do as well,
        with their own id in ``district_id``. Cells of no district or of
        unknown population are left out.
    tiles
        Tiles of one kind and period in the same CRS.

    Returns
    -------
    people
        Columns ``district_id``, ``tile_id`` (None where no test was made) and
        ``people``.

    Raises
    ------
    DataError
        If a column is absent, or tiles are of several kinds or periods.
    CRSError
        If a CRS is missing, not metric, or the two differ.
    """
    _one_period(tiles)
    schema.check_columns(cells, ["population", "district_id"], name="cells")
    known = cells[cells["population"].notna() & cells["district_id"].notna()]
    pieces = overlap(known, tiles)
    share = pieces["area_m2"] / known.area.to_numpy()[pieces["left"]]
    covered = share.groupby(pieces["left"]).sum().reindex(range(len(known)), fill_value=0.0)
    covered_max = np.maximum(covered.to_numpy(), 1.0)  # of tiles that touch, by rounding
    population = known["population"].to_numpy(dtype=float)
    district = known["district_id"].to_numpy(dtype=object)
    inside = pd.DataFrame(
        {
            "district_id": district[pieces["left"]],
            "tile_id": tiles.index.to_numpy(dtype=object)[pieces["right"]],
            "people": (share / covered_max[pieces["left"]] * population[pieces["left"]]),
        }
    )
    rest = (1 - covered.to_numpy()).clip(min=0)
    rest[rest < _TINY_SHARE] = 0
    outside = pd.DataFrame({"district_id": district, "tile_id": None, "people": rest * population})
    both = pd.concat([inside, outside[outside["people"] > 0]])
    sums = both.groupby(["district_id", "tile_id"], dropna=False)["people"].sum().reset_index()
    sums["tile_id"] = sums["tile_id"].astype(object).where(sums["tile_id"].notna(), None)
    return sums


def untested_share(people: pd.DataFrame, *, districts: pd.Index) -> pd.Series:
    """
    Measure the share of people in tiles where nobody tested.

    No test is no proof of no connection; but nothing is known there.

    Parameters
    ----------
    people
        From :func:`people_by_tile`.
    districts
        Districts of the result.

    Returns
    -------
    untested_share
        Share [0-1] by district; NaN where nobody lives, or nobody knows how many.

    Raises
    ------
    DataError
        If a column is absent.

    Examples
    --------
    >>> people = pd.DataFrame(
    ...     {"district_id": ["a", "a"], "tile_id": ["t", None], "people": [30.0, 10.0]}
    ... )
    >>> untested_share(people, districts=pd.Index(["a"])).tolist()
    [0.25]
    """
    schema.check_columns(people, ["district_id", "tile_id", "people"], name="people")
    untested = people["people"].where(people["tile_id"].isna(), 0.0)
    sums = pd.DataFrame({"all": people["people"], "untested": untested})
    sums = sums.groupby(people["district_id"]).sum().reindex(districts)
    share = sums["untested"] / sums["all"].where(sums["all"] > 0)
    return share.rename("untested_share")


def failing_share(
    people: pd.DataFrame,
    measured: Iterable[Broadband],
    *,
    at_least: Mapping[str, float] | None = None,
    at_most: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """
    Measure the share of people whose tile falls short of what it takes.

    Everybody in a tile is taken to have its mean. A tile that one test shows
    to be slow may well not be: ``value`` weighs each tile by the probability
    that it fails, ``observed`` takes the published means at their word.

    Parameters
    ----------
    people
        From :func:`people_by_tile`.
    measured
        Each quantity that is asked for, from :func:`broadband`, all of the
        same tiles. Errors of two quantities are taken to be independent.
    at_least
        Limits below which a tile fails, such as ``BASIC``.
    at_most
        Limits above which it does, such as ``INTERACTIVE``.

    Returns
    -------
    failing_share
        Districts x ``value``, ``low``, ``high``, ``observed`` (shares 0-1 of
        the people whose tile was tested) and ``known_share``, the share of
        people whose tile was. All NaN where suppressed or nobody lives.

    Raises
    ------
    DataError
        If no limit is given, or a limit has no quantity or a quantity is
        given twice.
    """
    return failing(people, short_tiles(measured, at_least=at_least, at_most=at_most)).table


def failing_draws(
    people: pd.DataFrame,
    measured: Iterable[Broadband],
    *,
    at_least: Mapping[str, float] | None = None,
    at_most: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """
    Draw the share of people whose tile falls short of what it takes.

    Parameters
    ----------
    people
        As in :func:`failing_share`.
    measured
        As there.
    at_least
        As there.
    at_most
        As there.

    Returns
    -------
    draws
        Draws x districts: equally likely shares [0-1], of which
        :func:`failing_share` gives mean and interval; NaN where it does.

    Raises
    ------
    DataError
        As in :func:`failing_share`.
    """
    return failing(people, short_tiles(measured, at_least=at_least, at_most=at_most)).draws


@dataclass(frozen=True, kw_only=True)
class ShortTiles:
    """
    Tiles that fall short of a limit, in an eighth of the memory of what was drawn of them.

    Parameters
    ----------
    tiles
        Their ids.
    draws
        Draws x tiles: whether each falls short.
    observed
        Whether each does by its published mean.
    suppressed
        By district; nothing is said of these.
    level
        Of the intervals.
    """

    tiles: pd.Index
    draws: npt.NDArray[np.bool_]
    observed: npt.NDArray[np.bool_]
    suppressed: pd.Series
    level: float

    def __or__(self, other: "ShortTiles") -> "ShortTiles":
        """Give the tiles that fall short of either limit, suppressed as those of the first."""
        at = slice(None) if other.tiles.equals(self.tiles) else other.tiles.get_indexer(self.tiles)
        return replace(
            self,
            draws=self.draws | other.draws[:, at],
            observed=self.observed | other.observed[at],
        )


@dataclass(frozen=True, kw_only=True)
class Failing:
    """
    People whose tile falls short.

    Parameters
    ----------
    table
        As :func:`failing_share` gives it.
    draws
        As :func:`failing_draws` gives them.
    """

    table: pd.DataFrame
    draws: pd.DataFrame


def short_tiles(
    measured: Iterable[Broadband],
    *,
    at_least: Mapping[str, float] | None = None,
    at_most: Mapping[str, float] | None = None,
) -> ShortTiles:
    """
    Tell which tiles fall short of what it takes.

    What is measured one after the other can be let go of in between: tiles that fall
    short of one limit ``|`` those that do of another are those that do of either.

    Parameters
    ----------
    measured
        As in :func:`failing_share`.
    at_least
        As there.
    at_most
        As there.

    Returns
    -------
    short_tiles
        Of every draw, and as published.

    Raises
    ------
    DataError
        As in :func:`failing_share`.
    """
    quantities, floors, ceilings = list(measured), dict(at_least or {}), dict(at_most or {})
    by_column = {one.column: one for one in quantities}
    asked = [*floors, *ceilings]
    absent = [one for one in asked if one not in by_column]
    if absent or not asked or len(by_column) < len(quantities):
        msg = (
            f"failing_share: limits on {shown(asked) or 'nothing'}"
            f" of quantities {shown(one.column for one in quantities) or 'none'}"
        )
        raise DataError(msg, ids=absent)

    def short(one: Broadband, fails: Callable[[_Floats], npt.NDArray[np.bool_]]) -> ShortTiles:
        tiles = one.estimates.tile_draws.columns
        return ShortTiles(
            tiles=tiles,
            # Row by row, in which order people are then added up
            draws=np.ascontiguousarray(fails(one.estimates.tile_draws.to_numpy())),
            observed=fails(one.tile_values[tiles].to_numpy()),
            suppressed=one.table["suppressed"],
            level=one.estimates.level,
        )

    below = [short(by_column[one], partial(np.greater, limit)) for one, limit in floors.items()]
    above = [short(by_column[one], partial(np.less, limit)) for one, limit in ceilings.items()]
    return reduce(or_, [*below, *above])


def failing(people: pd.DataFrame, short: ShortTiles) -> Failing:
    """
    Count the people whose tile falls short, draw by draw.

    Parameters
    ----------
    people
        From :func:`people_by_tile`.
    short
        From :func:`short_tiles`.

    Returns
    -------
    failing
        Shares of people by district, with intervals and draws.
    """
    districts = short.suppressed.index
    counts = _living(people[people["tile_id"].isin(short.tiles)], short.tiles, districts)

    def of(fails: npt.NDArray[np.bool_]) -> _Floats:
        blocks = np.array_split(fails, -(-fails.size // _FAILING) or 1)
        return np.concatenate([some.astype(float) @ counts for some in blocks])

    tested = counts.sum(axis=0)
    tested = np.where((tested > 0) & ~short.suppressed.to_numpy(), tested, np.nan)
    draws = pd.DataFrame(of(short.draws) / tested, columns=districts)
    shares = draws.to_numpy()
    low, _, high = smallsample.interval(shares, level=short.level)
    everybody = people.groupby("district_id")["people"].sum().reindex(districts)
    table = pd.DataFrame(
        {
            "value": shares.mean(axis=0),
            "low": low,
            "high": high,
            "observed": of(short.observed[None, :])[0] / tested,
            "known_share": tested / everybody.to_numpy(),
        },
        index=districts,
    )
    return Failing(table=table, draws=draws)


def _living(people: pd.DataFrame, tiles: pd.Index, districts: pd.Index) -> Any:
    """Lay people out as tiles x districts: sparse where nearly all of them would be nil."""
    rows, columns = (
        tiles.get_indexer(people["tile_id"]),
        districts.get_indexer(people["district_id"]),
    )
    known = columns >= 0
    each = (people["people"].to_numpy(dtype=float)[known], (rows[known], columns[known]))
    counts = sparse.csr_array(each, shape=(len(tiles), len(districts)))
    return counts if len(tiles) * len(districts) > _WEIGHTS else counts.toarray()


def trend(measured: Iterable[Broadband]) -> pd.DataFrame:
    """
    Measure how fast broadband grows in every district.

    A line through the logs of its typical values, every period alike; periods
    are taken to be measured independently, which makes the interval wide
    rather than narrow.

    Parameters
    ----------
    measured
        The same quantity in several quarters, from :func:`broadband`.

    Returns
    -------
    trend
        Districts x ``growth`` a year (0.1 is ten per cent), ``low``, ``high``
        and ``periods`` that entered; NaN under two periods that are shown.

    Raises
    ------
    DataError
        If quantities differ, a period is no quarter such as 2023Q3 or stands
        twice, or there is none.
    """
    quarters = list(measured)
    columns = {one.column for one in quarters}
    periods = [str(one.period) for one in quarters]
    odd = [one for one in periods if not _QUARTER.fullmatch(one) or periods.count(one) > 1]
    if len(columns) != 1 or odd:
        msg = f"trend: takes one quantity by quarter, not {shown(columns)} in {shown(periods)}"
        raise DataError(msg, ids=odd)
    years = np.array([int(one[:4]) + int(one[5]) / 4 for one in periods])
    logs = np.stack([np.log(one.estimates.draws.to_numpy()) for one in quarters])
    there = ~np.isnan(logs[:, 0, :])
    count = there.sum(axis=0)
    with np.errstate(invalid="ignore"):  # no period at all: unknown
        centre = np.where(there, years[:, None], 0).sum(axis=0) / count
    offset = np.where(there, years[:, None] - centre, 0.0)
    square = (offset**2).sum(axis=0)
    slope = (offset[:, None, :] * np.where(there[:, None, :], logs, 0.0)).sum(axis=0)
    slope = slope / np.where(count > 1, square, np.nan)
    low, middle, high = smallsample.interval(slope, level=quarters[0].estimates.level)
    return pd.DataFrame(
        {
            "growth": np.expm1(middle),
            "low": np.expm1(low),
            "high": np.expm1(high),
            "periods": count,
        },
        index=quarters[0].table.index,
    )


def inclusion(
    parts: pd.DataFrame, *, weights: Mapping[str, float] | None = None, min_parts: int = 2
) -> pd.DataFrame:
    """
    Join what it takes to be online into one score.

    A weighted mean of the parts that are known, so a good part makes up for a
    bad one. Units that lack a part are not comparable with those that have it,
    unless what they lack would have been like what they have.

    Parameters
    ----------
    parts
        Scores 0-100 by unit, columns among ``PARTS``; NaN = unknown. A part
        that the city does not have may be left out.
    weights
        Weight of each part, >= 0; 1 by default.
    min_parts
        Known parts of positive weight under which there is no score.

    Returns
    -------
    inclusion
        On the units' index: ``score`` 0-100 (NaN under ``min_parts``),
        ``parts`` known and ``over``, their names with blanks between.

    Raises
    ------
    DataError
        If a column is no part, a score is not within 0-100, a weight is
        negative or of no part, or ``min_parts`` is not within 1-4.

    Examples
    --------
    >>> parts = pd.DataFrame({"measured_speed": [80.0, 60.0], "device": [40.0, None]})
    >>> inclusion(parts)[["score", "parts", "over"]].values.tolist()
    [[60.0, 2, 'measured_speed device'], [nan, 1, 'measured_speed']]
    """
    given = dict.fromkeys(PARTS, 1.0) | dict(weights or {})
    strange = [one for one in (*parts.columns, *given) if one not in PARTS]
    faults = [f"no parts are called {shown(strange)}"] if strange else []
    known = parts.notna()
    bad = known & ~((parts >= _SCORES[0]) & (parts <= _SCORES[1]))
    rows = parts.index[bad.any(axis=1)]
    if len(rows):
        faults.append(f"scores are not within 0-100: {shown(rows)}")
    if not all(one >= 0 for one in given.values()):
        faults.append("weights are negative or unknown")
    if not 1 <= min_parts <= len(PARTS):
        faults.append(f"min_parts is not within 1-{len(PARTS)}: {min_parts}")
    if faults:
        msg = f"inclusion: {'; '.join(faults)}"
        raise DataError(msg, ids=[*strange, *rows])
    order = [one for one in PARTS if one in parts.columns and given[one] > 0]
    known, weight = known[order], pd.Series({one: given[one] for one in order}, dtype=float)
    counted = known.sum(axis=1)
    score = (parts[order] * weight).sum(axis=1) / (known * weight).sum(axis=1)
    over = [" ".join(known.columns[row]) for row in known.to_numpy()]
    return pd.DataFrame(
        {"score": score.where(counted >= min_parts), "parts": counted, "over": over},
        index=parts.index,
    )


def _one_kind(tiles: gpd.GeoDataFrame) -> None:
    """Refuse fixed and mobile tiles in one table."""
    kinds = tiles["kind"].unique()
    if len(kinds) > 1:
        msg = f"tiles: of several kinds ({shown(kinds)}); take them one by one"
        raise DataError(msg, ids=kinds)


def _one_period(tiles: gpd.GeoDataFrame) -> str | None:
    """Refuse tiles of several kinds or periods; name the period."""
    schema.check_columns(tiles, ["kind", "period"], name="tiles")
    schema.check_unique(tiles.index, name="tiles")
    _one_kind(tiles)
    periods = tiles["period"].unique()
    if len(periods) > 1:
        msg = f"tiles: of several periods ({shown(periods)}); take them one by one, or pool them"
        raise DataError(msg, ids=periods)
    return None if len(periods) == 0 or pd.isna(periods[0]) else str(periods[0])


def _summaries(
    public: pd.DataFrame, known: smallsample.Estimates, *, figures: bool
) -> tuple[pd.DataFrame, pd.Series]:
    """Add the weighted means and medians to the typical values; and give them of all together."""
    districts = known.table.rename(columns={"low": "value_low", "high": "value_high"})
    counts = ["tiles", "tests", "devices"]
    typical = districts[["value", "value_low", "value_high"]]
    by_district, together = pd.DataFrame(index=districts.index), pd.Series(dtype=float)
    if figures:
        by_district = _figures(public, known, public["district_id"]).reindex(districts.index)
        together = _figures(public, known, pd.Series(0, index=public.index)).reindex([0]).iloc[0]
    table = pd.concat([typical, by_district, districts[[*counts, "suppressed"]]], axis=1)
    shown_counts = {"tiles": public["tile_id"].nunique(), **districts[counts[1:]].sum()}
    return table, pd.concat([together, pd.Series(shown_counts, dtype=float)]).rename("total")


def _figures(public: pd.DataFrame, known: smallsample.Estimates, groups: pd.Series) -> pd.DataFrame:
    """Work out every weighted mean and median by group: published, estimated, its interval."""
    published = public["value"].to_numpy(dtype=float)[None, :]
    true = known.tile_draws.loc[:, public["tile_id"]].to_numpy()
    columns = {}
    for name, figure in _FIGURES.items():
        drawn = figure(true, public, groups)
        low, middle, high = smallsample.interval(drawn.to_numpy(), level=known.level)
        columns[name] = figure(published, public, groups).iloc[0].to_numpy()
        columns |= {f"{name}_estimate": middle, f"{name}_low": low, f"{name}_high": high}
        index = drawn.columns
    return pd.DataFrame(columns, index=index)


def _weighted(values: _Floats, weights: pd.Series, groups: pd.Series) -> pd.DataFrame:
    """Average draws x parts by group."""
    codes, ids = pd.factorize(groups, sort=True)
    if len(codes) * len(ids) > _WEIGHTS:  # nearly all of them nil
        each = (weights.to_numpy(dtype=float), (np.arange(len(codes)), codes))
        sums = values @ sparse.csc_array(each, shape=(len(codes), len(ids)))
        return pd.DataFrame(sums / np.bincount(codes, weights), columns=ids)
    weight = np.zeros((len(codes), len(ids)))
    weight[np.arange(len(codes)), codes] = weights
    return pd.DataFrame(values @ weight / weight.sum(axis=0), columns=ids)


def _test_mean(values: _Floats, parts: pd.DataFrame, groups: pd.Series) -> pd.DataFrame:
    """Average by tests."""
    return _weighted(values, parts["tests"] * parts["share"], groups)


def _device_mean(values: _Floats, parts: pd.DataFrame, groups: pd.Series) -> pd.DataFrame:
    """Average by devices."""
    return _weighted(values, parts["devices"] * parts["share"], groups)


def _tile_median(values: _Floats, parts: pd.DataFrame, groups: pd.Series) -> pd.DataFrame:
    """Find the median of tile means, each tile weighing its share of land."""
    share = parts["share"].to_numpy(dtype=float)
    blocks = np.array_split(np.arange(len(values)), -(-values.size // _MEDIANS) or 1)
    tasks = {
        name: [partial(_medians, values, rows, share[rows], some) for some in blocks]
        for name, rows in groups.groupby(groups).indices.items()
    }
    found = in_order(one for several in tasks.values() for one in several)
    medians = {
        name: np.concatenate([next(found) for _ in several]) for name, several in tasks.items()
    }
    return pd.DataFrame(medians, index=range(len(values))).sort_index(axis=1)


def _medians(values: _Floats, rows: Any, share: _Floats, some: Any) -> _Floats:
    """Find the weighted median of some draws over some parts."""
    drawn = values[np.ix_(some, rows)]
    order = np.argsort(drawn, axis=1, kind="stable")
    ordered = np.take_along_axis(drawn, order, axis=1)
    edges = np.cumsum(share[order], axis=1)
    half = edges[:, -1:] / 2
    slack = 1e-12 * edges[:, -1:]
    below = (edges < half - slack).sum(axis=1)  # averaged where the half falls on a step
    at = (edges <= half + slack).sum(axis=1)
    each = np.arange(len(some))
    median: _Floats = (ordered[each, below] + ordered[each, at]) / 2
    return median


_FIGURES: dict[str, Callable[[_Floats, pd.DataFrame, pd.Series], pd.DataFrame]] = {
    "test_mean": _test_mean,
    "device_mean": _device_mean,
    "tile_median": _tile_median,
}
