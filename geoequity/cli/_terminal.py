"""What is said on the terminal, and when nothing is."""

import argparse
import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def say_written(options: argparse.Namespace, paths: list[Path]) -> dict[str, Any]:
    """Say which files were written."""
    listed = [str(one.resolve()) for one in paths]
    if not silent(options):
        print("\n".join(listed))
    return {"written": listed}


def say_found(
    city: str,
    findings: Iterable[Mapping[str, Any]],
    written: Mapping[str, Any],
    *,
    language: str,
    reports: str = "reports",
) -> None:
    """Say what was found, and where it lies; warnings go to standard error."""
    for warning in written.get("warnings", ()):
        print(f"warning: {warning}", file=sys.stderr)
    if city:
        print(city)
    for finding in findings:
        print(f"  - {finding['text'][language]}")
    if "map" in written:
        print(f"map:    {written['map']}")
    for path in written[reports].values():
        print(f"report: {path}")
    print(f"tables: {written['folder']}")


def silent(options: argparse.Namespace) -> bool:
    """Tell whether people-readable output is unwanted."""
    return bool(options.quiet or options.json)


class Clock:
    """Time, work and memory of the stages of a run, as they are told."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._begun: list[tuple[str, float, float]] = []
        self._peak_mb: list[float] = []

    def tell(self, stage: str) -> None:
        """Note that a stage begins."""
        self._note(stage)
        self._tell(stage)

    def _note(self, stage: str) -> None:
        """Note the time, the work and the memory by now."""
        if self._begun:
            self._peak_mb.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        self._begun.append((stage, time.perf_counter(), time.process_time()))

    def stages(self) -> dict[str, dict[str, float]]:
        """Tell seconds, seconds of the processor and the peak so far [MB] of each, all done."""
        self._note("")
        return {
            stage: {
                "seconds": round(end - begin, 3),
                "cpu_seconds": round(spent - before, 3),
                "peak_mb": round(peak_mb, 1),
            }
            for (stage, begin, before), (_, end, spent), peak_mb in zip(
                self._begun[:-1], self._begun[1:], self._peak_mb, strict=True
            )
        }


def stage_table(stages: Mapping[str, Mapping[str, float]]) -> str:
    """Lay the stages of a run out, and their sum."""
    rows = [f"{'stage':12} {'s':>8} {'cpu s':>8} {'peak MB':>8}"]
    for stage, one in stages.items():
        numbers = f"{one['seconds']:8.1f} {one['cpu_seconds']:8.1f} {one['peak_mb']:8.0f}"
        rows.append(f"{stage:12} {numbers}")
    sums = (sum(one[key] for one in stages.values()) for key in ("seconds", "cpu_seconds"))
    peak_mb = max(one["peak_mb"] for one in stages.values())
    rows.append(f"{'together':12} {next(sums):8.1f} {next(sums):8.1f} {peak_mb:8.0f}")
    return "\n".join(rows)


@contextmanager
def progress(total: int, *, quiet: bool) -> Iterator[Callable[[str], None]]:
    """Show how far a run is, on standard error."""
    if quiet:
        yield lambda _: None
        return
    from rich.console import Console  # noqa: PLC0415 - long work only
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415 - the same

    columns = (SpinnerColumn(), TextColumn("{task.completed}/{task.total} {task.description}"))
    console = Console(stderr=True)
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as bar:
        task = bar.add_task("start", total=total)
        begun = 0

        def tell(stage: str) -> None:
            nonlocal begun
            begun += 1
            bar.update(task, completed=begun, description=stage)
            if not console.is_terminal:  # a log file gets one line a stage instead of a bar
                print(f"{begun}/{total} {stage}", file=sys.stderr)

        yield tell


@contextmanager
def bytes_done(*, quiet: bool) -> Iterator[Callable[[str, int, int | None], None]]:
    """Show how far downloads are, on standard error."""
    from rich.console import Console  # noqa: PLC0415 - long work only

    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield lambda *_: None
        return
    from rich.progress import DownloadColumn, Progress, TextColumn, TransferSpeedColumn  # noqa: PLC0415 - the same

    columns = (TextColumn("{task.description}"), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        tasks: dict[str, Any] = {}

        def tell(source: str, done: int, total: int | None) -> None:
            if source not in tasks:
                tasks[source] = bar.add_task(source, total=total)
            bar.update(tasks[source], completed=done, total=total)

        yield tell
