"""What is said on the terminal, and when nothing is."""

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def say_written(options: argparse.Namespace, paths: list[Path]) -> dict[str, Any]:
    """Say which files were written."""
    listed = [str(one.resolve()) for one in paths]
    if not silent(options):
        print("\n".join(listed))
    return {"written": listed}


def silent(options: argparse.Namespace) -> bool:
    """Tell whether people-readable output is unwanted."""
    return bool(options.quiet or options.json)


@contextmanager
def progress(total: int, *, quiet: bool) -> Iterator[Callable[[str], None]]:
    """Show how far a run is, on standard error."""
    if quiet:
        yield lambda _: None
        return
    from rich.console import Console  # noqa: PLC0415 - long work only
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415

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
    from rich.progress import DownloadColumn, Progress, TextColumn, TransferSpeedColumn  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        tasks: dict[str, Any] = {}

        def tell(source: str, done: int, total: int | None) -> None:
            if source not in tasks:
                tasks[source] = bar.add_task(source, total=total)
            bar.update(tasks[source], completed=done, total=total)

        yield tell
