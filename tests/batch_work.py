"""Work that workers of a batch do in tests, as quick as can be; they import it by name."""

import json
import os
import signal
import time
from pathlib import Path

import geoequity as ge
from geoequity.batch import Job, write_city
from geoequity.errors import DataError
from geoequity.sources.files import sha256


def plain(job: Job, folder: Path) -> None:
    """Write as much of a study as a batch looks at."""
    file = Path(job.city)
    if "wrong" in file.read_text(encoding="utf-8"):
        msg = f"{folder.name}: wrong"
        raise DataError(msg)
    table = file.parent / "table.csv"
    made = {
        "sources": [{"path": table.name, "sha256": sha256(table)}],
        "city_file": {"sha256": sha256(file)},
        "software": {"geoequity": ge.__version__},
    }
    folder.mkdir(exist_ok=True)
    (folder / "provenance.json").write_text(json.dumps(made), encoding="utf-8")
    (folder / "summary.json").write_text("{}", encoding="utf-8")


def killed_once(job: Job, folder: Path) -> None:
    """Die as a process does that runs out of memory, half-way through a folder, the first time."""
    mark = Path(job.city).parent / "died"
    if job.name == "second" and not mark.exists():
        mark.touch()
        (folder.parent / f".{folder.name}.draft").mkdir()
        os.kill(os.getpid(), signal.SIGKILL)
    plain(job, folder)


def always_killed(job: Job, folder: Path) -> None:
    """Die each time."""
    if job.name == "second":
        os.kill(os.getpid(), signal.SIGKILL)
    plain(job, folder)


def slow(job: Job, folder: Path) -> None:
    """Take long enough for somebody to kill the worker."""
    time.sleep(1)
    write_city(job, folder)
