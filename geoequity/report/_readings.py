"""What stands beside the index, put in words: opinions, connection, groups, hazard."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from geoequity.locale import name, unit_name
from geoequity.report import _charts
from geoequity.report._words import Words, amount, at, district_names, figure, limits
from geoequity.study import Study

NAMED = 8  # districts in a list
SHOWN, OF_AN_AREA = 12, 2  # indicators told for groups
ALIKE_POINTS = 1.0  # of 100; smaller differences between groups are called alike
LOW_STANDING, HIGH_STANDING = 1 / 3, 2 / 3  # the worst and the best third of people
PARTS = ("measured_speed", "household_access", "device", "public_access")
KINDS = ("fixed", "mobile")
SPEED = "fixed_down_mbps"
ONLINE = (
    *(SPEED, "mobile_down_mbps", "fixed_latency_ms", "fixed_under_25_3_share"),
    *("fixed_under_100_20_share", "fixed_over_100_ms_share", "fixed_untested_share"),
)
COUNTED = frozenset({"fixed_untested_share"})  # known also where tests are too few
HAZARD = "hazard_exposed_share"
EXPOSED = (
    *(HAZARD, "services_exposed_share"),
    *("safe_hospital_walk_min", "safe_shelter_walk_min"),
)

Ends = tuple[float, float]
Cell = dict[str, str]


def sampling(study: Study) -> dict[tuple[str, str], Ends]:
    """
    Look up the sampling intervals of a study.

    Parameters
    ----------
    study
        What was found in a city.

    Returns
    -------
    sampling
        (district, indicator) -> low and high, in the indicator's unit; only
        where both are known.
    """
    known = study.intervals.dropna(subset=["low", "high"])
    return {
        (str(one.unit_id), str(one.indicator)): (float(one.low), float(one.high))
        for one in known.itertuples()
    }


def between(ends: Ends | None, write: Callable[[float], str], words: Words) -> str:
    """
    Say a sampling interval.

    Parameters
    ----------
    ends
        Low and high; None where there is none.
    write
        Writes one of them.
    words
        The reader's language.

    Returns
    -------
    between
        "between x and y", never a dash, which is the range over weights;
        empty without an interval, or where both ends read alike.
    """
    if ends is None:
        return ""
    low, high = (write(end) for end in ends)
    return "" if low == high else words.text("report.between", low=low, high=high)


def opinions(
    study: Study, rows: Sequence[Mapping[str, Any]], words: Words
) -> dict[str, Any] | None:
    """
    Set what people say against what is measured.

    Parameters
    ----------
    study
        What was found in a city.
    rows
        The districts in words, in the order to show them.
    words
        The reader's language.

    Returns
    -------
    opinions
        ``asked``, its items with a picture, sentences and where the two disagree, and the
        ``table`` of all of them by district; None without a survey.
    """
    names = district_names(study)
    items, columns = [], []
    for item, told in (study.summary.get("perception") or {}).items():
        answers = {unit: one for unit, one in told["districts"].items() if unit in names}
        known = {
            unit: value
            for unit, one in answers.items()
            if (value := figure(one["value"])) is not None
        }
        if not known:
            continue
        write = _writer(told, known, words)
        label = words.own(told["label"]) or next(iter(told["label"].values()), item)
        items.append(_item(study, told, known, label, write, words))
        columns.append((label, {u: _answer(one, write, words) for u, one in answers.items()}))
    if not items:
        return None
    blank = {"value": words.unknown, "range": ""}
    return {
        "asked": items,
        "heads": [label for label, _ in columns],
        "rows": [
            {
                "name": row["name"],
                "cells": [column.get(row["id"], blank) for _, column in columns],
            }
            for row in rows
        ],
    }


def _writer(
    told: Mapping[str, Any], known: Mapping[str, float], words: Words
) -> Callable[[Any], str]:
    """Choose how answers are written: a share as a percentage, another mean as it is."""
    unit = told.get("unit") or ("share" if max(known.values()) <= 1 else "value")
    return words.number if unit == "value" else words.percent


def _answer(one: Mapping[str, Any], write: Callable[[Any], str], words: Words) -> Cell:
    """Put what a district says in words."""
    return {"value": write(one["value"]), "range": between(limits(one, "sampling"), write, words)}


def _item(
    study: Study,
    told: Mapping[str, Any],
    known: Mapping[str, float],
    label: str,
    write: Callable[[Any], str],
    words: Words,
) -> dict[str, Any]:
    """Put one item of a survey in words."""
    names = district_names(study)
    indicator = str(told.get("indicator") or "")
    compared = indicator in study.catalogue.index
    worst, best = min(known, key=known.__getitem__), max(known, key=known.__getitem__)
    ends = {"worst": names[worst], "low": write(known[worst])}
    ends |= {"best": names[best], "high": write(known[best])}
    apart = {str(one["district"]): one for one in told.get("disagree") or ()}
    asked = figure(told.get("n"))
    facts = [words.text("report.said.figure", mean=write(told.get("mean")), **ends)]
    if asked is not None:
        facts.append(words.text("report.said.asked", count=round(asked)))
    if compared:
        against = words.label(study.catalogue.loc[indicator])
        facts.append(words.text("report.said.against", indicator=against))
    points = [
        {
            "name": names[unit],
            "value": value,
            "ends": limits(told["districts"][unit], "sampling"),
            "said": write(value),
            "marked": unit in apart,
        }
        for unit, value in known.items()
    ]
    return {
        "name": label,
        "facts": " ".join(facts),
        "compared": compared,
        "apart": [
            _apart(study, indicator, one, write(known.get(unit)), words)
            for unit, one in apart.items()
            if compared and unit in names
        ],
        "marked": bool(apart),
        "described": words.text("report.said.alt", item=label, **ends),
        "picture": _picture(points, figure(told.get("mean")), write, words),
    }


def _apart(study: Study, indicator: str, one: Mapping[str, Any], said: str, words: Words) -> str:
    """Say that opinion and measurement part ways in a district."""
    unit = str(one["district"])
    entry = study.catalogue.loc[indicator]
    low, high = sorted((one["said"], one["measured"]))
    far = low < LOW_STANDING and high > HIGH_STANDING
    worse = one["said"] < one["measured"]
    key = ("worse" if worse else "better") if far else ("lower" if worse else "higher")
    return words.text(
        f"report.said.{key}",
        district=district_names(study)[unit],
        said=said,
        indicator=words.label(entry),
        measured=amount(study, indicator, study.indicators.loc[unit, indicator], words),
    )


def _picture(
    points: Sequence[Mapping[str, Any]],
    mean: float | None,
    write: Callable[[Any], str],
    words: Words,
) -> dict[str, Any]:
    """Draw districts as dots with their intervals."""
    told = []
    for one in points:
        low, high = one["ends"] or (None, None)
        value = " ".join(filter(None, [one["said"], between(one["ends"], write, words)]))
        said = words.text("report.said.dot", district=one["name"], value=value)
        told.append({**one, "low": low, "high": high, "title": said})
    drawn = _charts.dots(told, mean=mean)
    return {**drawn, "ticks": [(write(mark), y) for mark, y in drawn["ticks"]]}


def online(study: Study, rows: Sequence[Mapping[str, Any]], words: Words) -> dict[str, Any] | None:
    """
    Tell who is online.

    Parameters
    ----------
    study
        What was found in a city.
    rows
        The districts in words; shown from the best connected to the worst.
    words
        The reader's language.

    Returns
    -------
    online
        Sentences under ``said``, a picture of speeds where they are known, and
        ``tables`` with ``heads`` and ``rows``; None where nothing is known. A
        district with too few tests is called suppressed and has no value.
    """
    told = study.summary.get("digital_inclusion") or {}
    scores = told.get("districts") or {}
    scored = [unit for unit, one in scores.items() if figure(one.get("score")) is not None]
    there = [one for one in ONLINE if one in study.indicators.columns]
    if not scored and not there:
        return None
    hidden = {kind: _suppressed(study, kind) for kind in KINDS}
    over = {unit: str(scores[unit].get("over") or "") for unit in scored}
    order = sorted(rows, key=lambda row: -(figure(at(scores, row["id"], "score")) or -1.0))
    speeds: dict[str, Callable[[str], Cell]] = {}
    shares: dict[str, Callable[[str], Cell]] = {}
    if scored:
        speeds["score"] = lambda unit: _plain(words.score(at(scores, unit, "score")))
    for key in there:
        kept = shares if study.catalogue.loc[key, "unit"] == "share" else speeds
        kept[key] = _reader(study, key, hidden, words)
        if key == SPEED:
            for extra in ("test_mean", "tile_median", "tests"):
                if f"{SPEED}_{extra}" in study.broadband.columns:
                    speeds[extra] = _published(study, extra, hidden["fixed"], words)
    return {
        "said": [
            *_inclusion_said(study, over, words),
            *_broadband_said(study, hidden, words),
        ],
        "picture": _speeds(study, hidden["fixed"], words),
        "tables": [
            {"caption": "plain" if list(columns) == ["score"] else key}
            | _table(columns, order, words)
            for key, columns in (("speeds", speeds), ("shares", shares))
            if columns
        ],
    }


def _plain(value: str) -> Cell:
    """Put a value that has no interval."""
    return {"value": value, "range": ""}


def _table(
    columns: Mapping[str, Callable[[str], Cell]], rows: Sequence[Mapping[str, Any]], words: Words
) -> dict[str, Any]:
    """Lay columns out by district."""
    return {
        "heads": [words.text(f"report.online.column.{key}") for key in columns],
        "rows": [
            {"name": row["name"], "cells": [read(row["id"]) for read in columns.values()]}
            for row in rows
        ],
    }


def _suppressed(study: Study, kind: str) -> set[str]:
    """List the districts with too few tests of a kind."""
    column = f"{kind}_down_mbps_suppressed"
    if column not in study.broadband.columns:
        return set()
    flags = study.broadband[column].fillna(value=False).astype(bool)
    return {str(unit) for unit in study.broadband.index[flags]}


def _reader(
    study: Study, key: str, hidden: Mapping[str, set[str]], words: Words
) -> Callable[[str], Cell]:
    """Read a column of an indicator of connection."""
    quiet = set() if key in COUNTED else hidden[key.partition("_")[0]]
    ends = sampling(study)
    share = study.catalogue.loc[key, "unit"] == "share"

    def write(value: float) -> str:
        """Write a value; its unit stands in the heading."""
        return words.percent(value) if share else words.number(value, 1)

    def read(unit: str) -> Cell:
        """Put the value of a district, or why there is none."""
        if unit in quiet:
            return _plain(words.text("report.suppressed"))
        value = figure(study.indicators[key].get(unit))
        if value is None:
            return _plain(words.unknown)
        return {"value": write(value), "range": between(ends.get((unit, key)), write, words)}

    return read


def _published(study: Study, figure_: str, quiet: set[str], words: Words) -> Callable[[str], Cell]:
    """Read a column of figures that are given as published."""
    values = study.broadband[f"{SPEED}_{figure_}"]
    decimals = 0 if figure_ == "tests" else 1

    def read(unit: str) -> Cell:
        """Put the figure of a district, or why there is none."""
        if unit in quiet:
            return _plain(words.text("report.suppressed"))
        return _plain(words.number(values.get(unit), decimals))

    return read


def _parts(over: str, words: Words) -> str:
    """Name the parts that a score was computed over."""
    return words.listing([words.text(f"part.{one}") for one in over.split() if one in PARTS])


def _inclusion_said(study: Study, over: Mapping[str, str], words: Words) -> list[str]:
    """Say what digital inclusion is in the city, and over what it was computed."""
    if not over:
        return []
    told, names = study.summary["digital_inclusion"], district_names(study)
    said = []
    if figure(told.get("mean")) is not None and figure(told.get("gap")) is not None:
        mean, gap = words.score(told["mean"]), words.score(told["gap"])
        said.append(words.text("report.online.mean", mean=mean, gap=gap))
    by_parts: dict[str, list[str]] = {}
    for unit, parts in over.items():
        by_parts.setdefault(parts, []).append(names.get(unit, unit))
    usual, *rest = sorted(by_parts, key=lambda parts: -len(by_parts[parts]))
    key = "some_over" if rest else "all_over"
    some = {"some": len(by_parts[usual]), "all": len(names)}
    said.append(words.text(f"report.online.{key}", parts=_parts(usual, words), **some))
    said += [
        words.text(
            "report.online.only_over",
            names=words.listing(sorted(by_parts[parts]), NAMED),
            parts=_parts(parts, words),
        )
        for parts in rest
    ]
    used = {one for parts in by_parts for one in parts.split()}
    missing = [words.text(f"part.{one}") for one in PARTS if one not in used]
    if missing:
        said.append(words.text("report.online.missing", missing=words.listing(missing)))
    return said


def _broadband_said(study: Study, hidden: Mapping[str, set[str]], words: Words) -> list[str]:
    """Say how many people fall short, and which districts are suppressed."""
    names = district_names(study)
    mean = {one: figure(at(study.summary, "indicators", one, "mean")) for one in ONLINE}
    said = []
    basic, advanced = mean["fixed_under_25_3_share"], mean["fixed_under_100_20_share"]
    if basic is not None and advanced is not None:
        shares = {"basic": words.percent(basic), "advanced": words.percent(advanced)}
        said.append(words.text("report.online.people", **shares))
    if mean["fixed_untested_share"] is not None:
        share = words.percent(mean["fixed_untested_share"])
        said.append(words.text("report.online.untested", share=share))
    for kind, units in hidden.items():
        if units:
            listed = words.listing(sorted(names[unit] for unit in units if unit in names))
            of_kind = words.text(f"report.online.kind.{kind}")
            said.append(
                words.text("report.online.suppressed", count=len(units), kind=of_kind, names=listed)
            )
    return said


def _speeds(study: Study, quiet: set[str], words: Words) -> dict[str, Any] | None:
    """Draw fixed speeds by district; the suppressed are left out."""
    if SPEED not in study.indicators.columns:
        return None
    names, ends = district_names(study), sampling(study)
    known = study.indicators[SPEED].dropna()
    known = {str(unit): float(value) for unit, value in known.items() if str(unit) not in quiet}
    if not known:
        return None
    unit = str(study.catalogue.loc[SPEED, "unit"])

    def write(value: Any) -> str:
        """Write a speed with its unit."""
        return words.quantity(value, unit)

    points = [
        {
            "name": names[one],
            "value": value,
            "ends": ends.get((one, SPEED)),
            "said": write(value),
            "marked": False,
        }
        for one, value in known.items()
    ]
    worst, best = min(known, key=known.__getitem__), max(known, key=known.__getitem__)
    mean = figure(at(study.summary, "indicators", SPEED, "mean"))
    return {
        **_picture(points, mean, words.number, words),
        "described": words.text(
            "report.online.alt",
            worst=names[worst],
            low=write(known[worst]),
            best=names[best],
            high=write(known[best]),
        ),
    }


def groups(study: Study, words: Words) -> dict[str, Any] | None:
    """
    Set the mean of each group of people against that of everybody.

    Parameters
    ----------
    study
        What was found in a city.
    words
        The reader's language.

    Returns
    -------
    groups
        A sentence for each group, and the table of the indicators in which
        they differ most; None where the city counts no groups.
    """
    told = study.summary.get("indicators") or {}
    found: dict[str, None] = {}
    for one in told.values():
        found |= dict.fromkeys(one.get("groups") or {})
    ahead = {
        str(key): points
        for key, entry in study.catalogue.iterrows()
        if entry["role"] == "indicator" and (points := _points_ahead(told.get(key) or {}, entry))
    }
    if not ahead:
        return None
    names = {one: _group_name(one, words) for one in found}
    kept = _telling(ahead, study.catalogue)
    return {
        "said": [_group_said(names[one], one, ahead, words) for one in found],
        "heads": list(names.values()),
        "rows": [_group_row(study, one, found, ahead[one], words) for one in kept],
        "points": words.number(ALIKE_POINTS),
    }


def _telling(ahead: Mapping[str, Mapping[str, float]], catalogue: pd.DataFrame) -> list[str]:
    """Choose the indicators in which groups differ most, few of an area, in their own order."""
    widest = sorted(ahead, key=lambda one: -max(map(abs, ahead[one].values())))
    areas: dict[tuple[str, str], int] = {}
    chosen = []
    for one in widest:
        area = (str(catalogue.loc[one, "pillar"]), str(catalogue.loc[one, "area"]))
        areas[area] = areas.get(area, 0) + 1
        if areas[area] <= OF_AN_AREA:
            chosen.append(one)
    return [one for one in ahead if one in chosen[:SHOWN]]


def _points_ahead(told: Mapping[str, Any], entry: pd.Series) -> dict[str, float]:
    """Tell how many points of the goalposts each group is ahead of everybody."""
    mean, span = figure(told.get("mean")), figure(entry["best"] - entry["worst"])
    if mean is None or not span:
        return {}
    means = {one: figure(at(each, "mean")) for one, each in (told.get("groups") or {}).items()}
    return {one: 100 * (value - mean) / span for one, value in means.items() if value is not None}


def _group_name(group: str, words: Words) -> str:
    """Name a group; one that the city file alone knows is told as it is there."""
    key = f"group.{group}"
    return words.text(key) if words.has(key) else name(group)


def _verdict(points: float | None) -> str:
    """Tell whether a group is better or worse off than everybody; empty where alike."""
    if points is None or abs(points) < ALIKE_POINTS:
        return ""
    return "better" if points > 0 else "worse"


def _group_said(
    said: str, group: str, ahead: Mapping[str, Mapping[str, float]], words: Words
) -> str:
    """Count the indicators in which a group is worse or better off."""
    verdicts = [_verdict(points[group]) for points in ahead.values() if group in points]
    worse, better = verdicts.count("worse"), verdicts.count("better")
    return words.text(
        "report.whom.count",
        group=said[:1].upper() + said[1:],
        worse=worse,
        better=better,
        alike=len(verdicts) - worse - better,
        total=len(verdicts),
    )


def _group_row(
    study: Study, key: str, found: Mapping[str, None], points: Mapping[str, float], words: Words
) -> dict[str, Any]:
    """Put an indicator for every group in words."""
    entry = study.catalogue.loc[key]
    told = study.summary["indicators"][key]
    unit = str(entry["unit"])
    means = {group: figure(at(told, "groups", group, "mean")) for group in found}

    def write(value: float | None) -> str:
        """Write a mean; its unit stands beside the name."""
        return words.percent(value) if unit == "share" else words.number(value)

    cells = []
    for group, mean in means.items():
        verdict = _verdict(points.get(group))
        said = words.text(f"report.whom.{verdict}") if verdict else ""
        cells.append({"value": write(mean), "range": said, "verdict": verdict})
    return {
        "name": words.label(entry) or key,
        "unit": "" if unit == "share" else unit_name(unit, language=words.language),
        "everybody": write(figure(told.get("mean"))),
        "cells": cells,
    }


def exposed(study: Study, words: Words) -> dict[str, Any] | None:
    """
    Tell who is exposed to the hazard, and how far safety is.

    Parameters
    ----------
    study
        What was found in a city.
    words
        The reader's language.

    Returns
    -------
    exposed
        Sentences under ``said``, and ``heads`` and ``rows`` of the table, the
        most exposed district first; None without a hazard.
    """
    if HAZARD not in study.indicators.columns or study.indicators[HAZARD].isna().all():
        return None
    names = district_names(study)
    values = study.indicators.set_axis(study.indicators.index.astype(str))
    share = values[HAZARD]
    residents = share * _people(study)
    there = [one for one in EXPOSED if one in values.columns and values[one].notna().any()]
    order = sorted(names, key=lambda one: (pd.isna(share[one]), -share[one], names[one]))

    def write(key: str, unit: str) -> str:
        value = figure(values.loc[unit, key])
        return words.percent(value) if key.endswith("_share") else words.number(value, 1)

    rows = []
    for unit in order:
        cells = [write(key, unit) for key in there]
        cells.insert(1, words.number(residents[unit], 0))
        rows.append({"name": names[unit], "cells": cells})
    heads = [words.text(f"report.hazard.{key}") for key in there]
    heads.insert(1, words.text("report.hazard.residents"))
    return {"said": _exposed_said(study, share, residents, words), "heads": heads, "rows": rows}


def _people(study: Study) -> pd.Series:
    """Take the residents of districts, on their ids as text; NaN where unknown."""
    index = study.districts.index.astype(str)
    if "population" not in study.districts.columns:
        return pd.Series(float("nan"), index=index)
    return study.districts["population"].set_axis(index).astype(float)


def _exposed_said(study: Study, share: pd.Series, residents: pd.Series, words: Words) -> list[str]:
    """Say how many people live in the hazard zone, and where most."""
    mean = figure(at(study.summary, "indicators", HAZARD, "mean"))
    if not share.max() > 0:
        return [words.text("report.hazard.nobody")]
    said = []
    if mean is not None and residents.notna().any():
        most = str(share.idxmax())
        said.append(
            words.text(
                "report.hazard.people",
                number=words.number(residents.sum(), 0),
                share=words.percent(mean),
                district=district_names(study)[most],
                most=words.percent(share[most]),
            )
        )
    clear = int((share == 0).sum())
    if clear:
        said.append(words.text("report.hazard.clear", count=clear, total=len(share)))
    return said
