"""Commands on several studies: two dates, many cities."""

import argparse
import dataclasses
from pathlib import Path
from typing import Any

from geoequity.cli._opening import cache_of, studies_of
from geoequity.cli._terminal import progress, say_found, silent
from geoequity.errors import ConfigError
from geoequity.locale import LANGUAGES


def change(options: argparse.Namespace) -> dict[str, Any]:
    """Set two studies of one city against each other and write what changed."""
    from geoequity import compare, outputs, report  # noqa: PLC0415 - heavy

    old, new = (outputs.load(one) for one in (options.old, options.new))
    found = compare.change(old, new)
    city = found.summary["city"]
    folder = options.out or Path("out") / f"{city['id']}-change"
    languages = options.language or city["languages"]
    with outputs.swap_in(folder, mark="change.json") as draft:
        outputs.write_change(found, draft)
        for language in languages:
            path = draft / f"change.{language}.html"
            report.write_change_report(found, path, language=language)
    place = folder.resolve()
    written = {
        "folder": str(place),
        "change": str(place / "change.json"),
        "table": str(place / "change.csv"),
        "reports": {one: str(place / f"change.{one}.html") for one in languages},
        "identical": found.summary["identical"],
        "named": len(found.summary["named"]),
        "warnings": list(found.summary["warnings"]),
    }
    if not silent(options):
        say_found(city["name"], found.summary["findings"], written, language=languages[0])
    return written


def compare(options: argparse.Namespace) -> dict[str, Any]:
    """Set cities side by side and write what can be compared."""
    from geoequity import compare, outputs, report  # noqa: PLC0415 - heavy

    found = compare.cities(studies_of(options.folders))
    folder = options.out or Path("out") / "compare"
    languages = options.language or LANGUAGES
    with outputs.swap_in(folder, mark="compare.json") as draft:
        outputs.write_cities(found, draft)
        for language in languages:
            report.write_cities_report(found, draft / f"compare.{language}.html", language=language)
    place = folder.resolve()
    written = {
        "folder": str(place),
        "compare": str(place / "compare.json"),
        "table": str(place / "compare.csv"),
        "reports": {one: str(place / f"compare.{one}.html") for one in languages},
        "cities": list(found.summary["cities"]),
        "headline": found.summary["headline"],
        "indicators": len(found.summary["indicators"]),
    }
    if not silent(options):
        say_found("", found.summary["findings"], written, language=languages[0])
    return written


def batch(options: argparse.Namespace) -> dict[str, Any]:
    """Assess many cities."""
    from geoequity import batch  # noqa: PLC0415 - heavy

    jobs, retries = batch.read_batch(options.file)
    cache = cache_of(options)
    if cache is not None:
        shared = str(cache.folder.resolve())
        jobs = [dataclasses.replace(one, cache=shared) for one in jobs]
    with progress(len(jobs), quiet=silent(options)) as tell:
        found = batch.run(
            jobs,
            out=options.out or Path("out") / options.file.stem,
            workers=options.workers,
            scheduler=options.scheduler,
            retries=retries,
            tell=tell,
        )
    if found.failed:
        faults = [f"{one}: {found.entries[one].error}" for one in found.failed]
        msg = f"{found.folder / batch.LEDGER}: {len(faults)} of {len(jobs)} cities failed"
        raise ConfigError(msg, faults=faults)
    if not silent(options):
        print(f"{len(jobs)} cities, {len(found.kept)} of them kept from earlier: {found.folder}")
    return {
        "folder": str(found.folder),
        "ledger": str(found.folder / batch.LEDGER),
        "cities": {name: dataclasses.asdict(one) for name, one in found.entries.items()},
        "kept": found.kept,
    }
