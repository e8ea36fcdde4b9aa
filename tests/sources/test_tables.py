"""Tables about units: joined by id or name, with what does not match named on both sides."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from geoequity.errors import DataError, DataWarning
from geoequity.sources.files import Record
from geoequity.sources.spec import Origin, TableSpec
from geoequity.sources.tables import read_values

UNITS = pd.DataFrame(
    {"name": ["Alto", "Peñón", "São Vicente"]}, index=pd.Index(["01", "02", "03"], name="unit_id")
)


def read(
    path: Path,
    text: str,
    *,
    units: pd.DataFrame | None = UNITS,
    scale: str = "interval",
    **options: Any,
) -> tuple[pd.DataFrame, Record]:
    path.write_text(text, encoding="utf-8")
    scales = {"income": scale}
    given = {"path": path, "key": "id", "columns": {"income": "n"}}
    record = Record(name="tables.0", path=path, origin=Origin())
    spec = TableSpec(**{**given, **options})
    return read_values(spec, units=units, scales=scales, record=record), record


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "t.csv"


def test_values_stand_on_the_units_in_their_order(path: Path) -> None:
    values, record = read(path, "id,n\n03,3\n01,0\n02,\n")
    assert values.index.equals(UNITS.index)
    assert values["income"].fillna(-1).tolist() == [0, -1, 3]  # 0 is measured, empty is unknown
    assert record.counts == {"unmatched_keys": [], "units_joined": 3, "units_unmatched": []}


def test_what_does_not_match_is_named_on_both_sides(path: Path) -> None:
    with pytest.warns(DataWarning) as told:
        values, record = read(path, "id,n\n01,1\n02,2\nTOTAL,3\n")
    assert [str(one.message) for one in told] == [
        "t.csv: keys name no unit: TOTAL",
        "t.csv: no row for units: 03",
    ]
    assert np.isnan(values.loc["03", "income"])
    assert record.counts["unmatched_keys"] == ["TOTAL"]
    assert record.counts["units_unmatched"] == ["03"]
    assert record.dropped == [{"reason": "key names no unit", "count": 1, "ids": ["TOTAL"]}]


def test_keys_that_all_miss_are_refused_with_both_sides(path: Path) -> None:
    said = r"t\.csv: no key matches a unit: the table has 1, 2, the units 01, 02, 03"
    with pytest.raises(DataError, match=said):
        read(path, "id,n\n1,1\n2,2\n")
    said = r"the table has Bajo, the units Alto, Peñón, São Vicente"
    with pytest.raises(DataError, match=said):
        read(path, "id,n\nBajo,1\n", join="name")


def test_names_join_without_case_and_accents(path: Path) -> None:
    values, _ = read(path, "id,n\nALTO,1\nPENON,2\nSao  Vicente,3\n", join="name")
    assert values["income"].tolist() == [1, 2, 3]


def test_aliases_say_what_a_key_means(path: Path) -> None:
    by_name, _ = read(
        path, "id,n\nALTO,1\nEL PEÑON,2\nS. Vicente,3\n", join="name",
        aliases={"El Peñón": "peñón", "s vicente": "SÃO VICENTE"},
    )  # fmt: skip
    assert by_name["income"].tolist() == [1, 2, 3]
    by_id, _ = read(path, "id,n\n02,1\n01,2\nx,3\n", aliases={"01": "02", "02": "01", "x": "03"})
    assert by_id["income"].tolist() == [1, 2, 3]  # an alias is not followed twice


def test_a_name_that_two_units_share_is_refused(path: Path) -> None:
    units = UNITS.assign(name=["Centro", "centro", "x"])
    with pytest.raises(DataError, match="several units share a name, join by id: Centro, centro"):
        read(path, "id,n\nCentro,1\n", join="name", units=units)


def test_keys_of_several_columns_follow_a_template(path: Path) -> None:
    units = UNITS.set_axis(["1_2", "1_3", "2_2"], axis=0)
    text = "a,b,n\n1.0,2,1\n1.0,3,2\n2.0,2,3\n"
    values, _ = read(path, text, units=units, key=["a", "b"], template="{:.0f}_{:.0f}")
    assert values["income"].tolist() == [1, 2, 3]


def test_rows_without_key_are_dropped_with_a_warning(path: Path) -> None:
    with pytest.warns(DataWarning, match=r"t\.csv: rows without a key dropped: 4"):
        _, record = read(path, "id,n\n01,1\n02,2\n03,3\n,9\n")
    assert record.dropped == [{"reason": "no key", "count": 1, "ids": ["4"]}]


# ---------------------------------------------------------------- duplicates
TWICE = "id,n,d\n01,1,2\n01,3,6\n02,5,\n02,,10\n03,7,7\n"


def test_differing_rows_of_a_unit_are_refused(path: Path) -> None:
    with pytest.raises(DataError, match=r"t\.csv: rows that differ share an id: 01, 02; .*"):
        read(path, TWICE)


def test_identical_rows_of_a_unit_are_dropped_with_a_warning(path: Path) -> None:
    with pytest.warns(DataWarning, match="identical duplicate rows dropped: 01"):
        values, _ = read(path, "id,n\n01,1\n02,2\n03,3\n01,1.0\n")
    assert values["income"].tolist() == [1, 2, 3]


def test_the_first_row_of_a_unit_may_be_kept(path: Path) -> None:
    values, _ = read(path, TWICE, duplicates="first")
    assert values["income"].tolist() == [1, 5, 7]


def test_rows_of_a_unit_may_be_added_up_but_not_what_is_unknown(path: Path) -> None:
    columns = {"income": "n", "imcv": {"numerator": "n", "denominator": "d"}}
    values, _ = read(path, TWICE, duplicates="sum", columns=columns)
    assert values["income"].fillna(-1).tolist() == [1 + 3, -1, 7]
    assert values["imcv"].fillna(-1).tolist() == [(1 + 3) / (2 + 6), -1, 1]


# --------------------------------------------------------------------- units
@pytest.mark.parametrize(
    ("unit", "given", "expected"),
    [("share", "0.5", 0.5), ("percent", "50", 0.5), ("count", "50", 50), ("value", "-50", -50)],
)
def test_units_are_converted_to_those_of_the_catalogue(
    path: Path, unit: str, given: str, expected: float
) -> None:
    columns = {"income": {"column": "n", "unit": unit}}
    values, _ = read(path, f"id,n\n01,{given}\n02,0\n03,1\n", columns=columns)
    assert values.loc["01", "income"] == expected


def test_a_ratio_over_nothing_is_unknown(path: Path) -> None:
    columns = {"income": {"numerator": "n", "denominator": "d", "unit": "share"}}
    values, _ = read(path, "id,n,d\n01,1,4\n02,0,0\n03,0,9\n", columns=columns)
    assert values["income"].fillna(-1).tolist() == [1 / 4, -1, 0]


@pytest.mark.parametrize(
    ("unit", "bad", "fault"),
    [
        ("share", "91.5", r"'n' is declared a share but lies outside 0-1 for 01; .*\"percent\"\?"),
        ("share", "-0.1", "lies outside 0-1 for 01"),
        ("percent", "100.5", "'n' is declared a percent but lies outside 0-100 for 01$"),
        ("count", "-1", "'n' is a count but negative for 01"),
        ("value", "s/d", r"'n' holds text that is no number \(s/d\) in rows 01"),
    ],
)
def test_values_that_cannot_be_are_refused(path: Path, unit: str, bad: str, fault: str) -> None:
    columns = {"income": {"column": "n", "unit": unit}}
    with pytest.raises(DataError, match=rf"t\.csv: column .*{fault}") as told:
        read(path, f"id,n\n01,{bad}\n02,0\n03,1\n", columns=columns)
    assert told.value.ids == ("01",)


@pytest.mark.parametrize(
    ("scale", "bad", "fault"),
    [
        (
            "share",
            "91.5",
            r"'n' is for a share but lies outside 0-1 for 01; is it unit = \"percent",
        ),
        ("share", "-0.1", "'n' is for a share but lies outside 0-1 for 01"),
        ("ratio", "-5", "'n' is a ratio but negative for 01"),
    ],
)
def test_values_are_those_of_the_scale_whatever_is_declared(
    path: Path, scale: str, bad: str, fault: str
) -> None:
    with pytest.raises(DataError, match=rf"t\.csv: column {fault}"):
        read(path, f"id,n\n01,{bad}\n02,0\n03,1\n", scale=scale)
    assert len(read(path, "id,n\n01,1\n02,0\n03,1\n", scale=scale)[0]) == 3
    assert len(read(path, "id,n\n01,-5\n02,0\n03,1\n", scale="interval")[0]) == 3


def test_a_count_of_people_may_feed_a_share(path: Path) -> None:
    columns = {"income": {"column": "n", "unit": "count"}}
    values, _ = read(path, "id,n\n01,40\n02,0\n03,1\n", scale="share", columns=columns)
    assert values["income"].tolist() == [40, 0, 1]


def test_all_faults_of_a_table_are_named_at_once(path: Path) -> None:
    columns = {"income": "n", "imcv": "m", "poverty_share": "gone"}
    with pytest.raises(DataError, match="3 faults") as told:
        read(path, "id,n,m\n01,x,1\n02,1,y\n03,1,1\n", columns=columns)
    assert all(one in str(told.value) for one in ("(x) in rows 01", "(y) in rows 02", "'gone'"))
    shares = {one: {"column": one[0], "unit": "share"} for one in ("income", "mean")}
    with pytest.raises(DataError, match=r"'i' .* for 01(.|\n)*'m' .* for 02"):
        read(path, "id,i,m\n01,7,1\n02,1,7\n03,1,1\n", columns=shares)


def test_without_units_a_table_is_still_checked(path: Path) -> None:
    values, _ = read(path, "id,n\nx,1\ny,2\n", units=None)
    assert values["income"].to_dict() == {"x": 1, "y": 2}
    columns = {"income": {"column": "n", "unit": "share"}}
    with pytest.raises(DataError, match="lies outside 0-1 for y"):
        read(path, "id,n\nx,1\ny,2\n", units=None, columns=columns)
