"""Random numbers: the published vectors of Philox, and the distributions made from them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from neural_simulator.backend.cpu_words import load
from neural_simulator.backend.emit import Library
from neural_simulator.models import poisson, random

SIGNIFICANCE = 1e-4         # fixed numbers are tested, so a test that passes once always passes

# Random123, kat_vectors, philox4x32 with 10 rounds: counter, key, result.
KNOWN_ANSWERS = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    ((0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344), (0xA4093822, 0x299F31D0),
     (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1)),
]

_TEXT = '''
@nb.njit(error_model="numpy", cache=True)
def draw(count, stream, k0, k1, words, uniforms, normals):
    for k in range(count):
        w0, w1, w2, w3 = philox(u32(k), u32(0), u32(0), u32(stream), u32(k0), u32(k1))
        words[k, 0] = w0
        words[k, 1] = w1
        words[k, 2] = w2
        words[k, 3] = w3
        uniforms[k] = uniform(w0)
        normals[k] = normal(w1)

@nb.njit(error_model="numpy", cache=True)
def one(c, k):
    return philox(u32(c[0]), u32(c[1]), u32(c[2]), u32(c[3]), u32(k[0]), u32(k[1]))
'''


def engine():
    library = Library()
    for function in (random.philox, random.uniform, random.normal):
        library.add(function)
    return load(library.python_source() + _TEXT, "test_random")


def sample(count, stream=1, key=(12345, 0)):
    words = np.zeros((count, 4), np.uint32)
    uniforms, normals = np.zeros(count, np.float32), np.zeros(count, np.float32)
    engine().draw(count, stream, *key, words, uniforms, normals)
    return words, uniforms.astype(np.float64), normals.astype(np.float64)


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN_ANSWERS)
def test_philox_gives_the_published_words(counter, key, expected):
    assert random.philox(*counter, *key) == expected
    words = engine().one(np.array(counter, np.uint32), np.array(key, np.uint32))
    assert tuple(int(w) for w in words) == expected


def test_uniform_numbers_are_uniform_and_never_0_or_1():
    _, uniforms, _ = sample(200_000)
    assert stats.kstest(uniforms, "uniform").pvalue > SIGNIFICANCE
    ends = [random.uniform(0), random.uniform(0xFFFFFFFF)]
    assert ends == [2.0**-24, 1.0 - 2.0**-24] == [float(np.float32(end)) for end in ends]
    assert [engine().uniform(np.uint32(word)) for word in (0, 0xFFFFFFFF)] == ends


def test_normal_numbers_are_normal_also_in_their_tails():
    _, _, normals = sample(200_000)
    assert stats.kstest(normals, "norm").pvalue > SIGNIFICANCE
    beyond = np.abs(normals) > 3.0
    assert stats.binomtest(int(beyond.sum()), normals.size, 2 * stats.norm.sf(3.0)).pvalue > SIGNIFICANCE
    assert np.all(np.isfinite(normals)) and np.abs(normals).max() < 6.0


def test_every_bit_of_every_word_is_a_fair_coin():
    words, _, _ = sample(100_000)
    for column in words.T:
        ones = np.array([((column >> np.uint32(bit)) & np.uint32(1)).sum() for bit in range(32)], np.int64)
        assert np.all(np.abs(ones - 50_000) < 4.5 * np.sqrt(25_000))


def test_streams_seeds_and_words_are_not_correlated():
    _, first, normals = sample(100_000)
    others = [sample(100_000, stream=2)[1], sample(100_000, key=(12346, 0))[1], sample(100_000, key=(12345, 1))[1],
              normals, np.roll(first, 1)]
    for other in others:
        assert abs(np.corrcoef(first, other)[0, 1]) < 4.5 / np.sqrt(100_000)


def test_streams_have_different_numbers():
    values = [value for name, value in vars(random).items() if name.startswith("STREAM_")]
    assert len(values) == len(set(values)) >= 9


@pytest.mark.parametrize("mean", [0.01, 0.4, 1.0, 7.5, 64.0])
def test_poisson_thresholds_give_poisson_counts(mean):
    words = sample(200_000)[0].ravel()
    limits = np.array(poisson.thresholds(mean), np.uint64)
    counts = np.searchsorted(limits, words, side="right")
    top = int(stats.poisson.isf(1e-4, mean))
    observed = np.bincount(np.minimum(counts, top), minlength=top + 1)
    expected = stats.poisson.pmf(np.arange(top + 1), mean)
    expected[top] = stats.poisson.sf(top - 1, mean)
    keep = expected * words.size > 5
    observed, expected = np.append(observed[keep], observed[~keep].sum()), np.append(expected[keep],
                                                                                      expected[~keep].sum())
    used = expected > 0
    assert stats.chisquare(observed[used], expected[used] / expected.sum() * words.size).pvalue > SIGNIFICANCE
    assert counts.mean() == pytest.approx(mean, abs=4.5 * np.sqrt(mean / words.size))


def test_thresholds_are_exact_cumulative_probabilities():
    for mean in (0.05, 3.0, 40.0):
        exact = np.floor(stats.poisson.cdf(np.arange(len(poisson.thresholds(mean))), mean) * 2.0**32)
        assert np.max(np.abs(exact - poisson.thresholds(mean))) <= 2.0


def test_a_mean_of_zero_never_counts_and_too_large_a_mean_is_refused():
    assert poisson.thresholds(0.0) == []
    for mean in (-1.0, 65.0, float("nan")):
        with pytest.raises(ValueError, match="outside 0 to 64"):
            poisson.thresholds(mean)
