"""Mapped or missing: what is mapped, how much that is, and what there may be beyond."""

from math import atan, sqrt

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from small_city import definition, evaluation, units

from geoequity import confidence
from geoequity.errors import CRSError, DataError
from geoequity.indicators import with_unmapped
from geoequity.schema import check_mapping
from geoequity.summary import mapping_block, thinly_mapped

IDS = [f"d{at:02d}" for at in range(20)]
THIN = {"d03", "d07"}
CRS = "EPSG:32721"
SHARES = (0.1, 0.3, 0.7, 1.0)


def shares(*values, unit="a"):
    return pd.DataFrame({unit: list(values)})


def one(value, unit="a"):
    return pd.Series({unit: value}, dtype=float)


# ---------------------------------------------------------------- what is mapped
def elements(*rows, crs=CRS):
    """Rows of kind, x, length, day of the edit and hand."""
    table = pd.DataFrame(rows, columns=["kind", "x", "length_m", "edited", "uid"])
    table["element"] = [f"way/{at}" for at in range(len(table))]
    table["edited"] = pd.to_datetime(table["edited"], utc=True, format="ISO8601")
    table["uid"] = table["uid"].astype(float)
    points = gpd.points_from_xy(table.pop("x"), [500.0] * len(table))
    return gpd.GeoDataFrame(table, geometry=points, crs=crs)


def two():
    return elements(
        ("street", 100, 40.0, "2020-01-01T05:00", 7),
        ("street", 200, 60.0, "2020-01-01T06:00", 7),
        ("building", 300, None, "2024-01-01", 8),
        ("service", 400, None, "2020-01-03", 7),
        ("building", 1500, None, "2022-01-01", 9),
        ("building", 9999, None, "2025-12-31", 1),
    )


def test_what_is_mapped_adds_up_where_it_lies():
    found = confidence.mapping_of(two(), units(["a", "b", "c"]))
    check_mapping(found)
    assert found["street_m"].tolist() == [100, 0, 0]
    assert found["buildings"].tolist() == [1, 1, 0]
    assert found["services"].tolist() == [1, 0, 0]
    assert found["edits"].tolist() == [3, 1, 0]  # two on one day by one hand are one
    assert found["contributors"].tolist() == [2, 1, 0]
    assert found["last_edit"].dt.year.tolist()[:2] == [2024, 2022]
    assert found["last_edit"].isna().tolist() == [False, False, True]
    days = (pd.Timestamp("2025-12-31") - pd.Timestamp("2022-01-01")).days
    assert found["edit_age_years"]["b"] == pytest.approx(days / 365.25)
    assert np.isnan(found["edit_age_years"]["c"])


def test_a_building_that_is_a_service_is_no_sign_of_buildings():
    table = two()
    table.loc[[2, 3], "element"] = "way/2"
    found = confidence.mapping_of(table, units(["a", "b"]))
    assert found["buildings"].tolist() == [0, 1]
    assert found["services"].tolist() == [1, 0]


def test_without_metadata_edits_are_unknown_and_without_hands_days_are_told_apart():
    table = two()
    blind = table.assign(
        uid=np.nan, edited=pd.Series(pd.NaT, index=table.index, dtype="datetime64[ns, UTC]")
    )
    found = confidence.mapping_of(blind, units(["a", "b"]))
    assert found[["edits", "contributors", "edit_age_years"]].isna().all(axis=None)
    assert found["buildings"].tolist() == [1, 1]
    found = confidence.mapping_of(table.assign(uid=np.nan), units(["a", "b"]))
    assert found["edits"].tolist() == [3, 1]
    assert found["contributors"].isna().all()


def test_what_was_not_asked_for_is_unknown_not_zero():
    only = two().query("kind == 'service'")
    found = confidence.mapping_of(only, units(["a", "b"]))
    assert found[["street_m", "buildings"]].isna().all(axis=None)
    assert found["services"].tolist() == [1, 0]


def test_elements_of_another_place_or_without_columns_are_refused():
    with pytest.raises(CRSError, match="not in one CRS"):
        confidence.mapping_of(two().set_crs("EPSG:32720", allow_override=True), units(["a"]))
    with pytest.raises(DataError, match="no column uid"):
        confidence.mapping_of(two().drop(columns="uid"), units(["a"]))


def places(*rows):
    table = pd.DataFrame(rows, columns=["category", "x", "y"])
    points = gpd.points_from_xy(table.pop("x"), table.pop("y"))
    return gpd.GeoDataFrame(table, geometry=points, crs=CRS)


def test_official_places_are_found_on_the_map_within_100_m_and_in_their_category():
    listed = places(
        ("school", 100, 500), ("school", 900, 500), ("school", 1500, 500), ("bank", 1, 1)
    )
    mapped = places(("school", 100, 590), ("school", 900, 605), ("clinic", 1500, 500))
    found = confidence.agreement(mapped, listed, districts=units(["a", "b"]))
    assert found.to_dict("records") == [
        {"unit_id": "a", "category": "school", "listed": 2, "mapped": 1},
        {"unit_id": "b", "category": "school", "listed": 1, "mapped": 0},
    ]
    assert confidence.agreement(mapped, places(("bank", 1, 1)), districts=units(["a"])).empty


# ---------------------------------------------------------------- how much of it is mapped
def mapped_city(*, thin=THIN, poor=(), seed=1):
    """Twenty districts of ten thousand people, some thinly mapped, some without services."""
    rng = np.random.default_rng(seed)
    noise = rng.lognormal(0, 0.1, (6, len(IDS)))
    is_thin, is_poor = (np.array([key in some for key in IDS]) for some in (thin, poor))
    table = pd.DataFrame(
        {
            "street_m": 30_000 * noise[0] * np.where(is_thin, 0.7, 1),
            "buildings": (2000 * noise[1] * np.where(is_thin, 0.25, 1)).round(),
            "services": (150 * noise[2] * np.where(is_thin | is_poor, 0.15, 1)).round(),
            "edits": (500 * noise[3] * np.where(is_thin, 0.4, 1)).round(),
            "contributors": (60 * noise[4] * np.where(is_thin, 0.5, 1)).round(),
            "edit_age_years": 2 * noise[5] * np.where(is_thin, 2.2, 1),
        },
        index=pd.Index(IDS, name="unit_id"),
    )
    when = pd.Timestamp("2024-01-01", tz="UTC")
    return table.assign(last_edit=when, middle_edit=when)


def estimated(table, *, agreement=None, draws=400, seed=5, population=None, area_m2=None):
    people = pd.Series(np.linspace(8000, 12_000, len(table)), index=table.index)
    return confidence.completeness(
        table,
        population=people if population is None else population,
        area_m2=pd.Series(2e6, index=table.index) if area_m2 is None else area_m2,
        agreement=agreement,
        draws=draws,
        rng=np.random.default_rng(seed),
    )


def test_thin_districts_are_told_from_those_without_services():
    found = estimated(mapped_city(poor={"d10", "d11", "d12"}))
    table = found.table
    assert set(table.index[table["thin"] >= confidence.THIN]) == THIN
    assert table["thin"].drop(list(THIN)).max() < confidence.PRIOR_THIN
    assert (table["completeness"].drop(list(THIN)) > 0.9).all()
    assert (table.loc[list(THIN), "completeness"] < 0.7).all()
    assert table.loc["d10", "services_ratio"] < 0.3
    assert table.loc["d03", "buildings_ratio"] < 0.4
    assert found.services.columns[found.services.notna().all()].tolist() == sorted(THIN)


def test_few_services_never_speak_for_a_thin_map_and_many_speak_against():
    city = mapped_city()
    few, many = city.copy(), city.copy()
    few.loc["d07", "services"] = 1
    many.loc["d07", "services"] = 250
    usual, without, full = (estimated(one).table["thin"]["d07"] for one in (city, few, many))
    assert full < usual
    assert without <= usual * 1.01
    for key in set(IDS) - THIN:
        none = city.copy()
        none.loc[key, "services"] = 0
        assert estimated(none).table["thin"][key] < confidence.PRIOR_THIN


def test_the_more_all_falls_short_the_thinner_the_map():
    thin, share = [], []
    for rest in (1.0, 0.8, 0.6, 0.4, 0.3, 0.2):
        city = mapped_city(thin=())
        city.loc["d05", ["street_m", "buildings", "edits", "contributors"]] *= [
            rest**0.2, rest, rest**0.7, rest**0.4,
        ]  # fmt: skip
        city.loc["d05", "edit_age_years"] /= rest**0.5
        row = estimated(city, draws=1).table.loc["d05"]
        thin.append(row["thin"])
        share.append(row["completeness"])
    assert thin == sorted(thin)
    assert share == sorted(share, reverse=True)
    assert thin[0] < 0.05
    assert thin[-1] > confidence.THIN


def test_a_single_signal_convinces_nobody():
    for column in ("street_m", "buildings", "edits", "contributors"):
        city = mapped_city(thin=())
        city.loc["d05", column] *= 0.1
        assert estimated(city, draws=1).table["thin"]["d05"] < confidence.THIN


def test_signals_that_disagree_or_are_absent_leave_more_doubt():
    agreed = mapped_city()
    split, silent = agreed.copy(), agreed.copy()
    split.loc["d03", ["edits", "contributors", "edit_age_years"]] = [500, 60, 2]
    silent["buildings"] = np.nan
    sure, torn, deaf = (estimated(one).table.loc["d03"] for one in (agreed, split, silent))
    assert sure["thin"] > torn["thin"] > confidence.PRIOR_THIN
    assert sure["thin"] > deaf["thin"]


def test_places_of_official_lists_that_the_map_lacks_make_it_thinner():
    rows = [{"unit_id": key, "category": "school", "listed": 10, "mapped": 8} for key in IDS]
    lists = pd.DataFrame(rows)
    lists.loc[lists["unit_id"] == "d03", "mapped"] = 1
    bare, held = estimated(mapped_city()), estimated(mapped_city(), agreement=lists)
    assert held.table["thin"]["d03"] > bare.table["thin"]["d03"]
    assert held.table["thin"]["d07"] < bare.table["thin"]["d07"]  # all of its schools are there
    expected = 10 * (8 * 19 + 1) / 200
    assert held.table["official_ratio"]["d03"] == pytest.approx(1 / expected)
    with pytest.raises(DataError, match="more places mapped than listed, or unknown: d03"):
        estimated(
            mapped_city(),
            agreement=lists.assign(listed=lists["mapped"].where(lists["unit_id"] != "d03", 0)),
        )


@pytest.mark.parametrize(
    "lost",
    [
        ["edits", "contributors", "edit_age_years"],
        ["street_m", "buildings"],
    ],
)
def test_without_history_or_without_what_is_drawn_nothing_is_said(lost):
    found = estimated(mapped_city().assign(**dict.fromkeys(lost, np.nan)))
    assert found.table[["thin", "completeness", "low", "high"]].isna().all(axis=None)
    assert found.services.isna().all(axis=None)


def test_without_people_or_with_few_districts_nothing_is_said():
    people = pd.Series(10_000.0, index=IDS).where([key != "d03" for key in IDS])
    found = estimated(mapped_city(), population=people)
    assert found.table["thin"].isna().to_dict() == {key: key == "d03" for key in IDS}
    assert estimated(mapped_city().head(7)).table["thin"].isna().all()


def test_of_a_district_with_nothing_on_the_map_nothing_is_said():
    bare = mapped_city()
    bare.loc["d03", ["street_m", "buildings", "services", "edits", "contributors"]] = 0
    bare.loc["d03", "edit_age_years"] = np.nan
    found = estimated(bare)
    assert np.isnan(found.table["thin"]["d03"])
    assert found.services["d03"].isna().all()
    assert found.table["thin"].drop("d03").notna().all()


def test_draws_follow_their_table_and_streets_are_fuller_than_land_than_services():
    found = estimated(mapped_city(), draws=4000)
    for key in THIN:
        drawn, row = found.services[key], found.table.loc[key]
        assert drawn.between(0, 1, inclusive="right").all()
        assert (drawn < 1).mean() == pytest.approx(row["thin"], abs=0.03)
        assert drawn.mean() == pytest.approx(row["completeness"], abs=0.02)
        for q, end in ((0.05, "low"), (0.95, "high")):
            assert drawn.quantile(q) == pytest.approx(row[end], abs=0.04)
        assert (found.streets[key] >= drawn).all()
        assert (found.land[key] >= drawn).all()
        whole = drawn == 1
        assert (found.streets.loc[whole, key] == 1).all()
    assert_frame_equal(found.services, estimated(mapped_city(), draws=4000).services)


def test_the_order_of_districts_and_the_size_of_the_city_do_not_matter():
    city = mapped_city()
    usual = estimated(city).table["thin"]
    people = pd.Series(np.linspace(8000, 12_000, 20), index=IDS)
    back = city.iloc[::-1]
    turned = estimated(back, population=people[back.index]).table["thin"]
    pd.testing.assert_series_equal(turned.reindex(IDS), usual, check_names=False)
    again = estimated(city, area_m2=pd.Series(2e6 * 7, index=IDS), population=people * 7)
    pd.testing.assert_series_equal(again.table["thin"], usual, rtol=1e-6)


def test_tables_that_cannot_be_are_refused():
    city = mapped_city()
    with pytest.raises(DataError, match="mapping: no column edits"):
        estimated(city.drop(columns="edits"))
    with pytest.raises(DataError, match="mapping: buildings: negative or infinite: d00"):
        estimated(city.assign(buildings=[-1.0, *city["buildings"].iloc[1:]]))
    with pytest.raises(DataError, match="area_m2: not above 0"):
        estimated(city, area_m2=pd.Series(0.0, index=IDS))
    with pytest.raises(DataError, match="draws must be above 0"):
        estimated(city, draws=0)
    with pytest.raises(DataError, match="different units"):
        estimated(city, population=pd.Series(1.0, index=["x", *IDS[1:]]))


# ---------------------------------------------------------------- what there may be beyond
def test_a_whole_map_hides_nothing():
    whole, rng = shares(1.0, 1.0), np.random.default_rng(1)
    for drawn in (
        confidence.count_draws(one(4), completeness=whole, rng=rng),
        confidence.walk_draws(one(4), completeness=whole),
        confidence.length_draws(one(4), completeness=whole),
    ):
        assert drawn["a"].tolist() == [4, 4]
    assert confidence.share_draws(one(0.4), completeness=whole)["a"].tolist() == [0.4, 0.4]


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("count", [0, 5])
def test_counts_have_the_mean_and_spread_of_the_negative_binomial(share, count):
    drawn = confidence.count_draws(
        one(count), completeness=shares(*[share] * 40_000), rng=np.random.default_rng(2)
    )["a"]
    missing = (count + 1) * (1 - share) / share
    assert drawn.min() >= count
    assert drawn.mean() == pytest.approx(count + missing, abs=5 * sqrt(missing / share / 40_000))
    assert drawn.var() == pytest.approx(missing / share, rel=0.06)


def test_the_true_walk_is_that_of_points_strewn_at_random():
    """Against a simulation: the nearest of all, given the nearest of those mapped."""
    rng, share, walk = np.random.default_rng(3), 0.3, 10.0
    a = (1 - share) / share
    assert confidence.walk_draws(one(walk), completeness=shares(share))["a"][0] == pytest.approx(
        walk * atan(sqrt(a)) / sqrt(a)
    )
    density = rng.exponential(1, 200_000) / (np.pi * walk**2 * share)  # given the nearest mapped
    hidden = np.sqrt(rng.exponential(1, 200_000) / (np.pi * density * (1 - share)))
    drawn = confidence.walk_draws(one(walk), completeness=shares(share))["a"][0]
    assert np.minimum(hidden, walk).mean() == pytest.approx(drawn, rel=0.01)


def test_shares_and_lengths_by_hand():
    assert confidence.share_draws(one(0.36), completeness=shares(0.5))["a"][0] == pytest.approx(
        1 - 0.64**2
    )
    assert confidence.share_draws(one(0.0), completeness=shares(0.1))["a"].tolist() == [0]
    assert confidence.share_draws(one(1.0), completeness=shares(0.1))["a"].tolist() == [1]
    assert confidence.length_draws(one(3.0), completeness=shares(0.25))["a"].tolist() == [12]


@given(st.floats(0.01, 1), st.floats(0.01, 1), st.floats(0, 1), st.floats(0.1, 90))
def test_the_less_is_mapped_the_more_there_may_be(first, second, share, walk):
    table = shares(*sorted((first, second)))
    near, reached, long = (
        confidence.walk_draws(one(walk), completeness=table)["a"],
        confidence.share_draws(one(share), completeness=table)["a"],
        confidence.length_draws(one(walk), completeness=table)["a"],
    )
    assert 0 < near[0] <= near[1] * (1 + 1e-12) <= walk * (1 + 1e-9)
    assert reached[0] >= reached[1] - 1e-12 >= share - 1e-9
    assert long[0] >= long[1] >= walk


def test_unknown_values_and_districts_without_draws_stay_unknown():
    table = pd.DataFrame({"a": [0.5, 0.5], "b": [np.nan, np.nan]})
    value = pd.Series({"a": np.nan, "b": 3.0})
    rng = np.random.default_rng(1)
    assert confidence.count_draws(value, completeness=table, rng=rng).isna().all(axis=None)
    assert confidence.walk_draws(value, completeness=table).isna().all(axis=None)
    assert confidence.share_draws(value / 10, completeness=table).isna().all(axis=None)


def test_shares_that_cannot_be_are_refused():
    for bad in (0.0, 1.2, -0.1):
        with pytest.raises(DataError, match="completeness: not above 0 and at most 1: a"):
            confidence.walk_draws(one(1.0), completeness=shares(bad))
    with pytest.raises(DataError, match="share: not 0-1: a"):
        confidence.share_draws(one(1.5), completeness=shares(0.5))
    with pytest.raises(DataError, match="different units"):
        confidence.walk_draws(one(1.0, "b"), completeness=shares(0.5))
    with pytest.raises(DataError, match="values: negative"):
        confidence.length_draws(one(-1.0), completeness=shares(0.5))


# ---------------------------------------------------------------- on the indicators
LIBRARY = {"categories": ["library"]}
DEFINITIONS = [
    definition("walk", measure="walk_min", parameters=LIBRARY, better="lower"),
    definition("rate", measure="services_per", parameters={**LIBRARY, "per": 1000}),
    definition("near", measure="services_share", parameters={**LIBRARY, "within_m": 400}),
    definition("mesh", measure="intersections_per_km2"),
    definition("green", measure="area_per_person", parameters={"categories": ["park"]}),
    definition("wifi", measure="services_per", parameters={"categories": ["wifi"], "per": 1000}),
    definition("online", measure="table"),
    definition("lit", measure="street_share", parameters={"tag": "lit"}),
]


def thin_city():
    values = {"walk": 20.0, "rate": 2.0, "near": 0.4, "mesh": 50.0, "green": 3.0}
    values |= {"wifi": 1.0, "online": 0.5, "lit": 0.6}
    made = evaluation({key: [value] * 20 for key, value in values.items()}, IDS)
    weights = pd.DataFrame(10_000.0, index=made.districts.index, columns=made.districts.columns)
    services = pd.DataFrame(
        {"category": ["library", "park", "wifi"], "source": ["osm", "osm", "list"]}
    )
    return made.__class__(**{**vars(made), "weights": weights}), services


def unmapped(found, made, services, **options):
    return with_unmapped(
        made,
        DEFINITIONS,
        completeness=found,
        services=services,
        rng=np.random.default_rng(3),
        **{"own_streets": False, **options},
    )


def test_confidence_is_one_table_that_adds_up_the_same_when_it_is_kept_and_read():
    made, services = thin_city()
    confident = unmapped(estimated(mapped_city()), made, services).confidence
    whole = confident.to_numpy(copy=False)
    assert np.shares_memory(whole, confident.iloc[:, 0].to_numpy(copy=False))
    assert confident.columns.equals(made.confidence.columns)


def test_indicators_of_the_map_alone_are_drawn_in_thin_districts_alone():
    made, services = thin_city()
    found = estimated(mapped_city())
    after = unmapped(found, made, services)
    assert set(after.draws) == {"walk", "rate", "near", "mesh", "green"}
    for key, table in after.draws.items():
        assert table.columns.tolist() == IDS
        assert len(table) == 400
        assert set(table.columns[table.notna().all()]) == THIN
        assert set(table.columns[table.isna().all()]) == set(IDS) - THIN
        ends = after.intervals[key].loc["d03"]
        value = made.districts.loc["d03", key]
        assert ends["low"] <= value <= ends["high"]
        assert ends["low"] < ends["high"]
    assert (after.draws["walk"]["d03"] <= 20).all()
    assert (after.draws["rate"]["d03"] >= 2).all()
    assert_frame_equal(after.districts, made.districts)
    # a row is one world: where the map is whole, all is as published
    whole = found.services["d03"] == 1
    assert 0 < whole.sum() < 400
    for key in after.draws:
        assert after.draws[key].loc[whole, "d03"].to_numpy() == pytest.approx(
            made.districts.loc["d03", key]
        )


def test_confidence_falls_with_completeness_where_the_map_is_thin():
    made, services = thin_city()
    found = estimated(mapped_city())
    after = unmapped(found, made, services).confidence
    share = found.table["completeness"]
    assert after.loc["d03", "walk"] == pytest.approx(share["d03"])
    assert after.loc["d03", ["wifi", "online", "lit"]].tolist() == [1, 1, 1]
    assert (after.drop(list(THIN)) == 1).all(axis=None)
    assert (made.confidence == 1).all(axis=None)


def test_official_lists_and_the_citys_own_streets_are_left_alone():
    made, services = thin_city()
    found = estimated(mapped_city())
    listed = pd.concat([services, pd.DataFrame({"category": ["library"], "source": ["list"]})])
    assert set(unmapped(found, made, listed).draws) == {"mesh", "green"}
    assert "mesh" not in unmapped(found, made, services, own_streets=True).draws


def test_where_nothing_is_known_nothing_changes():
    made, services = thin_city()
    unknown = estimated(mapped_city().assign(street_m=np.nan, buildings=np.nan))
    assert unmapped(unknown, made, services) is made
    with pytest.raises(DataError, match="services: no column source"):
        unmapped(unknown, made, services[["category"]])


@pytest.mark.parametrize("key", ["walk", "rate", "near", "mesh", "green"])
def test_the_more_is_missing_the_wider_the_interval(key):
    made, services = thin_city()
    widths = []
    for share in (0.9, 0.5, 0.2):
        is_whole = np.random.default_rng(1).random((400, 1)) < 0.5
        c = pd.DataFrame(np.where(is_whole, 1.0, share) * np.ones(len(IDS)), columns=IDS)
        found = estimated(mapped_city())
        found = confidence.Completeness(table=found.table, services=c, streets=c, land=c)
        ends = unmapped(found, made, services).intervals[key].loc["d03"]
        widths.append(ends["high"] - ends["low"])
    assert widths == sorted(widths)
    assert widths[0] < widths[-1]


# ---------------------------------------------------------------- confidence and reasons
def test_narrow_intervals_are_precise():
    ends = pd.DataFrame({"low": [1.0, 2.0, 0.0, np.nan], "high": [1.0, 4.0, 99.0, np.nan]})
    found = confidence.precision(ends, goalposts=(10.0, 0.0))
    assert found.tolist() == pytest.approx([1.0, 0.8, 0.0, np.nan], nan_ok=True)
    trust = confidence.of_districts(pd.Series([1.0, 0.5, 1.0, 1.0]), precise=found)
    assert trust.tolist() == pytest.approx([1.0, 0.4, 0.0, 1.0])
    with pytest.raises(DataError, match="ends out of order: 0"):
        confidence.precision(ends.assign(high=0.0), goalposts=(0, 1))
    with pytest.raises(DataError, match="goalposts are one"):
        confidence.precision(ends, goalposts=(3, 3))


def test_years_over_five_apart_are_flagged():
    assert confidence.year_spread([]) == {"oldest": None, "newest": None, "flagged": False}
    assert not confidence.year_spread([2020, 2025])["flagged"]
    assert confidence.year_spread([2025, 2019])["flagged"]


def test_the_reason_names_what_falls_short_in_every_language():
    city = mapped_city()
    table = city.join(estimated(city).table)
    told = thinly_mapped(table.loc["d03"])
    assert told["id"] == "thinly_mapped"
    percent = f"{100 * table.loc['d03', 'buildings_ratio']:.0f}"
    for language, word in (("en", "buildings"), ("es", "edificios"), ("pt", "edifícios")):
        assert word in told["text"][language]
        assert percent in told["text"][language]
    assert "older than the newest" in told["text"]["en"]
    block = mapping_block(table, population=pd.Series(1000.0, index=IDS))
    assert block["known"]
    assert block["thin"] == sorted(THIN)
    assert block["population_share"] == pytest.approx(0.1)
    assert block["districts"]["d03"]["buildings"] == city.loc["d03", "buildings"]


def test_the_block_says_why_nothing_is_known():
    people = pd.Series(1000.0, index=IDS)
    city = mapped_city().assign(edits=np.nan, contributors=np.nan, edit_age_years=np.nan)
    for table, why in (
        (pd.DataFrame(index=IDS), "no_map"),
        (city.join(estimated(city).table), "mapping_unknown"),
    ):
        block = mapping_block(table, population=people)
        assert (block["known"], block["thin"], block["population_share"]) == (False, [], None)
        assert [one["id"] for one in block["reasons"]] == [why]


@pytest.mark.parametrize(
    "draw", [confidence.walk_draws, confidence.share_draws, confidence.length_draws]
)
def test_what_is_unknown_stays_so_and_the_type_of_numbers_does_not_matter(draw):
    index = pd.Index(["a", "b", "c"])
    whole = pd.DataFrame([[0.5, np.nan, 1.0]], columns=index)
    value = pd.Series([0.0, 0.0, np.nan], index=index)
    drawn = draw(value, completeness=whole)
    assert drawn.isna().to_numpy().tolist() == [[False, True, True]]
    typed = draw(value.astype("Int64"), completeness=whole.astype("Float64"))
    pd.testing.assert_frame_equal(typed, drawn)
    with pytest.raises(DataError, match="completeness: not numbers: a, b, c"):
        draw(value, completeness=whole.astype(str))
