"""How often the viewer draws."""

import pytest

from neural_simulator.viewer.pacing import SHARE, Pacer, share


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


def test_beside_a_simulation_that_wants_all_pictures_take_less():
    assert share(False, "shared") == share(False, "copied") == SHARE
    for path, expected in (("shared", 0.1), ("copied", 0.25)):
        pacer, now, spent = Pacer(), 0.0, 0.0
        while now < 20.0:
            if pacer.may_draw(now):
                pacer.drew(now, now + 0.01, share=share(True, path))
                spent += 0.01
                now += 0.01
            now += 0.001
        assert spent / now == pytest.approx(expected, rel=0.1)
