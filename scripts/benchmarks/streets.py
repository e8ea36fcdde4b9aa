#!/usr/bin/env python3
"""
Measure walks on a large network against pandana, networkx and scipy; and how they grow.

`compare` lets every contender build its network from the same arrays, find the
nearest service of 15 categories within an hour's walk of every node, and count
the services within 1,000 m; each in a process of its own, in turns, so that noise
moves all alike. Services stand at nodes, where all contenders put them, and lengths
are whole eighths of a metre, exact in the arithmetic of each (pandana's has whole
millimetres and single precision): all answer the same question, and must agree.
scipy has no search from thousands of places that would be worth its while, so it
contends in the nearest alone, within the hour and at any distance.

`growth` measures ours on cities of 60,000 to 2,000,000 nodes and draws it.

pandana is AGPL and no dependency of ours: it runs in an environment of its own,
given by `--peers-python` or made by `--make-peers` in a folder.
"""

import argparse
import importlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

CRS = "EPSG:32723"
PACE = 80.0  # metres a minute: an adult's 4.8 km/h
NEAREST_M, COUNT_M = 4_800.0, 1_000.0
CATEGORIES = {
    "bus_stop": 4200, "shop": 2400, "restaurant": 1800, "playground": 1000, "school": 800,
    "pharmacy": 600, "kindergarten": 500, "bank_machine": 400, "park": 300, "clinic": 200,
    "bank": 160, "library": 100, "post_office": 80, "hospital": 40, "university": 20,
}  # fmt: skip
NODES = 250_000
SIZES = (60_000, 250_000, 1_000_000, 2_000_000)
OURS, ONE_CORE = "geoequity", "geoequity, 1 core"
PANDANA, NETWORKX, SCIPY = "pandana", "networkx", "scipy"
WHOLE_JOB = ("build", "nearest", "counts")
SAME_MIN = 1e-6
STEEPEST = 1.15
BE = "--be"  # what a process that is measured is called with


class City(NamedTuple):
    """
    A network, and the nodes at which services stand.

    ``x`` and ``y`` are metres by node; ``start`` and ``end`` nodes by edge, each
    edge once and walked both ways; ``node`` and ``category`` by service.
    """

    x: np.ndarray
    y: np.ndarray
    start: np.ndarray
    end: np.ndarray
    length_m: np.ndarray
    node: np.ndarray
    category: np.ndarray

    def by_category(self) -> Iterator[tuple[str, np.ndarray]]:
        """Give the nodes of the services of each category."""
        for number, name in enumerate(CATEGORIES):
            yield name, self.node[self.category == number]


# ------------------------------------------------------------------ the city
def make_city(nodes: int, rng: np.random.Generator) -> City:
    """
    Draw a walking network with 1.2 edges a node, and services that cluster.

    Junctions are denser towards the middle. Streets are those of the Urquhart graph
    (Delaunay triangles without their longest sides), thinned but never torn; some
    are parted by a bend, and dead ends are added. Nodes are numbered block by block,
    as mappers go about it, and at random inside a block.
    """
    junctions, bends = round(0.7 * nodes), round(0.2 * nodes)
    xy = scatter(junctions, area_m2=nodes / 400e-6, rng=rng)
    start, end = join(xy, edges=nodes * 12 // 10 - (nodes - junctions), rng=rng)
    xy, start, end = bend(xy, start, end, bends=bends, rng=rng)
    xy, start, end = add_dead_ends(xy, start, end, number=nodes - len(xy), rng=rng)

    block = np.floor((xy - xy.min(axis=0)) / 500).astype(int)
    code = block[:, 0] * (block[:, 1].max() + 1) + block[:, 1]
    order = np.lexsort((rng.random(nodes), rng.permutation(code.max() + 1)[code]))
    new = np.argsort(order)
    xy, start, end = xy[order], new[start], new[end]
    drawn = np.hypot(*(xy[start] - xy[end]).T) * rng.uniform(1, 1.1, len(start))
    length_m = np.maximum(np.ceil(drawn * 8), 1) / 8

    node, category = place_services(xy, rng)
    return City(xy[:, 0], xy[:, 1], start, end, length_m, node, category)


def scatter(number: int, *, area_m2: float, rng: np.random.Generator) -> np.ndarray:
    """Scatter points over a city with arms, denser towards its middle."""
    turn, share = rng.uniform(0, 2 * np.pi, number), rng.uniform(0, 1, number)
    waves = np.arange(2, 7)[:, None]
    size, phase = rng.uniform(0.04, 0.12, waves.shape), rng.uniform(0, 2 * np.pi, waves.shape)
    arms = size * np.cos(waves * turn + phase)
    radius = np.sqrt(area_m2 / np.pi) * (1 + arms.sum(axis=0)) * share**0.6
    return np.column_stack([radius * np.cos(turn), radius * np.sin(turn)])


def join(xy: np.ndarray, *, edges: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Join points to so many neighbours that all hang together."""
    from scipy.sparse import coo_array  # noqa: PLC0415 - contenders do not load it
    from scipy.sparse.csgraph import minimum_spanning_tree  # noqa: PLC0415 - as above
    from scipy.spatial import Delaunay  # noqa: PLC0415 - as above

    corner = Delaunay(xy).simplices.astype(np.int64)
    side = np.sort(np.stack([np.roll(corner, -k, axis=1)[:, :2] for k in range(3)], axis=1))
    metres = np.hypot(*np.moveaxis(xy[side[..., 0]] - xy[side[..., 1]], -1, 0))
    code = side[..., 0] * len(xy) + side[..., 1]
    longest = code[np.arange(len(code)), metres.argmax(axis=1)]
    start, end = np.divmod(np.setdiff1d(code, longest), len(xy))
    metres = np.hypot(*(xy[start] - xy[end]).T)
    links = coo_array((metres, (start, end)), shape=(len(xy), len(xy)))
    one, other = minimum_spanning_tree(links).nonzero()
    is_tree = np.isin(start * len(xy) + end, one.astype(np.int64) * len(xy) + other)
    more = rng.permutation(np.flatnonzero(~is_tree))[: edges - is_tree.sum()]
    kept = np.sort(np.concatenate([np.flatnonzero(is_tree), more]))
    assert len(kept) == edges, "the triangles are too few"
    return start[kept], end[kept]


def bend(
    xy: np.ndarray, start: np.ndarray, end: np.ndarray, *, bends: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Part edges, the longer the likelier, by a node a little to their side."""
    metres = np.hypot(*(xy[start] - xy[end]).T)
    some = rng.choice(len(start), bends, replace=False, p=metres / metres.sum())
    share = rng.uniform(0.3, 0.7, (bends, 1))
    spots = xy[start[some]] * share + xy[end[some]] * (1 - share)
    spots += rng.normal(0, 0.05, (bends, 2)) * metres[some, None]
    new = len(xy) + np.arange(bends)
    start, end = np.concatenate([start, new]), np.concatenate([end, end[some]])
    end[some] = new
    return np.vstack([xy, spots]), start, end


def add_dead_ends(
    xy: np.ndarray, start: np.ndarray, end: np.ndarray, *, number: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Add short streets that end, each at another node."""
    root, turn = rng.choice(len(xy), number, replace=False), rng.uniform(0, 2 * np.pi, number)
    spots = xy[root] + rng.gamma(4, 6, (number, 1)) * np.column_stack([np.cos(turn), np.sin(turn)])
    new = len(xy) + np.arange(number)
    return np.vstack([xy, spots]), np.concatenate([start, root]), np.concatenate([end, new])


def place_services(xy: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Put services at nodes, more of them in a larger city: half anywhere, half in clusters."""
    from scipy.spatial import KDTree  # noqa: PLC0415 - contenders do not load it

    number = [round(many * len(xy) / NODES) for many in CATEGORIES.values()]
    category = np.repeat(np.arange(len(number)), number)
    spots = xy[rng.integers(0, len(xy), len(category))]
    clusters = xy[rng.integers(0, len(xy), len(xy) // 2_000)]
    drawn = clusters[rng.integers(0, len(clusters), len(category))]
    drawn = drawn + rng.normal(0, 250, drawn.shape)
    clustered = rng.random(len(category)) < 0.5
    spots[clustered] = drawn[clustered]
    return KDTree(xy).query(spots)[1], category


# ------------------------------------------------------------ the contenders
class Contender:
    """Walk with one library: a stage a method, in this order, each of which gives its answer."""

    packages: tuple[str, ...]
    stages: tuple[str, ...] = ("build", "nearest", "counts")
    threads = 1

    def __init__(self, city: City) -> None:
        self.city = city


class Ours(Contender):
    """geoequity; its nearest stand twice more: once more on the network as built, and anywhere."""

    packages = ("geopandas", "geoequity.streets", "numba")
    stages = ("build", "nearest", "counts", "again", "anywhere")
    threads = os.cpu_count() or 1

    def build(self) -> None:
        import geopandas as gpd  # noqa: PLC0415 - each contender loads its own

        from geoequity.streets import StreetNetwork  # noqa: PLC0415 - as above

        x, y, start, end, length_m, *_ = self.city
        self.network = StreetNetwork.from_arrays(x, y, start, end, length_m, crs=CRS)
        self.services = {
            name: gpd.GeoSeries(gpd.points_from_xy(x[node], y[node], crs=CRS))
            for name, node in self.city.by_category()
        }

    def nearest(self) -> Any:
        return self.network.nearest_min(self.services, within_min=NEAREST_M / PACE)

    def counts(self) -> Any:
        return self.network.count_within(self.services, within_min=COUNT_M / PACE)

    def again(self) -> Any:
        return self.nearest()

    def anywhere(self) -> Any:
        return self.network.nearest_min(self.services)


class OursOnOneCore(Ours):
    """geoequity where all of its threads share one core."""

    threads = 1

    def __init__(self, city: City) -> None:
        super().__init__(city)
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


class Pandana(Contender):
    """pandana, as its guide has it: range queries are computed once for all categories."""

    packages = ("pandana",)
    threads = os.cpu_count() or 1  # OpenMP's default

    def build(self) -> None:
        import pandana  # noqa: PLC0415 - as above
        import pandas as pd  # noqa: PLC0415 - as above

        x, y, start, end, length_m, *_ = map(pd.Series, self.city)
        self.network = pandana.Network(x, y, start, end, length_m.to_frame("metres"))

    def nearest(self) -> np.ndarray:
        import pandas as pd  # noqa: PLC0415 - as above

        metres = []
        for name, node in self.city.by_category():
            x, y = pd.Series(self.city.x[node]), pd.Series(self.city.y[node])
            self.network.set_pois(name, NEAREST_M, 1, x, y)
            found = self.network.nearest_pois(NEAREST_M, name, max_distance=np.nan)
            metres.append(found[1].to_numpy())
        return np.column_stack(metres) / PACE

    def counts(self) -> np.ndarray:
        import pandas as pd  # noqa: PLC0415 - as above

        self.network.precompute(COUNT_M)
        number = []
        for name, node in self.city.by_category():
            self.network.set(pd.Series(node), name=name)
            found = self.network.aggregate(COUNT_M, type="count", decay="flat", name=name)
            number.append(found.to_numpy())
        return np.column_stack(number)


class Networkx(Contender):
    """networkx, which counts from the services outwards: there are fewer of them than nodes."""

    packages = ("networkx",)

    def build(self) -> None:
        import networkx as nx  # noqa: PLC0415 - as above

        _, _, start, end, length_m, *_ = self.city
        self.graph = nx.Graph()
        self.graph.add_nodes_from(range(len(self.city.x)))
        edges = zip(start.tolist(), end.tolist(), length_m.tolist(), strict=True)
        self.graph.add_weighted_edges_from(edges, weight="metres")

    def nearest(self) -> np.ndarray:
        import networkx as nx  # noqa: PLC0415 - as above

        metres = np.full((len(self.city.x), len(CATEGORIES)), np.nan)
        for column, (_, node) in enumerate(self.city.by_category()):
            found = nx.multi_source_dijkstra_path_length(
                self.graph, set(node.tolist()), cutoff=NEAREST_M, weight="metres"
            )
            metres[list(found), column] = list(found.values())
        return metres / PACE

    def counts(self) -> np.ndarray:
        import networkx as nx  # noqa: PLC0415 - as above

        nodes, where = np.unique(self.city.node, return_inverse=True)
        here = np.zeros((len(nodes), len(CATEGORIES)))
        np.add.at(here, (where, self.city.category), 1)
        number = np.zeros((len(self.city.x), len(CATEGORIES)))
        for node, some in zip(nodes.tolist(), here, strict=True):
            found = nx.single_source_dijkstra_path_length(
                self.graph, node, cutoff=COUNT_M, weight="metres"
            )
            number[list(found)] += some
        return number


class Scipy(Contender):
    """scipy's search from the nearest of several nodes."""

    packages = ("scipy.sparse.csgraph",)
    stages = ("build", "nearest", "again", "anywhere")

    def build(self) -> None:
        from scipy.sparse import csr_array  # noqa: PLC0415 - as above

        _, _, start, end, length_m, *_ = self.city
        both = (np.concatenate([start, end]), np.concatenate([end, start]))
        self.graph = csr_array((np.tile(length_m, 2), both), shape=(len(self.city.x),) * 2)

    def nearest(self, *, limit: float = NEAREST_M) -> np.ndarray:
        from scipy.sparse.csgraph import dijkstra  # noqa: PLC0415 - as above

        metres = [
            dijkstra(self.graph, indices=np.unique(node), min_only=True, limit=limit)
            for _, node in self.city.by_category()
        ]
        metres = np.column_stack(metres)
        return np.where(np.isfinite(metres), metres, np.nan) / PACE

    def again(self) -> np.ndarray:
        return self.nearest()

    def anywhere(self) -> np.ndarray:
        return self.nearest(limit=np.inf)


CONTENDERS = {
    OURS: Ours, ONE_CORE: OursOnOneCore, PANDANA: Pandana, NETWORKX: Networkx, SCIPY: Scipy,
}  # fmt: skip


# --------------------------------------------- what the processes measured do
def seconds_of(work: Callable[[], Any]) -> tuple[float, Any]:
    """Do some work; how long it took, and what came of it."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def peak_mb() -> float:
    """Tell the greatest memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def by_node(answer: Any) -> np.ndarray:
    """Put an answer in the order of the nodes; tables may have one of their own."""
    return answer.sort_index().to_numpy() if hasattr(answer, "sort_index") else answer


def draw(folder: Path, nodes: str, seed: str) -> dict[str, float]:
    """Draw a city and write it."""
    city = make_city(int(nodes), np.random.default_rng(int(seed)))
    np.savez(folder / "city.npz", **city._asdict())
    return {}


def contend(folder: Path, name: str) -> dict[str, float]:
    """Be one contender; what each stage took. The answers are written."""
    kind = CONTENDERS[name]
    imports = sum(seconds_of(lambda: importlib.import_module(one))[0] for one in kind.packages)  # noqa: B023
    told: dict[str, float] = {"threads": kind.threads, "import": imports, "import_mb": peak_mb()}
    with np.load(folder / "city.npz") as arrays:
        contender = kind(City(**arrays))
    answers, begun = {}, time.process_time()
    for stage in kind.stages:
        told[stage], answer = seconds_of(getattr(contender, stage))
        if stage in WHOLE_JOB:
            told |= {"peak_mb": peak_mb(), "cpu": time.process_time() - begun}
        if answer is not None:
            answers[stage] = answer
    np.savez(folder / f"{name}.npz", **{stage: by_node(one) for stage, one in answers.items()})
    return told


def compile_kernels(_: Path) -> dict[str, float]:
    """Tell how long each question takes on a network of two streets."""
    import geopandas as gpd  # noqa: PLC0415 - as above
    import numba  # noqa: F401, PLC0415 - its loading is not its compiling

    from geoequity.streets import StreetNetwork  # noqa: PLC0415 - as above

    x, y = np.array([0.0, 100.0, 200.0]), np.zeros(3)
    start, end = np.array([0, 1]), np.array([1, 2])
    network = StreetNetwork.from_arrays(x, y, start, end, np.full(2, 100.0), crs=CRS)
    one = gpd.GeoSeries(gpd.points_from_xy([0], [0], crs=CRS))
    questions: dict[str, Callable[[], Any]] = {
        "nearest": lambda: network.nearest_min({"one": one}),
        "counts": lambda: network.count_within({"one": one}, within_min=5),
        "second nearest": lambda: network.nearest_min({"one": one}, k=2),
        "costs": lambda: network.costs(one, one, within_min=5),
    }
    return {name: seconds_of(ask)[0] for name, ask in questions.items()}


TASKS: dict[str, Callable[..., dict[str, float]]] = {
    "draw": draw, "contend": contend, "compile": compile_kernels,
}  # fmt: skip


# --------------------------------------------------------------- measuring
class Machine:
    """Where contenders run: a folder with the city, and the Pythons they need."""

    def __init__(self, folder: Path, *, peers_python: Path | None = None) -> None:
        self.folder = folder
        self.peers_python = peers_python
        odd = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "NUMBA_NUM_THREADS", "OMP_NUM_THREADS")
        self.environment = {name: value for name, value in os.environ.items() if name not in odd}
        self.environment["NUMBA_CACHE_DIR"] = str(folder / "kernels")

    def run(self, task: str, *arguments: str, python: Path | None = None) -> dict[str, float]:
        """Run a task in a process of its own: memory of a parent is charged to its children."""
        command = [str(python or sys.executable), __file__, BE, task, str(self.folder), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=self.environment)
        return json.loads((self.folder / "told.json").read_text())

    def contend(self, name: str) -> dict[str, float]:
        """Let one contender work."""
        return self.run("contend", name, python=self.peers_python if name == PANDANA else None)


def median(measured: list[dict[str, float]], *stages: str) -> float:
    """Take the median over runs of the sum of some stages."""
    return statistics.median(sum(one[stage] for stage in stages) for one in measured)


def compare(machine: Machine, *, nodes: int, seed: int, runs: int) -> None:
    """Run the contenders in turns, print tables, and check that they agree."""
    machine.run("draw", str(nodes), str(seed))
    first, later = machine.run("compile"), machine.run("compile")
    names = [name for name in CONTENDERS if name != PANDANA or machine.peers_python]
    measured: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for _ in range(runs):
        for name in names:
            measured[name].append(machine.contend(name))

    with np.load(machine.folder / "city.npz") as arrays:
        city = City(**arrays)
    size = f"{len(city.x):,} nodes, {2 * len(city.start):,} directed edges"
    services = f"{len(city.node):,} services of {len(CATEGORIES)} categories"
    print(f"{size}, {services}, {runs} runs in turns\n")
    print_whole_job(measured)
    print_nearest_alone(measured)
    print("first call with nothing compiled, and in later processes [s]:")
    for name, took in first.items():
        print(f"  {name:16} {took:6.2f} {later[name]:6.2f}")
    print(f"  compiling        {sum(first.values()) - sum(later.values()):6.2f}\n")
    check_answers(machine.folder, names)


def print_whole_job(measured: Mapping[str, list[dict[str, float]]]) -> None:
    """Print what network, nearest and counts take together."""
    head = (*WHOLE_JOB, "together", "min", "max", "ratio", "CPU s", "threads")
    rest = ("import s", "peak MB", "import MB", "ratio")
    print(f"{'whole job [s]':18}" + "".join(f"{one:>10}" for one in (*head, *rest)))
    ours = measured[OURS]
    for name, runs in measured.items():
        if not set(WHOLE_JOB) <= runs[0].keys():
            continue
        each = [sum(one[stage] for stage in WHOLE_JOB) for one in runs]
        parts = [median(runs, stage) for stage in WHOLE_JOB]
        ratio = statistics.median(each) / median(ours, *WHOLE_JOB)
        numbers = (
            *parts,
            statistics.median(each),
            min(each),
            max(each),
            ratio,
            median(runs, "cpu"),
        )
        row = f"{name:18}" + "".join(f"{one:10.2f}" for one in numbers)
        row += f"{runs[0]['threads']:10}{median(runs, 'import'):10.2f}"
        peak, imports = median(runs, "peak_mb"), median(runs, "import_mb")
        print(f"{row}{peak:10.0f}{imports:10.0f}{peak / median(ours, 'peak_mb'):10.2f}")
    print()


def print_nearest_alone(measured: Mapping[str, list[dict[str, float]]]) -> None:
    """Print what the nearest take, on a network that stands and with its building."""
    ways = {
        "with building": ("build", "nearest"), "within the hour": ("again",),
        "at any distance": ("anywhere",),
    }  # fmt: skip
    head = "".join(f"{way:>18} {'/ scipy':>8}" for way in ways)
    print(f"{'nearest alone':18}{head}")
    for name, runs in measured.items():
        if "anywhere" in runs[0]:
            took = {way: median(runs, *stages) for way, stages in ways.items()}
            row = "".join(
                f"{one:18.2f} {one / median(measured[SCIPY], *ways[way]):8.2f}"
                for way, one in took.items()
            )
            print(f"{name:18}{row}")
    print()


def check_answers(folder: Path, names: list[str]) -> None:
    """Check that all contenders reach the same, count the same, and walk as long."""
    with np.load(folder / f"{OURS}.npz") as arrays:
        ours = dict(arrays)
    for name in names[1:]:
        with np.load(folder / f"{name}.npz") as theirs:
            for stage in [one for one in ("nearest", "anywhere") if one in theirs]:
                assert np.array_equal(np.isnan(ours[stage]), np.isnan(theirs[stage])), name
                apart = np.abs(ours[stage] - theirs[stage])
                assert not (apart > SAME_MIN).any(), name
                print(f"{name:18} {stage:9} differ by {np.nanmax(apart):.1e} min at most")
            if "counts" in theirs:
                differ = np.count_nonzero(ours["counts"] != theirs["counts"])
                assert not differ, name
                print(f"{name:18} {'counts':9} differ at {differ} of {ours['counts'].size:,}")


# ------------------------------------------------------------------- growth
def grow(machine: Machine, *, sizes: list[int], seed: int, runs: int, plot: Path | None) -> None:
    """Measure ours on cities of several sizes, print a table, and draw it."""
    machine.run("compile")
    rows = []
    for nodes in sizes:
        machine.run("draw", str(nodes), str(seed))
        measured = [machine.contend(OURS) for _ in range(runs)]
        parts = [median(measured, stage) for stage in WHOLE_JOB]
        whole, cpu = median(measured, *WHOLE_JOB), median(measured, "cpu")
        peak = median(measured, "peak_mb")
        rows.append([nodes, *parts, whole, cpu, peak, peak - median(measured, "import_mb")])
    head = ("nodes", *WHOLE_JOB, "together s", "CPU s", "peak MB", "less import")
    print("".join(f"{one:>12}" for one in head))
    for nodes, *numbers in rows:
        print(f"{nodes:12,}" + "".join(f"{one:12.2f}" for one in numbers))
    table = np.array(rows)
    fitted = [np.polyfit(np.log(table[:, 0]), np.log(column), 1)[0] for column in table.T[1:]]
    steps = np.diff(np.log(table), axis=0)
    steepest = (steps[:, 1:] / steps[:, :1]).max(axis=0)
    for name, slopes in (("slope", fitted), ("steepest", steepest)):
        print(f"{name:>12}" + "".join(f"{one:12.2f}" for one in slopes))
    if plot:
        draw_growth(plot, table[:, 0], seconds=table[:, 4], memory_mb=table[:, 6])
    assert fitted[3] <= STEEPEST, "time grows too fast"


def draw_growth(
    path: Path, nodes: np.ndarray, *, seconds: np.ndarray, memory_mb: np.ndarray
) -> None:
    """Draw time and memory against size, both axes in logs, beside straight growth."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - contenders do not load it
    from matplotlib.ticker import (  # noqa: PLC0415 - as above
        LogLocator,
        NullLocator,
        StrMethodFormatter,
    )

    figure = Figure(figsize=(7, 3.2), layout="constrained")
    panels = figure.subplots(1, 2)
    for axes, values, label in zip(
        panels, (seconds, memory_mb), ("seconds", "peak memory [MB]"), strict=True
    ):
        axes.loglog(nodes, values[0] * nodes / nodes[0], color="0.7", ls="--", label="slope 1")
        slope = np.polyfit(np.log(nodes), np.log(values), 1)[0]
        axes.loglog(nodes, values, "o-", color="#1b6ca8", label=f"measured, slope {slope:.2f}")
        axes.set(xlabel="thousand nodes", ylabel=label)
        axes.set_xticks(nodes, labels=[f"{one / 1000:,.0f}" for one in nodes])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.grid(visible=True, which="major", color="0.9")
        axes.legend(frameon=False)
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


# --------------------------------------------------------------------- main
def make_peers(folder: Path) -> Path:
    """Make an environment that has pandana; its Python."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", "pandana==0.8"], check=True)
    return python


def main() -> None:
    """Measure and print; or be one of the processes measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    tasks = parser.add_subparsers(dest="task", required=True)
    for name, runs in (("compare", 5), ("growth", 3)):
        task = tasks.add_parser(name)
        task.add_argument("--runs", type=int, default=runs)
        task.add_argument("--seed", type=int, default=20261125)
    tasks.choices["compare"].add_argument("--nodes", type=int, default=NODES)
    peers = tasks.choices["compare"].add_mutually_exclusive_group()
    peers.add_argument("--peers-python", type=Path, help="a Python that has pandana")
    peers.add_argument("--make-peers", type=Path, help="folder to make one in")
    tasks.choices["growth"].add_argument("--sizes", type=int, nargs="+", default=SIZES)
    tasks.choices["growth"].add_argument("--plot", type=Path, help="picture to draw")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        machine = Machine(Path(name))
        if options.task == "growth":
            grow(
                machine,
                sizes=options.sizes,
                seed=options.seed,
                runs=options.runs,
                plot=options.plot,
            )
            return
        machine.peers_python = options.peers_python
        if options.make_peers:
            machine.peers_python = make_peers(options.make_peers)
        compare(machine, nodes=options.nodes, seed=options.seed, runs=options.runs)


if __name__ == "__main__":
    if sys.argv[1:2] == [BE]:
        folder = Path(sys.argv[3])
        told = TASKS[sys.argv[2]](folder, *sys.argv[4:])
        (folder / "told.json").write_text(json.dumps(told))
    else:
        main()
