"""Work on all cores at once, by threads: kernels and numpy let go of the interpreter."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np


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


def ahead(tasks: Iterable[Callable[[], Any]]) -> Iterator[Any]:
    """
    Run tasks one after the other, one ahead of whoever takes the results.

    Parameters
    ----------
    tasks
        None begins before the last one is done, as draws from one source must not.

    Yields
    ------
    result
        In the order of the tasks.
    """
    waiting: Future[Any] | None = None
    with ThreadPoolExecutor(1) as pool:
        for task in tasks:
            last, waiting = waiting, pool.submit(task)
            if last is not None:
                yield last.result()
                del last
        if waiting is not None:
            yield waiting.result()


def by_blocks(
    function: Callable[..., np.ndarray], *arrays: np.ndarray, size: int = 20_000
) -> np.ndarray:
    """
    Work a function out row by row, on all cores.

    Parameters
    ----------
    function
        Gives a row for each row of its arguments, whatever stands in the others,
        and lets go of the interpreter: those of shapely do.
    *arrays
        As many rows each, at least one array.
    size
        Rows at a time.

    Returns
    -------
    result
        What the function gives for all rows at once.
    """
    starts = range(0, max(len(arrays[0]), 1), size)
    tasks = (partial(function, *(one[at : at + size] for one in arrays)) for at in starts)
    return np.concatenate(list(in_order(tasks)))


def by_parts(
    function: Callable[[np.ndarray], tuple[np.ndarray, ...]], count: int, *, parts: int = 16
) -> tuple[np.ndarray, ...]:
    """
    Work a function out for things by number, on all cores.

    Each of them is in the hands of one thread, as prepared polygons must be: they
    are made ready by whoever asks them first.

    Parameters
    ----------
    function
        Gives arrays, of as many rows as it likes, for some numbers in rising order,
        and lets go of the interpreter.
    count
        Of things, numbered from 0 on.
    parts
        How many tasks to make of them.

    Returns
    -------
    results
        Each array for all things, in their order.
    """
    every = np.array_split(np.arange(count), max(1, min(count, parts)))
    found = list(in_order(partial(function, some) for some in every))
    return tuple(np.concatenate(columns) for columns in zip(*found, strict=True))
