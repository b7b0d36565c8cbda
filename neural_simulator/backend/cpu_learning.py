"""The CPU engine's step of a network that learns: deliver with learning, integrate, send with traces.

`models.plasticity` says what happens when. An event is a spike of a source, or the silent event that keeps its row up
to date; it acts on all of its synapses as soon as all parts have sent, and what it releases waits in a ring of
accumulators.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..models.plasticity import short_term, weight
from .emit import Library

SLICE = 256                     # synapses of a row that are passed together
NEWEST = 5                      # newest spikes of a neuron that lie together, so that looking at them is quick


class LearningArrays(NamedTuple):
    """What the kernels read and write, besides the static step's arrays; see `network.learning.Learning`."""

    population_of: np.ndarray     # (N,) uint8
    learns: np.ndarray
    row_link: np.ndarray
    pair_link: np.ndarray
    link_rule: np.ndarray
    link_release: np.ndarray
    coefficients: np.ndarray
    rule_traces: np.ndarray
    x_decay: np.ndarray
    x_keep: np.ndarray
    x_life: np.ndarray            # (X,) int64: steps after which a trace is gone
    y_decay: np.ndarray
    y_keep: np.ndarray
    e_decay: np.ndarray
    release_set: np.ndarray
    release_values: np.ndarray
    release_decay: np.ndarray
    fine: np.ndarray
    coarse: np.ndarray
    x: np.ndarray                 # (X, N) float32: trace just after the newest spike
    u: np.ndarray                 # (K, N) float32: use and resources at the newest spike
    r: np.ndarray
    seen: np.ndarray              # (N,) int32: step of the newest event
    horizon: int                  # steps after a spike for which a row must be kept up to date
    longest_gap: int              # steps between two events of such a row
    delivered: np.ndarray         # (parts,) int64: the first step whose events have not acted yet
    event_previous: np.ndarray    # (slots, N) int32: step of the spike before
    event_seen: np.ndarray        # (slots, N) int32: step of the event before
    event_x: np.ndarray           # (X, slots, N) float32: trace just after the spike before
    event_release: np.ndarray     # (K, slots, N) float32
    y: np.ndarray                 # (Y, N) float32: trace just before the newest spike
    older: np.ndarray             # (N, NEWEST - 1) int32: steps of the spikes before the newest
    recent: np.ndarray            # (N, R) int32: steps of the newest spikes; the k-th one of all lies at k % R
    recent_y: np.ndarray          # (Y, N, R) float32: traces just before them
    bits: np.ndarray              # (N, history / 32) uint32
    weight: np.ndarray            # (S,) float32, stored units
    eligibility: np.ndarray       # (S,) float32
    prefix: np.ndarray            # (E, BLOCKS, BLOCK + 1) float32: dopamine integrated from a block's start, s
    growth: np.ndarray            # (E, BLOCK + 1) float32: exp(k dt / tau); the last entry is exp(-BLOCK dt / tau)
    places: np.ndarray            # (parts, SLICE) uint32: scratch, as the next two
    traces: np.ndarray            # (parts, SLICE) float32
    news: np.ndarray              # (parts, SLICE + 1) int64
    changes: np.ndarray           # (parts, 2) int64: weights that rose, weights that fell


_LEARNING = '''
# Without reference counts, which would be two calls for every array that a function is handed, per synapse: nothing
# here keeps or makes an array.
bare = nb.njit(_nrt=False, **OPT)
bare_inlined = nb.njit(forceinline=True, _nrt=False, error_model="numpy", nogil=True)
NO_RULE = (f32(0.0),) * 11

@bare_inlined
def decayed(T, kind, steps):
    """exp(-steps dt / tau) of a time constant, from its two tables."""
    fine, coarse = T[0], T[1]
    k = steps >> 6
    last = coarse.shape[1] - 1
    return coarse[kind, U(k if k < last else last)] * fine[kind, U(steps & 63)]

@bare_inlined
def dopamine(T, e, t0, t1):
    """Integral of dopamine from step t0 to t1, weighted with exp(-(t - t0) / tau), s."""
    prefix, growth = T[2], T[3]
    b0, j0, b1, j1 = U(t0 >> 10), U(t0 & 1023), U(t1 >> 10), U(t1 & 1023)
    begin = prefix[e, b0 & U(3), j0]
    if b0 == b1:
        whole = prefix[e, b0 & U(3), j1] - begin
    else:
        whole = (prefix[e, b0 & U(3), 1024] - begin) + growth[e, 1024] * prefix[e, b1 & U(3), j1]
    return growth[e, j0] * whole

@bare_inlined
def wait(w, eligible, T, e, t0, t1, c):
    """The weight of an eligible synapse that has collected dopamine from step t0 to t1."""
    return within_bounds(w + eligible * (c[10] * dopamine(T, e, t0, t1)), c[7], c[8])

@bare_inlined
def strengthen(w, eligible, p, since, previous, d, T, c, x, dx, e, de):
    """Weight and eligibility after the postsynaptic spike of step p, which comes back at p + d."""
    change = change_at_post(w, x * decayed(T, dx, p - previous), c[0], c[5], c[8], c[9])
    if REWARDED and e >= 0:
        w = wait(w, eligible, T, e, since + d, p + d, c)
        return w, eligible * decayed(T, de, p - since) + change
    return within_bounds(w + change, c[7], c[8]), eligible

@bare_inlined
def recall(w, eligible, newest, hidden, j, count, older, recent, bits, previous, first, a, d, T, c, x, dx, life, e, de):
    """Weight and eligibility after the postsynaptic spikes of j from step first + 1 to a, of which `newest` is the
    newest; `hidden` of its `count` spikes are still newer. The source's spike before was at `previous`, with trace x,
    which is gone after `life` steps. All steps are those of j, d less than the synapse's; dx and de number decays."""
    since = first
    if newest > first:
        until = a if REWARDED and e >= 0 else min(a, previous + life - 1)            # later ones would add nothing
        mask = U(recent.shape[1] - 1)
        known = U(recent.shape[1])
        z, near = U(1), False
        if hidden == 0:                                 # as nearly always: the few newest spikes are all that is new
            while z < U({newest}) and older[j, z - U(1)] > first:
                z += U(1)
            near = z < U({newest})
        if not near:
            z = U(hidden) + U(1)
            while z < known and recent[j, (U(count) - U(1) - z) & mask] > first:
                z += U(1)
        from_ring = z < known
        words = U(bits.shape[1] - 1)
        p = max(first + 1, 0)
        while True:
            if near:
                if z == U(0):
                    break
                z -= U(1)
                p = np.int64(older[j, z - U(1)]) if z > U(0) else newest
            elif from_ring:
                if z == U(hidden):
                    break
                z -= U(1)
                p = np.int64(recent[j, (U(count) - U(1) - z) & mask])
            else:                                       # bit by bit
                while p <= until:
                    word = bits[j, U(p >> 5) & words] >> u32(p & 31)
                    if word & u32(1):
                        break
                    p += 1 if word else 32 - (p & 31)
            if p > until:
                break
            w, eligible = strengthen(w, eligible, p, since, previous, d, T, c, x, dx, e, de)
            since = p
            p += 1
    if REWARDED and e >= 0:
        w = wait(w, eligible, T, e, since + d, a + d, c)
        eligible = eligible * decayed(T, de, a - since)
    return w, eligible

@bare_inlined
def hidden_spikes(recent, j, count, a):
    """How many of the newest spikes of j came after step a."""
    z = U(0)
    while z < U(recent.shape[1]) and recent[j, (U(count) - U(1) - z) & U(recent.shape[1] - 1)] > a:
        z += U(1)
    return np.int64(z)

@bare_inlined
def newest_until(a, j, ky, last_spike, spike_counts, recent, recent_y, y):
    """How many spikes of j came after step a, the step of the newest of the others, and its trace ky before it."""
    newest = np.int64(last_spike[j])
    if newest <= a:
        return np.int64(0), newest, y[ky, j]
    hidden = hidden_spikes(recent, j, spike_counts[j], a)
    at = (U(spike_counts[j]) - U(1) - U(hidden)) & U(recent.shape[1] - 1)
    return hidden, np.int64(recent[j, at]), recent_y[ky, j, at]

@bare_inlined
def trace_at(y, newest, a, T, dy, keep):
    """The trace of postsynaptic spikes before step a, of which `newest` (with trace y before it) is the newest."""
    gap = a - newest
    if gap == 0:
        return y
    kept = decayed(T, dy, gap)
    return trace_after(y, keep) * kept if newest >= 0 else f32(0.0)

@bare_inlined
def arrive(w, trace, c):
    """What a spike adds to the weight of a synapse where it comes."""
    return change_at_arrival(w, trace, c[1], c[2], c[3], c[4], c[5], c[6], c[7], c[8], c[9])

@bare_inlined
def pass_segment(begin, end, d, words, shift, origin, weight, last_spike, spike_counts, older, recent, recent_y, y,
                 bits, spike, live, previous, first, a, T, c, x, dx, life, dy, ky, keep, efficacy, target, sign, places,
                 traces, news):
    """The synapses of delay d of a row that share one rule without eligibility: in slices and in separate loops, so
    that the loads of many are under way together and few branches are left to chance. `previous`, `first` (the event
    before) and `a` (now) are steps of the targets. Returns the number of changes."""
    rose, fell = 0, 0
    for start in range(begin, end, {slice}):
        size = min({slice}, end - start)
        new = 0
        for m in range(size):
            local = words[U(start + m)] >> shift
            j = U(origin) + U(local)
            hidden, newest, before = newest_until(a, j, ky, last_spike, spike_counts, recent, recent_y, y)
            places[m] = local
            news[new] = m
            new += newest > first
            traces[m] = trace_at(before, newest, a, T, dy, keep)
        if live:
            for n in range(new):
                m = news[n]
                j, k = U(origin) + U(places[m]), U(start + m)
                hidden, newest, passed = newest_until(a, j, ky, last_spike, spike_counts, recent, recent_y, y)
                before = weight[k]
                w, none = recall(before, f32(0.0), newest, hidden, j, spike_counts[j], older, recent, bits, previous,
                                 first, a, d, T, c, x, dx, life, i32(-1), i32(0))
                weight[k] = w
                rose += w > before
                fell += w < before
        if spike:
            for m in range(size):
                k = U(start + m)
                before = weight[k]
                w = within_bounds(before + arrive(before, traces[m], c), c[7], c[8])
                weight[k] = w
                rose += w > before
                fell += w < before
                target[places[m]] += sign * i32(delivered(w, efficacy))
    return rose, fell

@bare_inlined
def pass_static_row(row, segment, words, shift, mask, weight, s, efficacy, acc, port, sign):
    """A row whose weights stay; where others change, all lie apart from the words."""
    slots = acc.shape[0]
    at = (s + 1) % slots
    for d in range(1, slots):
        at = at + 1 if at + 1 < slots else 0
        target = acc[at, port]
        for k in range(U(segment[row + d - 1]), U(segment[row + d])):
            word = words[k]
            w = weight[k] if HAS_WEIGHTS else f32(i32(word & mask))
            target[word >> shift] += sign * i32(delivered(w, efficacy))

@bare
def deliver_learning(part, until, segment, words, weight_bits, num_neurons, part_start, port_of, sign_of, ids, counts,
                     acc, last_spike, spike_counts, L):
    """Let the events of all steps before `until` that have not acted yet act on the synapses of `part`."""
    for s in range(L.delivered[part], until):
        deliver_step(part, s, segment, words, weight_bits, num_neurons, part_start, port_of, sign_of, ids, counts, acc,
                     last_spike, spike_counts, L)
    L.delivered[part] = max(until, L.delivered[part])

@bare
def deliver_step(part, s, segment, words, weight_bits, num_neurons, part_start, port_of, sign_of, ids, counts, acc,
                 last_spike, spike_counts, L):
    """Let the events of step s act on the synapses of `part`."""
    older, recent, recent_y, y, bits, weight, eligibility, T = (
        L.older, L.recent, L.recent_y, L.y, L.bits, L.weight, L.eligibility, (L.fine, L.coarse, L.prefix, L.growth))
    population_of, pair_link, c_of = L.population_of, L.pair_link, L.coefficients
    link_rule, link_release, rule_traces = L.link_rule, L.link_release, L.rule_traces
    places, traces, news = L.places[part], L.traces[part], L.news[part]
    ring = acc.shape[0]                               # one more than the longest delay
    shift, mask = u32(weight_bits), u32((1 << weight_bits) - 1)
    origin, slot = part_start[part], s % ids.shape[0]
    rose, fell = 0, 0
    for other in range(part_start.size - 1):
        begin_q = part_start[other]
        for q in range(begin_q, begin_q + counts[slot, other]):
            i = np.int64(ids[slot, q])
            spike = i >= 0
            if not spike:
                i = -1 - i
            row = (np.int64(part) * num_neurons + i) * (ring - 1)
            begin, end = segment[row], segment[row + ring - 1]
            if begin == end:
                continue
            source = population_of[i]
            link = L.row_link[source]
            mixed = link < 0
            port, sign = port_of[i], i32(sign_of[i])
            learns = HAS_WEIGHTS and L.learns[source]
            if not mixed and not learns:
                own = link_release[link]
                efficacy = L.event_release[own, slot, q] if own >= 0 else f32(1.0)
                pass_static_row(row, segment, words, shift, mask, weight, s, efficacy, acc, port, sign)
                continue
            previous, seen = np.int64(L.event_previous[slot, q]), np.int64(L.event_seen[slot, q])
            live = previous >= 0 and s - seen <= L.longest_gap
            rule, efficacy, x, keep, c = i32(-1), f32(1.0), f32(0.0), f32(0.0), NO_RULE
            e, dx, dy, de, ky, life = i32(-1), i32(0), i32(0), i32(0), i32(0), np.int64(0)
            known, d = i32(-1), 1
            for k in range(U(begin), U(end)):
                word = words[k]
                local = word >> shift
                while np.int64(k) >= segment[U(row + d)]:
                    d += 1
                if mixed:
                    link = pair_link[source, population_of[U(origin) + U(local)]]
                if link != known:                   # once a row, unless its synapses differ
                    known = link
                    rule = link_rule[link]
                    own = link_release[link]
                    efficacy = L.event_release[own, slot, q] if own >= 0 else f32(1.0)
                    if rule >= 0:
                        c = (c_of[rule, 0], c_of[rule, 1], c_of[rule, 2], c_of[rule, 3], c_of[rule, 4],
                             c_of[rule, 5], c_of[rule, 6], c_of[rule, 7], c_of[rule, 8], c_of[rule, 9],
                             c_of[rule, 10])
                        kx, ky, e = rule_traces[rule, 0], rule_traces[rule, 1], rule_traces[rule, 2]
                        x, dx, dy = L.event_x[kx, slot, q], L.x_decay[kx], L.y_decay[ky]
                        keep, life = L.y_keep[ky], L.x_life[kx]
                        de = L.e_decay[e] if e >= 0 else i32(0)
                        if not mixed and e < 0:
                            at = (s + 1) % ring
                            for late in range(1, ring):
                                at = at + 1 if at + 1 < ring else 0
                                up, down = pass_segment(
                                    segment[row + late - 1], segment[row + late], late, words, shift, origin, weight,
                                    last_spike, spike_counts, older, recent, recent_y, y, bits, spike, live,
                                    previous - late, seen - late, s - late, T, c, x, dx, life, dy, ky, keep, efficacy,
                                    acc[at, port], sign, places, traces, news)
                                rose += up
                                fell += down
                            break
                w = weight[k] if HAS_WEIGHTS else f32(i32(word & mask))
                if learns and rule >= 0:
                    j, a = U(origin) + U(local), s - d
                    hidden, newest, at_newest = newest_until(a, j, ky, last_spike, spike_counts, recent, recent_y, y)
                    eligible = eligibility[k] if REWARDED and e >= 0 else f32(0.0)
                    if live:
                        before = w
                        w, eligible = recall(w, eligible, newest, hidden, j, spike_counts[j], older, recent,
                                             bits, previous - d, seen - d, a, d, T, c, x, dx, life, e, de)
                        rose += w > before
                        fell += w < before
                    else:
                        eligible = f32(0.0)
                    if spike:
                        change = arrive(w, trace_at(at_newest, newest, a, T, dy, keep), c)
                        if REWARDED and e >= 0:
                            eligible += change
                        else:
                            before = w
                            w = within_bounds(w + change, c[7], c[8])
                            rose += w > before
                            fell += w < before
                    weight[k] = w
                    if REWARDED and e >= 0:
                        eligibility[k] = eligible
                if spike:
                    at = (s + 1 + d) % ring
                    acc[at, port, local] += sign * i32(delivered(w, efficacy))
    L.changes[part, 0] += rose
    L.changes[part, 1] += fell

@bare
def send_learning(part, t, part_start, fired, ids, counts, last_spike, spike_counts, L):
    """List the events of `part` in step t: its spikes, then the rows that must be kept up to date."""
    T = (L.fine, L.coarse, L.prefix, L.growth)
    slot = t % ids.shape[0]
    first, last = part_start[part], part_start[part + 1]
    n = 0
    if HAS_WEIGHTS and t & 31 == 0:
        column = (t >> 5) & (L.bits.shape[1] - 1)
        for i in range(first, last):
            L.bits[i, column] = u32(0)
    for j in range(last - first):
        if fired[j] == 0:
            continue
        i = first + j
        q = first + n
        n += 1
        ids[slot, q] = i
        previous = np.int64(last_spike[i])
        L.event_previous[slot, q] = previous
        L.event_seen[slot, q] = L.seen[i]
        L.seen[i] = t
        for k in range(L.x.shape[0]):
            x = L.x[k, i]
            L.event_x[k, slot, q] = x
            kept = decayed(T, L.x_decay[k], t - previous) if previous >= 0 else f32(0.0)
            L.x[k, i] = trace_after(x * kept, L.x_keep[k])
        population = L.population_of[i]
        for k in range(L.u.shape[0]):
            chosen = L.release_set[population, k]
            if chosen < 0:
                L.event_release[k, slot, q] = f32(1.0)
                continue
            kept_f, kept_d = f32(0.0), f32(0.0)
            if previous >= 0:
                kept_f = decayed(T, L.release_decay[chosen, 0], t - previous)
                kept_d = decayed(T, L.release_decay[chosen, 1], t - previous)
            u, r = release(L.u[k, i], L.r[k, i], kept_f, kept_d, L.release_values[chosen, 0])
            L.u[k, i], L.r[k, i] = u, r
            L.event_release[k, slot, q] = u * r * L.release_values[chosen, 1]
        if HAS_WEIGHTS:
            for k in range(L.y.shape[0]):
                y = f32(0.0)
                if previous >= 0:
                    y = trace_after(L.y[k, i], L.y_keep[k]) * decayed(T, L.y_decay[k], t - previous)
                L.y[k, i] = y
                L.recent_y[k, i, U(spike_counts[i]) & U(L.recent.shape[1] - 1)] = y
            for z in range({newest} - 2, 0, -1):
                L.older[i, z] = L.older[i, z - 1]
            L.older[i, 0] = previous
            L.recent[i, U(spike_counts[i]) & U(L.recent.shape[1] - 1)] = t
            L.bits[i, (t >> 5) & (L.bits.shape[1] - 1)] |= u32(1) << u32(t & 31)
        last_spike[i] = t
        spike_counts[i] += u32(1)
    spikes = n
    if HAS_WEIGHTS:
        due = i32(t - L.longest_gap)
        seen = L.seen[first:last]
        for j in range(seen.size):
            if seen[j] == due:
                i = first + j
                if due - last_spike[i] < L.horizon and L.learns[L.population_of[i]]:
                    q = first + n
                    n += 1
                    ids[slot, q] = -1 - i
                    L.event_previous[slot, q] = last_spike[i]
                    L.event_seen[slot, q] = L.seen[i]
                    L.seen[i] = t
                    for k in range(L.x.shape[0]):
                        L.event_x[k, slot, q] = L.x[k, i]
                    for k in range(L.u.shape[0]):
                        L.event_release[k, slot, q] = f32(1.0)
    counts[slot, part] = n
    return spikes
'''


# How the step calls them: the names in the template of `cpu`.
CALLS = {"deliver": "deliver_learning(part, t if part_start.size == 2 else t0, segment, words, weight_bits, "
                    "num_neurons, part_start, port_of, sign_of, ids, id_counts, acc, last_spike, spike_counts, L)",
         "row": "acc[t % acc.shape[0]]", "send": "send_learning", "traced": ", L", "learns": "L, "}


def add_equations(library: Library) -> None:
    """Emit the equations that the kernels call."""
    for function in (weight.change_at_post, weight.change_at_arrival, weight.within_bounds, weight.trace_after,
                     short_term.release, short_term.delivered):
        library.add(function)


def source(weights: bool, rewarded: bool) -> str:
    """The text of the kernels; `weights`: whether weights can change, `rewarded`: whether some wait for rewards."""
    return f"HAS_WEIGHTS = {weights}\nREWARDED = {rewarded}\n" + _LEARNING.format(slice=SLICE, newest=NEWEST)
