// Builds a network's synapses on the device: two passes over the same random walk as on the CPU (models/wiring.py),
// first counting, then storing. One thread walks one block of targets of one source, or all synapses of another owner. With BLOCKS > 1 the synapses of
// a target lie in the store of the multiprocessor that owns it (target % BLOCKS); with BLOCKS == 1 rows are plain CSR.
// Expects from the generated header: BLOCKS, WEIGHT_BITS, DELAY_BITS, MIN_DELAY, MAX_DELAY, and the constants of wiring.

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

// ---- walks: as in backend/cpu_build.py, synapse by synapse. `visit(source, target, d, w2, w3)` counts or stores one.
struct Table {
  const float* numbers;
  const long long* counts;
  const float* positions;
  u32 key0, key1;
};

struct Way { float d, r; };

__device__ __forceinline__ Way measure(const Table& t, int i, int other) {
  const float* a = t.positions + 3 * (u64)i;
  const float* b = t.positions + 3 * (u64)other;
  const float dx = wrapped(b[0] - a[0], t.numbers[PERIOD_X]);
  const float dy = wrapped(b[1] - a[1], t.numbers[PERIOD_Y]);
  const float dz = wrapped(b[2] - a[2], t.numbers[PERIOD_Z]);
  Way way;
  way.d = length(dx, dy, dz);
  way.r = length(dx * t.numbers[SHRINK_X], dy * t.numbers[SHRINK_Y], dz * t.numbers[SHRINK_Z])
          * t.numbers[INVERSE_LENGTH];
  return way;
}

// Bernoulli or Poisson trials of source i with one block of its targets.
template <class Visit>
__device__ __forceinline__ void pairwise(const Table& t, int i, int projection, int block, Visit visit) {
  const float inverse = t.numbers[INVERSE];
  const int kind = (int)t.counts[KERNEL];
  const bool poisson = t.counts[WALK] == POISSON, autapses = t.counts[AUTAPSES] != 0;
  const int base = (int)t.counts[POST_FIRST] + block * WALK_BLOCK;
  const int size = min(WALK_BLOCK, (int)t.counts[POST_LAST] - base);
  int j = -1;
  float along = 0.0f;
  for (u32 drawn = 0;; drawn++) {
    u32 w0, w1, w2, w3;
    philox((u32)i, drawn, (u32)projection | ((u32)block << 8), STREAM_CONNECT, t.key0, t.key1, w0, w1, w2, w3);
    if (poisson) {
      along = along + poisson_advance(w0, inverse);
      j = (int)along;
    } else {
      j += 1 + bernoulli_gap(w0, inverse);
    }
    if (j >= size) return;
    if (base + j == i && !autapses) continue;
    const Way way = measure(t, i, base + j);
    if (kind != UNIFORM && !(uniform(w1) < kernel_value(kind, way.r))) continue;
    visit(i, base + j, way.d, w2, w3);
  }
}

// A fixed number of partners of `owner`: targets of a source or sources of a target; returns how many are missing.
template <class Visit>
__device__ __forceinline__ int degree(const Table& t, int owner, int projection, Visit visit) {
  const bool inward = t.counts[WALK] == IN_DEGREE, multapses = t.counts[MULTAPSES] != 0;
  const int first = (int)t.counts[inward ? PRE_FIRST : POST_FIRST], last = (int)t.counts[inward ? PRE_LAST : POST_LAST];
  const int kind = (int)t.counts[KERNEL], wanted = (int)t.counts[NUMBER];
  const int skipped = t.counts[AUTAPSES] ? last : owner;
  const int count = last - first - (skipped < last ? 1 : 0);
  if (count <= 0) return wanted;
  u32 k0, k1, k2, k3;
  philox((u32)owner, ORDER, (u32)projection, STREAM_CONNECT, t.key0, t.key1, k0, k1, k2, k3);
  const u32 shift = order_shift((u32)count);
  const int limit = multapses ? max(count, wanted) : count;
  const int laps = kind == UNIFORM && !multapses ? 1 : MAX_LAPS;
  int found = 0;
  for (int lap = 0; lap < laps && found < wanted; lap++) {
    for (int place_ = 0; place_ < limit && found < wanted; place_++) {
      u32 w0, w1, w2, w3;
      const u32 number = multapses ? (u32)lap * (u32)limit + (u32)place_ : (u32)place_;
      philox((u32)owner, number, (u32)projection, STREAM_CONNECT, t.key0, t.key1, w0, w1, w2, w3);
      int other = first + (int)(multapses ? w_mulhi(w0, (u32)count)
                                          : in_order((u32)place_, (u32)count, shift, k0, k1, k2, k3));
      if (other >= skipped) other++;
      const Way way = measure(t, owner, other);
      if (kind != UNIFORM && !taken_in_lap(w1, kernel_value(kind, way.r), multapses ? 0 : lap)) continue;
      visit(inward ? other : owner, inward ? owner : other, way.d, w2, w3);
      found++;
    }
  }
  return wanted - found;
}

// Synapse s of a projection with a fixed total number of them.
template <class Visit>
__device__ __forceinline__ void total(const Table& t, u64 s, int projection, Visit visit) {
  const bool autapses = t.counts[AUTAPSES] != 0;
  const u32 rows = (u32)(t.counts[PRE_LAST] - t.counts[PRE_FIRST]);
  const u32 columns = (u32)(t.counts[POST_LAST] - t.counts[POST_FIRST]) - (autapses ? 0u : 1u);
  const u64 pairs = (u64)rows * columns;
  u32 w0, w1, w2, w3, k0, k1, k2, k3, row, column;
  philox((u32)s, 0u, (u32)projection | ((u32)(s >> 32) << 8), STREAM_CONNECT, t.key0, t.key1, w0, w1, w2, w3);
  if (t.counts[MULTAPSES]) {
    row = w_mulhi(w0, rows);
    column = w_mulhi(w1, columns);
  } else {
    philox(0u, ORDER, (u32)projection, STREAM_CONNECT, t.key0, t.key1, k0, k1, k2, k3);
    if (pairs < ORDER) {
      const u32 at = in_order((u32)s, (u32)pairs, order_shift((u32)pairs), k0, k1, k2, k3);
      row = at / columns;
      column = at % columns;
    } else {
      stirred((u32)(s / columns), (u32)(s % columns), rows, columns, k0, k1, k2, k3, row, column);
    }
  }
  const int source = (int)t.counts[PRE_FIRST] + (int)row;
  int target = (int)t.counts[POST_FIRST] + (int)column;
  if (!autapses && target >= source) target++;
  visit(source, target, measure(t, source, target).d, w2, w3);
}

// The synapses of source i in a small world: nearest places on the ring, some of them moved to anywhere.
template <class Visit>
__device__ __forceinline__ void ring(const Table& t, int i, int projection, Visit visit) {
  const int first = (int)t.counts[POST_FIRST], wanted = (int)t.counts[NUMBER], half = wanted / 2;
  const int count = (int)t.counts[POST_LAST] - first;
  const float rewiring = t.numbers[REWIRING];
  if (wanted == 0) return;
  const u64 at = (u64)(i - first) * (u64)t.counts[STRIDE_BACK] % (u64)count;
  u32 k0, k1, k2, k3, w0, w1, w2, w3, v0, v1, v2, v3;
  philox((u32)i, ORDER, (u32)projection, STREAM_CONNECT, t.key0, t.key1, k0, k1, k2, k3);
  const u32 shift = order_shift((u32)count - 1u);
  u32 tried = 0;
  for (int slot = 0; slot < wanted; slot++) {
    philox((u32)i, (u32)slot, (u32)projection, STREAM_CONNECT, t.key0, t.key1, w0, w1, w2, w3);
    int offset = slot < half ? slot + 1 : count - 1 - (slot - half);
    if (uniform(w1) < rewiring) {
      bool kept = true;
      while (kept) {
        offset = 1 + (int)in_order(tried++, (u32)count - 1u, shift, k0, k1, k2, k3);
        const int other = offset <= half ? offset - 1 : count - 1 - offset + half;
        kept = false;
        if (offset <= half || offset >= count - half) {
          philox((u32)i, (u32)other, (u32)projection, STREAM_CONNECT, t.key0, t.key1, v0, v1, v2, v3);
          kept = !(uniform(v1) < rewiring);
        }
      }
    }
    const int target = first + (int)((at + offset) % count * (u64)t.counts[STRIDE] % count);
    visit(i, target, measure(t, i, target).d, w2, w3);
  }
}

// The one synapse of source i.
template <class Visit>
__device__ __forceinline__ void pair(const Table& t, int i, int projection, Visit visit) {
  u32 w0, w1, w2, w3;
  philox((u32)i, 0u, (u32)projection, STREAM_CONNECT, t.key0, t.key1, w0, w1, w2, w3);
  const int target = (int)t.counts[POST_FIRST] + i - (int)t.counts[PRE_FIRST];
  visit(i, target, measure(t, i, target).d, w2, w3);
}

// One task is (projection, block); all owners of a launch share its tasks. Thread k does task k % num_tasks of owner
// first + k / num_tasks, so that the tasks of one source, whose row they fill, are done at about the same time.
// Synapses of a fixed total are shared out by the TOTAL_SHARE.
#define WALK_ARGUMENTS u64 begin, u64 end, u64 first_owner, const int2* __restrict__ tasks, int num_tasks, \
    const float* __restrict__ numbers, const long long* __restrict__ counts, const float* __restrict__ positions, \
    u32 key0, u32 key1, float steps_per_ms, int num_neurons

#define FOR_EACH_TASK \
  for (u64 k = begin + (u64)blockIdx.x * blockDim.x + threadIdx.x; k < end; k += (u64)gridDim.x * blockDim.x)

#define THIS_TASK \
    const u64 owner = first_owner + k / num_tasks; \
    const int2 task = tasks[k % num_tasks]; \
    const float* q = numbers + NUMBER_COLUMNS * task.x; \
    const long long* c = counts + COUNT_COLUMNS * task.x; \
    const Table table = {q, c, positions, key0, key1};

#define COUNT_ONE \
    u64* sums = in_weights; \
    auto visit = [&](int source, int target, float d, u32 w2, u32 w3) { \
      const int units = weight_units(w2, (int)c[WEIGHT_LAW], q[WEIGHT], q[WEIGHT_SD], (float)((1 << WEIGHT_BITS) - 1)); \
      atomicAdd(row_counts + (u64)(target % BLOCKS) * num_neurons + source, 1u); \
      atomicAdd(sums + (u64)port_of[source] * num_neurons + target, (u64)units); \
    };

#define STORE_ONE \
    auto visit = [&](int source, int target, float d, u32 w2, u32 w3) { \
      const int units = weight_units(w2, (int)c[WEIGHT_LAW], q[WEIGHT], q[WEIGHT_SD], (float)((1 << WEIGHT_BITS) - 1)); \
      const int steps = delay_steps(w3, d, q[DELAY], q[INVERSE_VELOCITY], q[DELAY_SD], steps_per_ms, MIN_DELAY, MAX_DELAY); \
      const int block = target % BLOCKS; \
      const u64 at = (u64)block * words_per_block + row_start[source] \
                     + atomicAdd(cursors + (u64)block * num_neurons + source, 1u); \
      u32 word = ((u32)(target / BLOCKS) << (WEIGHT_BITS + DELAY_BITS)) | (u32)units; \
      if (DELAY_BITS > 0) word |= (u32)(steps - MIN_DELAY) << WEIGHT_BITS; \
      words[at] = word; \
      if (delays) delays[at] = (unsigned short)steps; \
    };

template <class Visit>
__device__ __forceinline__ bool walk_others(const Table& t, u64 owner, int projection, Visit visit) {
  const int walk = (int)t.counts[WALK];
  if (walk == TOTAL) {
    const u64 end = min((owner + 1) * TOTAL_SHARE, (u64)t.counts[NUMBER]);
    for (u64 s = owner * TOTAL_SHARE; s < end; s++) total(t, s, projection, visit);
  } else if (walk == RING) {
    ring(t, (int)owner, projection, visit);
  } else if (walk == ONE_TO_ONE) {
    pair(t, (int)owner, projection, visit);
  } else {
    return degree(t, (int)owner, projection, visit) > 0;
  }
  return false;
}

#define COUNT_ARGUMENTS WALK_ARGUMENTS, u32* row_counts, u64* in_weights, const unsigned char* port_of, u32* lacking
#define STORE_ARGUMENTS WALK_ARGUMENTS, const u64* __restrict__ row_start, u64 words_per_block, u32* cursors, \
    u32* words, unsigned short* delays

extern "C" __global__ void count_pairwise(COUNT_ARGUMENTS) {
  FOR_EACH_TASK {
    THIS_TASK COUNT_ONE
    pairwise(table, (int)owner, task.x, task.y, visit);
  }
}

extern "C" __global__ void store_pairwise(STORE_ARGUMENTS) {
  FOR_EACH_TASK {
    THIS_TASK STORE_ONE
    pairwise(table, (int)owner, task.x, task.y, visit);
  }
}

extern "C" __global__ void count_others(COUNT_ARGUMENTS) {
  FOR_EACH_TASK {
    THIS_TASK COUNT_ONE
    if (walk_others(table, owner, task.x, visit)) atomicAdd(lacking + task.x, 1u);
  }
}

extern "C" __global__ void store_others(STORE_ARGUMENTS) {
  FOR_EACH_TASK {
    THIS_TASK STORE_ONE
    walk_others(table, owner, task.x, visit);
  }
}
