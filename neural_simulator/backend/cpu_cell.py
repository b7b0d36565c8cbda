"""One cell alone on the CPU engine's own code: for traces, f-I curves and tests."""

from __future__ import annotations

from types import ModuleType

from ..models.cell import Cell
from .cpu_words import load
from .emit import Library

_RUN = '''
@nb.njit(error_model="numpy", nogil=True, cache=True)
def run(start, parameters, currents, deliveries, trace, fired):
    """Step one cell `currents.size` times; after each step keep its states and whether it spiked."""
    {unpack}
    {begin}
    for t in range(currents.size):
        i_ext = currents[t]
        {arrivals}
        {call}
        {keep}
        fired[t] = spiked
'''


def kernel(cell: Cell) -> ModuleType:
    """Compile the loop of one cell: `run(start (S,), parameters (P,), currents (T,), deliveries (ports, T),
    trace (T, S), fired (T,))`, all float32 but `fired` (bool)."""
    library = Library()
    library.add(cell.function)
    key, states, arrived = cell.key, cell.states, cell.arrived
    call = (f"{', '.join(states)}, spiked = cell_{key}"
            f"({', '.join([*states, *arrived, 'i_ext', *cell.parameters])})")
    text = _RUN.format(
        unpack="\n    ".join(f"{name} = parameters[{k}]" for k, name in enumerate(cell.parameters)),
        begin="\n    ".join(f"{name} = start[{k}]" for k, name in enumerate(states)),
        arrivals="\n        ".join(f"{name} = deliveries[{k}, t]" for k, name in enumerate(arrived)),
        call=call, keep="\n        ".join(f"trace[t, {k}] = {name}" for k, name in enumerate(states)))
    return load(library.python_source() + text, f"cell_{key.lower()}")
