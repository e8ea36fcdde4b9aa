"""
The colours that maps, reports and charts share.

The five type colours derive from Okabe and Ito's palette and the ramp is
ColorBrewer's YlGnBu; both, and the nine in which two pillars cross, stay apart
under the common forms of colour blindness. Dark always means better on the
ramp and where pillars cross, also for burdens. No picture
relies on colour alone: ``TYPE_MARKS`` names the shape that goes with each type.
"""

TYPE_COLOURS = {
    "integrated": "#0072B2",
    "showcase": "#E69F00",
    "analogue": "#56B4E9",
    "neglected": "#7A1F3D",
    "uncertain": "#BDBDBD",
}
TYPE_MARKS = {
    "integrated": "square",
    "showcase": "triangle",
    "analogue": "circle",
    "neglected": "cross",
    "uncertain": "ring",
}
CLUSTER_COLOURS = {  # of districts among alike ones, or unlike ones
    "hot": TYPE_COLOURS["integrated"],
    "cold": TYPE_COLOURS["neglected"],
    "high_low": TYPE_COLOURS["analogue"],
    "low_high": TYPE_COLOURS["showcase"],
    "chance": "#E4E8ED",
}
CLUSTER_MARKS = {"hot": "square", "cold": "cross", "high_low": "circle", "low_high": "triangle"}
UNKNOWN = "#F2F2F2"
UNKNOWN_HATCH = "#8C8C8C"
RAMP = ("#FFFFCC", "#C7E9B4", "#7FCDBB", "#41B6C4", "#1D91C0", "#225EA8", "#0C2C84")
RISES = ("#D1E5F0", "#67A9CF", "#2166AC")  # a change for the better, from small to large
FALLS = ("#FDDBC7", "#EF8A62", "#B2182B")  # and for the worse: ColorBrewer's RdBu
CROSSED = (  # structures from low to high down, technologies from low to high across
    ("#EAE8E4", "#E6B587", "#CE7E1D"),
    ("#A7C0E3", "#8F9194", "#865D34"),
    ("#4F95D7", "#4E6886", "#38393C"),
)
INK = "#1B1F24"
BLACK = "#000000"
PAPER = "#FFFFFF"


SRGB_KNEE = 0.04045  # where the sRGB curve turns from a line into a power


def _rgb(colour: str) -> tuple[int, int, int]:
    """Split ``#RRGGBB`` into its three numbers, 0-255."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def contrast(colour: str, other: str) -> float:
    """
    Measure how well one colour stands out from another.

    Parameters
    ----------
    colour
        ``#RRGGBB``.
    other
        ``#RRGGBB``.

    Returns
    -------
    ratio
        From 1 (alike) to 21 (black on white); text wants 4.5, shapes 3.

    Notes
    -----
    Contrast ratio of relative luminances as WCAG 2.2 defines it.
    """

    def luminance(of: str) -> float:
        linear = [
            part / 12.92 if part <= SRGB_KNEE else ((part + 0.055) / 1.055) ** 2.4
            for part in (number / 255 for number in _rgb(of))
        ]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    dark, light = sorted((luminance(colour) + 0.05, luminance(other) + 0.05))
    return light / dark


def ink_on(colour: str) -> str:
    """
    Choose the text colour that reads best on a background.

    Parameters
    ----------
    colour
        Background as ``#RRGGBB``.

    Returns
    -------
    ink
        Black or white, whichever has the higher contrast: 4.58 or more on any
        ground.
    """
    return max(BLACK, PAPER, key=lambda ink: contrast(colour, ink))


def ramp(position: float) -> str:
    """
    Mix the ramp's colour at a position between its two ends.

    Parameters
    ----------
    position
        From 0 (worst) to 1 (best); beyond either end the colour stays.

    Returns
    -------
    colour
        ``#RRGGBB``.
    """
    steps = len(RAMP) - 1
    scaled = min(max(position, 0.0), 1.0) * steps
    low = min(int(scaled), steps - 1)
    share = scaled - low
    mixed = (
        round(a + (b - a) * share)
        for a, b in zip(_rgb(RAMP[low]), _rgb(RAMP[low + 1]), strict=True)
    )
    return "#" + "".join(f"{part:02X}" for part in mixed)
