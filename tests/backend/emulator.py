"""Runs the CUDA text of this program on the host: NumPy for CuPy, g++ for NVRTC, a fiber for every thread.

It is slow and knows just what the kernels use, but it runs the very text that a device runs, with its blocks, warps and
barriers; so the bits of the CUDA engine can be compared with those of the CPU where there is no device.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import re
import shutil
import subprocess
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from neural_simulator.backend import cuda
from neural_simulator.backend.cpu_words import CACHE
from neural_simulator.backend.cuda import Device
from neural_simulator.engine import cuda_engine

DEVICE = Device("emulated", 3, 232448, 90, True, 2**34)
COMPILER = shutil.which("g++")
# no contraction, as on the device; -Bsymbolic, because some kernels have common names
OPTIONS = (COMPILER, "-std=c++17", "-O1", "-ffp-contract=off", "-fno-strict-aliasing", "-w", "-shared", "-fPIC",
           "-pthread", "-Wl,-Bsymbolic")

_PRELUDE = r"""
#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <thread>
#include <tuple>
#include <ucontext.h>
#include <vector>
#define __device__
#define __global__
#define __forceinline__ inline
#define __restrict__
#define __launch_bounds__(...)
#define __constant__ static const
#define __shared__ static thread_local
struct Three { unsigned x; };
struct alignas(16) uint4 { unsigned x, y, z, w; };
struct int2 { int x, y; };
struct uint2 { unsigned x, y; };
static inline uint2 make_uint2(unsigned x, unsigned y) { return {x, y}; }
static inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }
static thread_local Three threadIdx, blockIdx, blockDim, gridDim;
static bool fibers = false;                      // of a cooperative launch; else threads run one after the other

// ---- one fiber a thread, all of a block on one thread of the host
struct Fiber { ucontext_t context; bool done; const unsigned* turn; unsigned seen; };    // waits until *turn != seen
struct Warp { unsigned arrived = 0, turn = 0; unsigned long long values[32]; };
struct Block {
  std::vector<Fiber> all;
  std::vector<Warp> warps;
  ucontext_t home;
  unsigned current, arrived = 0, turn = 0;
  int any = 0, result = 0;
};
static thread_local Block* block_;
static void pause_() {
  if (fibers) swapcontext(&block_->all[block_->current].context, &block_->home);
}
static void wait_for_turn(const unsigned& turn, unsigned seen) {
  Fiber& own = block_->all[block_->current];
  own.turn = &turn;
  own.seen = seen;
  while (turn == seen) pause_();
  own.turn = nullptr;
}
static int meet(int value) {
  if (!fibers) return value;
  Block& b = *block_;
  const unsigned turn = b.turn;
  b.any |= value;
  if (++b.arrived == b.all.size()) { b.result = b.any; b.any = 0; b.arrived = 0; b.turn++; }
  wait_for_turn(b.turn, turn);
  return b.result;
}
static void warp_step(Warp& w) {
  const unsigned turn = w.turn;
  if (++w.arrived == 32) { w.arrived = 0; w.turn++; }
  wait_for_turn(w.turn, turn);
}
template <class F> static auto warp(unsigned long long own, F result) {
  Warp& w = block_->warps[block_->current / 32];
  w.values[block_->current % 32] = own;
  warp_step(w);
  auto r = result(w.values);
  warp_step(w);
  return r;
}
#define __syncthreads() ((void)meet(0))
#define __syncthreads_or(p) meet(p)
static inline void __syncwarp() { if (fibers) warp_step(block_->warps[block_->current / 32]); }
static inline unsigned __ballot_sync(unsigned, bool p) {
  return warp(p, [](unsigned long long* v) {
    unsigned r = 0;
    for (int k = 0; k < 32; k++) r |= (unsigned)(v[k] != 0) << k;
    return r;
  });
}
static inline bool __any_sync(unsigned, bool p) { return fibers ? __ballot_sync(~0u, p) != 0 : p; }
template <class T> T __shfl_sync(unsigned, T value, int from) {
  return warp((unsigned long long)value, [=](unsigned long long* v) { return (T)v[from & 31]; }); }
template <class T> T __shfl_down_sync(unsigned, T value, int by) {
  if (!fibers) return T(0);
  const int lane = block_->current % 32;
  return warp((unsigned long long)value,
              [=](unsigned long long* v) { return lane + by < 32 ? (T)v[lane + by] : value; });
}

// ---- words
static inline void __threadfence() { std::atomic_thread_fence(std::memory_order_seq_cst); }
static inline unsigned __umulhi(unsigned a, unsigned b) { return (unsigned)(((uint64_t)a * b) >> 32); }
static inline float __fsqrt_rn(float a) { return sqrtf(a); }
template <class A, class B> static A as(B b) { A a; std::memcpy(&a, &b, sizeof a); return a; }
static inline float __int_as_float(int a) { return as<float>(a); }
static inline float __uint_as_float(unsigned a) { return as<float>(a); }
static inline int __float_as_int(float a) { return as<int>(a); }
static inline unsigned __float_as_uint(float a) { return as<unsigned>(a); }
static inline int __popc(unsigned a) { return __builtin_popcount(a); }
static inline int __ffs(int a) { return __builtin_ffs(a); }
static inline int __ffsll(long long a) { return __builtin_ffsll(a); }
template <class T> T __ldcg(const T* a) { return *a; }
template <class T> T __ldcs(const T* a) { return *a; }
template <class T, class U> void __stcg(T* a, U v) { *a = v; }
template <class T, class U> T atomicAdd(T* a, U v) { return __atomic_fetch_add(a, (T)v, __ATOMIC_SEQ_CST); }
template <class A, class B> static auto min(A a, B b) {
  using C = std::common_type_t<A, B>;
  return (C)a < (C)b ? (C)a : (C)b;
}
template <class A, class B> static auto max(A a, B b) {
  using C = std::common_type_t<A, B>;
  return (C)a > (C)b ? (C)a : (C)b;
}
static inline long long clock64() { return 0; }
static inline uint4 load16(const uint4* at) {
  pause_();
  std::atomic_thread_fence(std::memory_order_seq_cst);
  uint4 v;
  std::memcpy(&v, at, sizeof v);
  return v; }
static inline void store16(uint4* at, unsigned a, unsigned b, unsigned c, unsigned d) {
  at->x = a; at->y = b; at->z = c; at->w = d;
  std::atomic_thread_fence(std::memory_order_seq_cst); }
"""
_LAUNCH = r"""
template <class... A, size_t... I> static void call(void (*f)(A...), void** a, std::index_sequence<I...>) {
  f(*(std::remove_cv_t<A>*)a[I]...); }
template <class... A> static void call(void (*f)(A...), void** a) { call(f, a, std::index_sequence_for<A...>()); }
template <class F> struct Start { F f; void** a; };
template <class F> static void enter(unsigned low, unsigned high) {
  auto* s = (Start<F>*)(((uintptr_t)high << 32) | low);
  call(s->f, s->a);
  block_->all[block_->current].done = true;
  pause_();
}
template <class F> static void run_block(F f, unsigned block, unsigned threads, unsigned grid, void** a) {
  Block b;
  b.all.resize(threads);
  b.warps.resize(threads / 32);
  block_ = &b;
  blockIdx.x = block; blockDim.x = threads; gridDim.x = grid;
  Start<F> start = {f, a};
  std::vector<std::vector<char>> stacks(threads, std::vector<char>(64 << 10));
  for (unsigned k = 0; k < threads; k++) {
    getcontext(&b.all[k].context);
    b.all[k].context.uc_stack.ss_sp = stacks[k].data();
    b.all[k].context.uc_stack.ss_size = stacks[k].size();
    b.all[k].context.uc_link = &b.home;
    b.all[k].done = false;
    b.all[k].turn = nullptr;
    const uintptr_t s = (uintptr_t)&start;
    makecontext(&b.all[k].context, (void (*)())enter<F>, 2, (unsigned)s, (unsigned)(s >> 32));
  }
  for (unsigned left = threads; left;) {
    left = 0;
    for (unsigned k = 0; k < threads; k++) {
      Fiber& one = b.all[k];
      left += !one.done;
      if (one.done || (one.turn && *one.turn == one.seen)) continue;
      b.current = k;
      threadIdx.x = k;
      swapcontext(&b.home, &one.context);
      left -= one.done;
    }
    std::this_thread::yield();
  }
}
template <class F> static void go(F f, bool cooperative, unsigned grid, unsigned threads, void** a) {
  fibers = cooperative;
  if (cooperative) {
    std::vector<std::thread> all;
    for (unsigned k = 0; k < grid; k++) all.emplace_back([=] { run_block(f, k, threads, grid, a); });
    for (auto& one : all) one.join();
    return;
  }
  blockDim.x = threads; gridDim.x = grid;
  for (unsigned k = 0; k < grid; k++) for (unsigned j = 0; j < threads; j++) {
    blockIdx.x = k; threadIdx.x = j;
    call(f, a);
  }
}
"""


def host_text(source: str) -> str:
    """The CUDA text as C++."""
    text = re.sub(r"asm volatile\(\"st\.volatile.*?\n?.*?\);\n", "store16(at, a, b, c, d);\n", source)
    load = r"  uint4 p;\n  asm volatile\(\"ld\.volatile.*?\"memory\"\);\n  return p;"
    text = re.sub(load, "  return load16(at);", text, flags=re.DOTALL)
    text = text.replace("extern __shared__ uint4 shared[];", "static thread_local uint4 shared[14528];")
    text = text.replace("if ((threadIdx.x & 31) == 0) {", "if (!fibers || (threadIdx.x & 31) == 0) {")
    text = re.sub(r"_Pragma\(\"unroll[^\"]*\"\)", "", text)
    assert "asm" not in text
    names = re.findall(r"__global__ void (?:__launch_bounds__\(.*?\)\s*)?(\w+)\(", text)
    entries = "".join(
        f'extern "C" void launch_{name}(unsigned grid, unsigned threads, void** a) '
        f'{{ go({name}, {str(name == "step_partitioned").lower()}, grid, threads, a); }}\n'
        for name in dict.fromkeys(names))
    return _PRELUDE + text + _LAUNCH + entries


class HostArray(np.ndarray):
    """An array of a device that is the host."""

    def get(self) -> np.ndarray:
        return np.array(self)

    @property
    def data(self) -> SimpleNamespace:
        return SimpleNamespace(ptr=self.ctypes.data)


def _wrapped(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_wrapped, value))
    return value.view(HostArray) if isinstance(value, np.ndarray) else value


class _Stream:
    def __init__(self, **_: Any):
        pass

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass

    def synchronize(self) -> None:
        pass

    record = synchronize


class HostArrays:
    """What the engine uses of CuPy."""

    cuda = SimpleNamespace(Stream=_Stream, Event=_Stream, Device=_Stream, get_elapsed_time=lambda a, b: 1.0)

    def __getattr__(self, name: str) -> Any:
        found = getattr(np, name)
        if isinstance(found, type):
            return found
        if name == "asarray":
            found = np.array                       # a device's array is always another one
        return lambda *a, **k: _wrapped(found(*a, **k))


class HostModule:
    """A compiled text."""

    def __init__(self, source: str):
        text, folder = host_text(source), CACHE.parent / "emulated"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.so"
        if not path.exists():
            path.with_suffix(".cpp").write_text(text)
            partial = path.with_suffix(f".{os.getpid()}.tmp")
            subprocess.run([*OPTIONS, "-o", str(partial), str(path.with_suffix(".cpp"))], check=True)
            partial.replace(path)
        self._library = ctypes.CDLL(str(path))

    def get_function(self, name: str) -> Any:
        function = getattr(self._library, f"launch_{name}")

        def launch(grid: tuple, block: tuple, arguments: tuple, **_: Any) -> None:
            values = [a if np.ndim(a) and a.dtype.kind == "V" else              # a struct goes by value
                      np.array(a.ctypes.data if isinstance(a, np.ndarray) else a) for a in arguments]
            for a in arguments:
                assert not isinstance(a, np.ndarray) or a.flags.c_contiguous
            pointers = (ctypes.c_void_p * len(values))(*(v.ctypes.data for v in values))
            function(ctypes.c_uint(int(grid[0])), ctypes.c_uint(int(block[0])), pointers)
        return launch


def install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the program believe that this machine has a device."""
    arrays = HostArrays()
    monkeypatch.setattr(cuda, "problem", lambda: None)
    monkeypatch.setattr(cuda, "device", lambda: DEVICE)
    monkeypatch.setattr(cuda, "xp", lambda: arrays)
    monkeypatch.setattr(cuda, "compile_source", lambda source, cooperative=False: HostModule(source))
    monkeypatch.setattr(cuda, "kernel", lambda module, name, shared_bytes=0: module.get_function(name))
    monkeypatch.setattr(cuda, "free_bytes", lambda: 2**33)
    monkeypatch.setattr(cuda, "limit_pool", lambda share: None)
    monkeypatch.setattr(cuda, "guarded", lambda action: _Stream())
    monkeypatch.setattr(cuda_engine.CudaEngine, "_step_global",
                        lambda engine, steps: cuda_engine._enqueue(engine._global_launches(), steps))
