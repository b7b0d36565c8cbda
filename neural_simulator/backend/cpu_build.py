"""Builds a network's synapses on the CPU: two passes over the same random walks, first counting, then storing.

Layout: neurons are split into `parts` (one per thread, contiguous ranges of targets). Each part holds, for every
source and delay, one segment of 32-bit words; a word is target (within the part) << weight_bits | weight. The delay
needs no storage of its own: it is the segment's.

Walks work in batches of up to LANES draws, so that random words, distances and kernels fill the vector unit.
"""

from __future__ import annotations

from types import ModuleType

from ..models import placing, random, wiring
from .cpu_words import load
from .emit import Library

_KERNELS = '''
OPT = dict(error_model="numpy", nogil=True, cache=True)
LANES = 128
FEW, CROWD = 16, 32      # shorter segments are not worth pigeonholes; fuller pigeonholes are not worth it either
U = np.uint64

@nb.njit(**OPT)
def place(first, last, ellipsoid, low, high, bend, k0, k1, positions):
    """Uniform positions in a box, bent or not, or in the ellipsoid that it encloses, for neurons first .. last - 1."""
    for i in range(first, last):
        w0, w1, w2, w3 = philox(u32(i), u32(0), u32(0), u32(STREAM_POSITION), k0, k1)
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

# ---- batches
@nb.njit(**OPT)
def draw(lanes, owner, numbered, third, k0, k1, words):
    """The random words of the draws of `owner` that `numbered` names; `third`: third word of their counter."""
    numbered = numbered[:lanes]
    words0, words1, words2, words3 = words[0, :lanes], words[1, :lanes], words[2, :lanes], words[3, :lanes]
    for j in range(lanes):
        w0, w1, w2, w3 = philox(u32(owner), numbered[j], third, u32(STREAM_CONNECT), k0, k1)
        words0[j] = w0
        words1[j] = w1
        words2[j] = w2
        words3[j] = w3

@nb.njit(**OPT)
def draw_second(lanes, owner, numbered, third, k0, k1, words):
    """As `draw`, but the second word alone, which decides whether a kernel accepts."""
    numbered, words1 = numbered[:lanes], words[1, :lanes]
    for j in range(lanes):
        words1[j] = philox(u32(owner), numbered[j], third, u32(STREAM_CONNECT), k0, k1)[1]

@nb.njit(**OPT)
def stir(lanes, changed, by, size, key):
    """One round of `stirred` in every lane."""
    changed, by = changed[:lanes], by[:lanes]
    for j in range(lanes):
        changed[j] = stirred_half(changed[j], by[j], size, key)

@nb.njit(**OPT)
def choose(lanes, places, count, k, choice):
    """Who is at these places of the random order of 0 .. count - 1 under the key k: `in_order` in every lane.

    Round by round over all lanes, since the rounds of one lane wait for each other. The few lanes that end beyond
    `count` go on one by one; noting them takes no branch that could be guessed wrong.
    """
    chosen, right, late = choice
    shift = order_shift(u32(count))
    columns = u32(u32(1) << shift)
    rows = u32(((u32(count) - u32(1)) >> shift) + u32(1))
    k0, k1, k2, k3 = k
    places, left, right = places[:lanes], chosen[:lanes], right[:lanes]
    for j in range(lanes):
        left[j], right[j] = places[j] >> shift, places[j] & u32(columns - u32(1))
    for _ in range(2):
        stir(lanes, left, right, rows, k0)
        stir(lanes, right, left, columns, k1)
        stir(lanes, left, right, rows, k2)
        stir(lanes, right, left, columns, k3)
        k0, k1, k2, k3 = u32(k0 + KEY_STEP), u32(k1 + KEY_STEP), u32(k2 + KEY_STEP), u32(k3 + KEY_STEP)
    for j in range(lanes):
        left[j] = u32(left[j] << shift) + right[j]
    n = U(0)
    for j in range(lanes):
        late[n] = j
        n += U(left[j] >= count)
    for j in late[:n]:
        left[j] = in_order(left[j], u32(count), shift, k[0], k[1], k[2], k[3])

@nb.njit(**OPT)
def apart_from(lanes, i, others, positions, apart):
    """Differences of the positions of others and neuron i, um."""
    x, y, z = positions[i, 0], positions[i, 1], positions[i, 2]
    others = others[:lanes]
    for j in range(lanes):
        other = U(others[j])
        apart[0, j] = positions[other, 0] - x
        apart[1, j] = positions[other, 1] - y
        apart[2, j] = positions[other, 2] - z

@nb.njit(**OPT)
def measure(lanes, apart, numbers, d, r):
    """Distances: d in um, r in units of the kernel's length."""
    period_x, period_y, period_z = numbers[PERIOD_X], numbers[PERIOD_Y], numbers[PERIOD_Z]
    shrink_x, shrink_y, shrink_z = numbers[SHRINK_X], numbers[SHRINK_Y], numbers[SHRINK_Z]
    inverse_length = numbers[INVERSE_LENGTH]
    apart_x, apart_y, apart_z = apart[0, :lanes], apart[1, :lanes], apart[2, :lanes]
    d, r = d[:lanes], r[:lanes]
    for j in range(lanes):
        dx, dy, dz = wrapped(apart_x[j], period_x), wrapped(apart_y[j], period_y), wrapped(apart_z[j], period_z)
        d[j] = length(dx, dy, dz)
        r[j] = length(dx * shrink_x, dy * shrink_y, dz * shrink_z) * inverse_length

@nb.njit(**OPT)
def kernel_values(lanes, kind, r, value):
    """The kernel with number `kind` at every r."""
    r, value = r[:lanes], value[:lanes]
{kernels}

@nb.njit(**OPT)
def put(store, shared, lanes, room, numbers, law, net):
    """Count or store the synapses of a batch. `shared`: other threads may write to the same segments.

    Where they may, words wait until the places of the whole batch are taken: an atomic addition does not begin before
    the words stored ahead of it have reached memory, and those go to places far apart.
    """
    words, pre, post, apart, d, r, value, choice, (at, waiting) = room
    part_start, segment, stored, steps_per_ms, grid = net
    num_neurons, min_delay, max_delay, weight_bits = grid[0], i32(grid[1]), i32(grid[2]), grid[3]
    max_units = f32((1 << weight_bits) - 1)
    delay, inverse_velocity, delay_sd = numbers[DELAY], numbers[INVERSE_VELOCITY], numbers[DELAY_SD]
    weight, weight_sd = numbers[WEIGHT], numbers[WEIGHT_SD]
    weight_words, delay_words = words[2], words[3]
    for j in range(U(lanes)):
        steps = delay_steps(delay_words[j], d[j], delay, inverse_velocity, delay_sd, steps_per_ms, min_delay, max_delay)
        target = post[j]
        part = 0
        while target >= part_start[part + 1]:
            part += 1
        place_ = U((np.int64(part) * num_neurons + pre[j]) * max_delay + steps - 1)
        word = u32(0)
        if store:
            units = weight_units(weight_words[j], law, weight, weight_sd, max_units)
            word = (u32(target - part_start[part]) << u32(weight_bits)) | u32(units)
        if shared:
            at[j] = fetch_add(segment, np.int64(place_), 1)
            waiting[j] = word
        else:
            k = segment[place_]
            segment[place_] = k + 1
            if store:
                stored[U(k)] = word
    if store and shared:
        for j in range(U(lanes)):
            stored[U(at[j])] = waiting[j]

@nb.njit(**OPT)
def scratch():
    """Room for a batch: random words, sources, targets, differences and distances, kernel values, choices, places."""
    words = np.zeros((4, LANES), np.uint32)
    choice = np.empty(LANES, np.uint32), np.empty(LANES, np.uint32), np.empty(LANES, np.int64)
    return (words, np.empty(LANES, np.int64), np.empty(LANES, np.int64), np.empty((3, LANES), np.float32),
            np.empty(LANES, np.float32), np.empty(LANES, np.float32), np.empty(LANES, np.float32), choice,
            (np.empty(LANES, np.int64), np.empty(LANES, np.uint32)))

# ---- walks
@nb.njit(**OPT)
def walk_pairwise(store, projection, first, last, numbers, counts, positions, k0, k1, net):
    """Bernoulli or Poisson trials of the sources first .. last - 1 with all their targets, block by block.

    `net`, for this and `walk_others`: (part_start, segment, words, steps per ms, (neurons, shortest and longest delay,
    weight bits)). `segment[part, source, delay - 1]` is incremented (store = False) or used as the place to write to
    and then advanced (store = True). Returns how many owners lack synapses.
    """
    room = scratch()
    words, pre, post, apart, d, r, value, choice, places = room
    numbered = choice[0]
    begin, end, kind, law = counts[POST_FIRST], counts[POST_LAST], counts[KERNEL], i32(counts[WEIGHT_LAW])
    poisson, autapses = counts[WALK] == POISSON, counts[AUTAPSES] != 0
    inverse, density = numbers[INVERSE], numbers[DENSITY]
    words1, words2, words3 = words[1], words[2], words[3]
    gap = np.empty(LANES, np.int32)
    advance = np.empty(LANES, np.float32)
    lane_of, kept = np.empty(LANES, np.int32), np.empty(LANES, np.int32)
    for i in range(first, last):
        pre[:] = i
        for block in range((end - begin + WALK_BLOCK - 1) // WALK_BLOCK):
            base = begin + block * WALK_BLOCK
            size = min(WALK_BLOCK, end - base)
            drawn, j, along = 0, -1, f32(0.0)
            while j < size:
                lanes = min(LANES, int(f32(size - max(j, 0)) * density * f32(1.1)) + 8)
                for lane in range(lanes):
                    numbered[lane] = drawn + lane
                draw(lanes, i, numbered, u32(projection | (block << 8)), k0, k1, words)
                drawn += lanes
                words0 = words[0, :lanes]
                if poisson:
                    for lane in range(lanes):
                        advance[lane] = poisson_advance(words0[lane], inverse)
                else:
                    for lane in range(lanes):
                        gap[lane] = bernoulli_gap(words0[lane], inverse)
                n = U(0)
                for lane in range(lanes):
                    if poisson:
                        along = along + advance[lane]
                        j = int(along)
                    else:
                        j += 1 + gap[lane]
                    if j >= size:
                        break
                    if base + j == i and not autapses:
                        continue
                    post[n], lane_of[n] = base + j, lane
                    n += U(1)
                apart_from(n, i, post, positions, apart)
                measure(n, apart, numbers, d, r)
                if kind != UNIFORM:
                    kernel_values(n, kind, r, value)
                    candidates, n = n, U(0)
                    for c in range(candidates):
                        kept[n] = c
                        n += U(uniform(words1[U(lane_of[c])]) < value[c])
                    for k in range(n):
                        c = U(kept[k])
                        post[k], d[k], lane_of[k] = post[c], d[c], lane_of[c]
                for k in range(n):
                    words2[k], words3[k] = words2[U(lane_of[k])], words3[U(lane_of[k])]
                put(store, False, n, room, numbers, law, net)
    return 0

@nb.njit(**OPT)
def partners(owner, counts):
    """Of a fixed degree: whether sources are drawn, the first possible partner, who is skipped, how many remain."""
    inward = counts[WALK] == IN_DEGREE
    first, last = (counts[PRE_FIRST], counts[PRE_LAST]) if inward else (counts[POST_FIRST], counts[POST_LAST])
    skipped = owner if counts[AUTAPSES] == 0 else last
    return inward, first, skipped, last - first - (1 if skipped < last else 0)

@nb.njit(**OPT)
def approach(lanes, owner, numbered, numbers, counts, positions, room, key):
    """The partners that these draws of `owner` propose, with their distances; multapses take the words of `draw`."""
    words, pre, post, apart, d, r, value, choice, places = room
    inward, first, skipped, count = partners(owner, counts)
    chosen, others = choice[0], pre if inward else post
    if counts[MULTAPSES] != 0:
        for j in range(lanes):
            chosen[j] = mulhi(words[0, j], u32(count))
    else:
        choose(lanes, numbered, count, key, choice)
    for j in range(lanes):
        other = first + np.int64(chosen[j])
        others[j] = other + 1 if other >= skipped else other
    apart_from(lanes, owner, others, positions, apart)
    measure(lanes, apart, numbers, d, r)

@nb.njit(**OPT)
def search(owner, projection, numbers, counts, positions, k0, k1, room, key, asked, accepted):
    """Fill `accepted` with the draws of `owner` that its kernel accepts, and return how many there are.

    Lap by lap, as in `taken_in_lap`; what the further laps need of everybody is kept in `asked`.
    """
    words, pre, post, apart, d, r, value, choice, places = room
    count, wanted, multapses = partners(owner, counts)[3], counts[NUMBER], counts[MULTAPSES] != 0
    limit = max(count, wanted) if multapses else count
    numbered, taken = np.empty(LANES, np.uint32), np.empty(LANES, np.bool_)
    found = U(0)
    for lap in range(MAX_LAPS):
        start = lap * limit if multapses else 0
        for begin in range(0, limit, LANES):
            lanes = min(LANES, limit - begin)
            if multapses or lap == 0:
                for j in range(lanes):
                    numbered[j] = start + begin + j
                if multapses:
                    draw(lanes, owner, numbered, u32(projection), k0, k1, words)
                else:
                    draw_second(lanes, owner, numbered, u32(projection), k0, k1, words)
                approach(lanes, owner, numbered, numbers, counts, positions, room, key)
                kernel_values(lanes, counts[KERNEL], r, value)
            if multapses:
                for j in range(lanes):
                    u = uniform(words[1, j])
                    taken[j] = (u < f32(1.0)) & (u >= f32(1.0) - value[j])
            else:
                known, missed, left = (asked[0, begin:begin + lanes], asked[1, begin:begin + lanes],
                                       asked[2, begin:begin + lanes])
                if lap == 0:
                    for j in range(lanes):
                        known[j], missed[j], left[j] = uniform(words[1, j]), f32(1.0) - value[j], f32(1.0)
                for j in range(lanes):
                    still = left[j] * missed[j]
                    taken[j] = (known[j] < left[j]) & (known[j] >= still)
                    left[j] = still
            for j in range(lanes):
                accepted[found] = start + begin + j
                found += U(taken[j])
            if found >= U(wanted):
                return wanted
    return np.int64(found)

@nb.njit(**OPT)
def remember(accepted, turn, memory):
    """Note draws as the gaps between them, round a ring of `turn` places, one lap after the other.

    255 stands for a gap that goes on; the last byte says whether all fit.
    """
    at, previous = U(0), np.int64(-1)
    for k in range(accepted.size - LANES):
        gap = np.int64(accepted[k]) - previous - 1
        gap = gap + turn if gap < 0 else gap
        previous = np.int64(accepted[k])
        while gap >= 0:
            if at >= U(memory.size - 1):
                return
            memory[at] = min(gap, 255)
            gap -= 255
            at += U(1)
    memory[memory.size - 1] = 1

@nb.njit(**OPT)
def recall(memory, turn, accepted):
    """The draws that `remember` noted."""
    at, previous = U(0), np.int64(-1)
    for k in range(accepted.size - LANES):
        previous += 1
        while memory[at] == 255:
            previous += 255
            at += U(1)
        previous += np.int64(memory[at])
        previous = previous - turn if previous >= turn else previous
        at += U(1)
        accepted[k] = previous

@nb.njit(**OPT)
def degree(store, owner, projection, numbers, counts, positions, k0, k1, room, net, asked, accepted, memory):
    """A fixed number of partners of `owner`, targets of a source or sources of a target; return how many lack.

    Where a kernel decides, `memory` keeps from counting to storing whom it accepted, as far as there is room.
    """
    words, pre, post, apart, d, r, value, choice, places = room
    inward, first, skipped, count = partners(owner, counts)
    wanted, law = counts[NUMBER], i32(counts[WEIGHT_LAW])
    if count <= 0:
        return wanted
    key = philox(u32(owner), u32(ORDER), u32(projection), u32(STREAM_CONNECT), k0, k1)
    found, turn = wanted, np.int64(1 << 40) if counts[MULTAPSES] != 0 else count
    if counts[KERNEL] != UNIFORM:
        if store and memory[memory.size - 1] != 0:
            recall(memory, turn, accepted)
        else:
            found = search(owner, projection, numbers, counts, positions, k0, k1, room, key, asked, accepted)
            if found == wanted and not store:
                remember(accepted, turn, memory)
    mine = post if inward else pre
    mine[:] = owner
    drawing = counts[MULTAPSES] != 0 or numbers[DELAY_SD] != f32(0.0) or (store and numbers[WEIGHT_SD] != f32(0.0))
    for begin in range(0, found, LANES):
        lanes = min(LANES, found - begin)
        numbered = accepted[begin:begin + lanes]
        if drawing:
            draw(lanes, owner, numbered, u32(projection), k0, k1, words)
        approach(lanes, owner, numbered, numbers, counts, positions, room, key)
        put(store, inward, lanes, room, numbers, law, net)
    return wanted - found

@nb.njit(**OPT)
def total(store, begin, end, projection, numbers, counts, positions, k0, k1, room, net):
    """The synapses begin .. end - 1 of a projection with a fixed total number of them."""
    words, pre, post, apart, d, r, value, choice, places = room
    first_pre, first_post, law = counts[PRE_FIRST], counts[POST_FIRST], i32(counts[WEIGHT_LAW])
    autapses, multapses = counts[AUTAPSES] != 0, counts[MULTAPSES] != 0
    rows = counts[PRE_LAST] - first_pre
    columns = counts[POST_LAST] - first_post - (0 if autapses else 1)
    key = philox(u32(0), u32(ORDER), u32(projection), u32(STREAM_CONNECT), k0, k1)
    every = rows * columns
    chosen, numbered = choice[0], np.empty(LANES, np.uint32)
    words0, words1, words2, words3 = words[0], words[1], words[2], words[3]
    for start in range(begin, end, LANES):
        lanes = min(LANES, end - start)
        for j in range(lanes):
            s = U(start + j)
            w0, w1, w2, w3 = philox(u32(s), u32(0), u32(projection) | u32((s >> U(32)) << U(8)), u32(STREAM_CONNECT),
                                    k0, k1)
            words0[j], words1[j], words2[j], words3[j] = w0, w1, w2, w3
        if multapses:
            for j in range(lanes):
                pre[j], post[j] = mulhi(words0[j], u32(rows)), mulhi(words1[j], u32(columns))
        elif every < ORDER:
            for j in range(lanes):
                numbered[j] = start + j
            choose(lanes, numbered, every, key, choice)
            for j in range(lanes):
                pre[j], post[j] = chosen[j] // U(columns), chosen[j] % U(columns)
        else:
            for j in range(lanes):
                s = start + j
                pre[j], post[j] = stirred(u32(s // columns), u32(s % columns), u32(rows), u32(columns), key[0], key[1],
                                          key[2], key[3])
        for j in range(lanes):
            source, target = first_pre + pre[j], first_post + post[j]
            if not autapses and target >= source:
                target += 1
            pre[j], post[j] = source, target
            for axis in range(3):
                apart[axis, j] = positions[U(target), axis] - positions[U(source), axis]
        measure(lanes, apart, numbers, d, r)
        put(store, True, lanes, room, numbers, law, net)

@nb.njit(**OPT)
def ring(store, i, projection, numbers, counts, positions, k0, k1, room, net):
    """The synapses of source i in a small world: nearest places on the ring, some of them moved to anywhere."""
    words, pre, post, apart, d, r, value, choice, places = room
    numbered = choice[0]
    first, law, wanted, rewiring = counts[POST_FIRST], i32(counts[WEIGHT_LAW]), counts[NUMBER], numbers[REWIRING]
    count = counts[POST_LAST] - first
    at = (i - first) * counts[STRIDE_BACK] % count
    third = u32(projection)
    key0, key1, key2, key3 = philox(u32(i), u32(ORDER), third, u32(STREAM_CONNECT), k0, k1)
    shift = order_shift(u32(max(count, 2) - 1))
    half, tried = wanted // 2, np.int64(0)
    pre[:] = i
    for start in range(0, wanted, LANES):
        lanes = min(LANES, wanted - start)
        for j in range(lanes):
            numbered[j] = start + j
        draw(lanes, i, numbered, third, k0, k1, words)
        for j in range(lanes):
            slot = start + j
            offset = slot + 1 if slot < half else count - 1 - (slot - half)
            if uniform(words[1, j]) < rewiring:
                kept = True
                while kept:
                    offset = 1 + np.int64(in_order(u32(tried), u32(count - 1), shift, key0, key1, key2, key3))
                    tried += 1
                    other = offset - 1 if offset <= half else count - 1 - offset + half
                    kept = False
                    if offset <= half or offset >= count - half:
                        v0, v1, v2, v3 = philox(u32(i), u32(other), third, u32(STREAM_CONNECT), k0, k1)
                        kept = not uniform(v1) < rewiring
            place_ = at + offset
            place_ = place_ - count if place_ >= count else place_
            post[j] = first + np.int64(U(place_ * counts[STRIDE]) % U(count))
        apart_from(lanes, i, post, positions, apart)
        measure(lanes, apart, numbers, d, r)
        put(store, False, lanes, room, numbers, law, net)

@nb.njit(**OPT)
def pairs(store, begin, end, projection, numbers, counts, positions, k0, k1, room, net):
    """The one synapse of each of the sources begin .. end - 1."""
    words, pre, post, apart, d, r, value, choice, places = room
    numbered = choice[0]
    numbered[0] = 0
    for i in range(begin, end):
        pre[0], post[0] = i, counts[POST_FIRST] + i - counts[PRE_FIRST]
        draw(1, i, numbered, u32(projection), k0, k1, words)
        apart_from(1, i, post, positions, apart)
        measure(1, apart, numbers, d, r)
        put(store, False, 1, room, numbers, i32(counts[WEIGHT_LAW]), net)

@nb.njit(**OPT)
def walk_others(store, projection, first, last, numbers, counts, positions, k0, k1, net, memory):
    """Draw the synapses of the owners first .. last - 1 in a projection of any other rule.

    `memory`: a row of bytes for each of them, which counting leaves to storing; see `remember`.
    """
    room = scratch()
    kind, lacking = counts[WALK], 0
    if kind == TOTAL:
        total(store, first, last, projection, numbers, counts, positions, k0, k1, room, net)
        return 0
    if kind == ONE_TO_ONE:
        pairs(store, first, last, projection, numbers, counts, positions, k0, k1, room, net)
        return 0
    if kind == RING:
        for owner in range(first, last):
            ring(store, owner, projection, numbers, counts, positions, k0, k1, room, net)
        return 0
    lapping = counts[KERNEL] != UNIFORM and counts[MULTAPSES] == 0
    asked = np.empty((3, partners(first, counts)[3] + 1 if lapping else 0), np.float32)
    accepted = np.arange(counts[NUMBER] + LANES).astype(np.uint32)
    nothing = np.zeros(1, np.uint8)
    for owner in range(first, last):
        row = memory[owner - first] if memory.size > 0 else nothing
        lacking += degree(store, owner, projection, numbers, counts, positions, k0, k1, room, net, asked, accepted,
                          row) > 0
    return lacking

# ---- what is built
@nb.njit(**OPT)
def accumulate(segment):
    """Turn the counts in segment[2:] into starting places in segment[1:]; return the number of synapses."""
    total = np.int64(0)
    for k in range(segment.size - 2):
        n = segment[k + 2]
        segment[k + 1] = total
        total += n
    return total

@nb.njit(**OPT)
def sort_evenly(row, ends, spare):
    """Sort words that lie about evenly between the least and the largest of them.

    Each is first put where it would lie if all were even, in one of twice as many pigeonholes as there are words;
    what is still out of order then moves by few places. Returns False, with the words as they were, if they are too
    uneven for that.
    """
    least, most = row[0], row[0]
    for word in row:
        least, most = min(least, word), max(most, word)
    holes = U(2 * row.size)
    scale = (holes << U(32)) // (U(most - least) + U(1))
    ends[:holes] = 0
    for word in row:
        ends[(U(word - least) * scale) >> U(32)] += 1
    crowd, total = np.int32(0), np.int32(0)
    for hole in range(holes):
        crowd = max(crowd, ends[hole])
        total += ends[hole]
        ends[hole] = total - ends[hole]
    if crowd > CROWD:
        return False
    for word in row:
        hole = (U(word - least) * scale) >> U(32)
        spare[ends[hole]] = word
        ends[hole] += 1
    for k in range(row.size):
        word, at = spare[k], k
        while at > 0 and row[at - 1] > word:
            row[at] = row[at - 1]
            at -= 1
        row[at] = word
    return True

@nb.njit(**OPT)
def sort(begin, end, segment, words):
    """Sort the words of the segments begin .. end - 1: the order in which threads came must not show."""
    longest = 0
    for k in range(begin, end):
        longest = max(longest, segment[k + 1] - segment[k])
    ends, spare = np.empty(2 * longest, np.int32), np.empty(longest, np.uint32)
    for k in range(begin, end):
        row = words[segment[k]:segment[k + 1]]
        if row.size < FEW or not sort_evenly(row, ends, spare):
            row.sort()

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
    """Return the compiled builders: place, normal_values, the walks, accumulate, sort, decode, sums, fingerprint."""
    library = Library()
    for function in (random.philox, random.normal, *placing.BUILDERS_USE, *wiring.BUILDERS_USE):
        library.add(function)
    constants = "".join(f"{name} = {value}\n" for name, value in wiring.constants().items())
    branches = "".join(f"    if kind == {kind}:\n        for j in range(lanes):\n            value[j] = {name}(r[j])\n"
                       for kind, name in enumerate(wiring.KERNELS) if kind != wiring.UNIFORM)
    return load(library.python_source() + constants + _KERNELS.format(kernels=branches.rstrip()), "build")
