"""
What a city file may say about each source: one frozen model per kind of block.

The models are the reading options of this package. They refuse unknown keys,
say what every key means, and hold no path logic but their own: ``path`` is
absolute by the time a reader sees it.
"""

import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from geoequity.locale import LANGUAGES
from geoequity.schema import MODES

Where = dict[str, str | int | float | bool | list[str | int | float]]
GRID = re.compile(r"(h3|grid):(\d+)")
RASTER_SUFFIXES = (".tif", ".tiff", ".vrt")
Text = Annotated[str, Field(min_length=1)]
Texts = Annotated[tuple[Text, ...], Field(min_length=1)]
Day = Annotated[  # TOML has days of its own, and people write them without quotes
    str, BeforeValidator(lambda one: one.isoformat() if isinstance(one, date) else one)
]
Mark = Annotated[str, Field(pattern=r'^[^"\r\n0-9]$')]
Quarter = Annotated[str, Field(pattern=r"^\d{4}Q[1-4]$")]
TileColumn = Literal[
    "quadkey", "down_kbps", "up_kbps", "latency_ms", "tests", "devices", "period", "kind"
]
Base = Annotated[str, Field(pattern="^(households|dwellings|jobs)$")]
if TYPE_CHECKING:
    Language = str
else:
    Language = Literal[LANGUAGES]  # those with catalogues of messages

BASES = ("population", "households", "dwellings", "jobs")  # columns of units to weigh by
RESERVED = (  # columns of cells that mean something else
    "name", "geometry", "area_m2", "parent", "district_id", "cell_id", "share", *BASES,
)  # fmt: skip

_MODE = f"{', '.join(MODES[:-1])} or {MODES[-1]}"
Merge = Literal["dedupe", "replace", "add"]
_MERGE = (
    "against the same category of OpenStreetMap or an earlier list: drop the earlier ones "
    "within 50 m, all earlier ones, or none"
)


_CUT = "fetch keeps only what lies near the districts, where the provider offers more"


class Block(BaseModel):
    """A table of a city file."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Origin(Block):
    """Where a source comes from and under which terms."""

    provider: str | None = Field(None, description="who publishes the data")
    url: str | tuple[Text, ...] | None = Field(
        None,
        description="where the provider offers them; beside a path, the address that fetch"
        " downloads the file from, of several paths as many",
    )
    url_read: Day | None = Field(
        None,
        description="day the address was last read where it is published or used, YYYY-MM-DD;"
        " not that it answered",
    )
    licence: str | None = Field(None, description="licence, by its SPDX id where it has one")
    retrieved: Day | None = Field(None, description="day of download, YYYY-MM-DD")
    reference_year: int | None = Field(None, description="year the data speak of")
    citation: str | None = Field(None, description="how the provider wants to be cited")


class FileSpec(Origin):
    """A file and how to read it."""

    path: Path = Field(description="file, relative to the city file or to --data")
    source: str | None = Field(None, description="name of a [sources] block with the terms")
    cut: bool = Field(default=False, description=_CUT)
    layer: str | None = Field(None, description="layer of a GIS file, sheet of a workbook")
    encoding: str | None = Field(
        None, description="of text; by default UTF-8, or what a GIS file says of itself"
    )
    separator: Mark | None = Field(
        None, description="of text tables; by default comma, or tab for .tsv"
    )
    header: int = Field(
        1, ge=1, description="row of the column names in texts and workbooks; titles stand above"
    )
    fill: tuple[Text, ...] = Field(
        (), description="columns whose blanks repeat the value above, as merged cells do"
    )
    decimal: Literal[".", ","] = Field(".", description="decimal mark of text numbers")
    thousands: Mark | None = Field(None, description="thousands mark of text numbers")
    missing: tuple[str, ...] = Field((), description="texts that mean unknown, besides empty")
    crs: str | None = Field(None, description="CRS, where the file does not say or says it wrong")
    lon: str | None = Field(None, description="column of the longitude or easting")
    lat: str | None = Field(None, description="column of the latitude or northing")
    geometry: str | None = Field(
        None, description="column of the geometry: WKT, GeoJSON, KML, or a coordinate pair"
    )
    pair: Literal["xy", "yx"] = Field(
        "xy", description="order of a coordinate pair; yx puts the latitude or northing first"
    )
    where: Where = Field({}, description="keep rows whose column has this value, or one of these")

    @model_validator(mode="after")
    def _one_meaning(self) -> "FileSpec":
        if (self.lon is None) != (self.lat is None):
            msg = "lon and lat go together"
            raise ValueError(msg)
        if self.lon is not None and self.geometry is not None:
            msg = "give lon and lat, or geometry, not both"
            raise ValueError(msg)
        if self.thousands == self.decimal:
            msg = f"thousands and decimal are both {self.decimal!r}"
            raise ValueError(msg)
        return self


def _check_mode(mode: str | None) -> None:
    """Refuse a mode that nobody knows."""
    if mode is not None and mode not in MODES:
        msg = f"mode is one of {', '.join(MODES)}, not {mode}"
        raise ValueError(msg)


def _several(data: object, *keys: str) -> object:
    """Take what stands alone for one of several."""
    if not isinstance(data, dict):
        return data
    alone = {key: (data[key],) for key in keys if isinstance(data.get(key), str | Path)}
    return {**data, **alone}


def _grid(path: Path) -> tuple[str, int] | None:
    """Read a path that is a grid."""
    found = GRID.fullmatch(str(path))
    return (found[1], int(found[2])) if found else None


class DistrictsSpec(FileSpec):
    """The districts in which findings are stated."""

    id: Text | Texts = Field(description="column or columns of the unique id")
    template: str | None = Field(None, description="how several id columns make one id")
    name: str | None = Field(None, description="column of the name; the id by default")
    name_case: Literal["as is", "title"] = Field(
        "as is", description='title: names in capitals are shown as "Villa del Parque"'
    )
    names: dict[str, Text] = Field({}, description="id -> name, where the file has it wrong")
    duplicates: Literal["error", "first", "dissolve"] = Field(
        "error", description="what to do with differing rows of one id"
    )
    overlaps: Literal["error", "largest", "split"] = Field(
        "error", description="what to do where districts overlap by over 0.1 % of their area"
    )
    min_area_m2: float = Field(100.0, ge=0, description="smaller districts are dropped as slivers")


class ZoningSpec(DistrictsSpec):
    """Other zones than the districts, to see what hangs on the borders."""

    path: Path = Field(description='file, or a grid: "h3:8" (resolution), "grid:1000" (side in m)')
    label: dict[Language, Text] = Field({}, description="what to call them, by language")
    id: Text | Texts | None = Field(  # type: ignore[assignment]
        None, description="columns of the id; a grid has its own"
    )

    @property
    def grid(self) -> tuple[str, int] | None:
        """
        Tell the grid that the zones are made of.

        Returns
        -------
        grid
            Kind (``h3`` or ``grid``) and resolution or side [m]; None where the
            zones come from a file.
        """
        return _grid(self.path)

    @model_validator(mode="after")
    def _file_has_ids(self) -> "ZoningSpec":
        if self.grid is None and self.id is None:
            msg = "a file of zones needs id, the column of its ids"
            raise ValueError(msg)
        return self


class BorderSpec(FileSpec):
    """The land that people may reach, where a border or a coast near the city is closed."""


class LandSpec(FileSpec):
    """Polygons of the land of a group of people."""


class CellsSpec(FileSpec):
    """The cells in which people live."""

    path: Path = Field(description='file, or a grid: "h3:9" (resolution), "grid:250" (side in m)')
    id: Text | Texts | None = Field(None, description="columns of the id; a grid has its own")
    template: str | None = Field(None, description="how several id columns make one id")
    district: str | None = Field(None, description="column with the district's id")
    population: str | Path | None = Field(
        None, description="column of the residents, or a raster that counts people"
    )
    population_url: str | None = Field(
        None, description="address that fetch downloads the raster that counts people from"
    )
    rake: bool = Field(
        default=False,
        description="scale the residents of the cells of each district to the population that a "
        "[[tables]] block of districts gives",
    )
    spread: bool = Field(
        default=False,
        description="spread the residents that a [[tables]] block gives by district evenly over "
        "the land of its cells, in which nobody counted them",
    )
    empty: tuple[str, ...] = Field(
        (), description="with spread: classes of land cover on which nobody is taken to live"
    )
    sample: bool = Field(
        default=False,
        description="the cells are a sample of all there are, such as blocks or households that "
        "were visited, drawn within each district",
    )
    bases: dict[Base, str] = Field({}, description="columns of other counts to weigh by")
    groups: dict[str, str] = Field({}, description="columns of counts of groups of people")
    group_areas: dict[str, LandSpec] = Field(
        {},
        description="land whose people are a group of their own, such as informal settlements: "
        "of the residents of each cell as many as lies of its land there",
    )
    duplicates: Literal["error", "first", "dissolve"] = Field(
        "error", description="what to do with differing rows of one id"
    )

    @property
    def grid(self) -> tuple[str, int] | None:
        """
        Tell the grid that the cells are made of.

        Returns
        -------
        grid
            Kind (``h3`` or ``grid``) and resolution or side [m]; None where the
            cells come from a file.
        """
        return _grid(self.path)

    @property
    def raster(self) -> Path | None:
        """
        Tell the raster that counts people.

        Returns
        -------
        raster
            Its path; None where a column counts them.
        """
        return self.population if isinstance(self.population, Path) else None

    @model_validator(mode="after")
    def _id_of_a_file(self) -> "CellsSpec":
        if self.grid is None and self.id is None:
            msg = "cells of a file need an id"
            raise ValueError(msg)
        if self.grid is not None and (self.id or self.district or self.bases or self.groups):
            msg = "a grid has no columns: no id, district, bases or groups"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _free_names(self) -> "CellsSpec":
        named = [*self.groups, *self.group_areas]
        taken = sorted(set(named) & set(RESERVED) | {one for one in named if named.count(one) > 1})
        if taken:
            msg = f"groups cannot be called {', '.join(taken)}"
            raise ValueError(msg)
        if self.rake and self.groups:
            msg = "rake scales residents, not groups of them; give one or the other"
            raise ValueError(msg)
        if self.spread and (self.rake or self.population or self.bases or self.groups):
            msg = "spread is for cells in which nobody is counted: no population, bases or groups"
            raise ValueError(msg)
        if self.empty and not self.spread:
            msg = "empty needs spread"
            raise ValueError(msg)
        return self


class OsmSpec(Origin):
    """OpenStreetMap from local files: streets, services and stops, or some of these."""

    path: tuple[Path, ...] = Field(
        min_length=1, description="file or files: .osm.pbf, .osm or answers of Overpass, .json"
    )
    source: str | None = Field(None, description="name of a [sources] block with the terms")
    cut: bool = Field(default=False, description=_CUT)
    date: Day | None = Field(None, description="day of the extract; read from the file by default")
    only: tuple[str, ...] = Field(
        (),
        description="what the files were made to hold, where they hold strays of other things "
        "too: streets, stops, routes, categories of services; by default all",
    )

    @model_validator(mode="before")
    @classmethod
    def _one_path(cls, data: object) -> object:
        return _several(data, "path")


class StreetsSpec(FileSpec):
    """A table of street edges, walked instead of those of OpenStreetMap."""

    u: Text = Field("u", description="column of the node an edge starts from")
    v: Text = Field("v", description="column of the node an edge ends at")
    length: str | None = Field(None, description="column of the length [m]; measured by default")


class ServicesSpec(FileSpec):
    """A list of places people go to or use."""

    category: Text = Field(description="category of all places of this file, as in the catalogue")
    id: str | None = Field(None, description="column of the official id; row number by default")
    name: str | None = Field(None, description="column of the name")
    capacity: str | None = Field(None, description="column of the places, beds or seats offered")
    duplicates: Literal["error", "first"] = Field(
        "error", description="what to do with differing rows of one id"
    )
    merge: Merge = Field("dedupe", description=_MERGE)


class StopsSpec(FileSpec):
    """A list of public transport stops."""

    mode: str = Field(description=_MODE)
    id: str | None = Field(None, description="column of the id; row number by default")
    name: str | None = Field(None, description="column of the name")
    realtime: str | None = Field(None, description="column that says yes where live times show")
    shelter: str | None = Field(None, description="column that says yes where there is a roof")
    bench: str | None = Field(None, description="column that says yes where there is a bench")
    tactile: str | None = Field(
        None, description="column that says yes where the paving leads people who do not see"
    )
    duplicates: Literal["error", "first"] = Field(
        "error", description="what to do with differing rows of one id"
    )

    @model_validator(mode="after")
    def _known_mode(self) -> "StopsSpec":
        _check_mode(self.mode)
        return self


class RoutesSpec(FileSpec):
    """A list of public transport routes: lines, or a plain table without geometry."""

    mode: str | None = Field(None, description=f"{_MODE}; by default as route_type tells")
    route_type: str | None = Field(
        None, description="column of the route type of GTFS, which tells the mode of each route"
    )
    id: str | None = Field(None, description="column of the id; row number by default")
    name: str | None = Field(None, description="column of the name")
    headway: str | None = Field(
        None, description="column of the minutes between departures in one direction"
    )
    duplicates: Literal["error", "first"] = Field(
        "error", description="what to do with differing rows of one id"
    )

    @model_validator(mode="after")
    def _known_mode(self) -> "RoutesSpec":
        if (self.mode is None) == (self.route_type is None):
            msg = "give mode or route_type"
            raise ValueError(msg)
        _check_mode(self.mode)
        if self.lon is not None:
            msg = "routes are lines; lon and lat make points"
            raise ValueError(msg)
        return self


class TripListSpec(FileSpec):
    """A table that tells of which route each trip is, such as trips.txt of GTFS."""

    id: Text = Field("trip_id", description="column of the trip")
    route: Text = Field("route_id", description="column of the route")
    direction: str | None = Field(None, description="column of the direction")


class TripsSpec(FileSpec):
    """When the trips of routes start, or how often, at no stop in particular."""

    route: str | None = Field(None, description="column of the route")
    direction: str | None = Field(None, description="column of the direction")
    trip: str | None = Field(None, description="column of the trip, where trips tells its route")
    trips: TripListSpec | None = Field(None, description="table of the route of each trip")
    start: Text = Field(
        description="column of the hour, H:MM or H:MM:SS, at which a trip or a run of them starts"
    )
    end: str | None = Field(None, description="column of the hour at which a run of trips ends")
    headway: str | None = Field(None, description="column of the time between trips of a run")
    headway_unit: Literal["s", "min"] = Field("s", description="of the column of headways")
    mode: str | None = Field(
        None, description="mode of routes that no [[transit.routes]] lists; and only of these"
    )

    @model_validator(mode="after")
    def _whole(self) -> "TripsSpec":
        faults = []
        if (self.route is None) == (self.trips is None):
            faults.append("give route, or trip and trips")
        if (self.trip is None) != (self.trips is None):
            faults.append("trip and trips go together")
        if self.trips is not None and self.direction is not None:
            faults.append("direction stands in trips")
        if (self.end is None) != (self.headway is None):
            faults.append("end and headway go together")
        if self.lon is not None or self.geometry is not None:
            faults.append("trips have no geometry")
        if faults:
            raise ValueError("; ".join(faults))
        _check_mode(self.mode)
        return self


class ConnectivitySpec(FileSpec):
    """Connectivity by place."""

    kind: Literal["wifi"] = Field(description="wifi: public Wi-Fi sites")
    id: str | None = Field(None, description="column of the id; row number by default")
    name: str | None = Field(None, description="column of the name")
    period: str | None = Field(None, description="what time the data speak of")
    merge: Merge = Field("dedupe", description=_MERGE)


class TowersSpec(FileSpec):
    """Cells of the mobile network, as OpenCelliD lists them."""

    kind: Literal["towers"] = Field(description="towers: OpenCelliD cells, .csv or .csv.gz")
    duplicates: Literal["error", "first"] = Field(
        "error", description="what to do with differing rows of one cell"
    )
    merge: Merge = Field("dedupe", description=_MERGE)


class TilesSpec(Origin):
    """Speed tests by tile, as Ookla publishes them."""

    kind: Literal["ookla_fixed", "ookla_mobile"] = Field(
        description="ookla_fixed or ookla_mobile: tiles of the open data of Ookla"
    )
    path: tuple[Path, ...] = Field(
        min_length=1, description="file or files: Parquet, shapefile in a zip, GeoJSON or text"
    )
    source: str | None = Field(None, description="name of a [sources] block with the terms")
    cut: bool = Field(default=False, description=_CUT)
    period: tuple[Quarter, ...] = Field(
        (), description="quarter of each file, such as 2023Q3; by default as columns or name say"
    )
    columns: dict[TileColumn, Text] = Field({}, description="columns that are called otherwise")
    min_tests: float = Field(30.0, ge=1, description="tests under which a district is suppressed")
    faulty: Literal["error", "drop"] = Field(
        "error", description="what to do with tiles whose numbers cannot be"
    )
    encoding: str | None = Field(None, description="of text; UTF-8 by default")
    separator: Mark | None = Field(None, description="of text tables; comma by default")

    @model_validator(mode="before")
    @classmethod
    def _one_or_several(cls, data: object) -> object:
        return _several(data, "path", "period")

    @model_validator(mode="after")
    def _period_of_each(self) -> "TilesSpec":
        if self.period and len(self.period) != len(self.path):
            msg = f"period: {len(self.period)} given for {len(self.path)} files"
            raise ValueError(msg)
        return self


Connectivity = Annotated[ConnectivitySpec | TowersSpec | TilesSpec, Field(discriminator="kind")]


class ColumnSpec(Block):
    """One column of a table and the indicator it feeds."""

    column: str | None = Field(None, description="column of the value")
    numerator: str | None = Field(None, description="column to divide ...")
    denominator: str | None = Field(None, description="... by this one")
    unit: Literal["share", "percent", "count", "value"] = Field(
        "value",
        description="share: 0-1; percent: 0-100, converted; count: divided by the base as the "
        "indicator says; value: in the indicator's own unit",
    )
    n: str | None = Field(
        None, description="column of how many were asked, where the share is that of a survey"
    )
    design_effect: float = Field(
        1.0, ge=1, description="of the survey: variance over that of a simple random sample"
    )
    low: str | None = Field(None, description="column of the low end of its published interval")
    high: str | None = Field(None, description="column of the high end, in the same unit")
    interval_level: float = Field(0.95, gt=0, lt=1, description="level of that interval")
    classes: dict[Text, float] = Field(
        {}, description="text in the column -> the number it stands for, such as of classes"
    )

    @model_validator(mode="after")
    def _shares_are_asked(self) -> "ColumnSpec":
        if self.n is not None and self.unit not in {"share", "percent"}:
            msg = 'n goes with unit = "share" or "percent"'
            raise ValueError(msg)
        if self.n is None and self.design_effect != 1:
            msg = "design_effect needs n"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _whole_interval(self) -> "ColumnSpec":
        faults = []
        if (self.low is None) != (self.high is None):
            faults.append("low and high go together")
        if self.low is not None and (self.n is not None or self.column is None):
            faults.append("low and high go with column, and without n")
        if self.low is None and "interval_level" in self.model_fields_set:
            faults.append("interval_level needs low and high")
        if self.classes and (self.column is None or self.unit != "value"):
            faults.append('classes go with column and unit = "value"')
        if faults:
            raise ValueError("; ".join(faults))
        return self

    @model_validator(mode="after")
    def _column_or_ratio(self) -> "ColumnSpec":
        ratio = self.numerator is not None and self.denominator is not None
        if (self.column is not None) == ratio or (self.numerator is None) != (
            self.denominator is None
        ):
            msg = "give column, or numerator and denominator"
            raise ValueError(msg)
        return self


class TableSpec(FileSpec):
    """A table about units, joined by id or by name."""

    key: Text | Texts = Field(description="column or columns that name the unit")
    template: str | None = Field(None, description="how several key columns make one key")
    join: Literal["id", "name"] = Field("id", description="what of the unit the key is")
    aliases: dict[str, str] = Field({}, description="key in the table -> id or name of the unit")
    level: Literal["district", "cell"] = Field("district", description="what the rows are about")
    duplicates: Literal["error", "first", "sum"] = Field(
        "error", description="what to do with differing rows of one key"
    )
    columns: dict[str, ColumnSpec] = Field(
        description="indicator id, or population or another base of the units -> column",
        min_length=1,
    )

    @model_validator(mode="after")
    def _districts_are_asked(self) -> "TableSpec":
        asked = [one for one, column in self.columns.items() if column.n or column.low]
        if asked and (self.level != "district" or self.duplicates == "sum"):
            msg = f"{', '.join(asked)}: n, low and high are of districts, one row each"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _bases_are_counts(self) -> "TableSpec":
        odd = [one for one in self.columns if one in BASES and self.columns[one].unit != "count"]
        if odd:
            msg = f'{", ".join(odd)}: what indicators weigh by needs unit = "count"'
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _sums_make_sense(self) -> "TableSpec":
        odd = [
            one
            for one, column in self.columns.items()
            if column.unit in {"share", "percent"} and column.column is not None
        ]
        if self.duplicates == "sum" and odd:
            msg = f'duplicates = "sum" adds up shares of {", ".join(odd)}; sum what they divide'
            raise ValueError(msg)
        return self

    @model_validator(mode="before")
    @classmethod
    def _plain_columns(cls, data: object) -> object:
        if isinstance(data, dict) and isinstance(data.get("columns"), dict):
            columns = {
                key: {"column": value} if isinstance(value, str) else value
                for key, value in data["columns"].items()
            }
            return {**data, "columns": columns}
        return data


class RasterSpec(Origin):
    """A raster to read onto districts and cells."""

    path: tuple[Path, ...] = Field(
        description="file, or the tiles of one grid; relative to the city file or to --data",
        min_length=1,
    )
    source: str | None = Field(None, description="name of a [sources] block with the terms")
    cut: bool = Field(default=False, description=_CUT)
    kind: Literal["population", "elevation", "night_lights", "hazard", "ndvi", "landcover"] = Field(
        description="what the values are: people, metres, radiance, depth or class of a hazard, "
        "vegetation index, land cover classes"
    )
    quantity: Literal["count", "density"] = Field(
        "count", description="of a population: people per cell, or per area"
    )
    per: Literal["m2", "ha", "km2"] = Field("km2", description="area that a density is about")
    classes: dict[Text, tuple[float, ...]] = Field(
        {}, description="land cover: class -> its values; hazard: the values in the zone"
    )
    above: float | None = Field(
        None, description="hazard: cells with a greater value are in the zone"
    )
    band: int | None = Field(
        None, ge=1, description="number of the band; needed where a file has several"
    )
    crs: str | None = Field(None, description="CRS, where the file does not say or says it wrong")
    nodata: float | Literal["none"] | None = Field(
        None,
        description="stored value that means unknown, where the file does not say or says it "
        "wrong; none: every value is data",
    )
    scale: float | None = Field(
        None, gt=0, description="what to multiply values by, where the file does not say"
    )
    min_known_share: float | None = Field(
        None,
        ge=0,
        le=1,
        description="units with data on less of their area are unknown; 0.5 by default, "
        "for a population any data will do",
    )

    @model_validator(mode="before")
    @classmethod
    def _one_path(cls, data: object) -> object:
        return _several(data, "path")

    @model_validator(mode="after")
    def _keys_of_the_kind(self) -> "RasterSpec":
        faults = []
        if self.kind == "landcover" and not self.classes:
            faults.append("land cover needs classes")
        if self.kind == "hazard" and bool(self.classes) == (self.above is not None):
            faults.append("a hazard needs above, or classes")
        if self.kind not in {"landcover", "hazard"} and self.classes:
            faults.append("classes are of land cover and hazards")
        if self.kind != "hazard" and self.above is not None:
            faults.append("above is of hazards")
        if self.kind != "population" and self.quantity != "count":
            faults.append("quantity is of a population")
        if faults:
            raise ValueError("; ".join(faults))
        return self


class ItemSpec(Block):
    """One item of a survey: what people in a district say."""

    column: Text = Field(description="column of the share or mean of the answers")
    unit: Literal["share", "percent", "value"] = Field("share", description="of the column")
    n: str | None = Field(None, description="column of the number of people asked")
    margin: str | None = Field(None, description="column of the margin of error, in that unit")
    margin_level: float = Field(0.95, gt=0, lt=1, description="level of the margin of error")
    better: Literal["higher", "lower"] = Field("higher", description="which answer is better")
    label: dict[Language, str] = Field(description="the item, by language")
    indicator: str | None = Field(None, description="indicator that measures what it asks about")


class SurveySpec(FileSpec):
    """A perception survey by district."""

    key: Text | Texts = Field(description="column or columns that name the district")
    template: str | None = Field(None, description="how several key columns make one key")
    join: Literal["id", "name"] = Field("id", description="what of the district the key is")
    aliases: dict[str, str] = Field({}, description="key in the table -> id or name")
    items: dict[str, ItemSpec] = Field(description="item id -> columns", min_length=1)
