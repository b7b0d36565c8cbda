// Builds a network's synapses on the device: two passes over the same random walk as on the CPU (models/wiring.py),
// first counting, then storing. One thread walks one block of targets of one source. With BLOCKS > 1 the synapses of
// a target lie in the store of the multiprocessor that owns it (target % BLOCKS); with BLOCKS == 1 rows are plain CSR.
// Expects from the generated header: BLOCKS, WEIGHT_BITS, DELAY_BITS, MIN_DELAY, MAX_DELAY, WALK_BLOCK, streams.

extern "C" __global__ void place(int first, int last, int ellipsoid, const float* low, const float* high,
                                 float bend, u32 key0, u32 key1, float* positions) {
  int i = first + blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= last) return;
  u32 w0, w1, w2, w3;
  philox((u32)i, 0u, 0u, STREAM_POSITION, key0, key1, w0, w1, w2, w3);
  float* at = positions + 3 * (u64)i;
  if (ellipsoid) {
    float x, y, z;
    in_ball(w0, w1, w2, w3, x, y, z);
    at[0] = within(x, low[0], high[0]);
    at[1] = within(y, low[1], high[1]);
    at[2] = within(z, low[2], high[2]);
  } else {
    at[0] = along(w0, low[0], high[0]);
    at[1] = bent(along(w1, low[1], high[1]), at[0], low[0], high[0], bend);
    at[2] = along(w2, low[2], high[2]);
  }
}

extern "C" __global__ void normal_values(int first, int last, float mean, float sd, u32 stream, u32 key0, u32 key1,
                                         float* out) {
  int i = first + blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= last) return;
  u32 w0, w1, w2, w3;
  philox((u32)i, 0u, 0u, stream, key0, key1, w0, w1, w2, w3);
  out[i] = mean + sd * normal(w0);
}

struct Synapse { int target, steps, units; };

// Walks one block of targets of source i in `projection` (a row of the projection table) and calls visit(synapse).
template <class Visit>
__device__ __forceinline__ void walk(int i, int projection, int first, int last, int block, const float* table,
                                     const float* positions, u32 key0, u32 key1, float steps_per_ms, Visit visit) {
  const float* q = table + 8 * projection;
  const float inverse = q[0], inverse_length = q[1], mean = q[2], sd = q[3];
  const bool multapses = q[7] > 0.5f;
  const float x = positions[3 * (u64)i], y = positions[3 * (u64)i + 1], z = positions[3 * (u64)i + 2];
  const int base = first + block * WALK_BLOCK;
  const int size = min(WALK_BLOCK, last - base);
  int j = -1;
  float along = 0.0f;
  for (u32 draw = 0;; draw++) {
    u32 w0, w1, w2, w3;
    philox((u32)i, draw, (u32)projection | ((u32)block << 8), STREAM_CONNECT, key0, key1, w0, w1, w2, w3);
    if (multapses) {
      along = along + poisson_advance(w0, inverse);
      j = (int)along;
    } else {
      j += 1 + bernoulli_gap(w0, inverse);
    }
    if (j >= size) return;
    const int target = base + j;
    if (target == i) continue;
    const float* at = positions + 3 * (u64)target;
    const float d = distance(x, y, z, at[0], at[1], at[2]);
    if (inverse_length > 0.0f && !accepted(w1, d, inverse_length)) continue;
    Synapse s;
    s.target = target;
    s.steps = delay_steps(w3, d, q[4], q[5], q[6], steps_per_ms, MIN_DELAY, MAX_DELAY);
    s.units = weight_units(w2, mean, sd, (float)((1 << WEIGHT_BITS) - 1));
    visit(s);
  }
}

// One task is (projection, first target, last target, block); all sources of a population share its tasks.
#define WALK_ARGUMENTS int first_source, int sources, const int4* __restrict__ tasks, int num_tasks, \
    const float* __restrict__ table, const float* __restrict__ positions, u32 key0, u32 key1, float steps_per_ms, \
    int num_neurons

#define FOR_EACH_TASK \
  for (u64 k = (u64)blockIdx.x * blockDim.x + threadIdx.x; k < (u64)sources * num_tasks; k += (u64)gridDim.x * blockDim.x)

extern "C" __global__ void count_synapses(WALK_ARGUMENTS, u32* counts, u32* in_weights, const unsigned char* port_of) {
  FOR_EACH_TASK {
    const int i = first_source + (int)(k / num_tasks);
    const int4 task = tasks[k % num_tasks];
    u32* sums = in_weights + (u64)port_of[i] * num_neurons;
    walk(i, task.x, task.y, task.z, task.w, table, positions, key0, key1, steps_per_ms, [&](const Synapse& s) {
      atomicAdd(counts + (u64)(s.target % BLOCKS) * num_neurons + i, 1u);
      atomicAdd(sums + s.target, (u32)s.units);
    });
  }
}

extern "C" __global__ void store_synapses(WALK_ARGUMENTS, const u64* __restrict__ row_start, u64 words_per_block,
                                          u32* cursors, u32* words, unsigned short* delays) {
  FOR_EACH_TASK {
    const int i = first_source + (int)(k / num_tasks);
    const int4 task = tasks[k % num_tasks];
    walk(i, task.x, task.y, task.z, task.w, table, positions, key0, key1, steps_per_ms, [&](const Synapse& s) {
      const int block = s.target % BLOCKS;
      const u64 at = (u64)block * words_per_block + row_start[i] + atomicAdd(cursors + (u64)block * num_neurons + i, 1u);
      u32 word = ((u32)(s.target / BLOCKS) << (WEIGHT_BITS + DELAY_BITS)) | (u32)s.units;
#if DELAY_BITS > 0
      word |= (u32)(s.steps - MIN_DELAY) << WEIGHT_BITS;
#endif
      words[at] = word;
      if (delays) delays[at] = (unsigned short)s.steps;
    });
  }
}
