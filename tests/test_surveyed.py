"""Columns of a table that are shares of people asked, and cells that are a sample, end to end."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

import geoequity as ge
from geoequity.errors import ConfigError, DataError

CityMaker = Callable[..., Path]
COMPUTER = '"column" = "Computadora", "unit" = "share"'


def declared(file: Path, more: str, *, old: str = COMPUTER) -> Path:
    """Say more of a column of the table."""
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, f"{old}, {more}"), encoding="utf-8")
    return file


def told_asked(file: Path, numbers: tuple[str, ...]) -> None:
    """Add a column of how many were asked."""
    table = file.parent / "internet.csv"
    head, *rows = table.read_text(encoding="latin-1").splitlines()
    lines = [f"{head};N", *(f"{row};{n}" for row, n in zip(rows, numbers, strict=True))]
    table.write_text("\n".join(lines) + "\n", encoding="latin-1")


def test_shares_of_people_asked_have_an_interval_and_the_published_value(
    make_city: CityMaker,
) -> None:
    plain = ge.assess(ge.City.from_toml(make_city()))
    key = "computer_home_share"
    assert plain.summary["indicators"][key]["sampling"] == {"mean": None, "absolute_gini": None}
    widths = {}
    for effect in (1, 4):
        file = declared(make_city(), f'"n" = "N", "design_effect" = {effect}')
        told_asked(file, tuple(["40"] * len(plain.districts)))
        study = ge.assess(ge.City.from_toml(file))
        assert study.indicators[key].equals(plain.indicators[key])
        ends = study.intervals[study.intervals["indicator"] == key].set_index("unit_id")
        assert set(ends.index) == set(study.districts.index)
        assert ends["low"].ge(0).all()
        assert ends["high"].le(1).all()
        widths[effect] = (ends["high"] - ends["low"]).mean()
        told = study.summary["indicators"][key]["sampling"]
        assert told["absolute_gini"]["low"] < told["absolute_gini"]["high"]
    assert widths[4] > 1.2 * widths[1]


def test_how_many_were_asked_must_be_known_and_go_with_a_share(make_city: CityMaker) -> None:
    file = declared(make_city(), '"n" = "N"')
    count = len((file.parent / "internet.csv").read_text(encoding="latin-1").splitlines()) - 1
    told_asked(file, ("0", *["40"] * (count - 1)))
    with pytest.raises(DataError, match=r"internet\.csv: column 'Computadora': .*nobody asked"):
        ge.assess(ge.City.from_toml(file))
    counted = '"column" = "Reclamos", "unit" = "count"'
    for more, old, fault in (
        ('"n" = "N"', counted, 'n goes with unit = "share" or "percent"'),
        ('"design_effect" = 2.0', COMPUTER, "design_effect needs n"),
    ):
        with pytest.raises(ConfigError, match=re.escape(fault)):
            ge.City.from_toml(declared(make_city(), more, old=old))


def test_cells_that_are_a_sample_give_inequality_between_cells_an_interval(
    make_city: CityMaker,
) -> None:
    key = "school_walk_min"
    told = {
        sample: ge.assess(ge.City.from_toml(make_city(cells={"sample": sample}))).summary[
            "indicators"
        ][key]
        for sample in (False, True)
    }
    assert told[False]["gini"]["sampling"] is None
    assert told[True]["gini"]["value"] == told[False]["gini"]["value"]
    ends = told[True]["gini"]["sampling"]
    assert 0 <= ends["low"] <= ends["high"] < 1
    assert told[True]["sampling"]["mean"]["low"] < told[True]["sampling"]["mean"]["high"]
