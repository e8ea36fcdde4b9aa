"""Set two studies of one city against each other."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from geoequity import composite
from geoequity.compare._change_findings import findings
from geoequity.compare._convergence import Convergence, converge
from geoequity.compare._error import TAILS, Z, adjusted, difference, ends_of, p_value, shared_error
from geoequity.compare._pair import Pair, pair
from geoequity.compare._scores import NODES, Scored, scored
from geoequity.compare._sources import Sources, compare_mapping, compare_sources
from geoequity.errors import ConfigError
from geoequity.judgement import ROOT, mean
from geoequity.locale import LANGUAGES, name
from geoequity.schema import LEVEL, PILLARS, TYPES
from geoequity.study import Study, signature
from geoequity.summary import people_of, plain
from geoequity.typology import UNCERTAIN

UNKNOWN = "unknown"  # the type of a district of which none is stated
KINDS = (*TYPES, UNCERTAIN, UNKNOWN)
OF_DATA = ("source", "mapping", "confidence", "people", "method")  # causes that are no news
_SHARES = ("from_city", "from_data", "unnamed")  # of the change of the index
_NOTABLE_TRUST = 0.1  # of confidence or coverage, from which its change explains a value's
_MOVES = ["unit_id", "name", "kind", "what", "unit", "old", "new", "change", "low", "high"]
_MOVES += ["points", "p", "q", "errs", "named", "verdict", "cause"]


@dataclass(frozen=True, kw_only=True)
class Change:
    """
    What changed between two studies of one city.

    Intervals are at 90 %, of measurement error; where low and high equal the
    change, nothing errs. NaN is unknown.

    Parameters
    ----------
    districts
        Index ``unit_id``, those in both: geometry and ``name`` of the new study,
        ``population_old``, ``population_new``; for ``index``, ``structures`` and
        ``technologies`` ``<node>_old``, ``_new``, ``_change``, ``_low``, ``_high``
        in points, on the indicators of both; ``named``, whether the index moved
        by more than error explains; ``from_city``, ``from_data`` and
        ``unnamed``, the points of the index's change that named changes in the
        city, changes of the data and all the rest make; ``set_effect``, points
        besides, from indicators that only one study has; ``rank_old``,
        ``rank_new``, ``rank_change``, ``rank_low``, ``rank_high`` (below 0:
        up); ``type_old``, ``type_new``; ``mapping``.
    moves
        One row a district and indicator, item of a survey, area, pillar or
        index: ``unit_id``, ``name``, ``kind`` (indicator, said, area, pillar or
        index), ``what``, ``unit``, ``old``, ``new``, ``change``, ``low``,
        ``high`` in the unit, ``points`` (of score, or per cent without one;
        above 0 is better), ``p``, ``q`` (the false-discovery rate at which it
        would just be named), ``errs``, ``named``, ``verdict`` (better, worse or
        None), ``cause`` (``city``, or one of the data: ``source``, ``mapping``,
        ``confidence``, ``people``, ``method``; ``scenario`` where one made the
        new city of the old; None without a change).
    transitions
        Columns ``old``, ``new`` (types, ``unknown`` where none is stated),
        ``districts`` with ``low`` and ``high``, ``people`` with ``people_low``
        and ``people_high``, counted at the new date.
    convergence
        By index and pillar.
    sources
        One row a source, as it was and is, with its ``status``: ``same``,
        ``edition``, ``new`` or ``removed``.
    mapping
        By district: how fully the map was and is drawn.
    summary
        The content of ``change.json``.
    """

    districts: gpd.GeoDataFrame
    moves: pd.DataFrame
    transitions: pd.DataFrame
    convergence: Mapping[str, Convergence]
    sources: pd.DataFrame
    mapping: pd.DataFrame
    summary: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class _Rules:
    """From when on a change is named."""

    fdr: float
    min_points: float
    min_index_points: float
    draws: int
    seed: int


@dataclass(frozen=True, kw_only=True)
class _Work:
    """What two studies amount to, on the way to a change."""

    old: Study
    new: Study
    both: Pair
    sources: Sources
    mapping: pd.DataFrame
    scores: Scored
    people: tuple[pd.Series, pd.Series]
    rules: _Rules
    scenario: Mapping[str, Any] | None  # that made the new city of the old
    effect: Mapping[str, Any] | None  # what it says of its effect on the old


def change(
    old: Study,
    new: Study,
    *,
    fdr: float = 0.1,
    min_points: float = 5.0,
    min_index_points: float = 1.0,
    draws: int = 1000,
) -> Change:
    """
    Tell what changed in a city between two studies, and what only its data say.

    Parameters
    ----------
    old
        The earlier study.
    new
        The later one, of the same city by the same rules.
    fdr
        Share of the named changes that error alone is let make, 0-1.
    min_points
        Least change of an indicator that is named, in points of its score; of
        one without goalposts, in percentage points of a share, or in per cent
        of the city's old mean.
    min_index_points
        The same of the index, pillars and areas.
    draws
        How often error is drawn for ranks, types and convergence.

    Returns
    -------
    change
        Tables, and the summary.

    Raises
    ------
    ConfigError
        If the studies are of two cities, of different goalposts, weights or
        normalisation, or without a district in common, every fault at once; or
        if an option is out of its range.

    Warns
    -----
    DataWarning
        For districts that are only in one study, or were redrawn.

    Notes
    -----
    A difference has the error of both its ends, unless the files behind it have
    the same bytes. Complete counts have none. An indicator that rests on a
    volunteered map which changed has, besides, the error that all districts
    share: what moves everywhere is no news of one. Those tests that can err
    are held to the false-discovery rate of Benjamini and Hochberg [1]_,
    indicators and scores apart; of their changes, the material ones are named.

    References
    ----------
    .. [1] Benjamini, Y. and Hochberg, Y. (1995). Controlling the false discovery
       rate. Journal of the Royal Statistical Society B 57(1), 289-300.
       doi:10.1111/j.2517-6161.1995.tb02031.x
    """
    if not (0 < fdr < 1 and min_points >= 0 and min_index_points >= 0 and draws >= 1):
        msg = "fdr is within 0-1, min_points and min_index_points are 0 or more, draws 1 or more"
        raise ConfigError(msg)
    both, sources = pair(old, new), compare_sources(old, new)
    scenario, effect = _scenario(old, new)
    work = _Work(
        old=old,
        new=new,
        both=both,
        sources=sources,
        mapping=compare_mapping(old, new, both.districts),
        scores=scored(old, new, both, sources),
        people=(
            people_of(old.districts)[both.districts],
            people_of(new.districts)[both.districts],
        ),
        rules=_Rules(
            fdr=fdr,
            min_points=min_points,
            min_index_points=min_index_points,
            draws=draws,
            seed=new.summary["method"]["seed"],
        ),
        scenario=scenario,
        effect=effect,
    )
    moves = _moves(work)
    districts = _districts(work, moves)
    transitions = _transitions(work)
    convergence = {node: _convergence(work, node) for node in (ROOT, *PILLARS)}
    summary = _summary(work, moves, districts, transitions, convergence)
    return Change(
        districts=districts,
        moves=moves,
        transitions=transitions,
        convergence=convergence,
        sources=sources.table,
        mapping=work.mapping,
        summary=summary | {"findings": findings(summary)},
    )


def _scenario(old: Study, new: Study) -> tuple[Any, Any]:
    """Tell the scenario that made one study of the other, and its effect where it is on that."""
    said, before = (one.summary.get("scenario") for one in (new, old))
    if said is None:
        return None, None
    earlier = before["edits"] if before else []
    if said["edits"][: len(earlier)] != earlier:
        return None, None
    told = {"title": said["title"], "edits": said["edits"][len(earlier) :]}
    return told, said["effect"] if said["base"] == signature(old) else None


def _moves(work: _Work) -> pd.DataFrame:
    """Test every indicator, item, area, pillar and index of every district."""
    measured = [*_indicator_moves(work), *_said_moves(work)]
    frames = []
    for parts, least in (
        (measured, work.rules.min_points),
        (_node_moves(work), work.rules.min_index_points),
    ):
        if not parts:
            continue
        table = pd.concat(parts, ignore_index=True)
        errs = table["errs"].astype(bool)
        q = adjusted(table["p"], errs=errs)
        sure = (errs & (q <= work.rules.fdr)) | (~errs & (table["change"].abs() > 0))
        named = sure & (table["points"].abs() >= least)
        verdict = pd.Series(None, index=table.index, dtype=object)
        verdict[named & (table["points"] > 0)] = "better"
        verdict[named & (table["points"] < 0)] = "worse"
        frames.append(table.assign(q=q, named=named, verdict=verdict))
    whole = pd.concat(frames, ignore_index=True)
    whole["name"] = whole["unit_id"].map(work.new.districts["name"]).map(name)
    whole["cause"] = whole["cause"].astype(object).where(whole["cause"].notna(), None)
    return whole.reindex(columns=_MOVES)


def _indicator_moves(work: _Work) -> list[pd.DataFrame]:
    """Subtract every indicator."""
    both, sources = work.both, work.sources
    values = [
        one.indicators.reindex(both.districts)[both.indicators] for one in (work.old, work.new)
    ]
    ends = [
        ends_of(value, study.intervals, without=sources.unchanged)
        for value, study in zip(values, (work.old, work.new), strict=True)
    ]
    on_map = [one for one in both.indicators if sources.mapped[one]]
    besides = shared_error((values[1] - values[0])[on_map])
    weighed = _weighed(work, values)
    frames = []
    for key in both.indicators:
        table = difference(ends[0][key], ends[1][key], more_error=besides.get(key, 0.0))
        row = work.new.catalogue.loc[key]
        frames.append(
            table.rename_axis("unit_id")
            .reset_index()
            .assign(
                kind="indicator",
                what=key,
                unit=row["unit"],
                old=values[0][key].to_numpy(),
                new=values[1][key].to_numpy(),
                points=weighed[key].to_numpy(),
                cause=_causes(work, key, table["change"]).to_numpy(),
            )
        )
    return frames


def _weighed(work: _Work, values: list[pd.DataFrame]) -> pd.DataFrame:
    """Weigh changes: in points of score, percentage points, or per cent of the city's mean."""
    catalogue = work.new.catalogue.loc[work.both.indicators]
    posted = catalogue.index[catalogue[["worst", "best"]].notna().all(axis=1)]
    posts = catalogue.loc[posted, ["worst", "best"]]
    normalise = composite.goalposts({key: (row.worst, row.best) for key, row in posts.iterrows()})
    before, after = (normalise(one, catalogue.loc[posted, "better"]) for one in values)
    weighed = (values[1] - values[0]).mul(catalogue["better"].map({"higher": 100, "lower": -100}))
    for key in catalogue.index.difference(posted):
        if catalogue.loc[key, "unit"] != "share":
            usual = abs(mean(values[0][key], work.people[0]))
            weighed[key] /= usual if usual > 0 else np.nan
    weighed[posted] = after - before
    return weighed


def _causes(work: _Work, key: str, changed: pd.Series) -> pd.Series:
    """Say whether the city or the data make an indicator differ, by district."""
    sources, both = work.sources, work.both
    cause = pd.Series("city", index=changed.index, dtype=object)
    if sources.mapped[key]:
        cause[work.mapping["mapping"] != "alike"] = "mapping"
    trust = [one.confidence.reindex(both.districts) for one in (work.old, work.new)]
    if all(key in one.columns for one in trust):
        cause[(trust[1][key] - trust[0][key]).abs() >= _NOTABLE_TRUST] = "confidence"
    if sources.replaced[key]:
        cause[:] = "source"
    if sources.unchanged[key]:
        # The same bytes cannot have changed: they were weighed or computed otherwise
        cause[:] = "people" if sources.people else "method"
    if work.scenario is not None:
        cause[:] = "scenario"
    return cause.where(changed.abs() > 0, None)


def _said_moves(work: _Work) -> list[pd.DataFrame]:
    """Subtract what people said, item by item."""
    told = [one.summary.get("perception", {}) for one in (work.old, work.new)]
    ids, frames = work.both.districts, []
    for key in told[0]:
        if key not in told[1] or told[0][key]["unit"] != told[1][key]["unit"]:
            continue
        before, after = (_answers(one[key], ids, errs=work.sources.asked_again) for one in told)
        table = difference(before, after)
        share = told[1][key]["unit"] == "share"
        usual = 1.0 if share else abs(mean(before["value"], work.people[0]))
        frames.append(
            table.rename_axis("unit_id")
            .reset_index()
            .assign(
                kind="said",
                what=key,
                unit="share" if share else "",
                old=before["value"].to_numpy(),
                new=after["value"].to_numpy(),
                points=100 * table["change"].to_numpy() / (usual or np.nan),
                cause=table["change"].abs().gt(0).map({True: "city", False: None}).to_numpy(),
            )
        )
    return frames


def _answers(item: Mapping[str, Any], ids: pd.Index, *, errs: bool) -> pd.DataFrame:
    """Read the answers to an item of a survey; the same answers err alike."""
    rows = {}
    for key, one in item["districts"].items():
        ends = (one["sampling"] if errs else None) or {"low": None, "high": None}
        rows[key] = {"value": one["value"], "low": ends["low"], "high": ends["high"]}
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["value", "low", "high"])
    return table.astype(float).reindex(ids)


def _node_moves(work: _Work) -> list[pd.DataFrame]:
    """Subtract the index, pillars and areas."""
    scores, frames = work.scores, []
    for node in NODES:
        error = scores.error(node)
        points = (scores.new[node] - scores.old[node]).where(lambda one: one.abs() > Z * 1e-9, 0.0)
        points = points.where(scores.new[node].notna() & scores.old[node].notna())
        kind = "index" if node == ROOT else "pillar" if node in PILLARS else "area"
        low, high = points - Z * error, points + Z * error
        if work.effect is not None and node in (ROOT, *PILLARS):
            low, high = _ends(work, node, points)
        frames.append(
            pd.DataFrame(
                {
                    "unit_id": work.both.districts,
                    "kind": kind,
                    "what": node,
                    "unit": "points",
                    "old": scores.old[node].to_numpy(),
                    "new": scores.new[node].to_numpy(),
                    "change": points.to_numpy(),
                    "low": low.to_numpy(),
                    "high": high.to_numpy(),
                    "points": points.to_numpy(),
                    "p": p_value(points, error).to_numpy(),
                    "errs": ((error > 0) & points.notna()).to_numpy(),
                    "cause": None,
                }
            )
        )
    return frames


def _ends(work: _Work, node: str, points: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Take the interval that common draws leave the change of a node."""
    told = {} if work.effect is None else work.effect["districts"]
    ends = pd.DataFrame(
        {unit: {end: one[node][end] for end in ("low", "high")} for unit, one in told.items()}
    ).T.reindex(points.index.astype(str))
    found = ends.astype(float).set_axis(points.index, axis=0)
    return found["low"].fillna(points), found["high"].fillna(points)


def _districts(work: _Work, moves: pd.DataFrame) -> gpd.GeoDataFrame:
    """Lay out what became of each district."""
    ids, scores = work.both.districts, work.scores
    table = work.new.districts.loc[ids, ["name", "geometry"]]
    table = table.assign(population_old=work.people[0], population_new=work.people[1])
    for node in (ROOT, *PILLARS):
        mine = moves[moves["what"] == node].set_index("unit_id").reindex(ids)
        for column in ("old", "new", "change", "low", "high"):
            table[f"{node}_{column}"] = mine[column].astype(float)
        if node == ROOT:
            table["named"] = mine["named"].astype(bool)
    table = table.join(_shares(work, moves)).assign(set_effect=scores.set_effect)
    table = table.join(_ranks(work))
    return table.assign(
        type_old=scores.types[0], type_new=scores.types[1], mapping=work.mapping["mapping"]
    )


def _shares(work: _Work, moves: pd.DataFrame) -> pd.DataFrame:
    """Lead the change of the index back to named changes, to the data, and to the rest."""
    scores = work.scores
    moved = (scores.leaves_new - scores.leaves_old).fillna(0.0) * scores.pull[ROOT]
    mine = moves[moves["kind"] == "indicator"]
    wide = {
        column: mine.pivot_table(
            index="unit_id", columns="what", values=column, aggfunc="first"
        ).reindex(index=moved.index, columns=moved.columns)
        for column in ("named", "cause")
    }
    data = wide["cause"].isin(OF_DATA)
    city = wide["named"].fillna(value=False).astype(bool) & ~data
    shares = pd.DataFrame(
        {
            "from_city": moved.where(city, 0.0).sum(axis=1),
            "from_data": moved.where(data, 0.0).sum(axis=1),
        }
    )
    shares = shares.where(scores.new[ROOT].notna() & scores.old[ROOT].notna())
    rest = scores.new[ROOT] - scores.old[ROOT] - shares["from_city"] - shares["from_data"]
    return shares.assign(unnamed=rest)


def _ranks(work: _Work) -> pd.DataFrame:
    """Rank the districts at both dates, with what error does to the change."""
    scores = work.scores
    known = scores.old[ROOT].notna() & scores.new[ROOT].notna()
    before, after = (
        one[ROOT].where(known).rank(ascending=False) for one in (scores.old, scores.new)
    )
    rng = np.random.default_rng(work.rules.seed)
    drawn = [
        pd.DataFrame(one[:, known.to_numpy()]).rank(axis=1, ascending=False).to_numpy()
        for one in scores.draws(ROOT, rng=rng, draws=work.rules.draws)
    ]
    table = pd.DataFrame(
        {"rank_old": before, "rank_new": after, "rank_change": after - before},
        index=work.both.districts,
    )
    table[["rank_low", "rank_high"]] = np.nan
    if known.any():
        ends = np.quantile(drawn[1] - drawn[0], TAILS, axis=0)
        table.loc[known, ["rank_low", "rank_high"]] = ends.T
    return table


def _transitions(work: _Work) -> pd.DataFrame:
    """Count who went from which type to which, with what error does to the counts."""
    stated = [one.where(one.notna(), UNKNOWN).to_numpy(dtype=object) for one in work.scores.types]
    rng = np.random.default_rng([work.rules.seed, 1])
    drawn = [_drawn_types(work, which, stated[which], rng=rng) for which in range(len(stated))]
    people = work.people[1].to_numpy(dtype=float)
    rows = []
    for before in KINDS:
        for after in KINDS:
            here = (stated[0] == before) & (stated[1] == after)
            there = (drawn[0] == before) & (drawn[1] == after)
            if not (here.any() or there.any()):
                continue
            counts = np.quantile(there.sum(axis=1), TAILS)
            held = np.quantile(there @ np.nan_to_num(people), TAILS)
            known = not np.isnan(people).all()
            rows.append(
                {
                    "old": before,
                    "new": after,
                    "districts": int(here.sum()),
                    "low": float(min(counts[0], here.sum())),
                    "high": float(max(counts[1], here.sum())),
                    "people": float(np.nansum(people[here])) if known else np.nan,
                    "people_low": min(held[0], float(np.nansum(people[here]))) if known else np.nan,
                    "people_high": max(held[1], float(np.nansum(people[here])))
                    if known
                    else np.nan,
                }
            )
    columns = ["old", "new", "districts", "low", "high", "people", "people_low", "people_high"]
    return pd.DataFrame(rows, columns=columns)


def _drawn_types(
    work: _Work, which: int, stated: np.ndarray, *, rng: np.random.Generator
) -> np.ndarray:
    """Give a district another type in the draws that take a pillar across the threshold."""
    threshold = work.new.summary["method"]["threshold"]
    table = (work.scores.old, work.scores.new)[which]
    drawn = [
        work.scores.draws(one, rng=rng, draws=work.rules.draws)[which] >= threshold
        for one in PILLARS
    ]
    high = [table[one].to_numpy() >= threshold for one in PILLARS]
    moved = (drawn[0] != high[0]) | (drawn[1] != high[1])
    of = {(True, True): 0, (False, True): 1, (True, False): 2, (False, False): 3}
    kinds = np.array(TYPES, dtype=object)
    codes = np.empty(drawn[0].shape, dtype=int)
    for (structures, technologies), code in of.items():
        codes[(drawn[0] == structures) & (drawn[1] == technologies)] = code
    sure = np.isin(stated, TYPES)  # what is uncertain or unknown stays so
    return np.where(moved & sure, kinds[codes], stated)


def _convergence(work: _Work, node: str) -> Convergence:
    """Measure whether districts came closer on a score."""
    scores = work.scores
    rng = np.random.default_rng([work.rules.seed, 2])
    errs = bool((scores.error(node) > 0).any())
    draws = scores.draws(node, rng=rng, draws=work.rules.draws) if errs else None
    return converge(
        scores.old[node],
        scores.new[node],
        population=work.people,
        draws=None if draws is None else (draws[0], draws[1]),
        error=scores.error_old[node],
    )


def _summary(
    work: _Work,
    moves: pd.DataFrame,
    districts: gpd.GeoDataFrame,
    transitions: pd.DataFrame,
    convergence: Mapping[str, Convergence],
) -> dict[str, Any]:
    """Put it all as plain values under stable keys."""
    both, rules = work.both, work.rules
    city = work.new.summary["city"]
    named = moves[moves["named"]]
    tests = moves[moves["p"].notna()]
    changed = bool((tests["change"].abs() > 0).any())
    apart = [both.gone, both.added, both.redrawn, both.only_old, both.only_new, both.manner]
    alike = (work.sources.table["status"] == "same").all() and not any(apart)
    data = work.sources.table["status"].value_counts()
    return {
        "city": {
            key: city.get(key)
            for key in ("id", "name", "country", "fictitious", "languages", "licences")
        },
        "old": _dated(work.old),
        "new": _dated(work.new),
        "method": {**asdict(rules), "level": LEVEL},
        "identical": bool(alike and not changed),
        "changed": changed,
        "compared": {
            "districts": len(both.districts),
            "gone": dict(both.gone),
            "new": dict(both.added),
            "redrawn": dict(both.redrawn),
            "indicators": [str(one) for one in both.indicators],
            "only_old": both.only_old,
            "only_new": both.only_new,
            "set_changed": work.scores.set_changed,
        },
        "tests": {
            kind: {
                "count": len(mine),
                "with_error": int(mine["errs"].sum()),
                "named": int(mine["named"].sum()),
            }
            for kind, mine in tests.groupby("kind")
        },
        "index": _means(work, districts),
        "scenario": _told_scenario(work),
        "labels": _labels(work),
        "named": [_plain_row(row) for _, row in named.iterrows()],
        "districts": {str(key): _district(row) for key, row in districts.iterrows()},
        "convergence": {key: _converged(one) for key, one in convergence.items()},
        "transitions": [_plain_row(row) for _, row in transitions.iterrows()],
        "data": {
            "sources": {
                one: int(data.get(one, 0)) for one in ("same", "edition", "new", "removed")
            },
            "files": [_plain_row(row) for _, row in work.sources.table.iterrows()],
            "people": work.sources.people,
            "mapping": {
                one: [str(key) for key in work.mapping.index[work.mapping["mapping"] == one]]
                for one in ("richer", "thinner")
            },
            "trust": _trust(work),
            "manner": {key: list(one) for key, one in both.manner.items()},
        },
        "warnings": both.warnings,
    }


def _told_scenario(work: _Work) -> dict[str, Any] | None:
    """Tell the scenario, and what it says of its effect."""
    if work.scenario is None:
        return None
    units = work.new.catalogue["unit"]
    told = {} if work.effect is None else work.effect["indicators"]
    return {
        **work.scenario,
        "units": {key: str(units[key]) for key in told},
        "effect": None if work.effect is None else dict(work.effect),
    }


def _labels(work: _Work) -> dict[str, dict[str, str]]:
    """Name every indicator and item in every language."""
    labels: dict[str, dict[str, str]] = {}
    for study in (work.old, work.new):
        for key, row in study.catalogue.iterrows():
            labels[str(key)] = {one: str(row[f"label_{one}"]) for one in LANGUAGES}
        for key, item in study.summary.get("perception", {}).items():
            labels[key] = dict(item["label"])
    return labels


def _dated(study: Study) -> dict[str, Any]:
    """Tell of when a study is."""
    books = study.provenance.get("sources", ())
    years = sorted({int(one["reference_year"]) for one in books if one.get("reference_year")})
    return {
        "years": [years[0], years[-1]] if years else None,
        "districts": len(study.districts),
        "population": study.summary["population"]["total"],
        "index": study.summary["index"]["mean"],
        "version": study.summary["versions"].get("geoequity"),
    }


def _district(row: pd.Series) -> dict[str, Any]:
    """Tell what became of a district, as plain values."""
    ends = ("old", "new", "change", "low", "high")
    told: dict[str, Any] = {
        "name": name(row["name"]),
        "population": {end: plain(row[f"population_{end}"]) for end in ("old", "new")},
    }
    for node in (ROOT, *PILLARS, "rank"):
        told[node] = {end: plain(row[f"{node}_{end}"]) for end in ends}
    told[ROOT] |= {"named": bool(row["named"])}
    told[ROOT] |= {one: plain(row[one]) for one in (*_SHARES, "set_effect")}
    types = {end: row[f"type_{end}"] for end in ("old", "new")}
    return told | {"type": types, "mapping": row["mapping"]}


def _means(work: _Work, districts: gpd.GeoDataFrame) -> dict[str, Any]:
    """Compare the mean of the index over the people of the districts in both."""
    before, after = (
        mean(districts[f"index_{end}"], people)
        for end, people in zip(("old", "new"), work.people, strict=True)
    )
    errors = []
    for table, people in zip(
        (work.scores.error_old, work.scores.error_new), work.people, strict=True
    ):
        share = people.fillna(0.0) / people.sum() if people.sum() > 0 else people * np.nan
        errors.append(float(np.sqrt(((share * table[ROOT]) ** 2).sum())))
    half = Z * float(np.hypot(errors[0], errors[1]))
    ends = {"low": plain(after - before - half), "high": plain(after - before + half)}
    if work.effect is not None and work.effect["index"]:
        told = work.effect["index"]["mean"]
        ends = {end: ends[end] if told[end] is None else told[end] for end in ends}
    return {
        "old": plain(before),
        "new": plain(after),
        "change": plain(after - before),
        **ends,
        "set_effect": plain(mean(districts["set_effect"], work.people[1])),
        **{one: plain(mean(districts[one], work.people[1])) for one in _SHARES},
    }


def _converged(one: Convergence) -> dict[str, Any]:
    """Put a convergence as plain values."""
    told: dict[str, Any] = {}
    for key, value in asdict(one).items():
        if isinstance(value, tuple):
            told[key] = dict(zip(("low", "high"), map(plain, value), strict=True))
        else:
            told[key] = plain(value)
    return told | {"spread_says": one.spread_says, "slope_says": one.slope_says}


def _trust(work: _Work) -> list[dict[str, Any]]:
    """List the indicators whose coverage or confidence moved notably over the whole city."""
    told = [one.summary["indicators"] for one in (work.old, work.new)]
    found = []
    for key in work.both.indicators:
        for fact in ("coverage", "confidence"):
            before, after = (one[key][fact] for one in told)
            if before is None or after is None or abs(after - before) < _NOTABLE_TRUST:
                continue
            found.append({"indicator": str(key), "fact": fact, "old": before, "new": after})
    return found


def _plain_row(row: pd.Series) -> dict[str, Any]:
    """Put a row as values that JSON can hold."""
    return {str(key): _plain(value) for key, value in row.items()}


def _plain(value: Any) -> Any:
    """Put a value as one that JSON can hold."""
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if value is None or isinstance(value, str):
        return value
    number = plain(value)
    return int(number) if number is not None and isinstance(value, int | np.integer) else number
