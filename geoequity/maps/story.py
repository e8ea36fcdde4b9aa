"""
The findings of a study as steps over its map: what each is to be seen on.

A finding is a sentence with numbers; here it gets the layer that shows it and
the districts that it is about.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from geoequity.schema import PILLARS
from geoequity.study import Study

_LAYERS = {
    "neglected": "type",
    "showcase": "type",
    "analogue": "type",
    "decoration": "pillars",
    "leaning": "pillars",
    "unseen": "confidence",
    "thin": "confidence",
}
_CLUSTERS = ("hot", "cold")


def make_steps(study: Study, *, layers: Sequence[str]) -> list[dict[str, Any]]:
    """
    Lay the findings of a study out as steps.

    Parameters
    ----------
    study
        Any study.
    layers
        Ids of the layers that the map has.

    Returns
    -------
    steps
        One a finding, in their order: ``text`` per language, ``layer`` to show,
        and ``places``, the positions of the districts that it is about, none
        where it is about all.
    """
    return [
        {
            "text": dict(found["text"]),
            "layer": _layer(found, layers),
            "places": [place for place, named in enumerate(_about(found["id"], study)) if named],
        }
        for found in study.summary.get("findings", ())
    ]


def _layer(found: Mapping[str, Any], layers: Sequence[str]) -> str:
    """Choose the layer on which a finding is to be seen."""
    wanted = _LAYERS.get(str(found["id"]), "index")
    if found["id"] == "drivers":  # the indicator that makes most of the gap
        points = {
            key.removesuffix("_points"): abs(value)
            for key, value in (found.get("numbers") or {}).items()
            if key.endswith("_points") and isinstance(value, int | float)
        }
        made = {one: points[one] for one in points if one in layers and one not in PILLARS}
        wanted = max(made, key=lambda one: made[one], default=wanted)
    return wanted if wanted in layers else layers[0]


def _about(identifier: str, study: Study) -> list[bool]:
    """Tell of each district whether a finding names it."""
    districts = study.districts
    if identifier == "gap":
        index = districts["index"]
        ends = index.isin([index.min(), index.max()]) & index.notna()
        return [bool(one) for one in ends]
    if identifier in {"neglected", "showcase", "analogue"}:
        return [one == identifier for one in districts["type"]]
    if identifier == "neighbours" and "cluster" in study.patterns.columns:
        clusters = study.patterns["cluster"].reindex(districts.index)
        return [not pd.isna(one) and one in _CLUSTERS for one in clusters]
    if identifier == "thin":
        thin = (study.summary.get("mapping") or {}).get("thin") or ()
        return [one in set(thin) for one in districts.index]
    return [False] * len(districts)
