"""Work on all cores at once, by threads: kernels and numpy let go of the interpreter."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any


def in_order(tasks: Iterable[Callable[[], Any]]) -> Iterator[Any]:
    """
    Run tasks on all cores.

    Parameters
    ----------
    tasks
        Taken one by one as cores become free.

    Yields
    ------
    result
        In the order of the tasks, few of them waiting at a time.
    """
    cores = os.cpu_count() or 1
    waiting: deque[Future[Any]] = deque()
    with ThreadPoolExecutor(cores) as pool:
        for task in tasks:
            waiting.append(pool.submit(task))
            if len(waiting) > cores:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
