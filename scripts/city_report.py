#!/usr/bin/env python3
"""
The report of one city, as an office would make it every quarter: copy this file and change it.

    python scripts/city_report.py CITY --out DIR [--data DIR] [--before DIR] [--logo FILE]

CITY is a city file, a preset, or the folder of a study that is there already. The folder DIR gets
the study, its map, the reports by the template beside this script, the figures for slides, and a
table of the districts to begin with. With --before, the folder of the last quarter's study, it gets
the report of what changed as well. Nothing is published that fails `check`.
"""

import argparse
import sys
from importlib.util import find_spec
from pathlib import Path

import pandas as pd

import geoequity as ge
from geoequity.errors import GeoEquityError

TEMPLATE = Path(__file__).with_name("city_report.html")
LEAST_COVERED = 0.95  # of residents, under which this office publishes nothing
PRIORITIES = 5  # districts to begin with


def study_of(city: str, data: Path | None) -> ge.Study:
    """Assess a city, or read the study of a folder."""
    if Path(city).is_dir():
        return ge.outputs.load(city)
    opened = ge.City.from_toml if city.endswith(".toml") else ge.City.preset
    return ge.assess(opened(city, data=data))


def check(study: ge.Study) -> list[str]:
    """Find what keeps this office from publishing."""
    covered = study.summary["population"]["covered_share"]
    faults = [
        f"{one['name']}: licence not stated"
        for one in study.provenance["sources"]
        if not one["licence"]
    ]
    if covered is None or covered < LEAST_COVERED:
        faults.append(f"the index covers {covered} of residents, not {LEAST_COVERED}")
    return faults


def priorities(study: ge.Study) -> pd.DataFrame:
    """List the districts most surely in the worst quarter of people, and what they lack most."""
    language = study.summary["city"]["languages"][0]
    worst = study.districts.sort_values(["worst_quarter", "index"], ascending=[False, True])
    worst = worst[worst["worst_quarter"] > 0].head(PRIORITIES)
    told = study.summary["districts"]
    label = study.catalogue[f"label_{language}"]
    return pd.DataFrame(
        {
            "district": worst["name"],
            "residents": worst["population"].round(),
            "probability": worst["worst_quarter"].round(2),
            "lacks": ["; ".join(label[one] for one in told[unit]["gaps"]) for unit in worst.index],
        }
    )


def publish(study: ge.Study, out: Path, *, logo: Path | None, before: Path | None) -> None:
    """Write everything into one folder."""
    folder = ge.outputs.save(study, out)
    languages = study.summary["city"]["languages"]
    ge.maps.save_map(study, folder / "map.html", language=languages[0])
    priorities(study).to_csv(folder / "priorities.csv", index_label="unit_id")
    for language in languages:
        path = folder / f"report.{language}.html"
        ge.report.write_report(study, path, language=language, template=TEMPLATE, logo=logo)
    if find_spec("typst"):  # the extra pdf
        ge.report.write_figures(study, folder / "figures", language=languages[0])
    if before is not None:
        change = ge.compare.change(ge.outputs.load(before), study)
        ge.report.write_change_report(change, folder / "change.html", language=languages[0])


def main(arguments: list[str] | None = None) -> int:
    """Run the script."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("city", metavar="CITY")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--data", type=Path, metavar="DIR")
    parser.add_argument("--before", type=Path, metavar="DIR")
    parser.add_argument("--logo", type=Path, metavar="FILE")
    options = parser.parse_args(arguments)
    try:
        study = study_of(options.city, options.data)
        faults = check(study)
        if not faults:
            publish(study, options.out, logo=options.logo, before=options.before)
    except GeoEquityError as error:
        faults = [str(error)]
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
