"""
The frozen result of an assessment.

A ``Study`` is tables and one summary. Maps, reports, files, scenarios and
comparisons are functions of it; it imports nothing above it and computes
nothing itself.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from geoequity.locale import LANGUAGES, name, number, text

_ENDS = 5  # districts that a notebook shows of either end
_SHOWN = ("index", "structures", "technologies", "type")


def _no_background() -> gpd.GeoDataFrame:
    """Make the ground of a map of a study that has none."""
    columns = {"kind": pd.Series(dtype=object), "rank": pd.Series(dtype="int64")}
    return gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries([]))


def _no_intervals() -> pd.DataFrame:
    """Make the table of intervals of a study whose sources are complete counts."""
    return pd.DataFrame(columns=["unit_id", "indicator", "low", "high"])


@dataclass(frozen=True, kw_only=True)
class Study:
    """
    What was found in one city.

    All geometry is in one projected CRS in metres. Shares are 0-1, scores
    0-100, confidence 0-1; NaN is unknown and 0 is measured.

    Parameters
    ----------
    districts
        Index ``unit_id``: geometry, ``name``, ``population`` and other bases
        (NaN where there is no count), ``area_m2``, the scores ``index``,
        ``structures``, ``technologies`` and the five areas, ``rank``,
        ``rank_low``, ``rank_high``, ``index_low``, ``index_high`` (range over
        choices of method), the same with ``sampling_`` before it (error of the
        data; NaN where they are complete counts), ``worst_quarter``
        (probability, over both, of being in the worst quarter of people),
        ``decoration_gap`` (technologies minus structures, points), ``type`` and
        ``type_relative`` (by the city's own medians; None where none is stated),
        ``confidence``.
    cells
        Index ``unit_id``: geometry, ``name``, ``district_id`` (None outside
        every district), ``population`` and other bases, ``area_m2``.
    services
        Index ``service_id``: geometry, ``category``, ``name``, ``capacity``, ``source``.
    stops
        Index ``stop_id``: geometry, ``mode``, ``name``, ``source``.
    routes
        Index ``route_id``: geometry, ``mode``, ``name``, ``source``.
    indicators
        Districts x indicator ids, in each indicator's own unit, stratifiers
        and validators included; only those that could be computed.
    cell_indicators
        Cells x indicator ids, for the indicators that are computed at cells.
    scores
        Districts x indicator ids, 0-100; only those that enter the index.
    confidence
        Districts x indicator ids, 0-1.
    intervals
        Columns ``unit_id``, ``indicator``, ``low``, ``high``: 90 % sampling
        intervals of district values whose source is no complete count.
    background
        What a map is drawn on, and nothing is computed from: geometry, ``kind``
        (``water``, ``street``) and ``rank`` (1 main to 4 least; 0 water). No row
        where the city file names no streets.
    mapping
        Index ``unit_id``: what OpenStreetMap has of each district (``street_m``,
        ``buildings``, ``services``, ``edits``, ``contributors``, ``last_edit``,
        ``middle_edit``, ``edit_age_years``), the probability that its map is
        ``thin``, the share of services on it, ``completeness`` with ``low`` and
        ``high``, and what there is of what people let expect
        (``buildings_ratio`` ...); NaN unknown. No columns without a map.
    broadband
        Districts x figures of each kind of speed tests, such as
        ``fixed_down_mbps_test_mean``; no columns without tests.
    inequality
        Index indicator id: ``gini``, ``absolute_gini``, ``palma``,
        ``theil_total``, ``theil_between``, ``theil_within``, ``coverage``, ...
    trends
        Columns ``indicator``, ``unit_id``, ``growth`` a year (0.1 is ten per
        cent), ``low``, ``high`` (90 % sampling interval), ``periods``.
    transit
        Districts x figures of public transport, means over residents:
        ``departures_per_hour`` and those of each mode (``bus_per_hour`` ...),
        at night and at the weekend; what is reached within 30, 45 and 60
        minutes (``jobs_45min_share``, ``hospital_45min_count`` ...), the
        minutes to the nearest, and the same without a mode. No columns without
        timetables and headways.
    groups
        Columns ``indicator``, ``group`` and the columns of ``inequality``: the
        same measured for a group of people instead of everybody.
    patterns
        Index ``unit_id``: ``neighbours`` (how many), ``local_moran``, ``quadrant``
        (own index, then the neighbours': ``high_high``, ``high_low`` ...),
        ``gi_star``, ``p``, ``p_adjusted`` (false discovery rate) and ``cluster``:
        ``hot``, ``cold``, ``high_low``, ``low_high``, or None where it may be
        chance.
    drivers
        Columns ``measure`` (``gap_points`` or ``mean_abs_difference`` of the
        index), ``by`` (``indicator``, ``area``, ``pillar``, ``district``,
        ``unknown``), ``id``, ``points``, ``share``, ``error``: what makes the gap,
        those of each kind adding up to it. No rows without an index.
    types
        Index ``unit_id``: ``type`` and one column per type with its probability.
    catalogue
        Index indicator id, in the order of the catalogue: ``label_en``,
        ``label_es``, ``label_pt``, ``description_en`` ..., ``pillar``,
        ``area``, ``role``, ``unit``, ``better``, ``base``, ``scale``,
        ``worst``, ``best``, ``citation``; only those in ``indicators``.
    summary
        The content of ``summary.json``.
    provenance
        The content of ``provenance.json``: where every number came from.
    made_of
        What ``assess`` made it of, so that a scenario can start from it; None
        where the study was read from a folder. No part of the result.
    """

    districts: gpd.GeoDataFrame
    cells: gpd.GeoDataFrame
    services: gpd.GeoDataFrame
    stops: gpd.GeoDataFrame
    routes: gpd.GeoDataFrame
    indicators: pd.DataFrame
    cell_indicators: pd.DataFrame
    scores: pd.DataFrame
    confidence: pd.DataFrame
    intervals: pd.DataFrame = field(default_factory=_no_intervals)
    background: gpd.GeoDataFrame = field(default_factory=_no_background)
    mapping: pd.DataFrame = field(default_factory=pd.DataFrame)
    broadband: pd.DataFrame = field(default_factory=pd.DataFrame)
    trends: pd.DataFrame = field(default_factory=pd.DataFrame)
    transit: pd.DataFrame = field(default_factory=pd.DataFrame)
    groups: pd.DataFrame = field(default_factory=pd.DataFrame)
    patterns: pd.DataFrame = field(default_factory=pd.DataFrame)
    drivers: pd.DataFrame = field(default_factory=pd.DataFrame)
    inequality: pd.DataFrame
    types: pd.DataFrame
    catalogue: pd.DataFrame
    summary: Mapping[str, Any] = field(repr=False)
    provenance: Mapping[str, Any] = field(repr=False)
    made_of: Any = field(default=None, repr=False, compare=False)

    def _repr_html_(self) -> str:
        """Show the study in a notebook: what city, how large a gap, which types, both ends."""
        city = self.summary["city"]
        language = next((one for one in city.get("languages") or () if one in LANGUAGES), "en")
        facts = [
            text("report.facts.districts", language=language, count=len(self.districts)),
            text("report.facts.cells", language=language, count=len(self.cells)),
            text("report.facts.indicators", language=language, count=len(self.indicators.columns)),
        ]
        gap = ((self.summary.get("index") or {}).get("gap") or {}).get("points")
        if gap is not None:
            facts.append(text("report.facts.gap", language=language, gap=float(gap)))
        listed = self.districts[["name", *_SHOWN]].sort_values(_SHOWN[0], ascending=False)
        shown = listed if len(listed) <= 2 * _ENDS else _ends(listed)
        rows = [
            [
                name(one["name"]),
                *(number(one[key], language=language, decimals=1) for key in _SHOWN[:3]),
                text(f"type.{kind if isinstance(kind, str) else 'unknown'}", language=language),
            ]
            for _, one in shown.iterrows()
            for kind in [one["type"]]
        ]
        fictitious = escape(text("fictitious", language=language))
        made_up = f"<p>{fictitious}</p>" if city.get("fictitious") else ""
        heads = [
            text(f"report.column.{one}", language=language)
            for one in ("district", "index", "structures", "technologies", "type")
        ]
        return (
            f"<div><p><b>{escape(name(city['name']))}</b> · {escape(' · '.join(facts))}</p>"
            f"{made_up}"
            f"<table><thead>{_row(heads, 'th')}</thead>"
            f"<tbody>{''.join(_row(row, 'td') for row in rows)}</tbody></table></div>"
        )


def signature(study: Study) -> str:
    """
    Tell a study from others by its numbers.

    Parameters
    ----------
    study
        Any study.

    Returns
    -------
    signature
        Hexadecimal digest of its indicators.
    """
    table = study.indicators
    names = repr([*map(str, table.columns), *map(str, table.index)])
    digest = hashlib.blake2b(names.encode(), digest_size=16)
    digest.update(np.ascontiguousarray(table.to_numpy(dtype=float)).tobytes())
    return digest.hexdigest()


def _ends(listed: pd.DataFrame) -> pd.DataFrame:
    """Take the first and the last few rows."""
    return pd.concat([listed.iloc[:_ENDS], listed.iloc[-_ENDS:]])


def _row(cells: Sequence[str], tag: str) -> str:
    """Lay out a row."""
    return f"<tr>{''.join(f'<{tag}>{escape(one)}</{tag}>' for one in cells)}</tr>"
