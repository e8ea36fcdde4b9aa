"""
Valle Claro, the fictitious city of the demo, and the truth planted in it.

The city is built backwards. Every district gets a type, and with it a goal for its score in
structures and in technologies (``aims``). Ground, people and streets are laid out, services are
placed one by one, and tags and tables are set, until the scores that this package estimates meet
the goals (``plan``). Floods and the people that satellites see come first (``land``), as does the
true speed of lines before its tests (``broadband``); vehicles run as soon as there are stops
(``transit``), and who reaches which jobs by them is searched minute by minute (``journeys``);
people are asked last (``survey``). Then the city is written down as real providers would, faults
included (``drawing``, ``files``, ``gtfs``, ``grids``), some districts lose most of their map again
(``thinning``), and what was planted is told beside it (``truth``, and ``seen`` for tiles, rasters,
the timetable and the survey).

Nothing of geoequity is imported: walking times, goalposts and exact values are computed here a
second time, so that the product can be held against them. Inside, coordinates are metres of UTM
zone 16S, and arrays by ``[cell]``, ``[node]``, ``[way]`` and ``[district]`` keep one order.
"""

import zlib

import numpy as np

Array = np.ndarray
Tags = dict[str, str]

NOTE = "Valle Claro es una ciudad ficticia / is a fictitious city"
OPEN, NEIGHBOUR = -1, -2  # places outside every district: nobody's, the next municipality's

# name, planted type, and centre along and across the valley in km: the old quarter in the west,
# the floor in the middle, the hillsides over it, and the airport corridor in the east
DISTRICTS = (
    ("Santa Lucía", "analogue", 1.0, -1.8),
    ("Barrio Añejo", "analogue", 1.0, 0.0),
    ("La Peña", "analogue", 1.0, 1.8),
    ("San Telésforo", "analogue", 3.0, -1.8),
    ("Los Álamos", "analogue", 3.0, 0.0),
    ("El Carmen Viejo", "analogue", 3.0, 1.8),
    ("La Alameda", "integrated", 4.9, -0.7),
    ("Centro", "integrated", 4.9, 0.7),
    ("Río Claro", "integrated", 6.7, -0.7),
    ("Jardín Botánico", "integrated", 6.7, 0.7),
    ("Las Acacias", "integrated", 8.4, -0.7),
    ("Ciudad Universitaria", "integrated", 8.4, 0.7),
    ("Loma Verde", "neglected", 4.9, -2.1),
    ("El Peñón", "neglected", 4.9, 2.1),
    ("La Cañada", "neglected", 6.7, -2.1),
    ("Ladera Norte", "neglected", 6.7, 2.1),
    ("Mirador del Sur", "neglected", 8.4, -2.1),
    ("Altos de la Montaña", "neglected", 8.4, 2.1),
    ("El Cañaveral", "showcase", 10.4, -1.8),
    ("Nuevo Horizonte", "showcase", 10.4, 0.0),
    ("Parque Tecnológico", "showcase", 10.4, 1.8),
    ("Puerta del Valle", "showcase", 12.5, -1.6),
    ("Aeropuerto", "showcase", 12.5, 0.0),
    ("Ciudad Innovación", "showcase", 12.5, 1.6),
)
SIZE = len(DISTRICTS)
THINNED = (10, 11, 23)  # districts whose services are there, but mostly not mapped
PLANTED = np.array([one[1] for one in DISTRICTS] + ["", ""])  # OPEN and NEIGHBOUR have no type


def place_name(home: int) -> str:
    """Name of a district or of the neighbour."""
    return DISTRICTS[home][0] if home >= 0 else "San Jacinto"


def stream(seed: int, stage: str) -> np.random.Generator:
    """Give a stage its own random numbers, so that a new stage leaves the others alone."""
    return np.random.default_rng([seed, zlib.crc32(stage.encode())])
