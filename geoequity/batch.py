"""
Many cities, one after the other on every core, or on a cluster.

A batch file lists cities. Each is assessed and written by itself, so that one that
fails, or whose worker is killed, costs nobody else. The ledger in the output folder
says of each what became of it; the same command again goes on where it stopped.
"""

import json
import os
import re
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from geoequity import __version__, _memory
from geoequity.errors import ConfigError, DataWarning, GeoEquityError, SourceError
from geoequity.locale import LANGUAGES
from geoequity.locking import alone
from geoequity.sources._settings import read_settings

if TYPE_CHECKING:
    from geoequity.city import City
    from geoequity.keeping import Shelf
    from geoequity.study import Study

LEDGER = "ledger.json"
DONE, FAILED = "done", "failed"
_LOCK = ".ledger.lock"
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_LOST = "the process that worked on it was killed"

_ANSWERS_S = 10  # a scheduler that is there answers within

Tell = Callable[[str], None]


class _Listed(BaseModel):
    """A city of a batch file."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    city: str
    data: Path | None = None
    name: str | None = None


class _File(BaseModel):
    """A batch file."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    cities: tuple[_Listed, ...] = Field(min_length=1)
    languages: tuple[str, ...] | None = None
    retries: int = Field(default=1, ge=0, le=10)


@dataclass(frozen=True, kw_only=True)
class Job:
    """
    A city to be assessed and written.

    Parameters
    ----------
    name
        What its folder and its line of the ledger are called.
    city
        A city file, absolute, or a preset.
    data
        Where its files lie; None for beside the city file.
    languages
        Of map and reports; None for those of the city.
    cache
        Folder of results of earlier runs, which cities share; None for none.
    """

    name: str
    city: str
    data: str | None = None
    languages: tuple[str, ...] | None = None
    cache: str | None = None


Write = Callable[[Job, Path], object]
_Ended = Callable[[Job, str], None]


@dataclass(kw_only=True)
class Entry:
    """
    A line of the ledger.

    Parameters
    ----------
    state
        ``done`` or ``failed``.
    attempts
        How often it was begun, over all runs of the batch.
    error
        Why it failed the last time; empty when done.
    """

    state: str
    attempts: int
    error: str = ""


@dataclass(kw_only=True)
class Batch:
    """
    What became of a batch.

    Parameters
    ----------
    folder
        Where the cities' folders and the ledger lie.
    entries
        Line of the ledger by name.
    kept
        Names of those that an earlier run had done.
    """

    folder: Path
    entries: dict[str, Entry]
    kept: list[str] = field(default_factory=list)

    @property
    def failed(self) -> list[str]:
        """
        Name the cities that failed.

        Returns
        -------
        failed
            In the order of the batch file.
        """
        return [name for name, entry in self.entries.items() if entry.state == FAILED]


def read_batch(path: str | Path) -> tuple[list[Job], int]:
    """
    Read a batch file.

    Parameters
    ----------
    path
        TOML: ``[[cities]]`` with ``city`` (a city file, relative to this file, or a
        preset), and where wanted ``data`` and ``name``; ``languages`` and ``retries``
        (how often one that was killed is begun again, 1 by default) for all.

    Returns
    -------
    jobs
        In the order of the file.
    retries
        How often one that was killed is begun again.

    Raises
    ------
    ConfigError
        If the file is missing or wrong, or two cities have one name; all faults at once.
    """
    file = Path(path)
    try:
        given = _File.model_validate(read_settings(file, language="TOML"))
    except OSError as error:
        msg = f"{file}: cannot be read: {error.strerror}"
        raise ConfigError(msg) from error
    except ValidationError as error:
        faults = [
            f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors()
        ]
        msg = f"{file}: is no batch file"
        raise ConfigError(msg, faults=faults) from error
    except ValueError as error:
        msg = f"{file}: is no TOML: {error}"
        raise ConfigError(msg) from error
    from geoequity.city import presets  # noqa: PLC0415 - heavy, and a worker has no need of it

    known = presets()
    jobs, faults = [], []
    for place, one in enumerate(given.cities):
        at = f"cities.{place}"
        source = file.parent / one.city
        preset = one.city in known and not source.suffix
        if not preset and not source.is_file():
            faults.append(f"{at}.city: {one.city}: neither a city file nor a preset")
        data = None if one.data is None else file.parent / one.data
        if data is not None and not data.is_dir():
            faults.append(f"{at}.data: {one.data}: no such folder")
        name = one.name or (one.city if preset else source.stem)
        if not _NAME.fullmatch(name):
            faults.append(f"{at}.name: {name!r}: letters, digits, dot, dash and underscore only")
        jobs.append(
            Job(
                name=name,
                city=one.city if preset else _absolute(source),
                data=None if data is None else _absolute(data),
                languages=given.languages,
            )
        )
    names = [one.name for one in jobs]
    twice = sorted({one for one in names if names.count(one) > 1})
    faults += [f"cities: more than one is named {one}: give each a name" for one in twice]
    odd = [one for one in given.languages or () if one not in LANGUAGES]
    faults += [f"languages: {one}: there are {', '.join(LANGUAGES)}" for one in odd]
    if faults:
        msg = f"{file}: is no batch file"
        raise ConfigError(msg, faults=faults)
    return jobs, given.retries


def _absolute(place: Path) -> str:
    """Name a place from the root, if it is there: what no path can hold has no root."""
    return str(place.resolve() if place.exists() else place)


def assess_and_write(
    city: "City",
    folder: str | Path,
    *,
    languages: Sequence[str],
    pdf: bool = False,
    tell: Tell | None = None,
    cache: "Shelf | None" = None,
) -> "Study":
    """
    Assess a city and write everything into its folder, in one step at the end.

    Parameters
    ----------
    city
        A checked city file.
    folder
        Where; an earlier study there stays untouched until the end.
    languages
        Of map and reports; the map opens in the first.
    pdf
        Whether to write the reports as PDF too, which wants the extra ``pdf``.
    tell
        Called with the name of each stage as it begins, and of each file.
    cache
        As of :func:`geoequity.assess`.

    Returns
    -------
    study
        What was written.

    Raises
    ------
    GeoEquityError
        As :func:`geoequity.assess`, or if the folder cannot be written.
    """
    from geoequity import outputs  # noqa: PLC0415 - heavy
    from geoequity.assessment import assess  # noqa: PLC0415 - heavy

    tell = tell or (lambda _: None)
    with outputs.swap_in(folder) as draft:
        study = assess(city, progress=tell, cache=cache)
        # What draws is loaded when the most memory is behind us
        from geoequity import maps, report  # noqa: PLC0415

        tell("tables")
        outputs.write_tables(study, draft)
        tell("map")
        maps.save_map(study, draft / "map.html", language=languages[0])
        report.write_reports(study, draft, languages=languages, pdf=pdf, tell=tell)
    return study


def write_city(job: Job, folder: Path) -> None:
    """
    Do one job.

    Parameters
    ----------
    job
        A city to be assessed.
    folder
        Where it is written.

    Raises
    ------
    GeoEquityError
        As `assess_and_write`.
    """
    from geoequity.cache import Cache  # noqa: PLC0415 - heavy
    from geoequity.city import City  # noqa: PLC0415 - heavy

    cache = None if job.cache is None else Cache(job.cache)
    opened = City.from_toml if Path(job.city).suffix else City.preset
    city = opened(job.city, data=job.data)
    with warnings.catch_warnings():  # they stand in the summary
        warnings.simplefilter("ignore", DataWarning)
        languages = job.languages or city.city.languages
        assess_and_write(city, folder, languages=languages, cache=cache)
    if cache is not None:
        cache.trim()


def run(
    jobs: list[Job],
    *,
    out: str | Path,
    workers: int = 1,
    scheduler: str | None = None,
    retries: int = 1,
    write: Write = write_city,
    tell: Tell | None = None,
) -> Batch:
    """
    Assess many cities.

    Parameters
    ----------
    jobs
        What to do.
    out
        Folder of the cities' folders and of the ledger.
    workers
        Processes on this machine.
    scheduler
        Address of a dask scheduler whose workers do the work instead; they must
        reach the same files.
    retries
        How often a city is begun again whose process was killed. A city with wrong
        files is not begun again. A scheduler has a rule of its own for this,
        ``distributed.scheduler.allowed-failures``.
    write
        Does a job. It is called in other processes, so it must be importable there.
    tell
        Called with the name of each city as it ends.

    Returns
    -------
    batch
        What became of each. A city that an earlier run has done with the same version,
        from the same city file and the same bytes, is kept as it is.

    Raises
    ------
    ConfigError
        If a scheduler is named and dask is not installed.
    SourceError
        If the folder cannot be written, another batch runs into it, its ledger is
        damaged, or the scheduler does not answer.
    """
    from geoequity import outputs  # noqa: PLC0415 - heavy

    folder = Path(out).resolve()
    with _alone(folder):
        entries = _read_ledger(folder)
        done = {name for name, entry in entries.items() if entry.state == DONE}
        kept = [one.name for one in jobs if one.name in done and _unchanged(one, folder / one.name)]
        todo = [one for one in jobs if one.name not in kept]

        def ended(job: Job, error: str) -> None:
            """Write the line of a city as soon as it is known."""
            before = entries[job.name].attempts if job.name in entries else 0
            begun = _begun(job, folder)
            attempts = before + begun.stat().st_size
            begun.unlink()
            state = FAILED if error else DONE
            entries[job.name] = Entry(state=state, attempts=attempts, error=error)
            _write_ledger(folder, entries)
            if tell:
                tell(f"{job.name}: {state}")

        try:
            if scheduler is not None:
                _on_cluster(todo, folder, write, scheduler, ended)
            else:
                _on_processes(todo, folder, write, workers, retries, ended)
        finally:
            for job in jobs:  # what a killed process had begun to write, or a killed batch to note
                begun = _begun(job, folder)
                if job.name in kept and begun.exists():
                    before = entries[job.name]
                    attempts = before.attempts + begun.stat().st_size
                    entries[job.name] = replace(before, attempts=attempts)
                begun.unlink(missing_ok=True)
                with suppress(SourceError), outputs.alone_in(folder / job.name):
                    pass
        _write_ledger(folder, entries)
    return Batch(folder=folder, entries={job.name: entries[job.name] for job in jobs}, kept=kept)


def _begun(job: Job, folder: Path) -> Path:
    """Name the file that gets a byte each time a job is begun, wherever that is."""
    return folder / f".{job.name}.begun"


def _done(write: Write, job: Job, folder: str) -> str:
    """Do one city in a worker; give what was wrong with its files, or nothing."""
    with _begun(job, Path(folder)).open("ab") as begun:
        begun.write(b".")
    try:
        write(job, Path(folder) / job.name)
    except GeoEquityError as error:
        return str(error)
    except Exception:  # noqa: BLE001 - a fault of ours in one city costs nobody else; it is told whole
        return traceback.format_exc()
    return ""


def _on_processes(
    jobs: list[Job], folder: Path, write: Write, workers: int, retries: int, ended: _Ended
) -> None:
    """
    Work with some processes, each a pool of its own.

    When a process is killed, its pool breaks and no other, so that it is known whose
    work was lost.
    """
    waiting = [(job, 1) for job in reversed(jobs)]
    threads = max(1, (os.cpu_count() or 1) // workers)
    running: dict[Future[str], tuple[Job, int, ProcessPoolExecutor]] = {}

    def begin(pool: ProcessPoolExecutor) -> None:
        job, attempt = waiting.pop()
        running[pool.submit(_done, write, job, str(folder))] = job, attempt, pool

    pools = [_pool(threads) for _ in range(min(workers, len(jobs)))]
    try:
        for pool in pools:
            begin(pool)
        while running:
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                job, attempt, pool = running.pop(future)
                try:
                    ended(job, future.result())
                except BrokenProcessPool:
                    pools.remove(pool)
                    pool.shutdown(wait=False)
                    pool = _pool(threads)  # in the place of the broken one
                    pools.append(pool)
                    if attempt <= retries:
                        waiting.append((job, attempt + 1))
                    else:
                        ended(job, _LOST)
                if waiting:
                    begin(pool)
    finally:
        for pool in pools:
            pool.shutdown(cancel_futures=True)


def _pool(threads: int) -> ProcessPoolExecutor:
    """Start one process, which leaves the other cores to its fellows."""
    return ProcessPoolExecutor(
        1, mp_context=get_context("spawn"), initializer=_begin_work, initargs=(threads,)
    )


def _begin_work(threads: int) -> None:
    """Keep kernels to some cores, before any is loaded, and end when the batch is killed."""
    os.environ["NUMBA_NUM_THREADS"] = str(threads)
    _memory.spare()
    Thread(target=_end_with, args=(parent_process(),), daemon=True).start()


def _end_with(batch: Any) -> None:
    """End at once with a process: nobody would ever give this one work or a word again."""
    batch.join()
    os._exit(1)


def _on_cluster(jobs: list[Job], folder: Path, write: Write, scheduler: str, ended: _Ended) -> None:
    """Work on the workers of a dask scheduler, which begins anew what a killed one had."""
    try:
        from distributed import Client, as_completed  # noqa: PLC0415 - an extra
        from distributed.scheduler import KilledWorker  # noqa: PLC0415 - an extra
    except ImportError as error:
        msg = "a scheduler wants the extra cluster: pip install 'geoequity-toolkit[cluster]'"
        raise ConfigError(msg) from error
    try:
        client = Client(scheduler, timeout=_ANSWERS_S, set_as_default=False)
    except (OSError, ValueError) as error:
        msg = f"{scheduler}: no dask scheduler answers there: {error}"
        raise SourceError(msg, source=scheduler) from error
    with client:
        futures = {client.submit(_done, write, job, str(folder), pure=False): job for job in jobs}
        for future in as_completed(list(futures), loop=client.loop):
            job = futures.pop(future)
            lost = isinstance(future.exception(), KilledWorker)
            said = _LOST if lost else future.result()
            future.release()  # or what a worker has done is done again when it is killed
            ended(job, said)


def _unchanged(job: Job, folder: Path) -> bool:
    """Tell whether a study was made by this version of the files that are there now."""
    from geoequity.city import presets  # noqa: PLC0415 - heavy
    from geoequity.sources.files import sha256  # noqa: PLC0415 - heavy

    file = Path(job.city) if Path(job.city).suffix else presets()[job.city]
    data = Path(job.data) if job.data else file.parent
    try:
        made = json.loads((folder / "provenance.json").read_text(encoding="utf-8"))
        read = {data / one["path"]: one["sha256"] for one in made["sources"]}
        return (
            (folder / "summary.json").is_file()
            and made["software"]["geoequity"] == __version__
            and {file: made["city_file"]["sha256"], **read}.items()
            == {one: sha256(one) for one in (file, *read)}.items()
        )
    except (OSError, ValueError, KeyError, TypeError, GeoEquityError):
        return False


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other batches out of a folder."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        msg = f"{folder}: cannot be written: {error.strerror}"
        raise SourceError(msg, source=folder) from error
    with alone(folder / _LOCK, place=folder, does="is running a batch into it"):
        yield


def _read_ledger(folder: Path) -> dict[str, Entry]:
    """Read what an earlier run left."""
    path = folder / LEDGER
    if not path.exists():
        return {}
    try:
        listed: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))["cities"]
        return {name: Entry(**one) for name, one in listed.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        msg = f"{path}: is no ledger of a batch, or damaged: {error!r}"
        raise SourceError(msg, source=path) from error


def _write_ledger(folder: Path, entries: Mapping[str, Entry]) -> None:
    """Write the ledger beside, then rename it."""
    draft = folder / f".{LEDGER}.new"
    listed = {name: asdict(one) for name, one in entries.items()}
    draft.write_text(json.dumps({"cities": listed}, indent=1) + "\n", encoding="utf-8")
    draft.replace(folder / LEDGER)
