"""Packed arrays: what is packed is unpacked; anything else is a ValueError."""

import json
import random
import struct

import numpy as np
import pytest

from neural_simulator.files.packing import deflate, inflate, pack, unpack
from tests.files.mutants import mutant

ARRAYS = {"states/v": np.linspace(-70, 30, 1000).astype(np.float32),
          "pending": np.arange(60, dtype=np.int32).reshape(3, 4, 5),
          "further/weights": np.random.default_rng(1).integers(0, 65536, 1_300_000).astype(np.uint16),
          "further/none": np.zeros((0, 7)), "further/one": np.array(5, np.int64)}


def test_what_is_packed_is_unpacked():
    found = unpack(pack(ARRAYS))
    assert list(found) == list(ARRAYS)
    for name, values in ARRAYS.items():
        assert found[name].dtype == values.dtype and found[name].shape == values.shape
        assert np.array_equal(found[name], values)
    assert unpack(pack({})) == {}


def test_arrays_of_foreign_byte_order_and_slices_are_packed_by_value():
    found = unpack(pack({"big": np.arange(5, dtype=">i4"), "slice": np.arange(20)[::3]}))
    assert found["big"].tolist() == [0, 1, 2, 3, 4] and found["slice"].tolist() == [0, 3, 6, 9, 12, 15, 18]


def test_equal_bytes_become_few():
    assert len(pack({"pending": np.zeros((21, 2, 10_000), np.int32)})) < 10_000


def test_a_wrong_size_is_noticed():
    data = deflate(np.arange(100, dtype=np.int32))
    assert inflate(data, np.dtype(np.int32), 100).tolist() == list(range(100))
    for count in (99, 101, 10**6):
        with pytest.raises(ValueError, match="another size"):
            inflate(data, np.dtype(np.int32), count)


def test_damaged_bytes_are_refused():
    small = {name: values.ravel()[:50] for name, values in ARRAYS.items()}
    content, dice = pack(small), random.Random(5)
    places, refused = list(range(len(content))), 0
    for _ in range(1000):
        try:
            unpack(mutant(content, places, dice))
        except ValueError:
            refused += 1
    assert refused > 900


@pytest.mark.parametrize("head", [
    [], {}, {"arrays": [], "sizes": [5]}, {"arrays": [["a", "f4", [2**50], 1]], "sizes": [0]},
    {"arrays": [["a", "O", [1], 1]], "sizes": [0]}, {"arrays": [["a", "f4", [-1], 1]], "sizes": [0]},
    {"arrays": [["a", "f4", [True], 1]], "sizes": [0]}, {"arrays": [["a", "nonsense", [1], 1]], "sizes": [0]},
    {"arrays": [["a", "f4", [1] * 40, 1]], "sizes": [0]}, {"arrays": [["a", "f4", [1], 1]], "sizes": [10**30]},
    {"arrays": [["a", "V8", [1], 1]], "sizes": [0]}, {"arrays": 3, "sizes": 4}])
def test_a_hostile_head_is_refused(head):
    text = json.dumps(head).encode()
    with pytest.raises(ValueError):
        unpack(struct.pack("<Q", len(text)) + text)
    for text in (b"[" * 100_000, b"\xff\xfe", b""):
        with pytest.raises(ValueError):
            unpack(struct.pack("<Q", len(text)) + text)
    with pytest.raises(ValueError):
        unpack(b"")
