"""Read the catalogue and apply what a city file changes of it."""

import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache
from importlib import resources
from typing import Any, Literal

import pandas as pd

from geoequity.errors import ConfigError
from geoequity.locale import LANGUAGES
from geoequity.schema import AREAS, BASES, PILLARS

_REQUIRED = ("label", "unit", "better")


@dataclass(frozen=True, kw_only=True)
class Definition:
    """
    What one indicator is and how it is computed and judged.

    Parameters
    ----------
    id
        Noun, then unit.
    label
        Short name by language.
    description
        One sentence by language.
    unit
        Unit of the value.
    better
        ``higher`` or ``lower``.
    measure
        Name of the function that computes it.
    level
        ``cell`` or ``district``: where the value is computed.
    pillar
        ``structures`` or ``technologies``; None outside the index.
    area
        One of the five areas; None outside the index.
    role
        ``indicator``, ``stratifier`` or ``validator``.
    base
        Whose number it is; means and inequality weigh by it.
    scale
        ``ratio``, ``share`` or ``interval``.
    goalposts
        Values that score 0 and 100; None outside the index.
    basis
        Where the goalposts come from.
    family
        Concept it shares one weight with.
    parameters
        Of the measure.
    needs
        Layers it needs.
    standards
        Standards it answers to.
    citation
        Keys of the references.
    against
        Of a validator: id of the indicator that measures the same.
    """

    id: str
    label: Mapping[str, str]
    unit: str
    better: Literal["higher", "lower"]
    description: Mapping[str, str] = field(default_factory=dict)
    measure: str = "table"
    level: str = "cell"
    pillar: str | None = None
    area: str | None = None
    role: str = "indicator"
    base: str = "persons"
    scale: Literal["ratio", "share", "interval"] = "ratio"
    goalposts: tuple[float, float] | None = None
    basis: str = ""
    family: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    needs: tuple[str, ...] = ("tables",)
    standards: tuple[str, ...] = ()
    citation: tuple[str, ...] = ()
    against: str | None = None


_NOTHING = Definition(id="", label={}, unit="", better="higher")


@cache
def _raw() -> dict[str, Any]:
    """Read the file once."""
    text = resources.files("geoequity.indicators").joinpath("catalogue.toml").read_text("utf-8")
    return tomllib.loads(text)


def references() -> dict[str, str]:
    """
    List the works that the catalogue cites.

    Returns
    -------
    references
        Key -> full reference.
    """
    return dict(_raw()["references"])


def read_catalogue(changes: Mapping[str, Mapping[str, Any]] | None = None) -> list[Definition]:
    """
    Read the catalogue, with what a city changes of it.

    Parameters
    ----------
    changes
        Indicator id -> fields to override; ``drop`` leaves the indicator out.
        An id that the catalogue does not have defines a new indicator and
        needs at least ``label``, ``unit`` and ``better``; its ``scale`` is
        ``share`` where its unit is, else ``ratio``.

    Returns
    -------
    definitions
        In the order of the catalogue, then new ones.

    Raises
    ------
    ConfigError
        If a new or changed indicator is incomplete or contradicts itself.
    """
    definitions = {key: _definition(key, value) for key, value in _raw()["indicators"].items()}
    faults: list[str] = []
    for key, change in (changes or {}).items():
        wanted = {name: value for name, value in change.items() if name != "drop"}
        if change.get("drop"):
            if definitions.pop(key, None) is None:
                faults.append(f"indicators.{key}: cannot drop what the catalogue does not have")
            continue
        if key in definitions:
            known = definitions[key]
            same = wanted.get("measure", known.measure) == known.measure
            parameters = known.parameters if same else {}
            wanted["parameters"] = {**parameters, **wanted.get("parameters", {})}
            for texts in ("label", "description"):
                wanted[texts] = {**getattr(known, texts), **wanted.get(texts, {})}
            definitions[key] = replace(known, **wanted)
        else:
            missing = [name for name in _REQUIRED if not wanted.get(name)]
            if missing:
                faults.append(f"indicators.{key}: new here, and lacks {', '.join(missing)}")
                continue
            definitions[key] = _definition(key, wanted)
        faults += _contradictions(definitions[key])
    if faults:
        msg = "the catalogue cannot be changed like this"
        raise ConfigError(msg, faults=faults)
    return list(definitions.values())


def catalogue_table(definitions: Iterable[Definition]) -> pd.DataFrame:
    """
    Lay definitions out as a table.

    Parameters
    ----------
    definitions
        Any definitions.

    Returns
    -------
    table
        Index indicator id: ``label_en`` ..., ``description_en`` ..., ``pillar``,
        ``area``, ``role``, ``unit``, ``better``, ``level``, ``base``, ``scale``,
        ``worst``, ``best``, ``basis``, ``family``, ``standards``, ``citation``,
        ``parameters`` (of the measure, as JSON; None without any).
    """
    rows = [_row(one) for one in definitions]
    columns = rows[0] if rows else _row(_NOTHING)  # the same columns where there is none
    # Texts stay objects, so that None is None and not NaN
    table = pd.DataFrame(rows, columns=list(columns), dtype=object).set_index("id")
    return table.astype({"worst": float, "best": float})


def _row(one: Definition) -> dict[str, Any]:
    """Lay one definition out."""
    worst, best = one.goalposts or (float("nan"), float("nan"))
    return {
        "id": one.id,
        **{
            f"{name}_{language}": _said(getattr(one, name), language) or one.id
            for name in ("label", "description")
            for language in LANGUAGES
        },
        **{
            name: getattr(one, name)
            for name in ("pillar", "area", "role", "unit", "better", "level", "base", "scale")
        },
        "worst": worst,
        "best": best,
        "basis": one.basis or None,
        "family": one.family,
        "standards": "; ".join(one.standards) or None,
        "citation": "; ".join(one.citation) or None,
        "parameters": json.dumps(dict(one.parameters), sort_keys=True) if one.parameters else None,
    }


def _said(texts: Mapping[str, str], language: str) -> str | None:
    """Take a text in a language, or in one that is there."""
    return texts.get(language) or texts.get("en") or next(iter(texts.values()), None)


def _definition(key: str, raw: Mapping[str, Any]) -> Definition:
    """Make a definition of a raw entry."""
    known = {one.name for one in fields(Definition)}
    values: dict[str, Any] = {
        name: tuple(v) if isinstance(v, list) else v for name, v in raw.items()
    }
    values = {name: value for name, value in values.items() if name in known}
    values["family"] = values.get("family") or key
    values.setdefault("scale", "share" if values["unit"] == "share" else "ratio")
    return Definition(id=key, **values)


def _contradictions(one: Definition) -> list[str]:
    """Find what does not fit together in a definition."""
    found = []
    where = f"indicators.{one.id}"
    if one.role == "indicator":
        if one.pillar not in PILLARS or one.area not in AREAS:
            found.append(f"{where}: an indicator needs a pillar and an area")
        if one.goalposts is None:
            found.append(f"{where}: an indicator needs goalposts")
    if one.goalposts is not None:
        worst, best = one.goalposts
        if worst == best or (best > worst) != (one.better == "higher"):
            found.append(f"{where}: goalposts [worst, best] contradict better = {one.better}")
    if (one.unit == "share") != (one.scale == "share"):
        found.append(f"{where}: unit = share and scale = share go together")
    elif one.unit == "share" and any(not 0 <= post <= 1 for post in one.goalposts or ()):
        found.append(f"{where}: goalposts of a share lie between 0 and 1")
    if one.base not in BASES:
        found.append(f"{where}: base is one of {', '.join(BASES)}")
    return found
