"""Builds a network's synapses on the CPU: two passes over the same random walk, first counting, then storing.

Layout: neurons are split into `parts` (one per thread, contiguous ranges of targets). Each part holds, for every
source and delay, one segment of 32-bit words; a word is target (within the part) << weight_bits | weight. The delay
needs no storage of its own: it is the segment's.
"""

from __future__ import annotations

from types import ModuleType

from ..models import placing, random, wiring
from .cpu_words import load
from .emit import Library

_KERNELS = '''
OPT = dict(error_model="numpy", nogil=True, cache=True)
U = np.uint64
BLOCK = {block}

@nb.njit(**OPT)
def place(first, last, ellipsoid, low, high, bend, k0, k1, positions):
    """Uniform positions in a box, bent or not, or in the ellipsoid that it encloses, for neurons first .. last - 1."""
    for i in range(first, last):
        w0, w1, w2, w3 = philox(u32(i), u32(0), u32(0), u32({stream_position}), k0, k1)
        if ellipsoid:
            x, y, z = in_ball(w0, w1, w2, w3)
            positions[i, 0] = within(x, low[0], high[0])
            positions[i, 1] = within(y, low[1], high[1])
            positions[i, 2] = within(z, low[2], high[2])
        else:
            x = along(w0, low[0], high[0])
            positions[i, 0] = x
            positions[i, 1] = bent(along(w1, low[1], high[1]), x, low[0], high[0], bend)
            positions[i, 2] = along(w2, low[2], high[2])

@nb.njit(**OPT)
def normal_values(first, last, mean, sd, stream, k0, k1, out):
    """Normal numbers for neurons first .. last - 1, one word of `stream` each."""
    for i in range(first, last):
        w0, w1, w2, w3 = philox(u32(i), u32(0), u32(0), u32(stream), k0, k1)
        out[i] = mean + sd * normal(w0)

@nb.njit(**OPT)
def walk(sources, store, range_of, projection_of, pre_ptr, post_range, table, positions, k0, k1,
         steps_per_ms, min_delay, max_delay, part_start, num_neurons, segment, weight_bits, words):
    """Draw all synapses of the sources `sources[0] .. sources[1] - 1`.

    `segment[part, source, delay - 1]` is incremented (store = False) or used as the place to write to and then
    advanced (store = True).
    """
    max_units = f32((1 << weight_bits) - 1)
    for i in range(sources[0], sources[1]):
        population = 0
        while i >= range_of[population + 1]:
            population += 1
        x, y, z = positions[i, 0], positions[i, 1], positions[i, 2]
        for q in range(pre_ptr[population], pre_ptr[population + 1]):
            projection = projection_of[q]
            inverse, inverse_length = table[projection, 0], table[projection, 1]
            mean, sd = table[projection, 2], table[projection, 3]
            delay, inverse_velocity, delay_sd = table[projection, 4], table[projection, 5], table[projection, 6]
            multapses = table[projection, 7] > f32(0.5)
            first, last = post_range[projection, 0], post_range[projection, 1]
            for block in range((last - first + BLOCK - 1) // BLOCK):
                base = first + block * BLOCK
                size = min(BLOCK, last - base)
                draw, j, along = 0, -1, f32(0.0)
                while True:
                    w0, w1, w2, w3 = philox(u32(i), u32(draw), u32(projection | (block << 8)),
                                            u32({stream_connect}), k0, k1)
                    draw += 1
                    if multapses:
                        along = along + poisson_advance(w0, inverse)
                        j = int(along)
                    else:
                        j += 1 + bernoulli_gap(w0, inverse)
                    if j >= size:
                        break
                    target = base + j
                    if target == i:
                        continue
                    d = distance(x, y, z, positions[target, 0], positions[target, 1], positions[target, 2])
                    if inverse_length > f32(0.0) and not accepted(w1, d, inverse_length):
                        continue
                    steps = delay_steps(w3, d, delay, inverse_velocity, delay_sd, steps_per_ms, i32(min_delay),
                                        i32(max_delay))
                    part = 0
                    while target >= part_start[part + 1]:
                        part += 1
                    at = (np.int64(part) * num_neurons + i) * max_delay + steps - 1
                    place_ = segment[at]
                    segment[at] = place_ + 1
                    if store:
                        units = weight_units(w2, mean, sd, max_units)
                        local = target - part_start[part]
                        words[place_] = (u32(local) << u32(weight_bits)) | u32(units)

@nb.njit(**OPT)
def accumulate(counts, total):
    """Turn counts into starting places, in place; return the number of synapses."""
    for k in range(counts.size):
        n = counts[k]
        counts[k] = total
        total += n
    return total

@nb.njit(**OPT)
def decode(words, weight_bits, segment, parts, num_neurons, max_delay, part_start, cursor, targets, units, delays):
    """Write all synapses row by row: target, weight in stored units, delay in steps."""
    mask = u32((1 << weight_bits) - 1)
    for part in range(parts):
        for i in range(num_neurons):
            for d in range(max_delay):
                at = (np.int64(part) * num_neurons + i) * max_delay + d
                for k in range(segment[at], segment[at + 1]):
                    place_ = cursor[i]
                    cursor[i] = place_ + 1
                    targets[place_] = part_start[part] + np.int64(words[k] >> u32(weight_bits))
                    units[place_] = np.int64(words[k] & mask)
                    delays[place_] = d + 1

@nb.njit(**OPT)
def sum_weights(part, words, weight_bits, segment, num_neurons, max_delay, port_of, sums):
    """Add up, per port and neuron of `part`, the stored weights of all its synapses."""
    mask = u32((1 << weight_bits) - 1)
    for i in range(num_neurons):
        port = port_of[i]
        begin = segment[(np.int64(part) * num_neurons + i) * max_delay]
        end = segment[(np.int64(part) * num_neurons + i) * max_delay + max_delay]
        for k in range(begin, end):
            sums[port, np.int64(words[k] >> u32(weight_bits))] += np.int64(words[k] & mask)

@nb.njit(inline="always")
def mixed(z):
    """A 64-bit word whose every bit depends on every bit of `z`; see backend/kernels/look.cu."""
    z = (z ^ (z >> U(30))) * U(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> U(27))) * U(0x94D049BB133111EB)
    return z ^ (z >> U(31))

@nb.njit(**OPT)
def fingerprint(first, last, words, weight_bits, segment, num_neurons, max_delay, part_start):
    """The sum, modulo 2^64, of a hash of every synapse of the sources first .. last - 1."""
    total, mask, shift = U(0), u32((1 << weight_bits) - 1), u32(weight_bits)
    for part in range(part_start.size - 1):
        for i in range(first, last):
            for d in range(max_delay):
                at = (np.int64(part) * num_neurons + i) * max_delay + d
                for k in range(segment[at], segment[at + 1]):
                    target = U(part_start[part]) + U(words[k] >> shift)
                    total += mixed(mixed((U(i) << U(32)) | target) + ((U(d + 1) << U(32)) | U(words[k] & mask)))
    return total
'''


def kernels() -> ModuleType:
    """Return the compiled builders: place, normal_values, walk, accumulate, decode, sum_weights, fingerprint."""
    library = Library()
    for function in (random.philox, random.uniform, random.normal, placing.along, placing.bent, placing.in_ball,
                     placing.within, wiring.bernoulli_gap, wiring.poisson_advance,
                     wiring.distance, wiring.accepted, wiring.delay_steps, wiring.weight_units):
        library.add(function)
    text = _KERNELS.format(block=wiring.BLOCK, stream_position=random.STREAM_POSITION,
                           stream_connect=random.STREAM_CONNECT)
    return load(library.python_source() + text, "build")
