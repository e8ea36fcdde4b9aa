"""Contracts over the whole interface: what is exported, and how every measure behaves."""

import copy
import dataclasses
import importlib
import inspect
import json
import pkgutil
import subprocess
import sys
from contextlib import suppress
from functools import partial
from math import nan
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from small_city import definition, evaluation, units

import geoequity
from geoequity import (
    composite,
    decomposition,
    grids,
    inequality,
    patterns,
    segregation,
    smallsample,
    transfer,
    typology,
)
from geoequity import perception as readings
from geoequity.errors import DataWarning, GeoEquityError
from geoequity.measures import perception, provision, proximity, streetscape

MODULES = sorted(
    one.name
    for one in pkgutil.walk_packages(geoequity.__path__, "geoequity.")
    if not any(part.startswith("_") for part in one.name.split("."))
)
CALLED_BY_USERS = [one for one in MODULES if not one.startswith("geoequity.sources")]
MEASURING = (
    composite,
    decomposition,
    grids,
    inequality,
    patterns,
    perception,
    provision,
    proximity,
    readings,
    segregation,
    smallsample,
    streetscape,
    transfer,
    typology,
)


def public(module):
    """Functions and classes that a module defines for others, by name."""
    named = getattr(module, "__all__", vars(module))
    return {
        name: value
        for name, value in vars(module).items()
        if name in named
        and not name.startswith("_")
        and (inspect.isfunction(value) or inspect.isclass(value))
        and (
            value.__module__ == module.__name__
            or value.__module__.startswith(f"{module.__name__}._")
        )
    }


# ---- what is exported ---------------------------------------------------------------------


def test_the_package_exports_exactly_what_it_says():
    assert dir(geoequity) == sorted(geoequity.__all__)
    assert len(set(geoequity.__all__)) == len(geoequity.__all__)
    assert {"City", "Study", "assess", "__version__"} < set(geoequity.__all__)
    for name in geoequity.__all__:
        assert getattr(geoequity, name) is not None


def test_every_name_of_the_package_can_be_imported():
    for name in set(geoequity.__all__) - {"__version__"}:
        space = {}
        exec(f"from geoequity import {name}", space)  # the way users write it
        assert space[name] is getattr(geoequity, name)


def test_a_name_that_is_not_exported_is_refused():
    with pytest.raises(AttributeError, match="module 'geoequity' has no attribute 'gini'"):
        _ = geoequity.gini


@pytest.mark.parametrize("name", MODULES)
def test_a_module_has_what_it_exports_and_says_what_it_is(name):
    module = importlib.import_module(name)
    assert module.__doc__
    exported = getattr(module, "__all__", list(public(module)))
    assert len(set(exported)) == len(exported)
    for one in exported:
        assert hasattr(module, one) or f"{name}.{one}" in MODULES
    for one, value in public(module).items():
        assert value.__doc__, f"{name}.{one} says nothing of itself"


PROMISED = {
    "assess": "city",
    "compare.change": "old new",
    "compare.cities": "studies draws seed min_covered_share min_coverage",
    "compare.converge": "old new population draws error",
    "compare.difference": "old new more_error",
    "compare.headline_values": "summary",
    "measures.accessibility.cumulative": "costs opportunities within_min origins",
    "measures.accessibility.nearest": "costs services origins k",
    "measures.accessibility.gravity": "costs opportunities decay origins",
    "City.from_toml": "path data",
    "City.preset": "name",
    "outputs.save": "study folder",
    "outputs.load": "folder",
    "maps.draw_map": "study",
    "report.write_pdf": "study path language",
    "report.write_report": "study path language",
    "report.write_reports": "study folder languages pdf",
    "inequality.gini": "value population",
    "inequality.absolute_gini": "value population",
    "inequality.hoover": "value population",
    "inequality.wolfson": "value population",
    "inequality.lorenz": "value population",
    "inequality.concentration_curve": "value population rank",
    "inequality.coverage": "value population",
    "inequality.theil": "value population groups",
    "inequality.measures": "value population scale epsilon better groups rank",
    "inequality.palma_ratio": "value population rank",
    "inequality.concentration_index": "value population rank method bounds",
    "inequality.atkinson": "value population epsilon",
    "inequality.kolm_pollak_ede": "value population epsilon better kappa",
    "inequality.fgt": "value population line alpha",
    "inequality.sufficiency": "value population thresholds better",
    "segregation.dissimilarity": "group population",
    "segregation.isolation": "group population",
    "segregation.interaction": "group population",
    "segregation.information_theory": "groups",
    "inequality.bootstrap": "measure value population strata draws rng",
    "patterns.neighbours": "units contiguity tolerance_m k",
    "patterns.moran": "value neighbours permutations rng",
    "patterns.local_moran": "value neighbours permutations rng",
    "patterns.getis_ord": "value neighbours permutations rng",
    "patterns.gradient": "value units centre population rings",
    "patterns.cliffs": "value neighbours units tolerance_m",
    "patterns.regions": "values neighbours population n_regions min_population",
    "inequality.posterior": "measure draws population value level",
    "inequality.posterior_change": "measure before after population value value_after level",
    "composite.build": "data tree normalise weigh aggregate treat impute",
    "streets.StreetNetwork.from_osm": "path boundary",
    "streets.StreetNetwork.costs": "self origins destinations within_min",
    "streets.StreetNetwork.nearest_min": "self services_by_category",
    "streets.StreetNetwork.count_within": "self services_by_category within_min",
    "siting.site": "costs population objective count budget current candidates",
    "siting.frontier": "costs population kappa count budget current candidates",
    "siting.coverage": "within_min",
    "siting.ede": "kappa epsilon",
    "siting.gap": "groups within_min",
    "streets.StreetNetwork.snap": "self points",
    "streets.StreetNetwork.to_networkx": "self",
}
FLOATING = ("two_step", "enhanced", "three_step", "balanced", "spatial_availability")
PROMISED |= {
    f"measures.accessibility.{one}": "costs opportunities population decay within_min origins"
    for one in FLOATING
}


@pytest.mark.parametrize("path", PROMISED)
def test_what_users_call_takes_what_they_give(path):
    found = geoequity
    for part in path.split("."):
        found = getattr(found, part)
    promised = PROMISED[path].split()
    assert [one for one in inspect.signature(found).parameters if one in promised] == promised


@pytest.mark.parametrize("name", CALLED_BY_USERS)
def test_at_most_two_arguments_go_by_position(name):
    by_position = {inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD}
    for one, value in public(importlib.import_module(name)).items():
        if inspect.isfunction(value):
            kinds = [each.kind for each in inspect.signature(value).parameters.values()]
            assert sum(each in by_position for each in kinds) <= 2, f"{name}.{one}"


def run_python(code):
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done


def test_importing_the_package_is_quick_and_loads_nothing_heavy():
    code = """
import json, sys, time
start = time.perf_counter()
import geoequity
seconds = time.perf_counter() - start
print(json.dumps([seconds, [one for one in HEAVY if one in sys.modules]]))
"""
    heavy = ["pandas", "geopandas", "numpy", "osmnx", "matplotlib", "folium", "rasterio", "pyproj"]
    runs = [json.loads(run_python(f"HEAVY = {heavy!r}\n{code}").stdout) for _ in range(2)]
    assert min(seconds for seconds, _ in runs) <= 1
    assert runs[0][1] == []


def test_importing_every_module_says_nothing_and_changes_nothing():
    code = f"""
import importlib, logging, numpy, pandas, random

def state():
    drawn = random.getstate(), numpy.random.get_state()[1].tolist()
    log = logging.root.level, list(logging.root.handlers)
    return drawn, log, numpy.geterr(), pandas.get_option("display.max_rows")

before = state()
for name in {MODULES!r}:
    importlib.import_module(name)
assert state() == before
"""
    done = run_python(code)
    assert (done.stdout, done.stderr) == ("", "")


# ---- how every measure behaves ------------------------------------------------------------

IDS = [f"u{at}" for at in range(6)]


def column(*numbers, name="value"):
    return pd.Series(numbers, index=pd.Index(IDS, name="unit_id"), dtype=float, name=name)


def value():
    return column(3, 0, 8, nan, 5, 8)


def people():
    return {"value": value(), "population": column(10, 20, 30, 40, 0, 60, name="population")}


def ranked():
    return {**people(), "rank": column(2, 1, 4, 3, 4, 6, name="rank")}


def grouped():
    return {**people(), "groups": pd.Series(list("xxyyzz"), index=value().index, name="group")}


def members():
    return {"group": value(), "population": people()["population"].replace(0, 5)}


def above_zero():
    return {**people(), "value": value() + 1}


def tree():
    rows = [("a", "p", 1.0, "higher"), ("b", "p", 2.0, "lower"), ("c", "q", 1.0, "higher")]
    rows += [("p", "r", 1.0, None), ("q", "r", 3.0, None), ("r", None, 1.0, None)]
    return pd.DataFrame(rows, columns=["id", "parent", "weight", "better"])


def table():
    return pd.DataFrame({"a": value(), "b": column(1, 2, 3, 4, 5, 6), "c": value() * 2})


def whole():
    """Without what is unknown, and not all of it straight lines."""
    return table().fillna(2.5).assign(c=[4.0, 1.0, 3.0, 9.0, 5.0, 2.0])


def built():
    return composite.build(table(), tree(), normalise=composite.min_max).scores


def better():
    return pd.Series({"a": "higher", "b": "lower", "c": "higher"})


def pillars():
    rng = np.random.default_rng(8)
    return {one: rng.uniform(0, 100, (9, 6)) for one in ("structures", "technologies")}


def likely():
    return typology.probabilities(**pillars(), threshold=50.0, index=value().index)


def districts():
    return units(IDS, population=[10.0, 20.0, 30.0, nan, 0.0, 60.0])


def services():
    points = [shapely.Point(1000 * at + 10, 10) for at in (0, 0, 2, 5)]
    areas = [shapely.box(500, 100, 1700, 300), shapely.box(600, 200, 1500, 400)]
    index = [f"s{at}" for at in range(6)]
    return gpd.GeoDataFrame(index=index, geometry=[*points, *areas], crs="EPSG:32721")


def lines():
    paths = [[(100, 500), (2500, 500)], [(2000, 0), (2000, 1000)], [(3100, 100), (3100, 900)]]
    index = pd.Index(["e0", "e1", "e2"], name="edge_id")
    return gpd.GeoDataFrame(
        index=index, geometry=[shapely.LineString(one) for one in paths], crs="EPSG:32721"
    )


def lengths():
    return streetscape.street_lengths(lines(), districts())


def lengths_by_pair(**inputs):
    return streetscape.street_lengths(**inputs).set_index(["edge_id", "district_id"])


def lit():
    return pd.Series({"e0": "yes", "e1": "no", "e2": None}, name="lit")


def recorded():
    known = pd.Series([True, False, None, True, None, False], dtype=object)
    return {"values": known, "groups": pd.Series([*IDS[:2], *IDS[:2], None, IDS[2]])}


def answers():
    said = column(0.2, 0.5, nan, 0.4, 0.9, 0.1)
    return pd.DataFrame({"value": said, "low": said - 0.1, "high": said + 0.1, "n": 50.0})


def perceived(answers, **inputs):
    item = {"label": {"en": "Fine"}, "better": "higher", "indicator": "walk"}
    measured = evaluation({"walk": [6, 5, 4, 3, 2, 1]}, answers.index)
    definitions = [definition("walk")]
    return readings.perceived(
        {"fine": (item, answers)}, measured, definitions=definitions, **inputs
    )


def place():
    return gpd.GeoSeries([shapely.Point(334000, 6298000).buffer(700)], crs="EPSG:32719")


def tiles_of_districts():
    return pd.DataFrame(
        {
            "tile_id": [f"t{at}" for at in range(6)],
            "district_id": [IDS[at // 2] for at in range(6)],
            "share": [1.0, 0.5, 1.0, 1.0, 0.3, 1.0],
            "value": [20.0, 30.0, 50.0, 45.0, 80.0, 10.0],
            "tests": [40, 50, 60, 70, 5, 6],
            "devices": [10, 20, 20, 30, 2, 3],
        }
    )


def shifted(by_m):
    moved = districts().translate(by_m).set_axis([f"{by_m}-{at}" for at in range(6)])
    return gpd.GeoDataFrame(geometry=moved)


def overlap_of(made):
    """Lay out a transfer, which is kept as a sparse matrix."""
    frame = pd.DataFrame(made.overlap.toarray(), index=made.source_size.index)
    return frame.set_axis(made.target_size.index, axis=1)


def chained(source, middle, target):
    links = transfer.make_transfer(source, middle), transfer.make_transfer(middle, target)
    return overlap_of(transfer.compose(*links))


def on_map(**inputs):
    """A map of neighbours, values on it, and dice."""
    graph = patterns.neighbours(districts())
    return {"value": value(), **inputs, "neighbours": graph, "rng": np.random.default_rng(1)}


def regions_of(values, **inputs):
    return patterns.regions(values, **inputs, n_regions=3).astype(float)


def spots():
    """Points of six homes in a row, a kilometre apart."""
    return units(IDS).geometry.representative_point()


def some_draws():
    """Ten draws of the values of people()."""
    return pd.DataFrame(np.arange(60.0).reshape(10, 6) % 7 + 1, columns=people()["value"].index)


def call(function, make, rows=(), out=None, **options):
    """How to call a function: its tables made anew, which of them list units, and what comes out.

    `rows` maps the inputs whose order is the caller's own to their axis; `out` is the axis of
    units in the result, or None where the result is about all of them.
    """
    axes = dict.fromkeys(rows, 0) if not isinstance(rows, dict) else rows
    return SimpleNamespace(function=function, make=make, axes=axes, out=out, options=options)


OUTPUTS = {"y_a": [1.0, 2, 4], "y_b": [3.0, 1, 0], "x": [2.0, 2, 1]}
VALUE, RANKED = ("value", "population"), ("value", "population", "rank")
GROUPED = ("value", "population", "groups")
MEMBERS = ("group", "population")
CALLS = {
    "inequality.gini": call(inequality.gini, people, VALUE),
    "inequality.extended_gini": call(inequality.extended_gini, people, VALUE, nu=3),
    "inequality.absolute_gini": call(inequality.absolute_gini, people, VALUE),
    "inequality.hoover": call(inequality.hoover, people, VALUE),
    "inequality.wolfson": call(inequality.wolfson, people, VALUE),
    "inequality.lorenz": call(  # units that tie may step in either order along one straight line
        inequality.lorenz, lambda: {**people(), "value": column(3, 0, 8, nan, 5, 9)}, VALUE
    ),
    "inequality.coverage": call(inequality.coverage, people, VALUE),
    "inequality.theil": call(inequality.theil, grouped, GROUPED),
    "inequality.theil_l": call(
        inequality.theil_l, lambda: {**grouped(), "value": value() + 1}, GROUPED
    ),
    "inequality.palma_ratio": call(inequality.palma_ratio, ranked, RANKED),
    "inequality.concentration_index": call(inequality.concentration_index, ranked, RANKED),
    "inequality.atkinson": call(inequality.atkinson, people, VALUE, epsilon=0.5),
    "inequality.kolm_pollak_kappa": call(inequality.kolm_pollak_kappa, people, VALUE, epsilon=1),
    "inequality.kolm_pollak_ede": call(inequality.kolm_pollak_ede, people, VALUE, epsilon=1),
    "inequality.kolm_pollak_index": call(inequality.kolm_pollak_index, people, VALUE, epsilon=1),
    "inequality.fgt": call(inequality.fgt, people, VALUE, line=6, alpha=1),
    "inequality.concentration_curve": call(inequality.concentration_curve, ranked, RANKED),
    "inequality.sufficiency": call(inequality.sufficiency, people, VALUE, thresholds=[3, 6]),
    "inequality.mean": call(inequality.mean, people, VALUE),
    "inequality.measures": call(
        inequality.measures, ranked, RANKED, scale="ratio", epsilon=0.5, groups=None
    ),
    "inequality.quantile": call(inequality.quantile, people, VALUE, q=0.4),
    "inequality.quantiles": call(
        inequality.quantiles,
        lambda: {"values": pillars()["structures"], "population": people()["population"]},
        {"values": 1, "population": 0},
        out=None,
        q=[0.4, 0.5],
    ),
    "inequality.percentile_gap": call(inequality.percentile_gap, people, VALUE),
    "inequality.percentile_ratio": call(inequality.percentile_ratio, above_zero, VALUE),
    "inequality.tenths": call(inequality.tenths, above_zero, VALUE),
    "inequality.bootstrap": call(  # draws rows, so their order is its business
        inequality.bootstrap,
        lambda: {**people(), "rng": np.random.default_rng(1)},
        measure=inequality.gini,
        strata=None,
        draws=5,
    ),
    "patterns.neighbours": call(
        lambda units: set(patterns.neighbours(units).adjacency.index),
        lambda: {"units": districts()},
        ("units",),
    ),
    "patterns.moran": call(patterns.moran, on_map, ("value",), permutations=99),
    "patterns.bivariate_moran": call(
        patterns.bivariate_moran,
        lambda: on_map(around=column(6, 1, 5, 2, 4, 3)),
        ("value", "around"),
        permutations=99,
    ),
    "patterns.lee": call(
        patterns.lee,
        lambda: on_map(other=column(6, 1, 5, 2, 4, 3)),
        ("value", "other"),
        permutations=99,
    ),
    "patterns.local_moran": call(patterns.local_moran, on_map, ("value",), out=0, permutations=99),
    "patterns.getis_ord": call(patterns.getis_ord, on_map, ("value",), out=0, permutations=99),
    "patterns.adjusted": call(patterns.adjusted, lambda: {"p": value() / 10}, ("p",), out=0),
    "patterns.gradient": call(
        patterns.gradient,
        lambda: {**people(), "units": districts(), "centre": shapely.Point(0, 0)},
        ("value", "population", "units"),
    ),
    "patterns.rank_correlation": call(
        patterns.rank_correlation,
        lambda: {"left": value(), "right": column(6, 1, 5, 2, 4, 3), "population": value() + 1},
        ("left", "right", "population"),
    ),
    "patterns.cliffs": call(
        patterns.cliffs,
        lambda: {"value": value(), "units": districts(), "neighbours": on_map()["neighbours"]},
        ("value", "units"),
    ),
    "patterns.regions": call(
        regions_of,
        lambda: {
            "values": table()[["a", "b"]],
            "population": column(*range(1, 7)),
            "neighbours": on_map()["neighbours"],
        },
        ("values", "population"),
        out=0,
    ),
    "inequality.posterior": call(
        inequality.posterior,
        lambda: {
            "draws": some_draws(),
            "population": people()["population"],
        },
        {"draws": 1, "population": 0},
        measure=inequality.gini,
    ),
    "inequality.posterior_change": call(
        inequality.posterior_change,
        lambda: {
            "before": some_draws(),
            "after": some_draws() + 1,
            "population": people()["population"],
            "value": people()["value"],
            "value_after": people()["value"] + 1,
        },
        {"before": 1, "after": 1, "population": 0, "value": 0, "value_after": 0},
        measure=inequality.gini,
    ),
    "segregation.dissimilarity": call(segregation.dissimilarity, members, MEMBERS),
    "segregation.isolation": call(segregation.isolation, members, MEMBERS),
    "segregation.interaction": call(segregation.interaction, members, MEMBERS),
    "segregation.information_theory": call(
        segregation.information_theory, lambda: {"groups": table()}, ("groups",)
    ),
    "composite.goalposts": call(
        composite.goalposts({"a": (0.0, 10.0), "b": (6.0, 1.0), "c": (0.0, 20.0)}),
        lambda: {"data": table(), "better": better()},
        ("data",),
        out=0,
    ),
    "composite.min_max": call(
        composite.min_max, lambda: {"data": table(), "better": better()}, ("data",), out=0
    ),
    "composite.arithmetic": call(
        composite.arithmetic,
        lambda: {"values": table().to_numpy(), "weights": np.array([1.0, 2, 3])},
        ("values",),
        out=0,
    ),
    "composite.geometric": call(
        composite.geometric,
        lambda: {"values": table().to_numpy(), "weights": np.array([1.0, 2, 3])},
        ("values",),
        out=0,
    ),
    "composite.harmonic": call(
        composite.harmonic,
        lambda: {"values": table().to_numpy(), "weights": np.array([1.0, 2, 3])},
        ("values",),
        out=0,
    ),
    "composite.copeland": call(
        composite.copeland,
        lambda: {"values": table().to_numpy(), "weights": np.array([1.0, 2, 3])},
        ("values",),
        out=0,
    ),
    "composite.z_score": call(
        composite.z_score, lambda: {"data": table(), "better": better()}, ("data",), out=0
    ),
    "composite.rank": call(
        composite.rank, lambda: {"data": table(), "better": better()}, ("data",), out=0
    ),
    "composite.percentile": call(
        composite.percentile, lambda: {"data": table(), "better": better()}, ("data",), out=0
    ),
    "composite.to_targets": call(
        composite.to_targets({"a": 10.0, "b": 1.0, "c": 20.0}),
        lambda: {"data": table(), "better": better()},
        ("data",),
        out=0,
    ),
    "composite.denominate": call(
        lambda **inputs: composite.denominate(inputs["data"], by={"a": inputs["data"]["b"]}),
        lambda: {"data": table()},
        ("data",),
        out=0,
    ),
    "composite.impute": call(
        lambda data: composite.impute(data.fillna(data.mean())),  # it warns of what it fills
        lambda: {"data": table()},
        ("data",),
        out=0,
    ),
    "composite.tame_outliers": call(
        composite.tame_outliers, lambda: {"data": table()}, ("data",), out=0
    ),
    "composite.build": call(
        lambda **inputs: composite.build(**inputs).scores,
        lambda: {"data": table(), "tree": tree()},
        ("data",),
        out=0,
        normalise=composite.min_max,
    ),
    "composite.robustness": call(
        lambda **inputs: composite.robustness(**inputs).scores,
        lambda: {"data": table(), "tree": tree(), "rng": np.random.default_rng(1)},
        ("data",),
        out=0,
        pool={},
        draws=20,
    ),
    "composite.sobol_indices": call(
        lambda y_a, y_b, x: composite.sobol_indices(y_a, y_b, mixed={"x": x}),
        lambda: {name: np.array(y) for name, y in OUTPUTS.items()},
    ),
    "composite.floored": call(
        composite.floored(composite.geometric),
        lambda: {"values": table().to_numpy(), "weights": np.array([1.0, 2, 3])},
        ("values",),
        out=0,
    ),
    "composite.audit": call(
        lambda **inputs: composite.audit(**inputs).weights,
        lambda: {"scores": built(), "tree": tree()},
        ("scores",),
    ),
    "composite.correlations": call(
        composite.correlations, lambda: {"scores": table()}, ("scores",), method="kendall"
    ),
    "composite.related_pairs": call(
        composite.related_pairs, lambda: {"scores": table(), "tree": tree()}, ("scores",)
    ),
    "composite.cronbach_alpha": call(
        composite.cronbach_alpha, lambda: {"scores": table()}, ("scores",)
    ),
    "composite.components": call(composite.components, lambda: {"scores": whole()}, ("scores",)),
    "composite.global_weights": call(composite.global_weights, lambda: {"tree": tree()}),
    "composite.effective_weights": call(
        composite.effective_weights, lambda: {"scores": built(), "tree": tree()}, ("scores",)
    ),
    "composite.profile": call(
        composite.profile, lambda: {"scores": table(), "tree": tree()}, ("scores",), unit="u4"
    ),
    "composite.with_weights": call(
        composite.with_weights, lambda: {"tree": tree(), "weights": pd.Series({"a": 2.0})}
    ),
    "composite.equal_weights": call(
        composite.equal_weights, lambda: {"scores": table()}, ("scores",)
    ),
    "composite.component_weights": call(
        composite.component_weights, lambda: {"scores": whole()}, ("scores",)
    ),
    "composite.entropy_weights": call(
        composite.entropy_weights, lambda: {"scores": table()}, ("scores",)
    ),
    "composite.benefit_of_the_doubt": call(
        lambda scores: composite.benefit_of_the_doubt(scores).scores,
        lambda: {"scores": table()},
        ("scores",),
        out=0,
    ),
    "composite.favourable": call(
        composite.favourable(low=0.5),
        lambda: {"values": table().to_numpy(), "weights": np.array([1.0, 2.0, 1.0])},
        ("values",),
        out=0,
    ),
    "composite.analytic_hierarchy": call(
        composite.analytic_hierarchy,
        lambda: {"pairs": pd.DataFrame({"a": [1.0, 0.5], "b": [2.0, 1.0]}, index=["a", "b"])},
    ),
    "composite.budget_allocation": call(
        composite.budget_allocation,
        lambda: {"points": table().abs().fillna(1.0) + 1},
        ("points",),
    ),
    "composite.unit_weights": call(
        lambda scores: composite.unit_weights(scores, tree()),
        lambda: {"scores": table().assign(p=value(), q=value(), r=value())},
        ("scores",),
        out=0,
    ),
    "decomposition.shapley": call(
        lambda: decomposition.shapley(lambda masks: masks @ [1.0, 2.0], ["a", "b"]),
        dict,
    ),
    "decomposition.contributions": call(
        lambda **inputs: decomposition.contributions(**inputs).parts,
        lambda: {
            "scores": table(),
            "weights": table().notna().astype(float),
            "population": people()["population"],
        },
        ("scores", "weights", "population"),
        out=0,
    ),
    "decomposition.by_indicator": call(
        decomposition.by_indicator,
        lambda: {"parts": table(), "population": people()["population"]},
        ("parts", "population"),
        measure=inequality.gini,
    ),
    "decomposition.by_district": call(
        lambda **inputs: decomposition.by_district(**inputs).table,
        people,
        VALUE,
        out=0,
        measure=inequality.gini,
    ),
    "decomposition.measures_by_indicator": call(
        decomposition.measures_by_indicator,
        lambda: {"parts": table(), "population": people()["population"]},
        ("parts", "population"),
        measures={"gini": inequality.gini},
    ),
    "decomposition.measures_by_district": call(
        lambda **inputs: decomposition.measures_by_district(**inputs)["gini"].table,
        people,
        VALUE,
        out=0,
        measures={"gini": inequality.gini},
    ),
    "decomposition.between": call(
        decomposition.between,
        lambda: {"parts": table(), "population": people()["population"]},
        ("parts", "population"),
        better=["u0", "u2"],
        worse=["u1", "u5"],
    ),
    "typology.probabilities": call(
        typology.probabilities,
        lambda: {**pillars(), "index": value().index},
        {"structures": 1, "technologies": 1, "index": 0},
        out=0,
        threshold=50.0,
    ),
    "typology.medians": call(
        typology.medians,
        lambda: {"scores": pillars()["structures"], "population": people()["population"]},
        {"scores": 1, "population": 0},
        out=None,
    ),
    "typology.decoration_gap": call(
        typology.decoration_gap,
        lambda: {"structures": value(), "technologies": value() * 2},
        ("structures", "technologies"),
        0,
    ),
    "typology.decoration_reasons": call(
        typology.decoration_reasons,
        lambda: {"scores": table(), "gap": value() - 3},
        ("scores", "gap"),
        0,
        pillars={"a": "structures", "b": "technologies", "c": "technologies"},
        means=table().mean(),
        threshold=50.0,
    ),
    "typology.types": call(
        typology.types, lambda: {"probability": likely()}, ("probability",), 0, min_probability=0.6
    ),
    "proximity.nearest": call(
        proximity.nearest,
        lambda: {"minutes": table(), "categories": ["a", "b"]},
        ("minutes",),
        out=0,
    ),
    "proximity.within": call(proximity.within, lambda: {"walk": value()}, ("walk",), 0, limit=5.0),
    "proximity.rise": call(
        proximity.rise,
        lambda: {
            "homes": spots(),
            "places": gpd.GeoSeries.from_xy([0.0], [0.0], crs=spots().crs),
            "from_m": spots().x / 10,
            "to_m": pd.Series([0.0]),
        },
        ("homes", "from_m"),
        out=0,
    ),
    "proximity.near_lines": call(
        proximity.near_lines,
        lambda: {
            "homes": spots(),
            "lines": gpd.GeoSeries([shapely.LineString([(0, 0), (900, 0)])], crs=spots().crs),
        },
        ("homes",),
        out=0,
        within_m=500.0,
    ),
    "proximity.over_homes": call(
        proximity.over_homes,
        lambda: {
            "values": value(),
            "homes": pd.DataFrame({"cell_id": value().index, "share": 1.0}, value().index),
            "cells": value().index,
        },
        ("cells",),
        out=0,
    ),
    "provision.services_per": call(
        provision.services_per,
        lambda: {
            "services": services(),
            "districts": districts(),
            "base": districts()["population"],
        },
        ("districts", "base"),
        out=0,
        per=1000.0,
    ),
    "provision.places_per": call(
        provision.places_per,
        lambda: {
            "services": services().assign(capacity=[5.0, nan, 2.0, 9.0, 1.0, nan]),
            "districts": districts(),
            "people": districts()["population"],
        },
        ("districts", "people"),
        out=0,
        min_known_share=0.5,
    ),
    "provision.area_per_person": call(
        provision.area_per_person,
        lambda: {
            "services": services(),
            "districts": districts(),
            "population": districts()["population"],
        },
        ("districts", "population"),
        out=0,
    ),
    "provision.known_share": call(
        provision.known_share,
        lambda: {**recorded(), "index": value().index},
        ("index",),
        out=0,
        min_known_share=0.1,
    ),
    "perception.standing": call(perception.standing, people, VALUE, out=0),
    "perception.disagreement": call(
        perception.disagreement,
        lambda: {
            "said": answers(),
            "measured": value(),
            "population": people()["population"],
        },
        ("said", "measured", "population"),
        out=0,
        better=("higher", "lower"),
    ),
    "perception.perceived": call(
        perceived,
        lambda: {"answers": answers(), "population": people()["population"]},
    ),
    "perception.inclusion": call(
        readings.inclusion,
        lambda: {"scores": table().rename(columns={"a": "fixed_down_mbps", "c": "wifi_per_10000"})},
        ("scores",),
        out=0,
    ),
    "grids.make_square_grid": call(
        grids.make_square_grid, lambda: {"boundary": districts()}, ("boundary",), cell_m=300
    ),
    "grids.make_h3_grid": call(grids.make_h3_grid, lambda: {"boundary": place()}, resolution=8),
    "smallsample.district_values": call(
        smallsample.district_values,
        lambda: {"parts": tiles_of_districts(), "rng": np.random.default_rng(1)},
        ("parts",),
        districts=pd.Index(IDS, name="unit_id"),
        min_tests=30,
        draws=20,
    ),
    "smallsample.district_shares": call(
        lambda **given: smallsample.district_shares(**given).table,
        lambda: {
            "share": people()["value"] / 1000,
            "asked": people()["population"] + 1,
            "rng": np.random.default_rng(1),
        },
        draws=20,
    ),
    "smallsample.district_counts": call(
        lambda **given: smallsample.district_counts(**given).table,
        lambda: {
            "counted": people()["value"].round(),
            "population": people()["population"],
            "rng": np.random.default_rng(1),
        },
        draws=20,
    ),
    "smallsample.effective_size": call(
        smallsample.effective_size,
        lambda: {"share": value() / 1000, "margin": (value() + 1) / 9000},
        ("share", "margin"),
        out=0,
        level=0.9,
    ),
    "smallsample.interval": call(
        smallsample.interval,
        lambda: {"draws": np.arange(60.0).reshape(10, 6) ** 2},
        {"draws": 1},
        out=1,
        level=0.9,
    ),
    "transfer.make_transfer": call(
        lambda **layers: overlap_of(transfer.make_transfer(**layers)),
        lambda: {"source": districts(), "target": shifted(300)},
        ("source",),
        out=0,
    ),
    "transfer.compose": call(
        chained,
        lambda: {"source": districts(), "middle": shifted(300), "target": shifted(500)},
        ("source",),
        out=0,
    ),
    "streetscape.street_lengths": call(
        lengths_by_pair, lambda: {"streets": lines(), "districts": districts()}, ("districts",)
    ),
    "streetscape.tagged_share": call(
        streetscape.tagged_share,
        lambda: {"lengths": lengths(), "tags": lit(), "index": value().index},
        ("index",),
        out=0,
        yes=("yes",),
        no=("no",),
        min_known_share=0.1,
    ),
    "streetscape.length_per_km2": call(
        streetscape.length_per_km2,
        lambda: {
            "lengths": lengths(),
            "selected": lit() == "yes",
            "area_m2": districts()["area_m2"],
        },
        ("area_m2",),
        out=0,
    ),
    "streetscape.share_of_length": call(
        streetscape.share_of_length,
        lambda: {
            "lengths": lengths(),
            "value": (lit() == "yes").astype(float),
            "index": value().index,
        },
        ("index",),
        out=0,
    ),
    "streetscape.dead_end_share": call(
        streetscape.dead_end_share,
        lambda: {
            "dead_ends": services().geometry,
            "districts": districts(),
            "intersections": services().geometry,
        },
        ("districts",),
        out=0,
    ),
    "streetscape.intersections_per_km2": call(
        streetscape.intersections_per_km2,
        lambda: {"intersections": services().geometry, "districts": districts()},
        ("districts",),
        out=0,
    ),
}
every = pytest.mark.parametrize("name", CALLS)
by_unit = pytest.mark.parametrize("name", [one for one, how in CALLS.items() if how.out == 0])
in_any_order = pytest.mark.parametrize("name", [one for one, how in CALLS.items() if how.axes])


def made(name, inputs=None):
    how = CALLS[name]
    return how.function(**(how.make() if inputs is None else inputs), **how.options)


def assert_same(left, right, *, exact=True):
    """Compare two results or inputs of any kind."""
    tolerance = {"check_exact": True} if exact else {"rtol": 1e-9, "atol": 1e-12}
    if isinstance(left, pd.DataFrame):
        pd.testing.assert_frame_equal(pd.DataFrame(left), pd.DataFrame(right), **tolerance)
    elif isinstance(left, pd.Series):
        pd.testing.assert_series_equal(left, right, **tolerance)
    elif isinstance(left, pd.Index):
        pd.testing.assert_index_equal(left, right)
    elif isinstance(left, dict):
        assert list(left) == list(right)
        for key, one in left.items():
            assert_same(one, right[key], exact=exact)
    elif hasattr(left, "adjacency"):
        assert_same(left.adjacency, right.adjacency)
    elif dataclasses.is_dataclass(left):
        for field in dataclasses.fields(left):
            assert_same(getattr(left, field.name), getattr(right, field.name), exact=exact)
    elif isinstance(left, np.ndarray | float):
        rtol = 0 if exact else 1e-9
        np.testing.assert_allclose(left, right, rtol=rtol, atol=0, equal_nan=True)
    else:
        assert left == right


def test_every_measure_has_a_sample_call():
    there = {
        f"{module.__name__.rpartition('.')[2]}.{name}"
        for module in MEASURING
        for name, found in public(module).items()
        if inspect.isfunction(found)
    }
    assert there == set(CALLS)


@every
def test_inputs_are_left_as_they_were(name):
    inputs = CALLS[name].make()
    before = copy.deepcopy(inputs)
    made(name, inputs)
    for key in inputs.keys() - {"rng"}:
        assert_same(inputs[key], before[key])


@every
def test_the_same_call_gives_the_same_result(name):
    assert_same(made(name), made(name))


@by_unit
def test_the_result_is_on_the_index_of_the_caller(name):
    found = made(name)
    if isinstance(found, np.ndarray):
        assert len(found) == len(IDS)
    else:
        assert found.index.tolist() == IDS
        assert found.index.name == "unit_id"


@in_any_order
def test_the_order_of_the_rows_of_the_caller_is_irrelevant(name):
    how = CALLS[name]
    at = np.array([4, 2, 5, 0, 3, 1])
    inputs = how.make()
    for key, axis in how.axes.items():
        plainly = isinstance(inputs[key], pd.Index)
        inputs[key] = inputs[key].take(at) if plainly else inputs[key].take(at, axis=axis)
    plain, mixed = made(name), made(name, inputs)
    if how.out is not None:
        plain = plain.take(at, axis=how.out)
    elif isinstance(plain, pd.DataFrame):
        plain, mixed = plain.sort_index(), mixed.sort_index()
    assert_same(mixed, plain, exact=False)


# ---- whatever the type of a column, an answer or one clear refusal ------------------------

CORE = ("composite", "decomposition", "inequality", "patterns", "segregation", "typology")
PREPARED = ("composite.denominate", "composite.impute")  # called through steps of the test's own


def retyped(table, kind):
    """Change the type of all columns of numbers."""

    def turn(numbers):
        if not pd.api.types.is_numeric_dtype(numbers):
            return numbers
        if kind == "boolean":
            return (numbers > 2).astype("boolean").where(numbers.notna())
        if kind == "day":
            return pd.to_datetime(numbers.fillna(1), unit="D")
        return (numbers.round() if kind == "Int64" else numbers).astype(kind)

    return table.apply(turn) if isinstance(table, pd.DataFrame) else turn(table)


SPOILT = {
    kind: partial(retyped, kind=kind)
    for kind in ("boolean", "Int64", "category", "day", "str", "object")
} | {
    "no columns": lambda table: table.iloc[:, :0],
    "columns twice": lambda table: pd.concat([table, table.iloc[:, :1]], axis=1),
    "units twice": lambda table: table.set_axis([table.index[0], *table.index[:-1]]),
    "no units": lambda table: table.iloc[:0],
}


@pytest.mark.parametrize(
    "name", [one for one in CALLS if one.startswith(CORE) and one not in PREPARED]
)
def test_an_odd_table_is_measured_or_refused_in_our_own_words(name):
    for role, table in CALLS[name].make().items():
        odd = not isinstance(table, pd.Series | pd.DataFrame) or isinstance(table, gpd.GeoDataFrame)
        for how, spoil in {} if odd else SPOILT.items():
            if "columns" in how and isinstance(table, pd.Series):
                continue
            inputs = CALLS[name].make()
            inputs[role] = spoil(inputs[role])
            with suppress(GeoEquityError, DataWarning):
                made(name, inputs)
