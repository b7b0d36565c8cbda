"""The CPU engine's kernels: one step as deliver, integrate, send, compiled together and run in batches.

Work follows the spikes: a spike of step s is delivered at step s + 1 + d by walking its segments of delay d. Sums
are integers, so neither the order of spikes nor the number of threads can change a bit. A thread owns one part of
the neurons; parts meet only every `min_delay + 1` steps, because no spike acts sooner.
"""

from __future__ import annotations

import time
from functools import lru_cache
from types import ModuleType

from ..models import random, stimuli
from ..models.cell import Cell
from ..models.stimuli import NOTHING, Shape
from . import cpu_learning
from .cpu_stimuli import drive_source
from .cpu_words import load
from .emit import Library

_COMMON = '''
OPT = dict(error_model="numpy", nogil=True, cache=True)
U = np.uint64

@nb.njit(**OPT)
def deliver(part, t, segment, words, weight_bits, max_delay, num_neurons, part_start, port_of, sign_of,
            ids, counts, acc):
    """Add to the accumulators what arrives at step t."""
    slots = ids.shape[0]
    shift, mask = u32(weight_bits), u32((1 << weight_bits) - 1)
    for d in range(1, max_delay + 1):
        s = t - 1 - d
        if s < 0:
            break
        slot = s % slots
        for other in range(part_start.size - 1):
            first = part_start[other]
            for q in range(first, first + counts[slot, other]):
                i = ids[slot, q]
                at = (np.int64(part) * num_neurons + i) * max_delay + d - 1
                begin, end = segment[at], segment[at + 1]
                target = acc[port_of[i]]
                sign = i32(sign_of[i])
                for k in range(U(begin), U(end)):
                    w = words[k]
                    target[w >> shift] += sign * i32(w & mask)

@nb.njit(**OPT)
def in_flight(part, t, segment, words, weight_bits, max_delay, num_neurons, part_start, port_of, sign_of, ids, counts,
              pending):
    """Add to pending[k] what the spikes before step t will deliver to `part` at step t + k."""
    shift, mask = u32(weight_bits), u32((1 << weight_bits) - 1)
    first = part_start[part]
    for d in range(1, max_delay + 1):
        for s in range(max(t - d - 1, 0), t):
            k = s + 1 + d - t
            slot = s % ids.shape[0]
            for other in range(part_start.size - 1):
                for q in range(part_start[other], part_start[other] + counts[slot, other]):
                    i = ids[slot, q]
                    at = (np.int64(part) * num_neurons + i) * max_delay + d - 1
                    for j in range(segment[at], segment[at + 1]):
                        w = words[j]
                        pending[k, port_of[i], first + np.int64(w >> shift)] += i32(sign_of[i]) * i32(w & mask)

@nb.njit(**OPT)
def background(first, last, t, k0, k1, thresholds, number, counts):
    """Poisson counts of four consecutive steps for neurons first .. last - 1, by inversion of one word each.

    In slices that stay in the first cache, so that every inner loop is free of branches and fills the vector unit.
    """
    if number == 0:
        counts[:, first:last] = 0
        return
    block = t >> 2
    low, high = u32(block), u32(block >> 32)
    words = np.empty((4, 256), np.uint32)
    words0, words1, words2, words3 = words[0], words[1], words[2], words[3]
    for start in range(first, last, 256):
        size = min(256, last - start)
        origin = u32(start)
        for j in range(size):
            w0, w1, w2, w3 = philox(u32(origin + u32(j)), low, high, u32({stream}), k0, k1)
            words0[j] = w0
            words1[j] = w1
            words2[j] = w2
            words3[j] = w3
        for step in range(4):
            word, count = words[step], counts[step, start:start + size]
            count[:] = 0
            for n in range(number):
                limit = thresholds[n]
                for j in range(size):
                    count[j] += np.uint16(word[j] >= limit)

@nb.njit(**OPT)
def send(part, t, part_start, fired, ids, counts, last_spike, spike_counts):
    """List the neurons of `part` that fired in step t in the spike history."""
    slot = t % ids.shape[0]
    first, last = part_start[part], part_start[part + 1]
    n = 0
    eight = fired.view(np.uint64)
    for group in range(eight.size):
        if eight[group] != 0:
            for j in range(8 * group, 8 * group + 8):
                if fired[j] != 0:
                    ids[slot, first + n] = first + j
                    last_spike[first + j] = t
                    spike_counts[first + j] += u32(1)
                    n += 1
    counts[slot, part] = n
    return n
'''

_INTEGRATE = '''
@nb.njit(**OPT)
def integrate_{key}(first, last, origin, parameters, scale, current, weight, counts, driven, columns, acc, fired,
                    {states}):
    """Step neurons first .. last - 1; `origin` is the first neuron of their part."""
    {slices}
    {accumulators}
    count = counts[first:last]
    {inputs}
    flags = fired[first - origin:last - origin]
    {unpack}
    {current}
    for j in range(flags.size):
        {arrivals}
        {load}
        {call}
        {store}
        flags[j] = spiked
'''

_RUN = '''
@nb.njit(**OPT)
def integrate(part, t, pieces, models, parameters, scale, currents, weights, thresholds, numbers, k0, k1, part_start,
              filled, counts, inputs, columns, acc, fired, states):
    """Step all neurons of `part`, population by population."""
    origin = part_start[part]
    {evaluate}
    fresh = filled[part] != t >> 2
    filled[part] = t >> 2
    for piece in range(pieces.shape[0]):
        if pieces[piece, 0] != part:
            continue
        first, last, p = pieces[piece, 1], pieces[piece, 2], pieces[piece, 3]
        if fresh:
            background(first, last, t, k0, k1, thresholds[p], numbers[p], counts)
        row = counts[t & 3]
        {drive}
{dispatch}

@nb.njit(**OPT)
def run(part, t0, steps, segment, words, weight_bits, max_delay, num_neurons, part_start, port_of, sign_of,
        ids, id_counts, pieces, models, parameters, scale, currents, weights, thresholds, numbers, k0, k1,
        filled, counts, inputs, columns, acc, fired, states, last_spike, spike_counts, {learns}out, out_counts, probes,
        probe_v, times):
    """Run `steps` steps of one part; list its spikes in `out`, their number per step in `out_counts`.

    `times` (steps, 4) takes the time counter before, between and after the phases; empty: nothing is timed.
    """
    total = 0
    first = part_start[part]
    timed = times.size > 0
    for step in range(steps):
        t = t0 + step
        if timed:
            times[step, 0] = ticks()
        {deliver}
        if timed:
            times[step, 1] = ticks()
        integrate(part, t, pieces, models, parameters, scale, currents, weights, thresholds, numbers, k0, k1,
                  part_start, filled, counts, inputs, columns, {row}, fired, states)
        if timed:
            times[step, 2] = ticks()
        n = {send}(part, t, part_start, fired, ids, id_counts, last_spike, spike_counts{traced})
        slot = t % ids.shape[0]
        for q in range(n):
            out[total + q] = ids[slot, first + q]
        total += n
        out_counts[step] = n
        for k in range(probes.size):
            if first <= probes[k] < part_start[part + 1]:
                probe_v[step, k] = states[0][probes[k]]
        if timed:
            times[step, 3] = ticks()
'''

# What a network that learns does otherwise: see `cpu_learning.CALLS`.
_CALLS = {"deliver": "deliver(part, t, segment, words, weight_bits, max_delay, num_neurons, part_start, port_of, "
                     "sign_of, ids, id_counts, acc)",
          "row": "acc", "send": "send", "traced": "", "learns": ""}

_COUNTER = '''
@nb.njit(cache=True)
def read():
    return ticks()
'''


def _integrate_source(index: int, cell: Cell, state_slots: dict[str, int], ports: int,
                      shape: Shape) -> tuple[str, str]:
    """Return the text of one cell's loop, and of its branch in `integrate`; `ports` have accumulators."""
    key, states, arrived = cell.key, cell.states, cell.arrived
    load, store, slices = [], [], []
    for name in states:
        slices.append(f"s_{name} = {name}[first:last]")
        load.append(f"{name} = s_{name}[j]")
        store.append(f"s_{name}[j] = {name}")
    arrivals, accumulators = [], []
    usual = shape.aims.index(None) if None in shape.aims else None          # it opens what background spikes open
    aimed = {ports + 1 + k: f"aimed_{k}[j]" for k, aim in enumerate(shape.aims) if aim is not None}
    for port, name in zip(cell.ports, arrived, strict=True):
        terms = [f"f32(acc_{port}[j]) * scale"] if port < ports else []
        terms += ["f32(i32(count[j])) * weight"] if port == cell.background_port else []
        terms += [f"aimed_{usual}[j]"] if port == cell.background_port and usual is not None else []
        terms += [aimed[port]] if port in aimed else []
        arrivals.append(f"{name} = {' + '.join(terms)}")
        if port < ports:
            accumulators.append(f"acc_{port} = acc[{port}][first - origin:last - origin]")
            arrivals.append(f"acc_{port}[j] = 0")
    inputs = ["i_all = driven[0][first:last]"] if shape.inputs else []
    inputs += [f"aimed_{k} = driven[1][{k}, first:last]" for k in range(len(shape.aims))]
    inputs += [f"noise_all_{r} = driven[2][{shape.noisy.index(r)}, first:last]" for r in cell.noisy]
    arrivals += [f"noise_{r} = noise_all_{r}[j]" for r in cell.noisy]
    arrivals += ["i_ext = i_all[j]"] if shape.inputs else []
    unpack = [f"{name} = parameters[{k}]" for k, name in enumerate(cell.parameters) if name not in cell.varied]
    inputs += [f"all_{name} = columns[{row}, first:last]" for row, name in enumerate(cell.varied)]
    load += [f"{name} = all_{name}[j]" for name in cell.varied]
    call = (f"{', '.join(states)}, spiked = cell_{key}"
            f"({', '.join([*states, *arrived, *(f'noise_{r}' for r in cell.noisy), 'i_ext', *cell.parameters])})")
    text = _INTEGRATE.format(key=key, states=", ".join(states), slices="\n    ".join(slices),
                             accumulators="\n    ".join(accumulators), inputs="\n    ".join(inputs),
                             current="pass" if shape.inputs else "i_ext = current", unpack="\n    ".join(unpack),
                             arrivals="\n        ".join(arrivals), load="\n        ".join(load), call=call,
                             store="\n        ".join(store))
    given = ", ".join(f"states[{state_slots[name]}]" for name in states)
    branch = (f"        if models[p] == {index}:\n            integrate_{key}(first, last, origin, parameters[p], "
              f"scale, currents[p], weights[p], row, {'driven' if shape.inputs else '()'}, columns, acc, "
              f"fired, {given})")
    return text, branch


def kernels(cells: list[Cell], state_slots: dict[str, int], ports: int, shape: Shape = NOTHING,
            learning: str = "") -> ModuleType:
    """Compile the step of a network whose populations use `cells`; `state_slots` numbers the state arrays.

    `ports` is the number of ports that synapses arrive at, `shape` that of the stimuli, `learning` the further text of
    a network that learns (`cpu_learning.source`).
    """
    library = Library()
    library.add(random.philox)
    if learning:
        cpu_learning.add_equations(library)
    texts, branches = [], []
    for index, cell in enumerate(cells):
        library.add(cell.driven(ports, shape).function)
        text, branch = _integrate_source(index, cell.driven(ports, shape), state_slots, ports, shape)
        texts.append(text)
        branches.append(branch)
    drive = evaluate = "pass"
    if shape.inputs:
        library.add(stimuli.advance_noise)
        texts.append(drive_source())
        evaluate = "evaluate(t, inputs[0], inputs[3], inputs[4], inputs[5][part], inputs[6][part])"
        drive = "driven = drive(first, last, t, k0, k1, currents[p], part, inputs)"
    calls = cpu_learning.CALLS if learning else _CALLS
    text = (library.python_source() + _COMMON.format(stream=random.STREAM_BACKGROUND) + learning + "".join(texts)
            + _RUN.format(dispatch="\n".join(branches), drive=drive, evaluate=evaluate, **calls))
    return load(text, "step_" + "_".join(cell.key.lower() for cell in cells)[:60])


@lru_cache(maxsize=1)
def tick_seconds() -> float | None:
    """Length of one tick of the processor's time counter, s; None where there is none."""
    counter = load(_COUNTER, "counter")
    counter.read()                                   # compiles
    began, first = time.perf_counter(), counter.read()
    while time.perf_counter() - began < 0.02:
        pass
    elapsed = counter.read() - first
    return (time.perf_counter() - began) / int(elapsed) if elapsed > 0 else None
