"""What stimuli do in a step, for the CPU engine. One text for all, so that a new stimulus compiles nothing.

`inputs`: records, masks, states of the noises, tables (thresholds, numbers, sine), spikes, values and rows of the
parts, and what is made of them: currents (N,), spikes by aim (aims, N), conductances (noisy, N).
"""

from __future__ import annotations

from ..models.random import STREAM_STIMULUS
from ..models.stimuli import CONDUCTANCE_NOISE, CURRENT, CURRENT_NOISE, KINDS, POISSON, RATE_BITS, SINE_BITS, SPIKES

_TEXT = '''
@nb.njit(**OPT)
def evaluate(t, records, tables, spikes, values, rows):
    """What every stimulus is in step t: its value, and the row of its tables, or its spikes; row -1: nothing."""
    for k in range(records.size):
        s = records[k]
        values[k] = s.a
        rows[k] = -1
        if t < s.first or t >= s.last:
            continue
        since = t - s.first
        if s.period > 0 and since % s.period >= s.width:
            continue
        rows[k] = 0
        if s.turn != 0:
            angle = u32(s.angle + u32(u32(since) * s.turn))
            values[k] = s.a + s.b * tables[2][angle >> u32({sine_shift})]
            rows[k] = np.int64(angle >> u32({rate_shift}))
        if s.end > s.begin:
            low, high = s.begin, s.end
            while low < high:
                middle = (low + high) >> 1
                if spikes[middle] < t:
                    low = middle + 1
                else:
                    high = middle
            while low < s.end and spikes[low] == t:
                rows[k] += 1
                low += 1

@nb.njit(**OPT)
def word_of(n, t, stream, k0, k1):
    w0, w1, w2, w3 = philox(u32(n), u32(t >> 2), u32(t >> 34), u32({stream} + stream), k0, k1)
    q = t & 3
    return w0 if q == 0 else w1 if q == 1 else w2 if q == 2 else w3

@nb.njit(**OPT)
def drive(first, last, t, k0, k1, current, part, inputs):
    """Currents, spikes and conductances that reach neurons first .. last - 1 in step t."""
    records, masks, noises, tables, spikes, all_values, all_rows, currents, aimed, noisy = inputs
    values, rows = all_values[part], all_rows[part]
    currents[first:last] = current
    aimed[:, first:last] = f32(0.0)
    noisy[:, first:last] = f32(0.0)
    for k in range(records.size):
        s = records[k]
        bit, value, active = u32(1) << u32(k), values[k], rows[k] >= 0
        if s.kind == {CURRENT}:
            if active:
                for j in range(first, last):
                    if masks[j] & bit:
                        currents[j] += value
        elif s.kind == {CURRENT_NOISE} or s.kind == {CONDUCTANCE_NOISE}:
            y = noises[s.slot]
            to = currents if s.kind == {CURRENT_NOISE} else noisy[s.target]
            for j in range(first, last):
                if masks[j] & bit:
                    y[j] = advance_noise(y[j], s.c, s.d, word_of(j, t, s.stream, k0, k1))
                    if active:
                        to[j] += value + s.b * y[j]
        elif s.kind == {POISSON}:
            if active:
                row = s.rates + rows[k]
                for j in range(first, last):
                    if masks[j] & bit:
                        word, count = word_of(j, t, s.stream, k0, k1), 0
                        for q in range(tables[1][row]):
                            count += word >= tables[0][row, q]
                        aimed[s.target, j] += f32(i32(count)) * value
        elif rows[k] > 0:
            for j in range(first, last):
                if masks[j] & bit:
                    aimed[s.target, j] += f32(i32(rows[k])) * value
    return currents, aimed, noisy
'''


def drive_source() -> str:
    """The text of what stimuli do in a step."""
    kinds = {name: KINDS.index(kind) for name, kind in (
        ("CURRENT", CURRENT), ("CURRENT_NOISE", CURRENT_NOISE), ("CONDUCTANCE_NOISE", CONDUCTANCE_NOISE),
        ("POISSON", POISSON), ("SPIKES", SPIKES))}
    return _TEXT.format(stream=STREAM_STIMULUS, sine_shift=32 - SINE_BITS, rate_shift=32 - RATE_BITS, **kinds)
