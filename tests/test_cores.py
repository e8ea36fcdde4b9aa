"""Work on all cores, and one step ahead."""

from functools import partial
from threading import Lock

import numpy as np
import pytest

from geoequity._cores import ahead, by_blocks, by_parts, in_order


@pytest.mark.parametrize("rows", [0, 1, 6, 7, 8, 50])
def test_rows_in_blocks_are_those_of_all_at_once(rows):
    left, right = np.arange(rows, dtype=float), np.arange(rows)[::-1]
    assert by_blocks(np.hypot, left, right, size=7).tolist() == np.hypot(left, right).tolist()


@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 100])
def test_things_in_parts_are_those_of_all_in_their_order_each_asked_for_once(count):
    asked = []

    def rows(some):
        asked.extend(some.tolist())
        return np.repeat(some, some % 3), np.flatnonzero(some % 2)

    thing, odd = by_parts(rows, count)
    assert thing.tolist() == [one for one in range(count) for _ in range(one % 3)]
    assert len(odd) == count // 2
    assert sorted(asked) == list(range(count))


def test_a_fault_in_a_block_is_that_of_the_whole():
    def refuse(some):
        if 8 in some:
            raise ValueError("eight")
        return some

    with pytest.raises(ValueError, match="eight"):
        by_blocks(refuse, np.arange(20), size=3)


def test_draws_ahead_are_those_of_one_source_in_their_order():
    own, other = np.random.default_rng(3), np.random.default_rng(3)
    kinds = ["standard_normal", "standard_gamma", "standard_normal"] * 20

    def draw(rng, kind):
        return getattr(rng, kind)(*([2.5] if kind == "standard_gamma" else []), (50, 7))

    found = list(ahead(partial(draw, own, kind) for kind in kinds))
    expected = [draw(other, kind) for kind in kinds]
    assert len(found) == len(expected)
    assert all((one == same).all() for one, same in zip(found, expected, strict=True))


def test_no_task_begins_before_the_last_is_done_and_one_waits_at_most():
    lock, begun, taken = Lock(), [], []

    def task(number):
        assert lock.acquire(blocking=False), "two at once"
        begun.append(number)
        lock.release()
        return number

    for number in ahead(partial(task, one) for one in range(20)):
        taken.append(number)
        assert len(begun) <= len(taken) + 1
    assert taken == begun == list(range(20))


@pytest.mark.parametrize("run", [ahead, in_order])
def test_nothing_to_do_gives_nothing(run):
    assert list(run([])) == []
