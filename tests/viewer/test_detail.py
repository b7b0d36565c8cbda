"""Less detail while pictures are slow: what goes, what is said, and that it comes back."""

import pytest

from neural_simulator.config import VisualizationConfig
from neural_simulator.viewer.detail import LEVELS, PATIENCE_S, SLOW_PICTURES, Detail, highest, left_out, reduced

VIZ = VisualizationConfig(max_synapses_drawn=20_000)
MANY = (300_000, 20_000)


def run(detail: Detail, seconds: float, now: float, cost) -> float:
    """Draw for `seconds`; `cost(level)` is the cost of a picture. Returns the time afterwards."""
    end = now + seconds
    while now < end:
        spent = cost(detail.level)
        now += max(spent, 1 / 60)
        detail.drew(now, spent, highest(VIZ, *MANY))
    return now


def test_each_level_leaves_out_more_and_says_so():
    assert reduced(VIZ, 0) is VIZ and left_out(VIZ, 0, *MANY) == ""
    texts = [left_out(VIZ, level, *MANY) for level in range(len(LEVELS))]
    assert texts == ["", "synapses beyond 2,000", "synapses beyond 500", "synapses, pulses",
                     "synapses, pulses, neurons beyond 50,000", "synapses, pulses, neurons beyond 10,000",
                     "synapses, pulses, neurons beyond 2,000"]
    for level, (lines, pulses, neurons) in enumerate(LEVELS):
        less = reduced(VIZ, level)
        assert less.max_synapses_drawn <= lines and less.max_neurons_drawn <= neurons
        assert less.show_pulses is (pulses and VIZ.show_pulses)


def test_what_is_not_drawn_anyway_is_not_said_to_be_left_out():
    assert left_out(VIZ.changed(show_synapses=False), 3, 1000, 20_000) == ""
    assert left_out(VIZ.changed(show_pulses=False), 3, 1000, 20_000) == "synapses"
    assert left_out(VIZ, 1, 1000, 1500) == "" and highest(VIZ, 1000, 400) == 3 and highest(VIZ, 1000, 0) == 3


def test_slow_pictures_lose_detail_step_by_step_until_they_are_fast_enough():
    detail = Detail()
    run(detail, 10.0, 0.0, lambda level: (0.4, 0.3, 0.2, 0.02, 0.01, 0.01, 0.01)[level])
    assert detail.level == 3


def test_a_few_slow_pictures_change_nothing():
    detail = Detail()
    for turn in range(100):
        detail.drew(turn / 10.0, 0.5 if turn % SLOW_PICTURES else 0.01, 6)
    assert detail.level == 0


def test_detail_comes_back_when_there_is_room_again():
    detail = Detail()
    now = run(detail, 10.0, 0.0, lambda level: 0.2)
    assert detail.level == highest(VIZ, *MANY) == 6
    run(detail, 7 * PATIENCE_S[0] + 5.0, now, lambda level: 0.004)
    assert detail.level == 0


def test_detail_that_was_too_much_is_tried_ever_more_rarely():
    detail = Detail()
    changes, before = [], 0
    now = 0.0
    while now < 200.0:
        now = run(detail, 1 / 60, now, lambda level: 0.3 if level < 2 else 0.005)
        if detail.level != before:
            changes.append((now, detail.level))
            before = detail.level
    tried = [at for at, level in changes if level == 1][1:]
    waits = [b - a for a, b in zip(tried, tried[1:], strict=False)]
    assert len(waits) >= 3 and waits[-1] > 3 * waits[0] and detail.level in (1, 2)


@pytest.mark.parametrize("cost_s", [0.02, 0.045])
def test_between_fast_and_slow_nothing_changes(cost_s):
    detail = Detail(level=2)
    run(detail, 60.0, 0.0, lambda level: cost_s)
    assert detail.level == 2
