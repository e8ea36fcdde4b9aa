"""The readers that are fed, and the modules whose branches count."""

from fuzzing import grids, settings, tables, transport, web
from fuzzing.running import Target

_GTFS = (
    "gtfs",
    "_gtfs_archive",
    "_gtfs_files",
    "_gtfs_merge",
    "_gtfs_rules",
    "_gtfs_tables",
    "_gtfs_times",
)
_OSM = ("osm", "osm_text", "osm_ways", "osm_elements", "osm_tags", "water")
_REMOTE = ("_remote/_client", "_remote/_door", "_remote/_part", "_remote/_ranges")


def _sources(*names: str) -> tuple[str, ...]:
    return tuple(f"sources/{one}.py" for one in names)


TARGETS = {
    "city": Target(settings.city_file, ("city.py", *_sources("spec"))),
    "edits": Target(settings.edits, ("scenario/_edits.py",)),
    "batch": Target(settings.batch, ("batch.py:read_batch",)),
    "table": Target(tables.table, _sources("files", "tables", "surveys")),
    "layer": Target(tables.layer, _sources("files", "layers", "boundaries")),
    "places": Target(tables.places, _sources("files", "layers", "services", "candidates")),
    "lines": Target(tables.lines, _sources("files", "layers", "streets", "transit_tables")),
    "gtfs": Target(transport.timetable, _sources(*_GTFS)),
    "osm": Target(transport.openstreetmap, _sources(*_OSM)),
    "overpass": Target(transport.overpass, _sources("overpass")),
    "raster": Target(
        grids.raster,
        _sources("rasters", "_tiles", "_grids", "_coverage", "population", "elevation"),
    ),
    "tiles": Target(grids.tiles, _sources("broadband")),
    "towers": Target(grids.masts, _sources("towers")),
    "portal": Target(web.portal, _sources("portals", "near"), names=False),
    "download": Target(
        web.download, _sources("near", "_content", *_REMOTE, "_addresses"), names=False
    ),
}
