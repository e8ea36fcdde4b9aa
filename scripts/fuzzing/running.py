"""
Give many inputs to a reader, and judge what becomes of each.

A target makes a hostile input in a folder and gives back what reads it. Reading
may do one of two things: accept, or raise an error of `geoequity.errors` that
names a file of that folder. Whatever else happens is a fault: another
exception, more than `SLOW_S`, more than `MEMORY` beside what the process had
before, a message nobody can read, or the end of the process.
"""

import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fuzzing.mutations import Chance

SLOW_S = 10.0  # of the clock of the process, for an input of some kilobytes
HUNG_S = 60  # of the wall clock: no signal was heard, so native code goes round in circles
MEMORY = 768 << 20  # bytes that one input of some kilobytes may take besides
ADDRESSES = 6 << 30  # bytes of address space that the process may take besides
LONGEST_SAID = 20_000  # characters of a message; five ids stand for all
ROOT = Path(__file__).parents[2]

Read = Callable[[], object]


@dataclass(frozen=True)
class Target:
    """
    What is fed to a reader.

    ``make`` writes an input in a folder and gives what reads it; ``modules`` are
    those of which branches are counted, ``package/file.py`` or, for a part of
    it, ``package/file.py:function``; ``names`` tells whether a refusal must name
    a file of the folder.
    """

    make: Callable[[Chance, Path], Read]
    modules: tuple[str, ...]
    names: bool = True


@dataclass
class Outcome:
    """What became of the inputs of a target."""

    accepted: int = 0
    refused: int = 0
    faults: dict[int, str] = field(default_factory=dict)
    messages: Counter[str] = field(default_factory=Counter)

    @property
    def inputs(self) -> int:
        """Count them."""
        return self.accepted + self.refused + len(self.faults)


class SlowError(BaseException):
    """An input takes too long; no reader may catch it."""


def judge(target: Target, name: str, seed: int, folder: Path) -> tuple[str, str]:
    """Make one input, have it read, and judge: accepted, refused or fault, and what was said."""
    from geoequity.errors import GeoEquityError  # after coverage has begun

    chance = Chance(f"{name}:{seed}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        read = target.make(chance, folder)
        before = _peak()
        try:
            with _limited():
                read()
        except GeoEquityError as error:
            verdict = _refusal(error, folder if target.names else None)
        except SlowError:
            return "fault", f"took over {SLOW_S:g} s"
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            return "fault", _where(error)
        else:
            verdict = ("accepted", "")
    taken = _peak() - before
    if taken > MEMORY:
        return "fault", f"took {taken >> 20} MiB; {verdict[1]}"
    return verdict


def _refusal(error: Exception, folder: Path | None) -> tuple[str, str]:
    """Judge the message of a refusal."""
    said = str(error)
    if len(said) > LONGEST_SAID:
        return "fault", f"a message of {len(said)} characters: {said[:200]}"
    known = [] if folder is None else [folder.name, *(one.name for one in folder.rglob("*"))]
    known.append("city.")  # a key of the city file, which a reader of layers does not know
    if folder is not None and not any(one in said for one in known):
        return "fault", f"a message that names no file: {said[:300]}"
    return "refused", said


def _where(error: BaseException) -> str:
    """Tell an exception, and where it comes from."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [one for one in frames if "/geoequity/" in one.filename]
    at = ours[-1] if ours else frames[-1]
    place = at.filename.rpartition("/geoequity/")[2]
    return f"{type(error).__name__} at {place}:{at.lineno} {at.name}: {str(error)[:300]}"


@contextlib.contextmanager
def _limited() -> Iterator[None]:
    """Interrupt what takes too long."""

    def stop(*_: object) -> None:
        raise SlowError

    old = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, SLOW_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, old)


def _peak() -> int:
    """Tell the most memory that the process has held [bytes]."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _cap_memory() -> None:
    """Let the process take only so much more than it has."""
    with contextlib.suppress(OSError, ValueError):
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        limit = pages * os.sysconf("SC_PAGE_SIZE") + ADDRESSES
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def work(name: str, seeds: range, log: Path, *, coverage_file: Path | None = None) -> None:
    """Run a target in this process; every input is told before and after."""
    measured: Any = None
    if coverage_file is not None:
        import coverage

        measured = coverage.Coverage(
            branch=True, source_pkgs=["geoequity"], data_file=str(coverage_file), config_file=False
        )
        measured.start()
    from fuzzing.targets import TARGETS

    target = TARGETS[name]
    _cap_memory()
    with log.open("a", encoding="utf-8") as book:
        for seed in seeds:
            book.write(json.dumps([seed, "begun", ""]) + "\n")
            book.flush()
            with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
                signal.alarm(HUNG_S)  # ends the process, for want of a handler
                verdict, said = judge(target, name, seed, Path(folder))
                signal.alarm(0)
            book.write(json.dumps([seed, verdict, said[:2000]]) + "\n")
            book.flush()
    if measured is not None:
        measured.stop()
        measured.save()


def run(name: str, seeds: range, *, coverage_folder: Path | None = None) -> Outcome:
    """Run a target in processes of its own; one that dies is replaced by the next."""
    outcome = Outcome()
    at, number = seeds.start, 0
    with tempfile.TemporaryDirectory(prefix="fuzz-log-") as folder:
        while at < seeds.stop:
            log = Path(folder) / f"{number}.jsonl"
            command = [sys.executable, str(ROOT / "scripts" / "fuzz"), "--work", name]
            stop = min(at + 1000, seeds.stop)  # anew now and then: what leaks is not judged twice
            command += [str(at), str(stop), str(log)]
            if coverage_folder is not None:
                command.append(str(coverage_folder / f"{name}.{number}-{at}"))
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            begun = _read_log(log, outcome) if log.exists() else None
            if done.returncode and begun is None:
                msg = f"{name}: did not start: {done.stderr[-2000:]}"
                raise RuntimeError(msg)
            if done.returncode and begun is not None:
                ended = f"the process ended with {done.returncode}: {done.stderr[-300:].strip()}"
                outcome.faults[begun] = ended
                at = begun + 1
            else:
                at = stop
            number += 1
    return outcome


def _read_log(log: Path, outcome: Outcome) -> int | None:
    """Add what a process told; give the last input that it began."""
    begun: int | None = None
    for line in log.read_text(encoding="utf-8").splitlines():
        seed, verdict, said = json.loads(line)
        if verdict == "begun":
            begun = seed
        elif verdict == "accepted":
            outcome.accepted += 1
        elif verdict == "refused":
            outcome.refused += 1
            outcome.messages[_kind(said)] += 1
        else:
            outcome.faults[seed] = said
    return begun


def _kind(said: str) -> str:
    """Reduce a message to what it is about: no ids, numbers or names."""
    import re

    plain = re.sub(r"'[^']*'|\"[^\"]*\"|\d+|/\S+", "_", said.split("\n", maxsplit=1)[0])
    return " ".join(plain.split()[:14])


@dataclass(frozen=True)
class Branches:
    """Branches of a module, and those that were taken."""

    taken: int
    there: int

    @property
    def share(self) -> float:
        """Share taken, 0-1."""
        return self.taken / self.there if self.there else 1.0


def branches(folder: Path, wanted: dict[str, tuple[str, ...]]) -> dict[str, dict[str, Branches]]:
    """Count the branches of modules by target, and of all of them together under ``all``."""
    import coverage

    found: dict[str, dict[str, Branches]] = {}
    every = sorted({one for modules in wanted.values() for one in modules})
    for name, modules in [*wanted.items(), ("all", tuple(every))]:
        files = [str(one) for one in folder.glob("*" if name == "all" else f"{name}.*")]
        if not files:
            continue
        with tempfile.TemporaryDirectory() as place:
            told = coverage.Coverage(
                branch=True, data_file=str(Path(place) / "all"), config_file=False
            )
            told.combine(files, keep=True)
            told.json_report(
                outfile=str(Path(place) / "told.json"),
                ignore_errors=True,
                include=[f"*/geoequity/{one.partition(':')[0]}" for one in modules],
            )
            report = json.loads((Path(place) / "told.json").read_text(encoding="utf-8"))["files"]
        found[name] = {one: _counted(report, one) for one in modules}
    return found


def _counted(report: dict[str, Any], module: str) -> Branches:
    """Count the branches of a module, or of one function in it."""
    path, _, function = module.partition(":")
    for file, told in report.items():
        if file.endswith(f"geoequity/{path}"):
            summary = told["functions"][function]["summary"] if function else told["summary"]
            return Branches(summary["covered_branches"], summary["num_branches"])
    return Branches(0, 1)


def main_work(words: list[str]) -> None:
    """Run a target as the parent asks."""
    name, start, stop, log, *rest = words
    began = time.monotonic()
    work(
        name,
        range(int(start), int(stop)),
        Path(log),
        coverage_file=Path(rest[0]) if rest else None,
    )
    print(f"{name} {time.monotonic() - began:.1f} s", file=sys.stderr)
