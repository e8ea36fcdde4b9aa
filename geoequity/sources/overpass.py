"""
Write answers of the Overpass API as one OpenStreetMap extract.

An answer tells some elements as the map stood at its ``timestamp_osm_base``,
each in as much detail as the query asked for (``out skel``, ``body``, ``meta``,
``center``, ``geom``). Here answers become a sorted PBF, so that whatever reads
extracts reads answers.
"""

import logging
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
import osmium
import pandas as pd
from pydantic import BaseModel, Field, ValidationError

from geoequity.errors import SourceError, shown
from geoequity.sources.osm_elements import BROKEN, TYPES
from geoequity.sources.osm_tags import rules
from geoequity.sources.osm_writer import osm_writer

if TYPE_CHECKING:
    from geoequity.sources.osm import OsmLayers

NO_ELEMENT = "neither node, way nor relation"
NO_PLACE = "element that no answer gives a place"
NO_SHAPE = "line or land of which an answer gives the centre only"

_KINDS = {"node": osmium.osm.NODE, "way": osmium.osm.WAY, "relation": osmium.osm.RELATION}
_AREA_TYPES = ("boundary", "multipolygon")  # relations that are areas
_NEW_IDS = 2**36  # far beyond the ids of OpenStreetMap, for corners told without theirs
_CENTRE = re.compile(r"^node/-(\d+)")
_BROKEN_OFF = re.compile("error|timed out|out of memory", re.IGNORECASE)
_PART = {"route": "part"}  # tags of ways told as parts of relations only; untagged none is read
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_log = logging.getLogger(__name__)

_Key = tuple[str, int]
_Spot = tuple[float, float]
_Id = Annotated[int, Field(ge=0, lt=_NEW_IDS)]  # below 0 stand centres, twice as far
_Small = Annotated[int, Field(gt=-(2**31), lt=2**31)]
_Lat = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
_Lon = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]


class _Place(BaseModel):
    """A place in degrees."""

    lat: _Lat
    lon: _Lon

    @property
    def spot(self) -> _Spot:
        """Longitude and latitude."""
        return self.lon, self.lat


class _Member(BaseModel):
    """A member of a relation, which ``out geom`` draws."""

    type: Literal["node", "way", "relation"]
    ref: _Id
    role: str = ""
    geometry: list[_Place | None] | None = None


class _Element(BaseModel):
    """An element as one answer tells it; what the query did not ask for is None."""

    type: str
    id: _Id
    lat: _Lat | None = None
    lon: _Lon | None = None
    center: _Place | None = None
    nodes: list[_Id] | None = None
    geometry: list[_Place | None] | None = None
    members: list[_Member] | None = None
    tags: dict[str, str] = Field(default_factory=dict)
    version: Annotated[_Small, Field(ge=0)] | None = None
    timestamp: datetime | None = None
    uid: _Small | None = None

    @property
    def key(self) -> _Key:
        """Kind and id."""
        return self.type, self.id

    @property
    def spot(self) -> _Spot | None:
        """Longitude and latitude of a node."""
        return None if self.lon is None or self.lat is None else (self.lon, self.lat)

    @property
    def ways(self) -> list[int]:
        """Ids of the ways that a relation is made of."""
        return [one.ref for one in self.members or () if one.type == "way"]


class _Base(BaseModel):
    """What an answer tells of the map it was made from."""

    timestamp_osm_base: str | None = None

    @property
    def date(self) -> datetime | None:
        """When the map was so; None where it is not told."""
        text = (self.timestamp_osm_base or "").replace("\\", "")  # some servers escape colons
        date = pd.to_datetime(text or None, utc=True, errors="coerce")
        return None if pd.isna(date) else date.to_pydatetime()


class _Answer(BaseModel):
    """What a server sends."""

    elements: list[_Element]
    osm3s: _Base = _Base()
    remark: str = ""


@dataclass(frozen=True, slots=True)
class _Copy:
    """An element, and the date of the answer that tells it."""

    element: _Element
    date: datetime

    @property
    def edited(self) -> datetime:
        """Date of the edit; of the answer, at which the copy was true, where that is not told."""
        return self.element.timestamp or self.date


@dataclass(frozen=True, slots=True)
class _Rival:
    """What an extract beside the answers tells of an element."""

    version: int
    date: datetime | None


@dataclass(frozen=True)
class Written:
    """
    What became of some answers.

    Parameters
    ----------
    file
        The extract that was written.
    dates
        When the map was as each answer tells it; None where it does not say.
    dropped
        Ids of what is not in the extract, by reason.
    """

    file: Path
    dates: Mapping[Path, pd.Timestamp | None]
    dropped: Mapping[str, list[str]]


def is_answer(file: Path) -> bool:
    """
    Tell by its name whether a file is an answer of the Overpass API.

    Parameters
    ----------
    file
        Any file.

    Returns
    -------
    is_answer
        Whether it ends in ``.json``.
    """
    return file.suffix.lower() == ".json"


def write_extract(
    files: Sequence[Path], *, target: Path, beside: Mapping[Path, pd.Timestamp | None]
) -> Written:
    """
    Write answers of the Overpass API as one sorted extract.

    An answer is taken to be whole and true at its date; what a query left out
    cannot be told from what is not there.

    Parameters
    ----------
    files
        Answers in JSON, which may overlap.
    target
        The ``.osm.pbf`` to write.
    beside
        Extracts that it will be merged with, and when each was cut; None where
        it does not say. What is newer there is left out here. The rest gets a
        version above theirs, which is good for merging and nothing else.

    Returns
    -------
    written
        The extract, the dates and what was dropped.

    Raises
    ------
    SourceError
        If an answer is missing, HTML, cut short, no answer of the Overpass API,
        without elements, broken off as its remark tells, or of counts or ids
        only; all faults of all answers at once.

    Notes
    -----
    Of two copies of one element the higher version is kept. Where a version is
    not told, as only ``out meta`` does, it is the newer copy, by its edit or
    else by the date of the answer. Copies in answers of one day (UTC) complete
    each other, so that a bare ``out skel`` takes no tags away.

    A way or relation with a centre and no shape becomes a node with a negative
    id, which `renamed` turns back; streets, routes and land are of no use
    without a shape. Where an extract has the shape, its copy stays. Corners
    that ``out geom`` tells without an id are one node where their coordinates
    are equal.
    """
    answers = _read_all(files)
    dropped: dict[str, list[str]] = defaultdict(list)
    copies = _merged(answers.values(), dropped=dropped)
    rivals = _rivals(copies, beside)
    draft = _Draft(outside=rivals.keys())
    for key, copy in copies.items():
        if key not in rivals:
            draft.take(copy)
        elif _is_newer(copy, rivals[key]):
            version = max(rivals[key].version + 1, copy.element.version or 0)
            draft.take(replace(copy, element=copy.element.model_copy(update={"version": version})))
    draft.draw(dropped)
    try:
        draft.write(target)
    except BROKEN as fault:
        names = shown(one.name for one in answers)
        msg = f"{names}: cannot be written as an extract into {target.parent}: {fault}"
        raise SourceError(msg, source=list(answers)) from fault
    dates = {file: answer.osm3s.date for file, answer in answers.items()}
    return Written(
        file=target,
        dates={file: None if one is None else pd.Timestamp(one) for file, one in dates.items()},
        dropped=dict(dropped),
    )


def renamed(layers: "OsmLayers") -> "OsmLayers":
    """
    Name what was told by its centre as the way or relation that it is.

    Parameters
    ----------
    layers
        Read from what `write_extract` wrote.

    Returns
    -------
    layers
        The same, with ids such as ``way/1`` instead of those of the nodes that
        stood for them.
    """
    services, stops, edits = layers.services, layers.stops, layers.place_edits
    dropped = {why: [own_name(one) for one in ids] for why, ids in layers.counts["dropped"].items()}
    is_centre = (edits["of"] == TYPES.index("node")) & (edits["number"] < 0)
    number, is_relation = np.divmod(-edits["number"].to_numpy(), 2)
    of = np.where(is_relation, TYPES.index("relation"), TYPES.index("way"))
    return replace(
        layers,
        services=services.set_axis(_names(services.index)),
        stops=stops.set_axis(_names(stops.index)),
        stop_routes=layers.stop_routes.assign(stop_id=layers.stop_routes["stop_id"].map(own_name)),
        place_edits=edits.assign(
            number=edits["number"].where(~is_centre, number), of=edits["of"].where(~is_centre, of)
        ),
        counts={**layers.counts, "dropped": dropped},
    )


# ------------------------------------------------------------------ reading
def _read_all(files: Iterable[Path]) -> dict[Path, _Answer]:
    """Read answers, all faults at once."""
    answers: dict[Path, _Answer] = {}
    faults: list[SourceError] = []
    for file in files:
        try:
            answers[file] = _read(file)
        except SourceError as fault:
            faults.append(fault)
    if len(faults) > 1:
        msg = "\n".join(map(str, faults))
        raise SourceError(msg, source=[one.source for one in faults])
    if faults:
        raise faults[0]
    return answers


def _read(file: Path) -> _Answer:
    """Read one answer."""
    if not file.is_file():
        msg = f"{file.name}: no such file ({file})"
        raise SourceError(msg, source=file)
    raw = file.read_bytes().removeprefix(b"\xef\xbb\xbf")
    said = ""
    try:
        if raw.lstrip().startswith(b"<"):
            said = "HTML or XML instead of JSON, as a busy server sends"
        else:
            answer = _Answer.model_validate_json(raw)
            said = _useless(answer)
    except ValidationError as error:
        said = _wrong(error)
    if said:
        msg = f"{file.name}: not a whole answer of the Overpass API: {said}"
        raise SourceError(msg, source=file)
    if answer.remark:
        _log.warning("%s: the server remarks: %s", file.name, answer.remark)
    return answer


def _wrong(error: ValidationError) -> str:
    """Say why a text is no answer."""
    first, *more = error.errors(include_url=False, include_input=False)
    where = ".".join(map(str, first["loc"]))
    if first["type"] == "json_invalid":
        return f"{first['msg']}; is it cut short?"
    if where in ("", "elements"):
        return "it has no list of elements"
    return f"{where}: {first['msg']}" + (f", and {len(more)} more" if more else "")


def _useless(answer: _Answer) -> str:
    """Say why an answer that is well made is of no use, if it is not."""
    if _BROKEN_OFF.search(answer.remark):
        return f"the server broke off: {answer.remark.strip()}"
    if not answer.elements:
        return "no elements; the query found nothing"
    if all(one.type == "count" for one in answer.elements):
        return "a count (out count); ask for out body, geom or center"
    if not any(
        one.spot or one.center or one.nodes or one.geometry or one.members
        for one in answer.elements
    ):
        return "elements without a place (out ids or tags); ask for out body, geom or center"
    return ""


# ------------------------------------------------------------------ merging
def _merged(answers: Iterable[_Answer], *, dropped: dict[str, list[str]]) -> dict[_Key, _Copy]:
    """Keep each element once."""
    copies: dict[_Key, _Copy] = {}
    dated = [(answer.osm3s.date or _LONG_AGO, answer) for answer in answers]
    for date, answer in sorted(dated, key=lambda one: one[0]):
        for element in answer.elements:
            if element.type not in _KINDS:
                dropped[NO_ELEMENT].append(f"{element.type}/{element.id}")
                continue
            copy, known = _Copy(element, date), copies.get(element.key)
            copies[element.key] = copy if known is None else _joined(known, copy)
    return copies


def _joined(known: _Copy, other: _Copy) -> _Copy:
    """Keep the newer of two copies, or complete it by the other if they are of one day."""
    first, second = known.element.version, other.element.version
    if first is not None and second is not None and first != second:
        return known if first > second else other
    older, newer = sorted((known, other), key=lambda one: one.edited)
    if older.date.date() != newer.date.date():
        return newer
    told = {one: getattr(newer.element, one) for one in newer.element.model_fields_set}
    return replace(newer, element=older.element.model_copy(update=told))


def _rivals(
    copies: Mapping[_Key, _Copy], beside: Mapping[Path, pd.Timestamp | None]
) -> dict[_Key, _Rival]:
    """Find what extracts tell of the elements of answers, and of the parts of these."""
    if not beside:
        return {}
    wanted: dict[str, set[int]] = {kind: set() for kind in _KINDS}
    for (kind, number), copy in copies.items():
        wanted[kind].add(number)
        wanted["node"].update(copy.element.nodes or ())
        wanted["way"].update(copy.element.ways)
    rivals: dict[_Key, _Rival] = {}
    for file, cut in beside.items():
        stream = osmium.FileProcessor(file)
        for kind, bit in _KINDS.items():
            some = osmium.filter.IdFilter(wanted[kind])
            some.enable_for(bit)
            stream = stream.with_filter(some)
        try:
            for element in stream:
                key = (next(one for one in _KINDS if one[0] == element.type_str()), element.id)
                edited = element.timestamp if element.timestamp.timestamp() else None
                rival = _Rival(element.version, edited if cut is None else cut)
                if key not in rivals or rivals[key].version < rival.version:
                    rivals[key] = rival
        except BROKEN as fault:
            msg = f"{file.name}: not a whole OpenStreetMap file: {fault}"
            raise SourceError(msg, source=file) from fault
    return rivals


def _is_newer(copy: _Copy, rival: _Rival) -> bool:
    """Tell whether an answer's copy is newer than an extract's; a bare one of a day is not."""
    element, date = copy.element, rival.date or _LONG_AGO
    if element.version and rival.version:
        return element.version > rival.version
    is_bare = not element.tags and date.date() in (copy.date.date(), _LONG_AGO.date())
    return copy.date > date and not is_bare


# ------------------------------------------------------------------ writing
class _Draft:
    """An extract in the making; `outside` are elements of extracts beside it."""

    def __init__(self, outside: Iterable[_Key]) -> None:
        self.outside = frozenset(outside)
        self.told: dict[str, dict[int, _Copy]] = {kind: {} for kind in _KINDS}
        self.spots: dict[int, _Spot] = {}  # of nodes
        self.lines: dict[int, list[int]] = {}  # nodes of ways
        self.ids: dict[_Spot, int] = {}  # nodes of corners that are told without

    def take(self, copy: _Copy) -> None:
        """Take an element in."""
        self.told[copy.element.type][copy.element.id] = copy

    def draw(self, dropped: dict[str, list[str]]) -> None:
        """Find the place of every node and the nodes of every way, or else a centre."""
        nodes, ways, relations = (self.told[kind] for kind in _KINDS)
        self.spots = {one: copy.element.spot for one, copy in nodes.items() if copy.element.spot}
        for copy in sorted(ways.values(), key=lambda one: one.date):
            self._draw_told(copy)
        self.ids = {spot: one for one, spot in self.spots.items()}
        corners = [(one, copy.element.geometry) for one, copy in ways.items()]
        corners += [
            (member.ref, member.geometry)
            for copy in relations.values()
            for member in copy.element.members or ()
            if member.type == "way"
        ]
        for way, geometry in corners:
            if geometry and not self._is_whole(way):
                self.lines[way] = [self._corner(one) for one in geometry]
        for kind in ("way", "relation"):
            for copy in list(self.told[kind].values()):
                if not self._has_shape(copy.element):
                    self._centre(copy, dropped)
        for one in nodes.keys() - self.spots.keys():
            dropped[NO_PLACE].append(f"node/{one}")

    def write(self, target: Path) -> None:
        """Write the extract."""
        header = osmium.io.Header()
        header.set("sorting", "Type_then_ID")
        sink = osmium.io.File(str(target), "pbf,pbf_compression=none")
        make = osmium.osm.mutable
        ways, relations = self.told["way"], self.told["relation"]
        with osm_writer(sink, header=header) as writer:
            for one in sorted(self.spots, key=lambda one: (one > 0, abs(one))):
                told = _told(self.told["node"][one]) if one in self.told["node"] else {}
                writer.add_node(make.Node(id=one, location=self.spots[one], **told))
            for one, refs in sorted(self.lines.items()):
                told = _told(ways[one]) if one in ways else {"tags": _PART}
                writer.add_way(make.Way(id=one, nodes=refs, **told))
            for one, copy in sorted(relations.items()):
                members = [(m.type[0], m.ref, m.role) for m in copy.element.members or ()]
                writer.add_relation(make.Relation(id=one, members=members, **_told(copy)))

    def _draw_told(self, copy: _Copy) -> None:
        """Take the nodes of a way as they are told, and their places if newer than known."""
        refs, corners = copy.element.nodes or [], copy.element.geometry or []
        if refs:
            self.lines[copy.element.id] = refs
        if len(refs) != len(corners):
            return
        for one, corner in zip(refs, corners, strict=True):
            node = self.told["node"].get(one)
            if corner and (node is None or node.date < copy.date or one not in self.spots):
                self.spots[one] = corner.spot

    def _corner(self, place: _Place | None) -> int:
        """Find the node at a place, or make one; outside what was asked for it has no place."""
        if place is None:
            return _NEW_IDS
        if place.spot not in self.ids:
            self.ids[place.spot] = one = _NEW_IDS + 1 + len(self.ids)
            self.spots[one] = place.spot
        return self.ids[place.spot]

    def _is_whole(self, way: int) -> bool:
        """Tell whether every node of a way has a place."""
        if way not in self.lines:
            return ("way", way) in self.outside
        return all(one in self.spots or ("node", one) in self.outside for one in self.lines[way])

    def _has_shape(self, element: _Element) -> bool:
        """Tell whether all parts of a way or relation are there; routes make do with some."""
        if element.type == "way":
            return self._is_whole(element.id)
        kind, ways = element.tags.get("type"), element.ways
        is_area = kind in _AREA_TYPES and len(ways) > 0 and all(map(self._is_whole, ways))
        return kind == "route" or is_area

    def _centre(self, copy: _Copy, dropped: dict[str, list[str]]) -> None:
        """Let a node at its centre stand for an element, if it has one and no more is asked."""
        element, tags = copy.element, copy.element.tags
        name = f"{element.type}/{element.id}"
        if element.center is None:
            if element.type == "way" and element.id not in self.lines:
                dropped[NO_PLACE].append(name)
            return
        del self.told[element.type][element.id]
        if element.type == "way":
            self.lines.pop(element.id, None)
        lost = set(rules().categories(tags, shape="area"))
        lost -= set(rules().categories(tags, shape="point"))
        if lost or rules().is_street(tags) or rules().route_mode(tags):
            dropped[NO_SHAPE].append(name)
        stand_in = -2 * element.id - (element.type == "relation")
        self.told["node"][stand_in] = copy
        self.spots[stand_in] = element.center.spot


def _told(copy: _Copy) -> dict[str, Any]:
    """Give what an answer tells of an element, whatever its shape."""
    element = copy.element
    told = {"version": element.version, "timestamp": element.timestamp, "uid": element.uid}
    return {"tags": element.tags, **{key: one for key, one in told.items() if one is not None}}


def _names(ids: pd.Index) -> pd.Index:
    """Turn ids of nodes that stand for elements into those of the elements."""
    return pd.Index([own_name(one) for one in ids], name=ids.name, dtype=object)


def own_name(name: str) -> str:
    """
    Turn the id of a node that stands for an element into that of the element.

    Parameters
    ----------
    name
        Such as ``node/-18`` or ``node/-18#bus``.

    Returns
    -------
    name
        Such as ``way/9`` or ``way/9#bus``; any other stays.
    """
    found = _CENTRE.match(name)
    if found is None:
        return name
    number, is_relation = divmod(int(found[1]), 2)
    return f"{'relation' if is_relation else 'way'}/{number}{name[found.end() :]}"
