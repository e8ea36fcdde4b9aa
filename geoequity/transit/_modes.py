"""What kind of vehicle a route type of GTFS stands for."""

FALLBACK = "bus"  # for types that no list knows

_BASIC = {
    0: "tram",
    1: "metro",
    2: "rail",
    3: "bus",
    4: "ferry",
    5: "cable",
    6: "cable",
    7: "funicular",
    11: "trolleybus",
    12: "metro",  # monorail
}
_HUNDREDS = {  # of the extended types
    1: "rail",
    2: "bus",  # coach
    3: "rail",  # suburban
    4: "metro",  # urban railway
    5: "metro",
    6: "metro",  # underground
    7: "bus",
    8: "trolleybus",
    9: "tram",
    10: "ferry",
    12: "ferry",
    13: "cable",
    14: "funicular",
}
_SHARED_TAXI = 1501


def mode_of(route_type: int) -> str | None:
    """
    Tell the mode that a route type of GTFS stands for.

    Parameters
    ----------
    route_type
        Basic (0-12) or extended (100-1702) type.

    Returns
    -------
    mode
        One of ``schema.MODES``; None where the type is unknown or is no public
        transport, such as taxis or aeroplanes. GTFS has no type for bus rapid
        transit: whoever reads a feed says which routes are.

    Examples
    --------
    >>> mode_of(1), mode_of(1300), mode_of(702), mode_of(99)
    ('metro', 'cable', 'bus', None)
    """
    if route_type in _BASIC:
        return _BASIC[route_type]
    if route_type == _SHARED_TAXI:
        return "bus"
    return _HUNDREDS.get(route_type // 100)
