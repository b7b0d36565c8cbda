"""How often the viewer draws."""

import pytest

from neural_simulator.viewer.pacing import ALLOWED, Pacer, allowance


def run(cost_s: float, duration_s: float, turn_s: float = 0.001) -> tuple[float, Pacer, float]:
    """Draw whenever allowed in a loop whose other work takes `turn_s`; returns (time drawing, pacer, end)."""
    pacer, now, spent = Pacer(), 0.0, 0.0
    while now < duration_s:
        if pacer.may_draw(now):
            pacer.drew(now, now + cost_s)
            spent += cost_s
            now += cost_s
        now += turn_s
    return spent, pacer, now


@pytest.mark.parametrize("cost_s", [0.002, 0.05, 0.4])
def test_drawing_takes_at_most_half_of_the_loop(cost_s):
    spent, _, now = run(cost_s, 10.0)
    assert 0.3 < spent / now <= 0.5 + cost_s / now


def test_the_pace_counts_pictures_per_second():
    _, pacer, now = run(0.01, 3.0)
    assert pacer.per_second(now) == pytest.approx(48, rel=0.1)


def test_a_view_without_new_pictures_is_at_rest():
    _, pacer, now = run(0.01, 3.0)
    assert pacer.per_second(now + 0.3) is not None
    assert pacer.per_second(now + 2.0) is None


def test_slow_pictures_are_not_called_rest():
    _, pacer, now = run(1.0, 9.0)
    assert pacer.per_second(now) == pytest.approx(0.5, rel=0.1)


def test_a_picture_after_a_rest_begins_a_new_count():
    _, pacer, now = run(0.01, 3.0)
    pacer.drew(now + 60.0, now + 60.01)
    assert pacer.per_second(now + 60.02) is None
    pacer.drew(now + 60.03, now + 60.06)
    assert pacer.per_second(now + 60.07) == pytest.approx(20.0)


def test_a_picture_that_shows_nothing_new_does_not_count():
    _, pacer, now = run(0.01, 3.0)
    pacer.drew(now + 5.0, now + 5.01, moved=False)
    assert pacer.per_second(now + 5.02) is None


def beside(path: str, costs: list[float]) -> float:
    """Return pictures per second beside a simulation that wants everything; pictures cost `costs` in turn."""
    pacer, now, pictures = Pacer(), 0.0, 0
    while now < 20.0:
        if pacer.may_draw(now):
            cost = costs[pictures % len(costs)]
            pacer.drew(now, now + cost, allowed=allowance(True, path))
            now, pictures = now + cost, pictures + 1
        now += 0.001
    return pictures / now


@pytest.mark.parametrize("path, expected", [("shared", 0.1), ("copied", 0.25)])
def test_beside_a_simulation_that_wants_all_pictures_take_less(path, expected):
    assert allowance(False, path) is ALLOWED
    assert beside(path, [0.01]) * 0.01 == pytest.approx(expected, rel=0.1)


def test_waiting_for_the_device_is_no_cost_of_pictures_but_never_more_than_half_of_the_loop():
    assert beside("shared", [0.002, 0.006, 0.004]) == pytest.approx(0.1 / 0.002, rel=0.1)
    assert beside("copied", [0.002, 0.006, 0.004]) == pytest.approx(0.25 / 0.004, rel=0.1)
    assert beside("shared", [0.03, 0.002, *14 * [0.03]]) == pytest.approx(0.5 / 0.03, rel=0.1)
