"""The only room that says cupy or numba: emitting code, random numbers, kernels, devices, memory."""
