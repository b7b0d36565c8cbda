"""Spinal half-centre: flexor and extensor take turns while they inhibit each other (Strohmer et al. 2024)."""

import numpy as np
import pytest

from tests.phenomena.observed import observe

KEY = "SPINAL_CORD_SEGMENT"
WINDOW_MS = 3000.0


def alternation(segment):
    """Correlation of the two sides' rates, and how much one of them is modulated."""
    flexor, extensor = (segment.rate_over_time(f"{side} E tonic", 20.0) for side in ("Flexor", "Extensor"))
    return float(np.corrcoef(flexor, extensor)[0, 1]), float(flexor.std() / flexor.mean())


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_flexor_and_extensor_alternate_about_twice_a_second(seed):
    segment = observe(KEY, seed, WINDOW_MS)
    correlation, modulation = alternation(segment)
    assert correlation < -0.4 and modulation > 0.4
    for side in ("Flexor", "Extensor"):
        assert 0.8 < segment.peak_Hz(f"{side} E tonic", 0.5, 20.0) < 4.0
        assert 10.0 < segment.rate_Hz(f"{side} E tonic") < 60.0


def test_without_mutual_inhibition_they_do_not():
    coupled, cut = observe(KEY, 1, WINDOW_MS), observe(KEY, 1, WINDOW_MS, {"mutual_inhibition": 0.0})
    correlation, modulation = alternation(cut)
    assert abs(correlation) < 0.3 and modulation < 0.4
    assert cut.rate_Hz("Flexor E tonic") > 1.3 * coupled.rate_Hz("Flexor E tonic")


def test_more_drive_from_the_brain_stem_makes_it_fire_more_and_still_alternate():
    driven, usual = observe(KEY, 1, WINDOW_MS, {"brainstem_drive": 1.3}), observe(KEY, 1, WINDOW_MS)
    assert driven.rate_Hz("Flexor E tonic") > 1.2 * usual.rate_Hz("Flexor E tonic")
    assert alternation(driven)[0] < -0.4
