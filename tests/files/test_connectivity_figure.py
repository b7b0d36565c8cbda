"""The picture of a network's wiring shows its numbers, whatever the network."""

from __future__ import annotations

import numpy as np
import pytest

from neural_simulator.base.connectivity import Connectivity
from neural_simulator.base.synapses import NONE, Synapses, make
from neural_simulator.files.connectivity_figure import draw_connectivity, save_connectivity


def facts(sample: Synapses, sizes: tuple[int, ...] = (30, 20)) -> Connectivity:
    n = sum(sizes)
    incoming = np.zeros((2, n), np.float32)
    np.add.at(incoming, ((sample.pre >= sizes[0]).astype(int), sample.post), sample.weight)
    return Connectivity(tuple(f"Population number {k}" for k in range(len(sizes))), sizes,
                        tuple(k == 0 for k in range(len(sizes))), ("nS",) * len(sizes), 0.1, sample.size,
                        np.bincount(sample.pre, minlength=n), np.bincount(sample.post, minlength=n), incoming, sample,
                        0.1, 0.2, None)


def drawn_text(figure) -> str:
    texts = [text.get_text() for text in figure.texts]
    for axis in figure.axes:
        texts += [text.get_text() for text in axis.texts]
        legend = axis.get_legend()
        texts += [text.get_text() for text in legend.get_texts()] if legend else []
    return "\n".join(texts)


def test_the_picture_says_the_numbers(tmp_path):
    rng = np.random.default_rng(0)
    pre, post = rng.integers(0, 50, 4000), rng.integers(0, 50, 4000)
    weight = np.where(pre < 30, 1.5, 2500.0)
    text = drawn_text(draw_connectivity(facts(make(pre, post, weight, rng.integers(5, 30, 4000)))))
    assert "50 neurons, 4,000 synapses" in text and "clustering 0.2" in text and "path length" not in text
    assert "excitatory: 1.5 ± 0" in text and "inhibitory: 2,500 ± 0" in text
    onto_first = (pre < 30) & (post < 30)
    assert f"{onto_first.sum() / 30:.3g}" in text.splitlines()


@pytest.mark.parametrize("sample", [NONE, make([3], [4], [1.0], [12]), make([3, 40], [4, 4], [1.0, 1.0], [1, 4000])],
                         ids=["none", "one", "two"])
def test_few_or_no_synapses_are_drawn_too(sample, tmp_path):
    save_connectivity(facts(sample), tmp_path / "wiring.png")
    assert (tmp_path / "wiring.png").stat().st_size > 10_000


def test_many_populations_are_drawn_without_numbers_in_the_matrix():
    sizes = (2,) * 30
    figure = draw_connectivity(facts(make([0, 40], [3, 5], [1.0, 2.0], [1, 2]), sizes))
    assert not figure.axes[2].texts
