"""Apply edits to a city, and assess what they make of it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from geoequity.assessment import Made, Progress, assess, assess_edited
from geoequity.city import City
from geoequity.errors import ConfigError
from geoequity.scenario._amend import edited
from geoequity.scenario._edits import Edits, read_edits
from geoequity.scenario._effect import effect
from geoequity.study import Study, signature

# Of compare.change: a scenario changes the city alone, so that what is small is no noise
NOTABLE: dict[str, Any] = {"min_points": 0.5, "min_index_points": 0.05}


def apply(
    base: Study | City,
    edits: Edits | str | Path,
    *,
    name: str = "edits",
    progress: Progress | None = None,
) -> Study:
    """
    Assess a city with edits, computing again only what they touch.

    Parameters
    ----------
    base
        A study that :func:`geoequity.assess` or this function made; or a city,
        which is assessed first. A study made without ``keep`` is assessed anew
        once; one read from a folder does not know its sources.
    edits
        What is changed, or the file that says so.
    name
        What to call the edits in a message; the file where one is given.
    progress
        Called with the name of each stage as it begins.

    Returns
    -------
    study
        Of the edited city, number for number what a run from scratch would
        give. ``summary["scenario"]`` has the edits and what they change: the
        mean, the gap, the Gini and the Kolm-Pollak equivalent (at the
        baseline's aversion) of the index and of every indicator that changed,
        by district and by group.

    Raises
    ------
    ConfigError
        If an edit makes no sense in this city, every fault of all of them; or
        if the study does not know its sources, or its files changed since.
    DataError
        If a table breaks its contract.

    Notes
    -----
    The two studies share their data, so that errors of the data are common to
    both: both are drawn from the same states of the world by the same random
    numbers, and an interval is of the change alone. What a map lacks is not
    filled by a scenario: services that are there and not mapped stay as they are.
    """
    if not isinstance(edits, Edits):
        name, edits = str(edits), read_edits(edits)
    before = _kept(base, progress)
    made: Made = before.made_of
    sources = edited(made, edits, name=name)
    after = assess_edited(made, sources, kept=made.kept.above(), progress=progress)
    earlier = before.summary.get("scenario") or {"edits": []}
    told = {
        "title": dict(edits.scenario.title),
        "edits": [*earlier["edits"], *_told(edits)],
        "base": signature(before),
        "effect": effect(before, after),
    }
    return replace(after, summary={**after.summary, "scenario": told})


def _kept(base: Study | City, progress: Progress | None) -> Study:
    """Take a study whose stages are kept, assessing the city where there is none."""
    if isinstance(base, City):
        return assess(base, progress=progress, keep=True)
    made = base.made_of
    if made is None:
        msg = "this study was read from a folder and does not know its sources; give the city"
        raise ConfigError(msg)
    if not isinstance(made, City):
        return base
    again = assess(made, progress=progress, keep=True)
    if again.provenance["sources"] != base.provenance["sources"]:
        msg = f"{made.file}: its files changed since the study was made; assess it again"
        raise ConfigError(msg)
    return again


def _told(edits: Edits) -> list[dict[str, Any]]:
    """List edits as plain values, without what was not said."""
    return [
        {"edit": key.partition(".")[0], **one.model_dump(mode="json", exclude_unset=True)}
        for key, one in edits.each()
    ]
