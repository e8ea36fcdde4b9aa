"""Commands on what could be: scenarios and sites."""

import argparse
from pathlib import Path
from typing import Any

from geoequity.cli._opening import cache_of, city_of
from geoequity.cli._terminal import progress, say_found, silent


def scenario(options: argparse.Namespace) -> dict[str, Any]:
    """Assess a city with edits, and write the study and what the edits change."""
    from geoequity import compare, maps, outputs, report, scenario  # noqa: PLC0415 - heavy
    from geoequity.assessment import STAGES, assess  # noqa: PLC0415 - heavy

    edits = scenario.read_edits(options.edits)
    city = city_of(options)
    folder = options.out or Path("out") / f"{city.city.id}-scenario"
    languages = options.language or city.city.languages
    cache = cache_of(options)
    total = 2 * len(STAGES) - 1 + 2 + 2 * len(languages)
    with (
        progress(total, quiet=silent(options)) as tell,
        outputs.swap_in(folder) as draft,
    ):
        before = assess(city, progress=tell, keep=True, cache=cache)
        after = scenario.apply(before, edits, name=str(options.edits), progress=tell)
        found = compare.change(before, after, **scenario.NOTABLE)
        tell("tables")
        outputs.write_tables(after, draft)
        outputs.write_change(found, draft)
        tell("map")
        maps.save_map(after, draft / "map.html", language=languages[0])
        for language in languages:
            tell(f"report {language}")
            report.write_report(after, draft / f"report.{language}.html", language=language)
            tell(f"change {language}")
            report.write_change_report(found, draft / f"change.{language}.html", language=language)
    if cache is not None:
        cache.trim()
    place = folder.resolve()
    written = {
        "folder": str(place),
        "map": str(place / "map.html"),
        "reports": {one: str(place / f"report.{one}.html") for one in languages},
        "changes": {one: str(place / f"change.{one}.html") for one in languages},
        "change": str(place / "change.json"),
        "scenario": found.summary["scenario"],
        "warnings": list(after.summary["warnings"]),
    }
    if not silent(options):
        named, told = after.summary["city"]["name"], found.summary["findings"]
        say_found(named, told, written, language=languages[0], reports="changes")
    return written


def site(options: argparse.Namespace) -> dict[str, Any]:
    """Choose sites and write what they would change."""
    from geoequity import outputs, report  # noqa: PLC0415 - heavy
    from geoequity.assessment import ground  # noqa: PLC0415 - heavy
    from geoequity.placing import Ask, place  # noqa: PLC0415 - heavy
    from geoequity.sources.candidates import read_candidates  # noqa: PLC0415 - heavy

    city = city_of(options)
    asked = {
        one: getattr(options, one) for one in ("count", "objective", "budget", "capacity", "by")
    }
    ask = Ask(**asked, within_min=options.within)
    folder = options.out or Path("out") / f"{city.city.id}-{options.category}"
    languages = options.language or city.city.languages
    cache = cache_of(options)
    with (
        progress(3, quiet=silent(options)) as tell,
        outputs.swap_in(folder, mark="siting.json") as draft,
    ):
        tell("read")
        found = ground(city, category=options.category, cache=cache)
        own = options.candidates and read_candidates(options.candidates, crs=found.districts.crs)
        tell("site")
        placing = place(found, ask, candidates=own)
        tell("report")
        outputs.write_siting(placing, draft)
        for language in languages:
            path = draft / f"site.{language}.html"
            report.write_siting_report(placing, path, language=language)
    if cache is not None:
        cache.trim()
    where = folder.resolve()
    written: dict[str, Any] = {
        "folder": str(where),
        "siting": str(where / "siting.json"),
        "table": str(where / "siting.csv"),
        "sites": str(where / "sites.geojson"),
        "edits": str(where / "edits.toml"),
        "reports": {one: str(where / f"site.{one}.html") for one in languages},
        "result": dict(placing.summary["result"]),
    }
    if not silent(options):
        told = placing.summary["findings"]
        say_found(city.city.name, told, written, language=languages[0])
    return written
