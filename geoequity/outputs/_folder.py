"""Write a study to a folder, whole or not at all, and read it back."""

import ctypes
import json
import os
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyogrio

from geoequity.compare import Change, Cities
from geoequity.errors import SourceError, shown
from geoequity.locking import alone
from geoequity.outputs._styles import add_styles
from geoequity.outputs._tables import restored, write_csv, write_tidy
from geoequity.outputs._workbook import write_workbook
from geoequity.study import Study

_MARK, _CHANGE_MARK = "summary.json", "change.json"  # what makes a folder one of ours
_CITIES_MARK = "compare.json"
SITING_MARK = "siting.json"
_OURS = {  # what an earlier run may have left in such a folder, one that was killed too
    _MARK: (
        *(".map.html.*", ".report.*"),
        *("map.html", "tables", "figures", "report.*.html", "report.*.pdf"),
        *("change.json", "change.csv", "change.*.html"),  # of a scenario
    ),
    _CHANGE_MARK: ("change.csv", "change.*.html"),
    _CITIES_MARK: ("compare.csv", "compare.*.html"),
    SITING_MARK: ("siting.csv", "siting.gpkg", "sites.geojson", "edits.toml", "site.*.html"),
}
_LAYERS = {
    "districts": "districts.parquet",
    "cells": "cells.parquet",
    "services": "tables/services.parquet",
    "stops": "tables/stops.parquet",
    "routes": "tables/routes.parquet",
    "background": "tables/background.parquet",
}
_GEOPARQUET = "1.1.0"
_HERE, _SWAP = -100, 2  # AT_FDCWD; RENAME_EXCHANGE of Linux, which macOS calls RENAME_SWAP
_GDAL_FAULTS = (
    pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, pyogrio.errors.FeatureError,
)  # fmt: skip
_TABLES = (
    "indicators",
    "cell_indicators",
    "scores",
    "confidence",
    "intervals",
    "mapping",
    "broadband",
    "trends",
    "transit",
    "groups",
    "drivers",
    "inequality",
    "patterns",
    "types",
)
_NEEDED = {  # what others read of a summary without asking
    "city": ("id", "name", "languages"),
    "method": ("normalisation",),
    "versions": (),
}
_OF_SOURCES = ("name", "path", "sha256")
_BY_DISTRICT = ("indicators", "scores", "confidence", "types")


def save(study: Study, folder: str | Path) -> Path:
    """
    Write a study to a folder.

    Parameters
    ----------
    study
        Any study.
    folder
        Where; an earlier study there is replaced in one step at the end, files
        of others in it are kept.

    Returns
    -------
    folder
        The folder, absolute.

    Raises
    ------
    SourceError
        If the folder holds something that is no study, or cannot be written.
    """
    with swap_in(folder) as draft:
        write_tables(study, draft)
    return Path(folder).resolve()


@contextmanager
def swap_in(folder: str | Path, *, mark: str = _MARK) -> Iterator[Path]:
    """
    Give a draft folder that takes the place of another when all went well.

    Parameters
    ----------
    folder
        The place; untouched until the block ends, and for good if it fails.
    mark
        The file by which such a folder is known: ``summary.json`` of a study,
        ``change.json`` of a change, ``compare.json`` of cities side by side,
        ``siting.json`` of a siting.

    Yields
    ------
    draft
        An empty folder beside it.

    Raises
    ------
    SourceError
        If the place holds something else, cannot be written, or another process is
        writing into it.
    """
    target = Path(folder).resolve()
    _check_target(target, mark)
    draft = _beside(target, "draft")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        msg = f"{target}: cannot be written: {error.strerror}"
        raise SourceError(msg, source=target) from error
    with alone_in(target):
        try:
            draft.mkdir()
        except OSError as error:
            msg = f"{target}: cannot be written: {error.strerror}"
            raise SourceError(msg, source=target) from error
        try:
            yield draft
            _swap(draft, target, mark)
        except (OSError, sqlite3.Error, *_GDAL_FAULTS) as error:  # a full disk, most of all
            why = error.strerror if isinstance(error, OSError) and error.strerror else error
            msg = f"{target}: cannot be written, and is left as it was: {why}"
            raise SourceError(msg, source=target) from error
        finally:
            shutil.rmtree(draft, ignore_errors=True)


@contextmanager
def alone_in(folder: str | Path) -> Iterator[None]:
    """
    Keep other runs from writing into a folder, and clear what a killed one left beside it.

    Parameters
    ----------
    folder
        The place; it need not be there.

    Yields
    ------
    nothing
        While it is kept.

    Raises
    ------
    SourceError
        If another process is writing into it: names it, and touches nothing.
    """
    target = Path(folder).resolve()
    with alone(_beside(target, "lock"), place=target, does="is writing into it"):
        draft, old = _beside(target, "draft"), _beside(target, "old")
        if old.exists() and not target.exists():
            old.replace(target)
        for left in (draft, old):
            shutil.rmtree(left, ignore_errors=True)
        yield


def write_tables(study: Study, folder: Path) -> None:
    """
    Write the tables and the summary of a study into an empty folder.

    Parameters
    ----------
    study
        Any study.
    folder
        An empty folder.
    """
    package, tables = folder / "study.gpkg", folder / "tables"
    # Of a metropolis the package takes two fifths of the time of all
    with ThreadPoolExecutor(1) as beside:
        packed = beside.submit(_write_layers, study, package)
        write_json(folder / "provenance.json", study.provenance)
        write_tidy(study, folder / "indicators.csv")
        tables.mkdir()
        for name, path in _LAYERS.items():
            layer = getattr(study, name)
            layer.to_parquet(folder / path, schema_version=_GEOPARQUET, write_covering_bbox=True)
        write_workbook(study, folder / "study.xlsx")
        for name in _TABLES:
            getattr(study, name).to_parquet(tables / f"{name}.parquet")
        write_csv(study.catalogue, folder / "dictionary.csv", index=True)
        packed.result()
    add_styles(study, package)
    write_json(folder / _MARK, study.summary)


def write_change(change: Change, folder: Path) -> None:
    """
    Write what changed between two studies into an empty folder.

    Parameters
    ----------
    change
        Any change.
    folder
        An empty folder, which gets ``change.json`` and ``change.csv``: the moves
        of :class:`geoequity.compare.Change`, one row each.
    """
    write_csv(change.moves, folder / "change.csv")
    write_json(folder / _CHANGE_MARK, change.summary)


def write_cities(found: Cities, folder: Path) -> None:
    """
    Write cities side by side into an empty folder.

    Parameters
    ----------
    found
        Cities side by side.
    folder
        An empty folder, which gets ``compare.json`` and ``compare.csv``: the table
        of :class:`geoequity.compare.Cities`, one number a row.
    """
    write_csv(found.table, folder / "compare.csv")
    write_json(folder / _CITIES_MARK, found.summary)


def load(folder: str | Path) -> Study:
    """
    Read a study back from its folder.

    Parameters
    ----------
    folder
        A folder that :func:`save` wrote.

    Returns
    -------
    study
        The study, as it was.

    Raises
    ------
    SourceError
        If the folder is not there, is no study, lacks a file, or has files that are
        damaged or do not belong together.
    """
    place = Path(folder)
    if not (place / _MARK).is_file():
        msg = f"{place}: no study here (no {_MARK})"
        raise SourceError(msg, source=place)
    try:
        layers = {one: gpd.read_parquet(place / path) for one, path in _LAYERS.items()}
        tables = {one: pd.read_parquet(place / "tables" / f"{one}.parquet") for one in _TABLES}
        tables["catalogue"] = restored(pd.read_csv(place / "dictionary.csv", index_col="id"))
        study = Study(
            **{name: _with_none(table) for name, table in (layers | tables).items()},
            summary=json.loads((place / _MARK).read_text(encoding="utf-8")),
            provenance=json.loads((place / "provenance.json").read_text(encoding="utf-8")),
        )
    except (OSError, ValueError, pa.ArrowException, pyogrio.errors.DataSourceError) as error:
        msg = f"{place}: the study is incomplete or damaged: {error}"
        raise SourceError(msg, source=place) from error
    faults = _faults_of(study)
    if faults:
        msg = f"{place}: the study is incomplete or damaged: {'; '.join(faults)}"
        raise SourceError(msg, source=place)
    return study


def summary_schema(of: str = "summary") -> dict[str, Any]:
    """
    Give the JSON Schema of a summary, a change, a comparison or a siting.

    Parameters
    ----------
    of
        ``summary``, ``change``, ``compare`` or ``siting``.

    Returns
    -------
    schema
        The schema, as plain values.
    """
    text = resources.files("geoequity.outputs").joinpath(f"{of}.schema.json").read_text("utf-8")
    return json.loads(text)


def _faults_of(study: Study) -> list[str]:
    """Find what files that can be read each by itself lack of a study, or where they disagree."""
    faults = []
    for key, needed in _NEEDED.items():
        block = study.summary.get(key) if isinstance(study.summary, dict) else None
        if not isinstance(block, dict):
            faults.append(f"{_MARK} has no {key}")
            continue
        faults += [f"{_MARK} has no {key}.{one}" for one in needed if one not in block]
    sources = study.provenance.get("sources", []) if isinstance(study.provenance, dict) else None
    whole = isinstance(sources, list) and all(isinstance(one, dict) for one in sources)
    if not whole or any(key not in one for one in sources or () for key in _OF_SOURCES):
        faults.append(f"provenance.json lists no sources with {', '.join(_OF_SOURCES)}")
    for name in _BY_DISTRICT:
        odd = getattr(study, name).index.symmetric_difference(study.districts.index)
        if len(odd):
            faults.append(f"{name} and districts are not about the same: {shown(odd)}")
    return faults


def _with_none(table: pd.DataFrame) -> pd.DataFrame:
    """Give missing texts back as None; files make NaN of them."""
    kinds = table.dtypes.items()  # pandas 2 has no `str` to select by
    texts = [one for one, kind in kinds if isinstance(kind, np.dtypes.ObjectDType | pd.StringDtype)]
    return table.assign(
        **{one: table[one].astype(object).where(table[one].notna(), None) for one in texts}
    )


def _check_target(target: Path, mark: str) -> None:
    """Refuse to replace what is not of its kind."""
    if target.exists() and not target.is_dir():
        msg = f"{target}: is a file, not a folder"
        raise SourceError(msg, source=target)
    if target.is_dir() and any(target.iterdir()) and not (target / mark).is_file():
        kind = {
            _MARK: "study",
            _CHANGE_MARK: "change",
            _CITIES_MARK: "comparison",
            SITING_MARK: "siting",
        }[mark]
        msg = f"{target}: holds files that are no {kind} (no {mark}); name another folder"
        raise SourceError(msg, source=target)


def _swap(draft: Path, target: Path, mark: str) -> None:
    """Put the draft in its place; what others keep there moves along."""
    if not target.exists():
        draft.rename(target)
        return
    ours = {one.name for one in draft.iterdir()}
    ours |= {one.name for pattern in _OURS[mark] for one in target.glob(pattern)}
    for other in target.iterdir():
        if other.name not in ours:
            _copy(other, draft / other.name)
    if not _exchanged(draft, target):
        _replace(draft, target)


def _exchanged(one: Path, other: Path) -> bool:
    """Let two folders change places in one step, where the system can."""
    if sys.platform == "win32":
        return False
    names = os.fsencode(one), os.fsencode(other)
    try:
        system = ctypes.CDLL(None, use_errno=True)
        if sys.platform == "darwin":
            return system.renamex_np(*names, _SWAP) == 0
        return system.renameat2(_HERE, names[0], _HERE, names[1], _SWAP) == 0
    except (OSError, AttributeError):  # a C library without it
        return False


def _replace(draft: Path, target: Path) -> None:
    """Put a draft in its place in two steps, where the system has none that is one."""
    # Between them there is no folder at the place, and never half of one; `alone_in` of
    # the next run puts the old one back where this one is killed just then
    old = _beside(target, "old")
    try:
        target.replace(old)
        draft.replace(target)
    except OSError as error:
        if not target.exists() and old.exists():
            old.replace(target)
        msg = f"{target}: cannot be replaced: {error.strerror}"
        raise SourceError(msg, source=target) from error
    shutil.rmtree(old, ignore_errors=True)


def _beside(target: Path, what: str) -> Path:
    """Name what lies beside a folder while it is written."""
    return target.with_name(f".{target.name}.{what}")


def _copy(source: Path, target: Path) -> None:
    """Copy a file or a folder."""
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copy2(source, target)


def write_json(path: Path, content: Any) -> None:
    """
    Write JSON that has no NaN in it.

    Parameters
    ----------
    path
        The file.
    content
        Plain values.
    """
    text = json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False)
    path.write_text(f"{text}\n", encoding="utf-8")


def _write_layers(study: Study, path: Path) -> None:
    """Write the layers to one GeoPackage."""
    for name in _LAYERS:
        layer = getattr(study, name).reset_index()
        if name == "background" and layer.empty:
            continue
        kind = "Unknown" if layer.empty else None
        # By columns, which takes half the time of row by row
        pyogrio.write_dataframe(layer, path, layer=name, geometry_type=kind, use_arrow=True)
