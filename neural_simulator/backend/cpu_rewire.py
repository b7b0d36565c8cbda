"""Structural plasticity on the host, for every engine: who vanishes, who forms, and the new connectivity.

Synapses come in the canonical order (by source, delay and target) as `network.rewiring.Wiring` holds them. Random
numbers are functions of the seed, the round, and the synapse's or the attempt's place; so nothing depends on who
computes. One pass over the synapses decides, one merges; growth visits vacancies only.
"""

from __future__ import annotations

from types import ModuleType

from ..models import random, wiring
from ..models.plasticity import structural
from .cpu_words import load
from .emit import Library

# The table of growing pairs of populations: float32 columns, then int64 columns.
NUMBERS = ("THRESHOLD", "WEAK", "STRONG", "ATTEMPTS", "GROWTH_LENGTH", "SHARE", "INVERSE_FULL", "NEW_WEIGHT")
COUNTS = ("PRE", "POST", "FIRST_POST", "LAST_POST", "MOST_IN", "MOST_OUT", "PROJECTION")
MOST_ATTEMPTS = 0xFFFF         # of one target in a round; its number is also that of the draw that says how many

_KERNELS = '''
OPT = dict(error_model="numpy", nogil=True, cache=True)
U = np.uint64

# ---- rows of the engines
@nb.njit(**OPT)
def canonical(starts, targets, delays, num_neurons, max_delay):
    """Whether all synapses lie within the network, in canonical order; `starts` must ascend up to their number."""
    for i in range(num_neurons):
        before_delay, before_target = np.int64(0), np.int64(0)
        for k in range(starts[i], starts[i + 1]):
            delay, target = np.int64(delays[U(k)]), np.int64(targets[U(k)])
            if not 1 <= delay <= max_delay or target >= num_neurons:
                return False
            if delay < before_delay or delay == before_delay and target < before_target:
                return False
            before_delay, before_target = delay, target
    return True

@nb.njit(**OPT)
def unroll(segment, words, weight_bits, part_start, num_neurons, max_delay, targets, delays):
    """Write target and delay (steps) of every word, in canonical order."""
    shift, at = u32(weight_bits), U(0)
    for i in range(num_neurons):
        for d in range(max_delay):
            for part in range(part_start.size - 1):
                k = (np.int64(part) * num_neurons + i) * max_delay + d
                for place in range(segment[k], segment[k + 1]):
                    targets[at] = u32(part_start[part]) + (words[U(place)] >> shift)
                    delays[at] = d + 1
                    at += U(1)

@nb.njit(**OPT)
def roll(store, starts, targets, delays, weight_bits, part_start, max_delay, places, words):
    """Count the synapses of every segment, or write them to their places, which advance; weights are left out."""
    num_neurons, shift = starts.size - 1, u32(weight_bits)
    for i in range(num_neurons):
        for k in range(starts[i], starts[i + 1]):
            target, part = np.int64(targets[U(k)]), 0
            while target >= part_start[part + 1]:
                part += 1
            at = U((np.int64(part) * num_neurons + i) * max_delay + delays[U(k)] - 1)
            place = places[at]
            places[at] = place + 1
            if store:
                words[U(place)] = u32(target - part_start[part]) << shift

# ---- rows of a device: those onto neuron j lie in the store of block j % blocks
@nb.njit(**OPT)
def count_blocks(starts, targets, blocks, counts):
    """Count the synapses of every source in every block, (blocks, N)."""
    for i in range(starts.size - 1):
        for k in range(starts[i], starts[i + 1]):
            counts[U(targets[U(k)]) % U(blocks), U(i)] += u32(1)

@nb.njit(**OPT)
def pack(starts, targets, delays, weights, apart, min_delay, delay_bits, weight_bits, row_start, words):
    """Write the words (blocks, words of a block): target, delay beyond the shortest, and the weight in whole units, 0
    where `apart` says that the source's weights lie apart."""
    blocks = words.shape[0]
    used = np.zeros(blocks, np.int64)
    for i in range(starts.size - 1):
        used[:] = 0
        for k in range(starts[i], starts[i + 1]):
            target = targets[U(k)]
            block = U(target) % U(blocks)
            delay = u32(delays[U(k)] - min_delay) if delay_bits > 0 else u32(0)
            units = u32(0) if apart[i] else u32(weights[U(k)])
            words[block, U(row_start[i] + used[block])] = (
                (u32(U(target) // U(blocks)) << u32(weight_bits + delay_bits)) | (delay << u32(weight_bits)) | units)
            used[block] += 1

# ---- a round
@nb.njit(**OPT)
def decide(round_, starts, targets, weights, population_of, pair, numbers, k0, k1, stays, incoming, outgoing):
    """Mark the synapses that stay, and count those of growing pairs by (population, partner); return who vanishes."""
    removed = 0
    for i in range(starts.size - 1):
        source = population_of[i]
        rows = pair[source]
        if rows.max() < 0:
            stays[starts[i]:starts[i + 1]] = True
            continue
        w0, w1, w2, w3 = u32(0), u32(0), u32(0), u32(0)
        for k in range(starts[i], starts[i + 1]):
            rank = k - starts[i]
            if rank & 3 == 0:
                w0, w1, w2, w3 = philox(u32(i), u32(rank >> 2), u32(round_), u32(STREAM_REMOVAL), k0, k1)
            word = (w0 if rank & 3 == 0 else w1 if rank & 3 == 1 else w2 if rank & 3 == 2 else w3)
            target = targets[U(k)]
            own = rows[population_of[target]]
            if own >= 0:
                if vanishes(word, weights[U(k)], numbers[own, THRESHOLD], numbers[own, WEAK], numbers[own, STRONG]):
                    stays[U(k)] = False
                    removed += 1
                    continue
                incoming[source, target] += 1
                outgoing[population_of[target], i] += 1
            stays[U(k)] = True
    return removed

@nb.njit(**OPT)
def reaches(starts, targets, stays, i, j, head, following, formed):
    """Whether i has a synapse onto j that stays, or one that has just formed."""
    for k in range(starts[i], starts[i + 1]):
        if targets[U(k)] == j and stays[U(k)]:
            return True
    f = head[i]
    while f >= 0:
        if formed[f, 1] == j:
            return True
        f = following[f]
    return False

@nb.njit(**OPT)
def form(round_, starts, targets, stays, positions, spikes, numbers, counts, drawing, ways, k0, k1, grid, incoming,
         outgoing):
    """Let vacancies be filled; return (F, 4) int64: source, target, delay in steps, row of the table.

    `drawing` and `ways` are the projections' table as builders read it; `grid`: steps per ms, shortest, longest delay.
    """
    steps_per_ms, min_delay, max_delay = f32(grid[0]), i32(grid[1]), i32(grid[2])
    head, following = np.full(starts.size - 1, -1, np.int64), np.zeros(1024, np.int64)
    formed, n = np.zeros((1024, 4), np.int64), 0
    for row in range(counts.shape[0]):
        pre, post, most_in, most_out = counts[row, PRE], counts[row, POST], counts[row, MOST_IN], counts[row, MOST_OUT]
        q = counts[row, PROJECTION]
        first, sources = ways[q, PRE_FIRST], ways[q, PRE_LAST] - ways[q, PRE_FIRST]
        owners = counts[row, LAST_POST] - counts[row, FIRST_POST]
        autapses, multapses = ways[q, AUTAPSES] != 0, ways[q, MULTAPSES] != 0
        o0, o1, o2, o3 = philox(u32(row), u32(ORDER), u32(round_), u32(STREAM_GROWTH), k0, k1)
        shift = order_shift(u32(owners))
        for place in range(owners):                     # in random order, so that nobody always comes first
            j = counts[row, FIRST_POST] + np.int64(in_order(u32(place), u32(owners), shift, o0, o1, o2, o3))
            vacant = most_in - np.int64(incoming[pre, j])
            if vacant <= 0:
                continue
            w0, w1, w2, w3 = philox(u32(j), u32((row << 16) | MOST_ATTEMPTS), u32(round_), u32(STREAM_GROWTH), k0, k1)
            attempts = min(np.int64(f32(vacant) * numbers[row, ATTEMPTS] + uniform(w0)), MOST_ATTEMPTS)
            for attempt in range(attempts):
                if incoming[pre, j] >= most_in:
                    break
                w0, w1, w2, w3 = philox(u32(j), u32((row << 16) | attempt), u32(round_), u32(STREAM_GROWTH), k0, k1)
                i = first + np.int64(mulhi(w0, u32(sources)))
                if i == j and not autapses:
                    continue
                dx = wrapped(positions[j, 0] - positions[i, 0], drawing[q, PERIOD_X])
                dy = wrapped(positions[j, 1] - positions[i, 1], drawing[q, PERIOD_Y])
                dz = wrapped(positions[j, 2] - positions[i, 2], drawing[q, PERIOD_Z])
                d = length(dx, dy, dz)
                if not uniform(w1) < formation(d, numbers[row, GROWTH_LENGTH], numbers[row, SHARE], f32(spikes[i]),
                                               f32(spikes[j]), numbers[row, INVERSE_FULL]):
                    continue
                if outgoing[post, i] >= most_out:
                    continue
                if not multapses and reaches(starts, targets, stays, i, j, head, following, formed):
                    continue
                if n == following.size:
                    more, further = np.zeros((2 * n, 4), np.int64), np.zeros(2 * n, np.int64)
                    more[:n], further[:n] = formed, following
                    formed, following = more, further
                formed[n, 0], formed[n, 1], formed[n, 3] = i, j, row
                formed[n, 2] = delay_steps(w2, d, drawing[q, DELAY], drawing[q, INVERSE_VELOCITY],
                                           drawing[q, DELAY_SD], steps_per_ms, min_delay, max_delay)
                following[n], head[i] = head[i], n
                n += 1
                incoming[pre, j] += 1
                outgoing[post, i] += 1
    return formed[:n]

@nb.njit(**OPT)
def merge(starts, targets, delays, stays, formed, new_starts, new_targets, new_delays, origin):
    """Write the synapses that stay and those that formed (sorted), in canonical order, and where each comes from:
    its old place, or the number of old ones + that of the formed one."""
    at, f, old = U(0), 0, targets.size
    for i in range(starts.size - 1):
        new_starts[i] = at
        k, end = starts[i], starts[i + 1]
        while True:
            while k < end and not stays[U(k)]:
                k += 1
            born = f < formed.shape[0] and formed[f, 0] == i
            if k == end and not born:
                break
            if born and (k == end or formed[f, 2] < delays[U(k)] or
                         formed[f, 2] == delays[U(k)] and formed[f, 1] < targets[U(k)]):
                new_targets[at], new_delays[at], origin[at] = formed[f, 1], formed[f, 2], old + f
                f += 1
            else:
                new_targets[at], new_delays[at], origin[at] = targets[U(k)], delays[U(k)], k
                k += 1
            at += U(1)
    new_starts[starts.size - 1] = at

@nb.njit(**OPT)
def move(values, born, origin, moved):
    """A column (float32) of the new synapses: of old ones their own values, of those that formed the ones in `born`."""
    old = values.size
    for k in range(origin.size):
        place = np.int64(origin[U(k)])
        moved[U(k)] = values[U(place)] if place < old else born[U(place - old)]
'''


def kernels() -> ModuleType:
    """Return the compiled functions: canonical, unroll, roll, count_blocks, pack, decide, form, merge, move."""
    library = Library()
    for function in (random.philox, random.uniform, structural.vanishes, structural.formation, wiring.wrapped,
                     wiring.length, wiring.delay_steps, wiring.order_shift, wiring.in_order):
        library.add(function)
    columns = {name: k for names in (NUMBERS, COUNTS) for k, name in enumerate(names)}
    named = {**wiring.constants(), **columns, "MOST_ATTEMPTS": MOST_ATTEMPTS, "STREAM_REMOVAL": random.STREAM_REMOVAL,
             "STREAM_GROWTH": random.STREAM_GROWTH}
    constants = "".join(f"{name} = {value}\n" for name, value in named.items())
    return load(library.python_source() + constants + _KERNELS, "rewire")
