"""One small city at two dates: studies of values that a test writes down."""

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from small_city import evaluation, one_of_each, rules, units

from geoequity import judgement, summary
from geoequity.indicators import catalogue_table
from geoequity.study import Study

CITY = {
    "id": "valle",
    "name": "Valle",
    "country": "CO",
    "crs": "EPSG:32721",
    "imd_2025_rank": None,
    "fictitious": True,
    "languages": ["es", "en"],
    "licences": ["CC BY 4.0"],
    "question": None,
    "title": {},
}


def book(name="tables.0", *, sha256="aa", indicators=None, **changes):
    """What provenance says of a file; by default it gives every indicator."""
    given = [one.id for one in one_of_each()] if indicators is None else indicators
    default = {"name": name, "path": f"{name}.csv", "reference_year": 2024, "rows_kept": 4}
    return {**default, "sha256": sha256, "indicators": given, **changes}


def places(counts, *, source="osm"):
    """Places on the map: how many of each kind in each district, by its place in the row."""
    rows = [
        (kind, shapely.Point(1000 * at + 500, 100 + one))
        for at, kinds in enumerate(counts)
        for kind, count in kinds.items()
        for one in range(count)
    ]
    table = {"category": [one[0] for one in rows], "source": source}
    index = pd.Index([f"p{at}" for at in range(len(rows))], name="service_id")
    points = gpd.GeoSeries([one[1] for one in rows], crs="EPSG:32721", index=index)
    return gpd.GeoDataFrame(table, index=index, geometry=points)


def study(
    values,
    *,
    ids=None,
    people=100.0,
    error=None,
    books=None,
    services=None,
    definitions=None,
    confidence=1.0,
    city=None,
    perception=None,
    **options,
):
    """Judge districts a, b, c ... by their values; `error` is a standard error by indicator."""
    definitions = one_of_each() if definitions is None else definitions
    count = len(next(iter(values.values())))
    ids = list("abcdefghijklmnopqrstuvwxyz")[:count] if ids is None else ids
    districts = units(ids, population=np.broadcast_to(np.asarray(people, float), (count,)).copy())
    found = evaluation(values, districts.index)
    found = replace(found, confidence=found.confidence * confidence)
    used = [one for one in definitions if one.id in values]
    present = [one.id for one in used if one.role == "indicator"]
    judged = judgement.judge(
        found,
        definitions,
        population=districts["population"],
        present=present,
        rules=rules(**options),
    )
    measures = judgement.inequality_of(
        found, definitions, cells=None, districts=districts, min_coverage=0.8
    )
    told = summary.make_summary(
        city=CITY | (city or {}),
        method={},
        rules=rules(**options),
        districts=districts,
        cells=None,
        outside=0.0,
        evaluation=found,
        definitions=definitions,
        judgement=judged,
        measures=measures,
    )
    nodes = ["index", "structures", "technologies", *judgement.AREAS]
    ends = [
        pd.DataFrame(
            {
                "unit_id": ids,
                "indicator": key,
                "low": np.asarray(values[key], float) - 1.6448536269514722 * sd,
                "high": np.asarray(values[key], float) + 1.6448536269514722 * sd,
            }
        )
        for key, sd in (error or {}).items()
    ]
    none = pd.DataFrame(columns=["unit_id", "indicator", "low", "high"])
    map_of = places([{}] * count) if services is None else services
    return Study(
        districts=districts.assign(
            **{one: judged.scores[one] for one in nodes}, type=judged.types, **judged.ranges
        ),
        cells=units([]),
        services=map_of,
        stops=map_of.iloc[:0].assign(mode=None),
        routes=map_of.iloc[:0].assign(mode=None),
        indicators=found.districts,
        cell_indicators=found.cells,
        scores=judged.scores[present],
        confidence=found.confidence,
        intervals=pd.concat(ends, ignore_index=True) if ends else none,
        inequality=measures,
        types=judged.probability.assign(type=judged.types),
        catalogue=catalogue_table(used),
        summary=told | {"perception": perception or {}},
        provenance={"sources": [book()] if books is None else books},
    )
