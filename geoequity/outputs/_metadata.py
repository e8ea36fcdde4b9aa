"""What a GeoPackage says of itself: ISO 19115 metadata as ISO 19139 XML."""

from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree as ET

from geoequity.locale import messages, name, text
from geoequity.study import Study

STANDARD = "http://www.isotc211.org/2005/gmd"
_SPACES = {"gmd": STANDARD, "gco": "http://www.isotc211.org/2005/gco"}
_CODES = "http://standards.iso.org/iso/19139/resources/gmxCodelists.xml"
_ISO_639 = {"en": "eng", "es": "spa", "pt": "por"}
_WGS84 = "EPSG:4326"


def metadata(study: Study, *, language: str) -> str:
    """
    Describe a study for catalogues of geographic data.

    Parameters
    ----------
    study
        Any study.
    language
        One of ``geoequity.locale.LANGUAGES``.

    Returns
    -------
    metadata
        An ``MD_Metadata`` document: title, abstract, extent in degrees, CRS,
        licences as constraints, and every source in the lineage with its
        provider, year and licence. The day of the record is the last on which
        a source was retrieved, unknown where none says so.
    """
    for prefix, space in _SPACES.items():
        ET.register_namespace(prefix, space)
    city = study.summary["city"]
    sources = study.provenance.get("sources") or ()
    root = ET.Element(_tag("gmd:MD_Metadata"))
    _text(root, "gmd:fileIdentifier", f"geoequity-{city['id']}")
    _text(root, "gmd:language", _ISO_639.get(language, language))
    _code(root, "gmd:characterSet/gmd:MD_CharacterSetCode", "utf8")
    _code(root, "gmd:hierarchyLevel/gmd:MD_ScopeCode", "dataset")
    contact = _down(root, "gmd:contact/gmd:CI_ResponsibleParty")
    _text(contact, "gmd:organisationName", "geoequity")
    _code(contact, "gmd:role/gmd:CI_RoleCode", "processor")
    day = max((str(one["retrieved"]) for one in sources if one.get("retrieved")), default="")
    _date(root, "gmd:dateStamp", day)
    _text(root, "gmd:metadataStandardName", "ISO 19115:2003/19139")
    system = _down(root, "gmd:referenceSystemInfo/gmd:MD_ReferenceSystem")
    identifier = _down(system, "gmd:referenceSystemIdentifier/gmd:RS_Identifier")
    _text(identifier, "gmd:code", str(city["crs"]))
    about = _down(root, "gmd:identificationInfo/gmd:MD_DataIdentification")
    _identify(about, study, sources, day=day, language=language)
    quality = _down(root, "gmd:dataQualityInfo/gmd:DQ_DataQuality")
    _code(quality, "gmd:scope/gmd:DQ_Scope/gmd:level/gmd:MD_ScopeCode", "dataset")
    lineage = _down(quality, "gmd:lineage/gmd:LI_Lineage")
    version = str((study.summary.get("versions") or {}).get("geoequity") or "")
    _text(lineage, "gmd:statement", f"geoequity {version}".strip())
    for one in sources:
        source = _down(lineage, "gmd:source/gmd:LI_Source")
        _text(source, "gmd:description", _described(one))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True)


def _identify(
    about: ET.Element,
    study: Study,
    sources: Sequence[Mapping[str, Any]],
    *,
    day: str,
    language: str,
) -> None:
    """Say what the data are, where, and what may be done with them."""
    known, city = messages(language), study.summary["city"]
    citation = _down(about, "gmd:citation/gmd:CI_Citation")
    _text(citation, "gmd:title", f"{name(city['name'])}: {known['question']}")
    date = _down(citation, "gmd:date/gmd:CI_Date")
    _date(date, "gmd:date", day)
    _code(date, "gmd:dateType/gmd:CI_DateTypeCode", "creation")
    units = study.summary.get("units") or {}
    abstract = text(
        "gis.abstract",
        language=language,
        districts=units.get("districts", len(study.districts)),
        cells=units.get("cells", len(study.cells)),
        indicators=len(study.indicators.columns),
    )
    made_up = f"{known['fictitious']} " if city.get("fictitious") else ""
    _text(about, "gmd:abstract", made_up + abstract)
    legal = _down(about, "gmd:resourceConstraints/gmd:MD_LegalConstraints")
    for licence in city.get("licences") or ():
        _text(legal, "gmd:useLimitation", str(licence))
    _code(legal, "gmd:useConstraints/gmd:MD_RestrictionCode", "license")
    _text(about, "gmd:language", _ISO_639.get(language, language))
    _down(about, "gmd:topicCategory/gmd:MD_TopicCategoryCode").text = "society"
    extent = _down(about, "gmd:extent/gmd:EX_Extent")
    years = sorted(str(one["reference_year"]) for one in sources if one.get("reference_year"))
    if years:
        _text(extent, "gmd:description", "\N{EN DASH}".join(dict.fromkeys((years[0], years[-1]))))
    box = _down(extent, "gmd:geographicElement/gmd:EX_GeographicBoundingBox")
    west, south, east, north = study.districts.to_crs(_WGS84).total_bounds
    ends = {"westBound": west, "eastBound": east, "southBound": south, "northBound": north}
    for end, degrees in ends.items():
        kind = "Longitude" if end in {"westBound", "eastBound"} else "Latitude"
        _down(box, f"gmd:{end}{kind}/gco:Decimal").text = f"{degrees:.6f}"


def _described(source: Mapping[str, Any]) -> str:
    """Say what a source is, whose, of when and under which licence."""
    keys = ("name", "provider", "citation", "reference_year", "licence", "url", "sha256")
    return "; ".join(str(source[key]) for key in keys if source.get(key))


def _tag(path: str) -> str:
    """Write a name with its space as the parser wants it."""
    prefix, _, local = path.partition(":")
    return f"{{{_SPACES[prefix]}}}{local}"


def _down(parent: ET.Element, path: str) -> ET.Element:
    """Add elements within elements, and give the innermost."""
    for step in path.split("/"):
        parent = ET.SubElement(parent, _tag(step))
    return parent


def _text(parent: ET.Element, path: str, said: str) -> None:
    """Add a text; what XML cannot hold is left out."""
    allowed = (one for one in said if one in "\t\n\r" or ord(one) >= ord(" "))
    _down(parent, f"{path}/gco:CharacterString").text = "".join(allowed)


def _date(parent: ET.Element, path: str, day: str) -> None:
    """Add a day, or that it is unknown."""
    if day:
        _down(parent, f"{path}/gco:Date").text = day
    else:
        _down(parent, path).set(_tag("gco:nilReason"), "unknown")


def _code(parent: ET.Element, path: str, value: str) -> None:
    """Add a word of one of the standard's lists."""
    one = _down(parent, path)
    kind = path.rpartition(":")[2]
    one.set("codeList", f"{_CODES}#{kind}")
    one.set("codeListValue", value)
    one.text = value
