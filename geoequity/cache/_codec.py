"""
Results as bytes and back: nothing but values, never code.

A tree of JSON tells what a result is; arrays are kept as ``.npy`` and texts as Arrow
beside it. Of records, only fields are kept, and only of classes of this package. What
comes back is the same to the bit, in the same layout in memory, so that sums over it
add up alike.
"""

import dataclasses
import datetime as dt
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import shapely
from pydantic import BaseModel
from pyproj import CRS

from geoequity.keeping import arrow_texts

Mark = Callable[[object], bytes]
Write = Callable[[bytes | memoryview], None]
Marks = list[tuple[object, bytes]]  # tables and records, and their fingerprints

_PACKAGE = __name__.partition(".")[0]
_PLAIN = (str, bool, int, type(None))
_COLLECTIONS: dict[str, type] = {
    one.__name__: one
    for one in (list, tuple, set, frozenset)  # those of names and the like are no plain ones
}
_DAYS: dict[str, type] = {one.__name__: one for one in (dt.datetime, dt.date, dt.time)}
_ABSENT = (None, float("nan"), pd.NA)  # in columns of texts, numbered from 1
_MASKED = {
    "boolean": pd.arrays.BooleanArray,
    "Int": pd.arrays.IntegerArray,
    "UInt": pd.arrays.IntegerArray,
    "Float": pd.arrays.FloatingArray,
}
_THINGS = frozenset(("words", "plain", "things"))  # columns of which pandas is to make nothing else
_LINEAR_RING = 2  # WKB would make a line of it


class UnstorableError(Exception):
    """A value that has no form as bytes here."""


def pack(value: object, *, mark: Mark, write: Write) -> Any:
    """
    Turn a result into bytes.

    Parameters
    ----------
    value
        Tables, arrays, records of this package and plain values.
    mark
        Gives the fingerprint of a table or a record.
    write
        Called with one part after the other: all at once they would take as much
        memory as the result.

    Returns
    -------
    tree
        What it is, for JSON; refers to the parts by number.

    Raises
    ------
    UnstorableError
        If a part of it has no form as bytes.
    """
    return _Packer(mark, write).node(value)


def unpack(tree: Any, parts: list[memoryview]) -> tuple[Any, Marks]:
    """
    Turn bytes into the result they were.

    Parameters
    ----------
    tree
        As `pack` gives it.
    parts
        Bytes.

    Returns
    -------
    value
        The result; what stood in it twice is there once, as it was.
    marks
        The tables and records in it, with their fingerprints.
    """
    unpacker = _Unpacker(parts)
    return unpacker.value(tree), unpacker.marks


class _Packer:
    """Packs one result."""

    def __init__(self, mark: Mark, write: Write) -> None:
        self._mark = mark
        self._write = write
        self._parts = 0
        self._seen: dict[int, int] = {}
        self._held: list[object] = []  # so that no id is given twice

    def node(self, value: Any) -> Any:  # noqa: PLR0911 - one line a kind
        """Pack any value."""
        kind = type(value)
        if kind in _PLAIN or kind is float:
            return value
        if kind.__name__ in _COLLECTIONS and kind is _COLLECTIONS[kind.__name__]:
            return {"is": kind.__name__, "of": [self.node(one) for one in value]}
        if kind is dict:
            return {"is": "dict", "of": [[self.node(a), self.node(b)] for a, b in value.items()]}
        if kind.__name__ in _DAYS and kind is _DAYS[kind.__name__]:
            return {"is": kind.__name__, "of": value.isoformat()}
        if isinstance(value, Path):
            return {"is": "path", "of": str(value)}
        if isinstance(value, CRS):
            return {"is": "crs", "of": value.srs}
        if isinstance(value, np.generic):
            return {"is": "scalar", "of": self.array(np.asarray(value))}
        if isinstance(value, shapely.Geometry):
            return {"is": "shape", "of": self.shapes(np.array([value], dtype=object))}
        if kind is bytes:
            return {"is": "bytes", "of": self.part(value)}
        return self._large(value)

    def _large(self, value: Any) -> Any:
        """Pack a table or a record, once."""
        if id(value) in self._seen:
            return {"is": "again", "of": self._seen[id(value)]}
        if isinstance(value, pd.DataFrame):
            packed = self.table(value)
        elif type(value) is pd.Series or type(value) is gpd.GeoSeries:
            packed = self.series(value)
        elif isinstance(value, pd.Index):
            packed = self.index(value)
        elif type(value) is np.ndarray:
            packed = {"is": "array", "of": self.array(value)}
        elif _is_ours(type(value)):
            fields = [[one, self.node(getattr(value, one))] for one in _fields(type(value))]
            said = sorted(value.model_fields_set) if isinstance(value, BaseModel) else None
            packed = {"is": "record", "class": _name(type(value)), "of": fields, "set": said}
        else:
            msg = f"a {type(value).__module__}.{type(value).__qualname__}"
            raise UnstorableError(msg)
        self._seen[id(value)] = number = len(self._held)
        self._held.append(value)
        packed["no"] = number
        if not isinstance(value, BaseModel):
            packed["mark"] = self._mark(value).hex()
        return packed

    def part(self, data: bytes | memoryview) -> int:
        """Set bytes aside."""
        self._write(data)
        self._parts += 1
        return self._parts - 1

    def array(self, values: np.ndarray) -> int:
        """Pack an array of numbers, days or fixed texts."""
        if values.dtype.hasobject:
            msg = "an array of objects"
            raise UnstorableError(msg)
        stream = io.BytesIO()
        np.lib.format.write_array(stream, values, allow_pickle=False)
        return self.part(stream.getbuffer())

    def shapes(self, shapes: np.ndarray) -> dict[str, Any]:
        """Pack geometries: lines all alike as coordinates, which is quick; others as WKB."""
        kinds = shapely.get_type_id(shapes)
        if (kinds == _LINEAR_RING).any():
            msg = "a ring outside a polygon"
            raise UnstorableError(msg)
        if len(shapes) and (kinds == 1).all() and not shapely.has_z(shapes).any():
            _, places, (starts,) = shapely.to_ragged_array(shapes)
            return {"is": "lines", "of": [self.array(places), self.array(starts)]}
        blobs = shapely.to_wkb(shapes)
        return {"is": "wkb", "of": self.arrow(pa.array(blobs.tolist(), pa.large_binary()))}

    def arrow(self, values: pa.Array) -> int:
        """Pack a column of texts or bytes."""
        stream = io.BytesIO()
        batch = pa.record_batch([values], names=["of"])
        with pa.ipc.new_stream(stream, batch.schema) as writer:
            writer.write_batch(batch)
        return self.part(stream.getbuffer())

    def index(self, index: pd.Index) -> dict[str, Any]:
        """Pack an index."""
        names = self.node(list(index.names))
        if type(index) is pd.RangeIndex:
            steps = [index.start, index.stop, index.step]
            return {"is": "range", "names": names, "of": steps}
        if type(index) is pd.MultiIndex:
            levels = [self.index(one) for one in index.levels]
            codes = [self.array(np.asarray(one)) for one in index.codes]
            return {"is": "multi", "names": names, "of": levels, "codes": codes}
        plain = type(index) in {pd.Index, pd.DatetimeIndex, pd.CategoricalIndex}
        if not plain or getattr(index, "freq", None) is not None:
            msg = f"a {type(index).__name__}"
            raise UnstorableError(msg)
        return {"is": "index", "names": names, "of": self.column(index)}

    def series(self, series: pd.Series) -> dict[str, Any]:
        """Pack a column with its index."""
        return {
            "is": "series",
            "index": self.node(series.index),
            "name": self.node(series.name),
            "of": self.column(series),
            "attrs": self.node(dict(series.attrs)),
        }

    def table(self, table: pd.DataFrame) -> dict[str, Any]:
        """Pack a table: as one array where it is one, else by column."""
        if type(table) not in {pd.DataFrame, gpd.GeoDataFrame}:
            msg = f"a {type(table).__name__}"
            raise UnstorableError(msg)
        place = None
        if isinstance(table, gpd.GeoDataFrame):
            place = {"name": self.node(table._geometry_column_name)}  # noqa: SLF001 - None without
        whole = _block(table)
        columns = [self.column(table.iloc[:, at]) for at in range(table.shape[1])]
        return {
            "is": "table",
            "index": self.node(table.index),
            "columns": self.node(table.columns),
            "of": columns if whole is None else None,
            "whole": None if whole is None else self.array(whole),
            "place": place,
            "attrs": self.node(dict(table.attrs)),
        }

    def column(self, values: Any) -> dict[str, Any]:
        """Pack the values of a column."""
        kind = values.dtype
        if isinstance(kind, np.dtype):
            if kind.hasobject:
                return self._objects(np.asarray(values, dtype=object))
            return {"is": "numbers", "of": self.array(np.asarray(values))}
        if str(kind) == "geometry":
            shapes = self.shapes(np.asarray(values.array, dtype=object))
            return {"is": "shapes", "of": shapes, "crs": self.node(values.array.crs)}
        if isinstance(kind, pd.CategoricalDtype):
            codes = self.array(np.asarray(values.array.codes))
            words = self.index(kind.categories)
            return {"is": "kinds", "of": codes, "words": words, "ordered": kind.ordered}
        if isinstance(kind, pd.StringDtype):
            if kind.storage == "pyarrow":
                texts = arrow_texts(values)
            else:
                things = np.asarray(values, dtype=object)
                texts = pa.array(things, pa.large_string(), from_pandas=True)
            na = "NA" if kind.na_value is pd.NA else "nan"
            return {"is": "texts", "of": self.arrow(texts), "storage": kind.storage, "na": na}
        return self._odd(values, str(kind))

    def _odd(self, values: Any, kind: str) -> dict[str, Any]:
        """Pack days of a time zone, and numbers of which some are missing."""
        if isinstance(values.dtype, pd.DatetimeTZDtype):
            bare = np.asarray(values.array.tz_convert("UTC").tz_localize(None))
            return {"is": "zoned", "of": self.array(bare), "zone": str(values.dtype.tz)}
        if kind.rstrip("0123456789") not in _MASKED:
            msg = f"a column of {kind}"
            raise UnstorableError(msg)
        plain = values.array.to_numpy(dtype=values.dtype.numpy_dtype, na_value=0)
        absent = np.asarray(values.isna())
        return {"is": "masked", "of": [self.array(plain), self.array(absent)], "kind": kind}

    def _objects(self, values: np.ndarray) -> dict[str, Any]:
        """Pack things: texts quickly, all else one by one."""
        kinds = {type(one) for one in values}
        if kinds <= {str, type(None), float, type(pd.NA)} and all(
            type(one) is not float or one != one  # noqa: PLR0124 - what is not itself is NaN
            for one in values
        ):
            code = np.zeros(len(values), dtype=np.int8)
            if kinds != {str}:
                code[:] = [0 if type(one) is str else _code(one) for one in values]
            texts = [one if type(one) is str else None for one in values]
            arrow = self.arrow(pa.array(texts, pa.large_string()))
            return {"is": "words", "of": arrow, "code": self.array(code)}
        if kinds <= {*_PLAIN, float}:
            return {"is": "plain", "of": values.tolist()}
        return {"is": "things", "of": [self.node(one) for one in values]}


class _Unpacker:
    """Unpacks one result."""

    def __init__(self, parts: list[memoryview]) -> None:
        self.marks: Marks = []
        self._parts = parts
        self._seen: dict[int, object] = {}

    def value(self, node: Any) -> Any:
        """Unpack any value."""
        if not isinstance(node, dict):
            return node
        kind, of = node["is"], node["of"]
        if kind in _COLLECTIONS:
            return _COLLECTIONS[kind](self.value(one) for one in of)
        if kind in _DAYS:
            return _DAYS[kind].fromisoformat(of)  # type: ignore[attr-defined]
        return getattr(self, f"_{kind}")(node, of)

    def _hold(self, node: dict[str, Any], value: Any) -> Any:
        """Remember what may stand here again."""
        if "no" in node:
            self._seen[node["no"]] = value
        if "mark" in node:
            self.marks.append((value, bytes.fromhex(node["mark"])))
        return value

    def _again(self, _: Any, of: int) -> Any:
        return self._seen[of]

    def _dict(self, _: Any, of: list[Any]) -> Any:
        return {self.value(key): self.value(one) for key, one in of}

    def _path(self, _: Any, of: str) -> Any:
        return Path(of)

    def _crs(self, _: Any, of: str) -> Any:
        return CRS(of)

    def _scalar(self, _: Any, of: int) -> Any:
        return self.array(of)[()]

    def _shape(self, _: Any, of: Any) -> Any:
        return self.shapes(of)[0]

    def _bytes(self, _: Any, of: int) -> Any:
        return bytes(self._parts[of])

    def _array(self, node: Any, of: int) -> Any:
        return self._hold(node, self.array(of))

    def _record(self, node: Any, of: list[Any]) -> Any:
        kind = _class(node["class"])
        fields = {name: self.value(one) for name, one in of}
        if issubclass(kind, BaseModel):
            return self._hold(node, kind.model_construct(set(node["set"]), **fields))
        return self._hold(node, kind(**fields))

    def _range(self, node: Any, of: list[int]) -> Any:
        start, stop, step = of
        return self._hold(node, pd.RangeIndex(start, stop, step, name=self.value(node["names"])[0]))

    def _multi(self, node: Any, of: list[Any]) -> Any:
        levels, names = [self.value(one) for one in of], self.value(node["names"])
        codes = [self.array(one) for one in node["codes"]]
        made = pd.MultiIndex(levels=levels, codes=codes, names=names, verify_integrity=False)
        return self._hold(node, made)

    def _index(self, node: Any, of: Any) -> Any:
        values = self.column(of)
        dtype = object if of["is"] in _THINGS else None
        made = pd.Index(values, dtype=dtype, name=self.value(node["names"])[0], copy=False)
        return self._hold(node, made)

    def _series(self, node: Any, of: Any) -> Any:
        made = self._named(of, self.value(node["index"]), self.value(node["name"]))
        made.attrs = self.value(node["attrs"])
        return self._hold(node, made)

    def _named(self, node: Any, index: pd.Index, name: Any) -> pd.Series:
        """Unpack a column with its index; of things, pandas is not to make anything else."""
        kind = gpd.GeoSeries if node["is"] == "shapes" else pd.Series
        dtype = object if node["is"] in _THINGS else None
        return kind(self.column(node), index=index, name=name, dtype=dtype, copy=False)

    def _table(self, node: Any, of: Any) -> Any:
        index, names = self.value(node["index"]), self.value(node["columns"])
        if of is None:
            table = pd.DataFrame(self.array(node["whole"]), index=index, copy=False)
        else:
            columns = {at: self._named(one, index, None) for at, one in enumerate(of)}
            table = pd.DataFrame(columns, index=index)
        table = table.set_axis(names, axis=1)
        place = node["place"]
        if place is not None:
            table = gpd.GeoDataFrame(table)
            table._geometry_column_name = self.value(place["name"])  # noqa: SLF001 - as it was
        table.attrs = self.value(node["attrs"])
        return self._hold(node, table)

    def array(self, part: int) -> np.ndarray:
        """Unpack an array."""
        stream = io.BytesIO(self._parts[part])
        return np.lib.format.read_array(stream, allow_pickle=False)

    def arrow(self, part: int) -> np.ndarray:
        """Unpack a column of texts or bytes, None where there is none."""
        with pa.ipc.open_stream(pa.py_buffer(self._parts[part])) as reader:
            return reader.read_all().column(0).to_numpy()

    def shapes(self, node: dict[str, Any]) -> np.ndarray:
        """Unpack geometries."""
        if node["is"] == "lines":
            places, starts = (self.array(one) for one in node["of"])
            kind = shapely.GeometryType.LINESTRING
            return shapely.from_ragged_array(kind, places, (starts,))
        return shapely.from_wkb(self.arrow(node["of"]))

    def column(self, node: dict[str, Any]) -> Any:  # noqa: PLR0911 - one line a kind
        """Unpack the values of a column."""
        kind, of = node["is"], node["of"]
        if kind == "numbers":
            return self.array(of)
        if kind == "shapes":
            return gpd.array.GeometryArray(self.shapes(of), crs=self.value(node["crs"]))
        if kind == "kinds":
            dtype = pd.CategoricalDtype(self.value(node["words"]), ordered=node["ordered"])
            return pd.Categorical.from_codes(self.array(of), dtype=dtype)
        if kind == "texts":
            na = pd.NA if node["na"] == "NA" else np.nan
            return pd.array(self.arrow(of), dtype=pd.StringDtype(node["storage"], na))
        if kind == "zoned":
            return pd.DatetimeIndex(self.array(of)).tz_localize("UTC").tz_convert(node["zone"])
        if kind == "masked":
            return _MASKED[node["kind"].rstrip("0123456789")](*(self.array(one) for one in of))
        if kind == "words":
            values, code = self.arrow(of), self.array(node["code"])
            values = values.astype(object)
            for number, absent in enumerate(_ABSENT, 1):
                values[code == number] = absent
            return values
        things = np.empty(len(of), dtype=object)
        if kind == "plain":
            things[:] = of
            return things
        for at, one in enumerate(of):
            things[at] = self.value(one)
        return things


def _code(value: object) -> int:
    """Give what stands for nothing a number."""
    if value is None:
        return 1
    return 3 if value is pd.NA else 2


def _block(table: pd.DataFrame) -> np.ndarray | None:
    """Give the one array that a table of several columns is; None where it is none."""
    kinds = set(table.dtypes)
    if table.shape[1] < 2 or len(table) == 0 or len(kinds) > 1:  # noqa: PLR2004 - several
        return None
    kind = kinds.pop()
    if not isinstance(kind, np.dtype) or kind.hasobject:
        return None
    whole = table.to_numpy(copy=False)
    if not np.shares_memory(whole, table.iloc[:, 0].to_numpy(copy=False)):
        return None
    return whole if whole.flags.c_contiguous or whole.flags.f_contiguous else None


def _is_ours(kind: type) -> bool:
    """Tell a record of this package."""
    inside = kind.__module__.partition(".")[0] == _PACKAGE
    return inside and (dataclasses.is_dataclass(kind) or issubclass(kind, BaseModel))


def _fields(kind: Any) -> list[str]:
    """List the fields of a record."""
    if issubclass(kind, BaseModel):
        return list(kind.model_fields)
    return [one.name for one in dataclasses.fields(kind) if one.init]


def _name(kind: type) -> str:
    """Name a class."""
    return f"{kind.__module__}:{kind.__qualname__}"


def _class(name: str) -> Any:
    """Find a class of this package that is loaded; nothing is imported by name."""
    module, _, word = name.partition(":")
    kind = getattr(sys.modules.get(module), word, None)
    if not isinstance(kind, type) or not _is_ours(kind):
        msg = f"{name}: no record of this package"
        raise ValueError(msg)
    return kind


def dumps(tree: Any) -> bytes:
    """
    Write a tree.

    Parameters
    ----------
    tree
        As `pack` gives it.

    Returns
    -------
    text
        JSON; floats come back to the bit, NaN and infinity too.
    """
    return json.dumps(tree, separators=(",", ":"), ensure_ascii=False).encode("utf-8")
