"""
What an edits file may say: frozen models, checked all at once.

All edits of one file speak of the city as it was: none sees what another made.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, ValidationError, model_validator

from geoequity.city import Mode, sentences
from geoequity.errors import ConfigError
from geoequity.sources._settings import read_settings
from geoequity.sources.spec import Block, Language, Text, Texts
from geoequity.transit import window_of

Longitude = Annotated[float, Field(ge=-180, le=180, description="degrees, WGS 84")]
Latitude = Annotated[float, Field(ge=-90, le=90, description="degrees, WGS 84")]
Place = tuple[Longitude, Latitude]
Course = Annotated[tuple[Place, ...], Field(min_length=2)]
_GEOJSON = (".geojson", ".json")
_POINTS = ("open", "move", "stop")  # edits that stand at a point


class Open(Block):
    """A service that opens."""

    category: Text = Field(description="what it is, such as clinic; as in the table of services")
    lon: Longitude
    lat: Latitude
    capacity: float | None = Field(None, gt=0, description="places; unknown where not given")
    name: Text | None = Field(None, description="what to call it")
    id: Text | None = Field(None, description="its service_id will be scenario/<id>; a number else")


class Close(Block):
    """A service that closes."""

    service: Text = Field(description="its service_id")


class Move(Block):
    """A service that moves."""

    service: Text = Field(description="its service_id")
    lon: Longitude
    lat: Latitude


class Capacity(Block):
    """A service that gets another capacity."""

    service: Text = Field(description="its service_id")
    capacity: float = Field(gt=0, description="places")


class Stop(Block):
    """A stop that is added to routes."""

    mode: Mode
    lon: Longitude
    lat: Latitude
    routes: tuple[Text, ...] = Field(
        (),
        description="routes that will call there too, by id of the timetable or of the table of"
        " routes; needed where the city has routes of the mode",
    )
    name: Text | None = Field(None, description="what to call it")
    id: Text | None = Field(None, description="its stop_id will end in it; a number else")


def _ordered(hours: tuple[str, str]) -> tuple[str, str]:
    """Refuse hours that are none."""
    window_of(hours)
    return hours


Hours = Annotated[tuple[str, str], AfterValidator(_ordered)]


class Line(Block):
    """A line of public transport that is added."""

    mode: Mode
    stops: Annotated[tuple[Place | Text, ...], Field(min_length=2)] = Field(
        description="where it calls, in order: longitude and latitude, or the stop_id of a stop"
    )
    headway_min: float = Field(gt=0, description="minutes between departures in one direction")
    speed_kmh: float | None = Field(
        None, gt=0, le=400, description="speed from stop to stop, stopping included [km/h]"
    )
    minutes: tuple[Annotated[float, Field(gt=0)], ...] | None = Field(
        None, description="instead of a speed: minutes from each stop to the next"
    )
    hours: Hours = Field(("05:00", "23:00"), description="first departure and end of service")
    both_ways: bool = Field(default=True, description="whether it runs back as well")
    name: Text | None = Field(None, description="what to call it")
    id: Text | None = Field(None, description="its route_id; scenario/<number> else")

    @model_validator(mode="after")
    def _timed(self) -> Self:
        if (self.speed_kmh is None) == (self.minutes is None):
            msg = "give speed_kmh or minutes"
            raise ValueError(msg)
        if self.minutes is not None and len(self.minutes) != len(self.stops) - 1:
            msg = f"minutes: {len(self.stops) - 1} rides lie between {len(self.stops)} stops"
            raise ValueError(msg)
        if any(a == b for a, b in zip(self.stops, self.stops[1:], strict=False)):
            msg = "stops: one follows on itself"
            raise ValueError(msg)
        return self


class Headway(Block):
    """A route that runs more or less often."""

    route: Text = Field(description="its id in the timetable, or in the table of routes")
    headway_min: float = Field(gt=0, description="minutes between departures in one direction")


class Without(Block):
    """A mode of public transport that is taken out."""

    mode: Mode


class Street(Block):
    """A street, stairs or an escalator that is built."""

    kind: Literal["street", "stairs", "escalator"] = Field("street", description="what is built")
    line: Course = Field(description="longitudes and latitudes from end to end")
    direction: Literal["both", "forward", "backward"] = Field(
        "both", description="which way an escalator carries, along the line"
    )
    lit: bool | None = Field(None, description="whether it is lit; unknown where not given")
    name: Text | None = Field(None, description="what to call it")

    @model_validator(mode="after")
    def _carried(self) -> Self:
        if self.kind != "escalator" and self.direction != "both":
            msg = f"direction: a way that is {self.kind} is walked both ways"
            raise ValueError(msg)
        return self


class Wifi(Block):
    """Public Wi-Fi that is switched on in districts."""

    districts: Texts = Field(description="ids of the districts")
    at: Texts = Field(
        description="categories of services, such as library: each place of them in the districts"
        " gets a site, unless one is within 50 m"
    )


class Fibre(Block):
    """Fibre that is laid to all homes of districts."""

    districts: Texts = Field(description="ids of the districts")
    down_mbps: float = Field(gt=0, description="download that homes get at least [Mbps]")
    up_mbps: float | None = Field(None, gt=0, description="upload that they get at least [Mbps]")
    latency_ms: float | None = Field(None, gt=0, description="latency that they get at most [ms]")
    home_share: float | None = Field(
        None, gt=0, le=1, description="share of homes that will have internet at least"
    )


class Light(Block):
    """Streets that are lit."""

    streets: tuple[Text, ...] = Field((), description="ids of ways, or of edges of the streets")
    line: Course | None = Field(
        None, description="longitudes and latitudes along the street, instead of ids"
    )
    within_m: float = Field(20.0, gt=0, le=200, description="how far from the line a street is [m]")
    districts: tuple[Text, ...] = Field((), description="ids of districts, all streets of which")

    @model_validator(mode="after")
    def _one_way_to_say(self) -> Self:
        if sum((bool(self.streets), self.line is not None, bool(self.districts))) != 1:
            msg = "name streets, or draw a line, or name districts"
            raise ValueError(msg)
        return self


class Heading(Block):
    """What to call a scenario."""

    title: dict[Language, Text] = Field({}, description="its title, by language")


class Edits(Block):
    """
    What is changed in a city.

    Read a file with :func:`geoequity.scenario.read_edits`, or build it from a
    mapping with :meth:`of`.
    """

    scenario: Heading = Heading()
    open: tuple[Open, ...] = ()
    close: tuple[Close, ...] = ()
    move: tuple[Move, ...] = ()
    capacity: tuple[Capacity, ...] = ()
    stop: tuple[Stop, ...] = ()
    line: tuple[Line, ...] = ()
    headway: tuple[Headway, ...] = ()
    without: tuple[Without, ...] = ()
    street: tuple[Street, ...] = ()
    wifi: tuple[Wifi, ...] = ()
    fibre: tuple[Fibre, ...] = ()
    light: tuple[Light, ...] = ()

    @classmethod
    def of(cls, edits: Mapping[str, Any], *, name: str = "edits") -> Self:
        """
        Check edits, all faults at once.

        Parameters
        ----------
        edits
            Kind of edit -> a list of mappings, as the file form spells them.
        name
            What to call it in a message, such as the file it is from.

        Returns
        -------
        edits
            Checked in themselves; whether they fit a city shows with the city.

        Raises
        ------
        ConfigError
            If there is no edit, a key is unknown or a value cannot be.
        """
        checked: Self | None = None
        faults: list[str] = []
        try:
            checked = cls.model_validate(edits)
        except ValidationError as error:
            faults = sentences(error.errors(), edits)
        else:
            faults = checked._own_faults()  # noqa: SLF001 - its own
        if faults or checked is None:
            msg = f"{name}: {len(faults)} fault{'s' if len(faults) > 1 else ''}"
            raise ConfigError(msg, faults=faults)
        return checked

    def each(self) -> Iterator[tuple[str, Any]]:
        """
        List the edits.

        Yields
        ------
        edit
            Its key, such as ``open.0``, and what it says.
        """
        for kind in KINDS:
            for number, one in enumerate(getattr(self, kind)):
                yield f"{kind}.{number}", one

    def _own_faults(self) -> list[str]:
        """Find what no single edit can see."""
        if not any(getattr(self, kind) for kind in KINDS):
            return [f"no edit; there are {', '.join(KINDS)}"]
        named = [(key, one.service) for key, one in self.each() if hasattr(one, "service")]
        named = [(f"{key}.service", one) for key, one in named]
        # A service that moves may change its capacity too
        rank = {"capacity": 1}
        parts = [[n for n in named if (n[0].split(".")[0] in rank) == late] for late in (0, 1)]
        faults = [fault for part in parts for fault in _twice(part)]
        closed = {one.service for one in self.close}
        faults += [
            f"{key}.service: {one.service} closes"
            for key, one in self.each()
            if key.startswith("capacity.") and one.service in closed
        ]
        faults += _twice((f"{k}.route", one.route) for k, one in self.each() if k[:3] == "hea")
        faults += _twice((f"{k}.mode", one.mode) for k, one in self.each() if k[:3] == "wit")
        for kind in ("open", "stop", "line"):
            ids = [(f"{kind}.{n}.id", one.id) for n, one in enumerate(getattr(self, kind))]
            faults += _twice((key, one) for key, one in ids if one is not None)
        faults += _twice(
            (f"fibre.{n}.districts", one)
            for n, edit in enumerate(self.fibre)
            for one in edit.districts
        )
        return faults


KINDS = tuple(one for one in Edits.model_fields if one != "scenario")


def _twice(named: Iterable[tuple[str, str]]) -> list[str]:
    """Find what two edits speak of."""
    first: dict[str, str] = {}
    return [
        f"{key}: {one} stands in {first[one]} too"
        for key, one in named
        if first.setdefault(one, key) != key
    ]


def read_edits(path: str | Path) -> Edits:
    """
    Read an edits file and check it, all faults at once.

    Parameters
    ----------
    path
        TOML with a list of tables a kind of edit, or GeoJSON whose features
        have the kind as ``edit`` among their properties, coordinates in WGS 84.

    Returns
    -------
    edits
        Checked in themselves; whether they fit a city shows with the city.

    Raises
    ------
    ConfigError
        If the file is missing, cannot be read as what its suffix says, has
        unknown keys or wrong values.
    """
    file = Path(path)
    raw = _read(file)
    if file.suffix.lower() in _GEOJSON:
        raw = _of_features(raw, file)
    return Edits.of(raw, name=str(file))


def _read(file: Path) -> dict[str, Any]:
    """Read TOML or JSON, or say what is wrong with it."""
    suffix = file.suffix.lower()
    if suffix not in {".toml", *_GEOJSON}:
        msg = f"{file}: edits are .toml or .geojson"
        raise ConfigError(msg)
    try:
        found: dict[str, Any] = read_settings(
            file, language="TOML" if suffix == ".toml" else "JSON"
        )
    except OSError as error:
        msg = f"{file}: no such file" if not file.exists() else f"{file}: {error.strerror}"
        raise ConfigError(msg) from error
    except UnicodeDecodeError as error:
        msg = f"{file}: not UTF-8 text"
        raise ConfigError(msg) from error
    except ValueError as error:
        msg = f"{file}: not valid {'TOML' if suffix == '.toml' else 'JSON'}: {error}"
        raise ConfigError(msg) from error
    return found


def _of_features(raw: Any, file: Path) -> dict[str, Any]:
    """Turn the features of a GeoJSON into edits, all faults at once."""
    features = raw.get("features") if isinstance(raw, Mapping) else None
    if not isinstance(features, list) or not all(isinstance(one, Mapping) for one in features):
        msg = f"{file}: no FeatureCollection"
        raise ConfigError(msg)
    edits: dict[str, Any] = {"scenario": {"title": raw["title"]}} if "title" in raw else {}
    faults = []
    for number, feature in enumerate(features):
        given = feature.get("properties")
        said = dict(given) if isinstance(given, Mapping) else {}
        kind = said.pop("edit", None)
        if kind not in KINDS:
            faults.append(f"features.{number}.properties.edit: is one of {', '.join(KINDS)}")
            continue
        place, fault = _drawn(kind, feature.get("geometry"))
        if fault:
            faults.append(f"features.{number}.geometry: {fault}")
            continue
        said = {key: value for key, value in said.items() if value is not None}
        edits.setdefault(kind, []).append(said | place)
    if faults:
        msg = f"{file}: {len(faults)} fault{'s' if len(faults) > 1 else ''}"
        raise ConfigError(msg, faults=faults)
    return edits


def _drawn(kind: str, geometry: Any) -> tuple[dict[str, Any], str]:
    """Read the place of an edit from a geometry; a fault where it is another than it takes."""
    if geometry is None:
        return {}, ""
    shape = geometry.get("type") if isinstance(geometry, Mapping) else None
    at = geometry.get("coordinates") if isinstance(geometry, Mapping) else None
    if kind in _POINTS:
        if shape != "Point" or not isinstance(at, list) or len(at) < 2:  # noqa: PLR2004 - x, y
            return {}, f"{kind} takes a Point"
        return {"lon": at[0], "lat": at[1]}, ""
    key = {"line": "stops", "street": "line", "light": "line"}.get(kind)
    if key is None:
        return {}, f"{kind} takes none"
    if shape != "LineString" or not isinstance(at, list):
        return {}, f"{kind} takes a LineString"
    return {key: [one[:2] if isinstance(one, list) else one for one in at]}, ""
