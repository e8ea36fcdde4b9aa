"""The demo city measured anew: the same truth under other noise."""

import shutil
import sys
from argparse import Namespace
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[1]
DEMO = ROOT / "data" / "demo"
OF_TESTS = ("districts.geojson", "manzanas.geojson", "encuesta_percepcion.csv")
BLOCKS = (
    "[city]",
    "[sources",
    "[districts]",
    "[cells]",
    "[[connectivity]]",
    "[[surveys",
    "[surveys",
)


def measured_anew(folder: Path, seeds: range) -> list[Path]:
    """Lay out a city of speed tests and a survey alone, once for each seed of noise."""
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        broadband, files, plans, survey = (
            import_module(f"demo_city.{one}") for one in ("broadband", "files", "plan", "survey")
        )
    finally:
        sys.path.pop(0)
    plan = plans.make_plan(Namespace(seed=1, effect="medium", near_equal=False, noise_seed=None))
    made = []
    for seed in seeds:
        place = folder / str(seed)
        place.mkdir(parents=True)
        for name in OF_TESTS:
            shutil.copy(DEMO / name, place)
        plan.noise_seed = seed
        for name, rows in broadband.make_tests(plan).items():
            files.write_tests(place / name, plan.tiles, rows)
        plan.survey = survey.make_survey(plan, near_equal=False)
        files.write_survey(place / "encuesta_percepcion.csv", plan)
        (place / "city.toml").write_text(_of_tests(), encoding="utf-8")
        made.append(place)
    return made


def _of_tests() -> str:
    """Keep the blocks of the demo's city file that need no map."""
    blocks = (DEMO / "city.toml").read_text(encoding="utf-8").split("\n\n")
    kept = [one for one in blocks if one.lstrip("#\n ").startswith(BLOCKS)]
    return "\n\n".join(one for one in kept if "wifi" not in one) + "\n"
