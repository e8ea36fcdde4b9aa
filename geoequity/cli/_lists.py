"""Commands that list what there is."""

import argparse
import dataclasses
import json
from typing import Any

from geoequity.cli._terminal import silent

_MB = 1e6


def cities(options: argparse.Namespace) -> list[dict[str, Any]]:
    """List the presets."""
    import tomllib  # noqa: PLC0415 - here only

    from geoequity.city import presets  # noqa: PLC0415 - pydantic takes its time

    listed = []
    for name, path in presets().items():
        block = tomllib.loads(path.read_text(encoding="utf-8"))["city"]
        listed.append({"preset": name, "name": block["name"], "country": block["country"]})
        if not silent(options):
            print(f"{name:18} {block['name']} ({block['country']})")
    return listed


def indicators(options: argparse.Namespace) -> list[dict[str, Any]]:
    """List the catalogue, or what IMD asks."""
    from geoequity.indicators import catalogue_table, read_catalogue  # noqa: PLC0415 - heavy

    if options.imd:
        return _imd_items(options)
    table = catalogue_table(read_catalogue())
    if not silent(options):
        for key, row in table.iterrows():
            inside = row["role"] == "indicator"  # the others have no score, so no goalposts
            where = f"{row['pillar']}/{row['area']}" if inside else row["role"]
            posts = f"{row['worst']:g} to {row['best']:g}" if inside else "-"
            print(f"{key:30} {where:27} {row['unit']:26} {row['better']:6} {posts:10} ", end="")
            print(f"{row['label_en']} [{row['standards']}]")
    return json.loads(table.reset_index().to_json(orient="records"))


def _imd_items(options: argparse.Namespace) -> list[dict[str, Any]]:
    """List what IMD asks residents, and how it is seen."""
    from geoequity.indicators import imd_items  # noqa: PLC0415 - heavy

    items = imd_items()
    if not silent(options):
        for one in items:
            where = f"{one.pillar}/{one.area}"
            ways = list(one.indicators)
            ways += [f"survey {one.survey}"] if one.survey else []
            ways += [f"not observable: {one.reason['en']}"] if one.reason else []
            print(f"{one.id:24} {where:27} {', '.join(ways)}")
    return [dataclasses.asdict(one) for one in items]


def cache(options: argparse.Namespace) -> dict[str, Any]:
    """Tell what the cache holds, or remove its results."""
    from geoequity.cache import Cache  # noqa: PLC0415 - heavy

    place = Cache(options.cache)
    freed = place.clear() if options.action == "clear" else None
    held = place.held()
    results = sum(held.stages.values())
    if not silent(options):
        if freed is not None:
            print(f"{freed / _MB:,.1f} MB of results removed")
        print(f"{held.folder}")
        print(f"results:   {results / _MB:,.1f} MB, {held.max_bytes / _MB:,.0f} MB at most")
        for stage, size in sorted(held.stages.items(), key=lambda one: -one[1]):
            print(f"  {stage:14} {size / _MB:10,.1f} MB")
        print(f"downloads: {held.downloads / _MB:,.1f} MB, which clear leaves")
    return {
        "folder": str(held.folder.resolve()),
        "results_bytes": results,
        "max_bytes": held.max_bytes,
        "stages": held.stages,
        "downloads_bytes": held.downloads,
        **({} if freed is None else {"freed_bytes": freed}),
    }


def schema(options: argparse.Namespace) -> dict[str, Any]:
    """Print the schema of a summary, of a change, or of cities side by side."""
    from geoequity.outputs import summary_schema  # noqa: PLC0415 - heavy

    schema = summary_schema(options.of)
    if not options.json:  # it is JSON either way
        print(json.dumps(schema, ensure_ascii=False, indent=1))
    return schema
