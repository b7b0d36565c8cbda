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

# ---- a round; what is long and called rarely stands by itself, which halves the time to compile
@nb.njit(**OPT)
def words_of(owner, draw, round_, stream, k0, k1):
    """Four random words."""
    return philox(u32(owner), u32(draw), u32(round_), u32(stream), k0, k1)

@nb.njit(**OPT)
def who(place, count, key):
    """Who comes at a place of the random order of `count`."""
    return np.int64(in_order(u32(place), u32(count), order_shift(u32(count)), key[0], key[1], key[2], key[3]))

@nb.njit(**OPT)
def delay_of(word, d, numbers, steps_per_ms, min_delay, max_delay):
    """The delay in steps of a synapse at distance d um of a projection with these numbers."""
    return delay_steps(word, d, numbers[DELAY], numbers[INVERSE_VELOCITY], numbers[DELAY_SD], steps_per_ms, min_delay,
                       max_delay)

@nb.njit(**OPT)
def decide(round_, starts, targets, weights, population_of, grows, pair, numbers, k0, k1, stays, incoming, outgoing):
    """Mark the synapses that stay, count those of growing pairs by (population, partner), return how many vanish."""
    removed = 0
    for i in range(starts.size - 1):
        source = population_of[i]
        w0, w1, w2, w3 = u32(0), u32(0), u32(0), u32(0)
        for k in range(starts[i], starts[i + 1]):
            rank = k - starts[i]
            if rank & 3 == 0 and grows[source]:
                w0, w1, w2, w3 = words_of(i, rank >> 2, round_, STREAM_REMOVAL, k0, k1)
            word = (w0 if rank & 3 == 0 else w1 if rank & 3 == 1 else w2 if rank & 3 == 2 else w3)
            target = targets[U(k)]
            own = pair[source, population_of[target]]
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
def chance(i, j, positions, spikes, periods, own):
    """Distance (um) of a source and a target, and the probability with which an attempt succeeds."""
    dx = wrapped(positions[j, 0] - positions[i, 0], periods[PERIOD_X])
    dy = wrapped(positions[j, 1] - positions[i, 1], periods[PERIOD_Y])
    dz = wrapped(positions[j, 2] - positions[i, 2], periods[PERIOD_Z])
    d = length(dx, dy, dz)
    return d, formation(d, own[GROWTH_LENGTH], own[SHARE], f32(spikes[i]), f32(spikes[j]), own[INVERSE_FULL])

@nb.njit(**OPT)
def fill(j, row, round_, synapses, positions, spikes, own, count, drawing, way, k0, k1, grid, into, out, head,
         following, formed, n):
    """Let the vacancies of target j be filled from `formed[n]` on; return one past the last.

    `own` and `count` are the tables' rows of one pair, `drawing` and `way` those of its projection; `into` and `out`
    count its synapses.
    """
    starts, targets, stays = synapses
    w0, w1, w2, w3 = words_of(j, (row << 16) | MOST_ATTEMPTS, round_, STREAM_GROWTH, k0, k1)
    attempts = min(np.int64(f32(count[MOST_IN] - into[j]) * own[ATTEMPTS] + uniform(w0)), MOST_ATTEMPTS)
    first, sources = way[PRE_FIRST], way[PRE_LAST] - way[PRE_FIRST]
    for attempt in range(attempts):
        if into[j] >= count[MOST_IN]:
            break
        w0, w1, w2, w3 = words_of(j, (row << 16) | attempt, round_, STREAM_GROWTH, k0, k1)
        i = first + np.int64(mulhi(w0, u32(sources)))
        if i == j and way[AUTAPSES] == 0:
            continue
        d, probability = chance(i, j, positions, spikes, drawing, own)
        if not uniform(w1) < probability or out[i] >= count[MOST_OUT]:
            continue
        if way[MULTAPSES] == 0 and reaches(starts, targets, stays, i, j, head, following, formed):
            continue
        formed[n, 0], formed[n, 1], formed[n, 3] = i, j, row
        formed[n, 2] = delay_of(w2, d, drawing, f32(grid[0]), i32(grid[1]), i32(grid[2]))
        following[n], head[i] = head[i], n
        n += 1
        into[j] += 1
        out[i] += 1
    return n

@nb.njit(**OPT)
def form(round_, starts, targets, stays, positions, spikes, numbers, counts, drawing, ways, k0, k1, grid, incoming,
         outgoing):
    """Let vacancies be filled; return (F, 4) int64: source, target, delay in steps, row of the table.

    `drawing` and `ways` are the projections' table as builders read it; `grid`: steps per ms, shortest, longest delay.
    """
    head, following = np.full(starts.size - 1, -1, np.int64), np.zeros(1024, np.int64)
    formed, n = np.zeros((1024, 4), np.int64), 0
    synapses = (starts, targets, stays)
    for row in range(counts.shape[0]):
        count, q = counts[row], counts[row, PROJECTION]
        into, out = incoming[count[PRE]], outgoing[count[POST]]
        owners = count[LAST_POST] - count[FIRST_POST]
        key = words_of(row, ORDER, round_, STREAM_GROWTH, k0, k1)
        for place in range(owners):                     # in random order, so that nobody always comes first
            j = count[FIRST_POST] + who(place, owners, key)
            vacant = count[MOST_IN] - np.int64(into[j])
            if vacant <= 0:
                continue
            if n + vacant > following.size:
                formed, following = enlarged(formed, following, 2 * n + vacant)
            n = fill(j, row, round_, synapses, positions, spikes, numbers[row], count, drawing[q], ways[q], k0, k1,
                     grid, into, out, head, following, formed, n)
    return formed[:n]

@nb.njit(**OPT)
def enlarged(formed, following, size):
    """The two arrays with room for `size` synapses."""
    more, further = np.zeros((size, 4), np.int64), np.zeros(size, np.int64)
    for n in range(following.size):                     # slices would take seconds to compile
        for k in range(4):
            more[n, k] = formed[n, k]
        further[n] = following[n]
    return more, further

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
