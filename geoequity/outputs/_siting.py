"""Write where new services would do most, as files."""

import json
from pathlib import Path
from typing import Any

import pyogrio

from geoequity.outputs._folder import SITING_MARK, write_json
from geoequity.outputs._tables import write_csv
from geoequity.placing import Placing

_LONLAT = "EPSG:4326"


def write_siting(placing: Placing, folder: Path) -> None:
    """
    Write a siting into an empty folder.

    Parameters
    ----------
    placing
        Any siting.
    folder
        An empty folder, which gets ``siting.json``, ``siting.csv`` (before and
        after of the city, its districts and groups), ``sites.geojson`` (in WGS 84),
        ``siting.gpkg`` (sites, what there is, districts; in the CRS of the study)
        and ``edits.toml``, the sites as edits of a scenario.
    """
    write_csv(placing.table, folder / "siting.csv")
    sites = placing.sites.reset_index()
    text = sites.to_crs(_LONLAT).to_json(drop_id=True, ensure_ascii=False, indent=1)
    (folder / "sites.geojson").write_text(f"{text}\n", encoding="utf-8")
    layers = {
        "sites": sites,
        "existing": placing.existing.reset_index(),
        "districts": placing.districts.reset_index(),
    }
    for name, layer in layers.items():
        kind = "Unknown" if layer.empty else None
        pyogrio.write_dataframe(layer, folder / "siting.gpkg", layer=name, geometry_type=kind)
    (folder / "edits.toml").write_text(_edits(placing.summary), encoding="utf-8")
    write_json(folder / SITING_MARK, placing.summary)


def _edits(summary: Any) -> str:
    """Write the sites as services that open."""
    city = summary["city"]["name"]
    lines = [f"# New sites for {_plain(city)}: geoequity scenario CITY edits.toml"]
    for number, one in enumerate(summary["sites"], start=1):
        lines += [
            "",
            "[[open]]",
            f"category = {_quoted(summary['asked']['category'])}",
            f"lon = {one['lon']}",
            f"lat = {one['lat']}",
            f"id = {_quoted('site_' + str(number))}",
        ]
        if one["name"]:
            lines.append(f"name = {_quoted(one['name'])}")
        if one["capacity"] is not None:
            lines.append(f"capacity = {one['capacity']}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """Quote a text as TOML wants it; JSON's escapes are among its own."""
    return json.dumps(_plain(text), ensure_ascii=False)


def _plain(text: str) -> str:
    """Keep a text on one line, without marks that are none."""
    return "".join(sign for sign in text if sign.isprintable())
