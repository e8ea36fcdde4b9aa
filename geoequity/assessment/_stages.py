"""Time and memory of the stages, told as they go."""

import gc
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from geoequity import _memory

Progress = Callable[[str], None]
STAGES = ("read", "join", "grids", "walk", "ride", "indicators", "zoning", "index", "findings")


@dataclass
class Stages:
    """Time and memory of each stage, told as they go."""

    progress: Progress | None
    gives_back: bool = True
    done: dict[str, dict[str, float]] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        if self.progress is not None:
            self.progress(name)
        start = time.perf_counter()
        yield
        if self.gives_back:
            _memory.give_back()
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        self.done[name] = {
            "seconds": round(time.perf_counter() - start, 3),
            "peak_mb": round(peak_mb, 1),
        }


@contextmanager
def uncollected() -> Iterator[None]:
    """Put off looking for garbage: every search goes through all that is kept, to find little."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
