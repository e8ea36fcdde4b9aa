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
_SINGLE = {  # of hundreds that are otherwise none of ours
    1501: "bus",  # shared taxi
    1502: "ferry",  # water taxi
    1701: "cable",  # cable car
}
NO_TRANSIT = (11, 15, 16)  # hundreds of aeroplanes, taxis and hired cars, but for _SINGLE


def mode_of(route_type: int) -> str | None:
    """
    Tell the mode that a route type of GTFS stands for.

    Parameters
    ----------
    route_type
        Basic (0-12) or extended (100-1702) type, as in the list of extended
        types of the GTFS reference for Google Transit.

    Returns
    -------
    mode
        One of ``schema.MODES``; None where the type is unknown or is no public
        transport, such as taxis or aeroplanes; shared taxis are buses, water
        taxis ferries. GTFS has no type for bus rapid transit: whoever reads a
        feed says which routes are.

    Examples
    --------
    >>> mode_of(1), mode_of(1300), mode_of(702), mode_of(1100)
    ('metro', 'cable', 'bus', None)
    """
    if route_type in _BASIC:
        return _BASIC[route_type]
    return _SINGLE.get(route_type) or _HUNDREDS.get(route_type // 100)
