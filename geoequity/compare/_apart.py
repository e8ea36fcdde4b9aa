"""What of several cities cannot be compared, or only with care, and why."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from geoequity.compare._common import TOO_FEW, UNSTATED, Ground
from geoequity.compare._matched import DISTRICTS
from geoequity.compare._sources import rests_on, walked
from geoequity.confidence import MAX_SPREAD_YEARS
from geoequity.judgement import ROOT
from geoequity.locale import LANGUAGES, label, listing, name, number, quantity, text
from geoequity.schema import MAP
from geoequity.study import Study

LEFT_OUT, CARE = "left_out", "care"
STRAIGHT = "straight_line"
_PEOPLE = ("cells", "rasters.population")  # sources that count residents
_LISTED = 8  # names in a sentence
_UNLIKE_SIZE = 2.0  # times as many residents in a district, from which it is told
_UNLIKE_WALKS = 0.1  # of residents whose walks are measured in the other way
_PACE = ("walking_speed_kmh", "buffer_m")
_THIN = 0.1  # share of residents in thinly mapped districts, from which it is told

Facts = Mapping[str, Mapping[str, Any]]


def facts_of(of: Mapping[str, Study]) -> dict[str, dict[str, Any]]:
    """
    Gather what decides whether cities can be compared.

    Parameters
    ----------
    of
        City -> study.

    Returns
    -------
    facts
        City -> ``years`` (first and last reference year; None without any),
        ``years_of`` and ``kinds_of`` (by indicator: years of its sources; ``map``,
        ``lists`` or ``both``), ``people_years``, ``streets``, ``straight_share``
        (of residents whose walks are measured in a straight line).
    """
    found = {}
    for city, study in of.items():
        books = list(study.provenance.get("sources", ()))
        rests = rests_on(study, [str(one) for one in study.indicators.columns])
        method = study.summary["method"]
        streets = method.get("streets")
        straight = (study.summary.get("walking") or {}).get("straight_share")
        found[city] = {
            "years": _span(_years(books)),
            "years_of": {
                key: _years([one for one in books if one["name"] in names])
                for key, names in rests.items()
            },
            "kinds_of": {key: _kinds(names) for key, names in rests.items() if names},
            "people_years": _years([one for one in books if one["name"] in _PEOPLE]),
            "streets": streets,
            "straight_share": 1.0 if streets == STRAIGHT else straight or 0.0,
        }
    return found


def _years(books: Iterable[Mapping[str, Any]]) -> list[int]:
    """List the reference years of some sources."""
    return sorted({int(one["reference_year"]) for one in books if one.get("reference_year")})


def _span(years: Sequence[int]) -> list[int] | None:
    """Take the first and the last year."""
    return [years[0], years[-1]] if years else None


def _kinds(names: Iterable[str]) -> str:
    """Tell what a volunteered map gives from what lists and tables do."""
    on_map = {one == MAP for one in names}
    return "both" if len(on_map) > 1 else "map" if True in on_map else "lists"


def apart(
    of: Mapping[str, Study],
    *,
    facts: Facts,
    meant: Mapping[str, Mapping[str, Sequence[str]]],
    indicators: Mapping[str, Mapping[str, Any]],
    grounds: Mapping[str, Ground],
) -> list[dict[str, Any]]:
    """
    Say what cannot be compared, and what only with care.

    Parameters
    ----------
    of
        City -> study.
    facts
        As :func:`facts_of` gives them.
    meant
        As :func:`geoequity.compare._common.meanings` gives it.
    indicators
        The block of the summary.
    grounds
        Node -> what cities stand on together.

    Returns
    -------
    apart
        Each with ``id``, ``kind`` (``left_out``: no number is given; ``care``),
        ``cities``, ``indicators`` and ``text`` by language.
    """
    told = _Teller(of, meant)
    told.left_out_cities(grounds[ROOT])
    told.left_out_indicators()
    shared = {key: list(one["cities"]) for key, one in indicators.items()}
    told.years(facts, shared)
    told.size(grounds, indicators)
    told.levels(shared)
    told.walks(facts, shared)
    told.sources(facts, shared)
    told.maps(facts, shared)
    told.made_up()
    return told.found


class _Teller:
    """Put what is found in words of every language."""

    def __init__(
        self, of: Mapping[str, Study], meant: Mapping[str, Mapping[str, Sequence[str]]]
    ) -> None:
        self.of, self.meant = of, meant
        self.found: list[dict[str, Any]] = []

    def say(
        self,
        key: str,
        kind: str,
        cities: Sequence[str],
        indicators: Sequence[str] = (),
        **values: Any,
    ) -> None:
        """Add a statement; values may be functions of the language."""
        said = {}
        for language in LANGUAGES:
            written = {
                one: value(language) if callable(value) else value for one, value in values.items()
            }
            named = [name(self.of[one].summary["city"]["name"]) for one in cities]
            said[language] = text(
                f"compare.apart.{key}",
                language=language,
                cities=listing(named, language=language, most=_LISTED),
                indicators=self.labels(indicators, language),
                **written,
            )
        self.found.append(
            {
                "id": key,
                "kind": kind,
                "cities": list(cities),
                "indicators": list(indicators),
                "text": said,
            }
        )

    def labels(self, keys: Sequence[str], language: str) -> str:
        """List indicators by name."""
        return listing([self.label(one, language) for one in keys], language=language, most=_LISTED)

    def label(self, key: str, language: str) -> str:
        """Name an indicator."""
        city = (*self.meant[key]["same"], *self.meant[key]["other"])[0]
        return label(self.of[city].catalogue.loc[key], language=language)

    def named(self, city: str) -> str:
        """Name a city."""
        return name(self.of[city].summary["city"]["name"])

    def left_out_cities(self, index: Ground) -> None:
        """Name cities of which no people are known, or no index."""
        nobody = [
            city for city, one in self.of.items() if one.summary["population"]["total"] is None
        ]
        if nobody:
            self.say("no_people", LEFT_OUT, nobody)
        for why in (UNSTATED, TOO_FEW):
            cities = [city for city, one in index.left_out.items() if one == why]
            if cities:
                self.say(f"index_{why}", LEFT_OUT, cities)

    def left_out_indicators(self) -> None:
        """Name indicators that are of one city, or mean another thing in some."""
        alone = [key for key, one in self.meant.items() if len(one["same"]) == 1]
        alone = [key for key in alone if not self.meant[key]["other"]]
        if alone:
            cities = [
                one for one in self.of if any(one in self.meant[key]["same"] for key in alone)
            ]
            self.say("alone", LEFT_OUT, cities, alone, count=len(alone))
        for key, one in self.meant.items():
            if one["other"]:
                self.say("meaning", LEFT_OUT, list(one["other"]), [key])
        roles = {
            city: one.catalogue["role"].isin(["stratifier", "validator"]).any()
            for city, one in self.of.items()
        }
        if sum(roles.values()) > 1:
            self.say("strata", LEFT_OUT, [city for city, has in roles.items() if has])

    def years(self, facts: Facts, shared: Mapping[str, Sequence[str]]) -> None:
        """Name indicators of which the data are of years far apart."""
        far = {}
        for key, cities in shared.items():
            years = sorted({year for one in cities for year in facts[one]["years_of"].get(key, ())})
            if years and years[-1] - years[0] > MAX_SPREAD_YEARS:
                far[key] = (years[0], years[-1])
        if far:

            def listed(language: str) -> str:
                said = [
                    text(
                        "compare.apart.years_of",
                        language=language,
                        label=self.label(key, language),
                        first=str(first),
                        last=str(last),
                    )
                    for key, (first, last) in far.items()
                ]
                return listing(said, language=language, most=_LISTED)

            among = [one for one in self.of if any(one in shared[key] for key in far)]
            self.say("years", CARE, among, list(far), listed=listed, most=MAX_SPREAD_YEARS)
        people = {city: one["people_years"] for city, one in facts.items() if one["people_years"]}
        ends = [year for years in people.values() for year in years]
        if ends and max(ends) - min(ends) > MAX_SPREAD_YEARS:
            first, last = (pick(people, key=lambda one: people[one][-1]) for pick in (min, max))
            if first != last:
                self.say(
                    "people_years",
                    CARE,
                    list(people),
                    first=self.named(first),
                    first_year=str(people[first][-1]),
                    last=self.named(last),
                    last_year=str(people[last][-1]),
                )

    def size(
        self, grounds: Mapping[str, Ground], indicators: Mapping[str, Mapping[str, Any]]
    ) -> None:
        """Tell where districts are far larger in one city than in another."""
        among = {city for one in grounds.values() for city in one.cities}
        for one in indicators.values():
            among |= set(one["cities"]) if one["resolution"] == DISTRICTS else set()
        sizes = {
            city: one.summary["population"]["total"] / len(one.districts)
            for city, one in self.of.items()
            if city in among and one.summary["population"]["total"]
        }
        if len(sizes) < 2:  # noqa: PLR2004 - a pair
            return
        most, least = max(sizes, key=sizes.__getitem__), min(sizes, key=sizes.__getitem__)
        if sizes[most] < _UNLIKE_SIZE * sizes[least]:
            return

        def people(city: str) -> Any:
            return lambda language: number(round(sizes[city], -2), language=language, decimals=0)

        self.say(
            "size",
            CARE,
            list(sizes),
            most=self.named(most),
            many=people(most),
            least=self.named(least),
            few=people(least),
        )

    def levels(self, shared: Mapping[str, Sequence[str]]) -> None:
        """Name indicators that some cities know of cells and others of districts."""
        mixed = [
            key
            for key, cities in shared.items()
            if len({self.of[one].summary["indicators"][key]["level"] for one in cities}) > 1
        ]
        if mixed:
            among = [one for one in self.of if any(one in shared[key] for key in mixed)]
            self.say("levels", CARE, among, mixed)

    def walks(self, facts: Facts, shared: Mapping[str, Sequence[str]]) -> None:
        """Name cities whose walks are measured in a straight line, unlike others'."""
        keys = [key for key in shared if walked(key)]
        among = [one for one in self.of if any(one in shared[key] for key in keys)]
        straight = {one: facts[one]["straight_share"] for one in among}
        if straight and max(straight.values()) - min(straight.values()) > _UNLIKE_WALKS:
            odd = [one for one in among if straight[one] - min(straight.values()) > _UNLIKE_WALKS]

            def shares(language: str) -> str:
                said = [
                    f"{self.named(one)} "
                    f"({quantity(straight[one], unit='share', language=language)})"
                    for one in odd
                ]
                return listing(said, language=language, most=_LISTED)

            affected = [key for key in keys if any(one in shared[key] for one in odd)]
            self.say("walks", CARE, odd, affected, shares=shares)
        methods = {one: self.of[one].summary["method"] for one in among}
        for fact in _PACE:
            values = {one: methods[one].get(fact) for one in among}
            if len(set(values.values())) > 1:
                affected = [key for key in keys if len({values[one] for one in shared[key]}) > 1]

                def told(language: str, of: Mapping[str, Any] = values) -> str:
                    said = [
                        f"{self.named(one)} {number(of[one], language=language)}" for one in among
                    ]
                    return listing(said, language=language, most=_LISTED)

                self.say(fact, CARE, among, affected, listed=told)

    def sources(self, facts: Facts, shared: Mapping[str, Sequence[str]]) -> None:
        """Name indicators that rest on the map in some cities and on lists in others."""
        mixed = []
        for key, cities in shared.items():
            kinds = {facts[one]["kinds_of"].get(key) for one in cities} - {None}
            if len(kinds) > 1:
                mixed.append(key)
        if mixed:
            among = [one for one in self.of if any(one in shared[key] for key in mixed)]
            self.say("sources", CARE, among, mixed)

    def maps(self, facts: Facts, shared: Mapping[str, Sequence[str]]) -> None:
        """Name cities in which the volunteered map is thin, or may be."""
        on_map = {
            city: [
                key
                for key, cities in shared.items()
                if city in cities and facts[city]["kinds_of"].get(key) in {"map", "both"}
            ]
            for city in self.of
        }
        blocks = {city: one.summary.get("mapping") or {} for city, one in self.of.items()}
        thin = [
            city
            for city, block in blocks.items()
            if on_map[city] and (block.get("population_share") or 0.0) >= _THIN
        ]
        unknown = [
            city for city, block in blocks.items() if on_map[city] and not block.get("known")
        ]
        for key, cities in (("map_thin", thin), ("map_unknown", unknown)):
            if cities:
                keys = [one for one in shared if any(one in on_map[city] for city in cities)]
                self.say(key, CARE, cities, keys)

    def made_up(self) -> None:
        """Name cities that do not exist."""
        cities = [one for one, study in self.of.items() if study.summary["city"]["fictitious"]]
        if cities and len(cities) < len(self.of):
            self.say("made_up", CARE, cities)
