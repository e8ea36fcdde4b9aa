"""The page of the catalogue says what the catalogue says."""

import runpy
from pathlib import Path

from geoequity.indicators import imd_items, read_catalogue

ROOT = Path(__file__).resolve().parent.parent


def test_the_page_is_up_to_date_and_names_everything() -> None:
    made = runpy.run_path(str(ROOT / "scripts" / "make_catalogue_page"))["page"]()
    assert (ROOT / "docs" / "catalogue.md").read_text(encoding="utf-8") == made
    for one in (*read_catalogue(), *imd_items()):
        assert f"`{one.id}`" in made
    widths = {line.count(" | ") for line in made.splitlines() if line.startswith("| `")}
    assert widths == {5}  # no text breaks the table
