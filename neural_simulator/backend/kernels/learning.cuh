// What a network that learns does besides the step: traces and events at spikes, weights where events pass. The CUDA
// text of backend/cpu_learning.py, with the same operations in the same order; models/plasticity says what happens when.
//
// What events look at often lies `near` (shared memory where a block owns its neurons): rows of STRIDE numbers, one of
// each neuron. Rarely needed are older spikes: a ring of RECENT of them with their traces, and one bit a step.
//
// Expects from the generated header: WEIGHTS (1: weights can change), REWARDED, XS, YS, RELEASES (numbers of traces),
// RECENT, HISTORY_WORDS, LONGEST_GAP, HORIZON, COARSE (width of a decay's table), RULES, MIXED (1: the synapses of some
// row differ), and the tables of network/learning.py as constants.

#define KEPT_SPIKES (WEIGHTS ? 4 : 1)   // newest spikes whose steps are near
#define KEPT_TRACES 2                   // newest spikes whose traces are near
#define NEAR_STEPS 0
#define NEAR_U KEPT_SPIKES
#define NEAR_R (NEAR_U + RELEASES)
#define NEAR_SEEN (NEAR_R + RELEASES)   // step of the newest event; this and what follows only where weights change
#define NEAR_COUNT (NEAR_SEEN + 1)      // spikes since step 0
#define NEAR_WORD (NEAR_COUNT + 1)      // bits of the present 32 steps
#define NEAR_X (NEAR_WORD + 1)
#define NEAR_Y (NEAR_X + XS)            // [KEPT_TRACES][YS]
#define NEAR_ROWS (WEIGHTS ? NEAR_Y + KEPT_TRACES * YS : NEAR_SEEN)
#define EVENT_WORDS ((4 + XS + RELEASES + 3) / 4 * 4)
#define DOPAMINE_BLOCK 1024

struct LearningTables {                 // one pointer for the launch
  const float* fine;                    // [decays][64]
  const float* coarse;                  // [decays][COARSE]
  const float* prefix;                  // [eligibilities][4][DOPAMINE_BLOCK + 1]
  const float* growth;                  // [eligibilities][DOPAMINE_BLOCK + 1]
  u32* near;                            // [NEAR_ROWS][neurons]
  int* recent;                          // [RECENT][neurons]
  float* recent_y;                      // [RECENT][YS][neurons]
  u32* bits;                            // [HISTORY_WORDS][neurons]
  float* weight;
  float* eligibility;
  u64 weight_first;                     // word of a block's store whose weight comes first
  u64 weights_per_block;
  u32* events;
  u64* changes;                         // weights that rose, weights that fell
};

struct Decays { const float* fine; const float* coarse; };

// exp(-steps dt / tau) of a time constant, from its two tables.
__device__ __forceinline__ float decayed(const Decays& T, int kind, int steps) {
  const int k = min(steps >> 6, COARSE - 1);
  return T.coarse[kind * COARSE + k] * T.fine[kind * 64 + (steps & 63)];
}

struct Event {                          // what a source tells its row
  int step;                             // not stored: the step in which it was sent
  u32 row;
  int previous, seen;                   // steps of the spike and of the event before
  u32 tag;                              // population | silent << 8 | learns << 9 | (link + 1) << 16
  float extras[XS + RELEASES + 1];      // traces just after the spike before; releases
};
#define TAG_SILENT 256u
#define TAG_LEARNS 512u

__device__ __forceinline__ void load_event(Event& e, const u32* at, int step) {
  const uint4* from = (const uint4*)at;
  const uint4 head = __ldcg(from);
  e.step = step;
  e.row = head.x;
  e.previous = (int)head.y;
  e.seen = (int)head.z;
  e.tag = head.w;
  #pragma unroll
  for (int q = 0; q < (XS + RELEASES + 3) / 4; q++) {
    const uint4 more = __ldcg(from + 1 + q);
    const u32 four[4] = {more.x, more.y, more.z, more.w};
    #pragma unroll
    for (int k = 0; k < 4; k++)
      if (4 * q + k < XS + RELEASES) e.extras[4 * q + k] = __uint_as_float(four[k]);
  }
}

// One of the values of an event, which stay in registers.
__device__ __forceinline__ float extra(const Event& e, int first, int count, int number) {
  float value = e.extras[first];
  #pragma unroll
  for (int k = 1; k < count; k++) if (number == k) value = e.extras[first + k];
  return value;
}

__device__ __forceinline__ float release_of(const Event& e, int link) {
#if RELEASES
  const int own = LINK_RELEASE[link];
  return own >= 0 ? extra(e, XS, RELEASES, own) : 1.0f;
#else
  return 1.0f;
#endif
}

__device__ __forceinline__ u32 tag_of(int population) {
  return (u32)population | (LEARNS[population] ? TAG_LEARNS : 0u) | (u32)(ROW_LINK[population] + 1) << 16;
}

// A neuron in step t: whether it spiked, or whether its row must be kept up to date.
#if WEIGHTS
__device__ __forceinline__ bool is_due(const u32* near, int stride, int n, int population, int t) {
  const int due = t - LONGEST_GAP;
  return (int)near[NEAR_SEEN * stride + n] == due && due - (int)near[NEAR_STEPS * stride + n] < HORIZON
         && LEARNS[population];
}
#endif

// Writes the event of a neuron to `to` and moves its traces; `at` is its place among `neurons` in far memory.
__device__ __forceinline__ void write_event(const LearningTables& L, const Decays& T, u32* near, int stride, int n,
                                            u64 at, u64 neurons, u32* to, u32 row, int population, int t, bool spiked) {
  const int previous = (int)near[NEAR_STEPS * stride + n];
  const int passed = t - previous;
  u32 values[EVENT_WORDS];
  values[0] = row;
  values[1] = (u32)previous;
  values[2] = WEIGHTS ? near[NEAR_SEEN * stride + n] : (u32)previous;
  values[3] = tag_of(population) | (spiked ? 0u : TAG_SILENT);
  #pragma unroll
  for (int k = 4; k < EVENT_WORDS; k++) values[k] = 0x3f800000u;       // 1: what has no release of its own
  #pragma unroll
  for (int k = 0; k < XS; k++) values[4 + k] = near[(NEAR_X + k) * stride + n];
  if (spiked) {
    #pragma unroll
    for (int k = 0; k < XS; k++) {
      const float kept = previous >= 0 ? decayed(T, X_DECAY[k], passed) : 0.0f;
      near[(NEAR_X + k) * stride + n] = __float_as_uint(trace_after(__uint_as_float(values[4 + k]) * kept, X_KEEP[k]));
    }
    #pragma unroll
    for (int k = 0; k < RELEASES; k++) {
      const int chosen = RELEASE_SET[population * RELEASES + k];
      if (chosen < 0) continue;
      float kept_f = 0.0f, kept_d = 0.0f, u, r;
      if (previous >= 0) {
        kept_f = decayed(T, RELEASE_DECAY[2 * chosen], passed);
        kept_d = decayed(T, RELEASE_DECAY[2 * chosen + 1], passed);
      }
      release(__uint_as_float(near[(NEAR_U + k) * stride + n]), __uint_as_float(near[(NEAR_R + k) * stride + n]),
              kept_f, kept_d, RELEASE_VALUES[2 * chosen], u, r);
      near[(NEAR_U + k) * stride + n] = __float_as_uint(u);
      near[(NEAR_R + k) * stride + n] = __float_as_uint(r);
      values[4 + XS + k] = __float_as_uint(u * r * RELEASE_VALUES[2 * chosen + 1]);
    }
#if WEIGHTS
    const u32 count = near[NEAR_COUNT * stride + n], place = count & (RECENT - 1);
    #pragma unroll
    for (int k = 0; k < YS; k++) {
      const u32 before = near[(NEAR_Y + k) * stride + n];
      float y = 0.0f;
      if (previous >= 0) y = trace_after(__uint_as_float(before), Y_KEEP[k]) * decayed(T, Y_DECAY[k], passed);
      near[(NEAR_Y + YS + k) * stride + n] = before;
      near[(NEAR_Y + k) * stride + n] = __float_as_uint(y);
      L.recent_y[((u64)place * YS + k) * neurons + at] = y;
    }
    #pragma unroll
    for (int k = KEPT_SPIKES - 1; k > 0; k--)
      near[(NEAR_STEPS + k) * stride + n] = near[(NEAR_STEPS + k - 1) * stride + n];
    L.recent[(u64)place * neurons + at] = t;
    near[NEAR_COUNT * stride + n] = count + 1u;
    const u32 word = near[NEAR_WORD * stride + n] | 1u << (t & 31);
    near[NEAR_WORD * stride + n] = word;
    L.bits[(u64)((t >> 5) & (HISTORY_WORDS - 1)) * neurons + at] = word;
#endif
    near[NEAR_STEPS * stride + n] = (u32)t;
  }
#if WEIGHTS
  near[NEAR_SEEN * stride + n] = (u32)t;
#endif
  #pragma unroll
  for (int k = 0; k < EVENT_WORDS / 4; k++)
    ((uint4*)to)[k] = make_uint4(values[4 * k], values[4 * k + 1], values[4 * k + 2], values[4 * k + 3]);
}

#if WEIGHTS
// Forgets the oldest 32 steps; at the beginning of 32 others.
__device__ __forceinline__ void begin_word(const LearningTables& L, u32* near, int stride, int n, u64 at, u64 neurons,
                                           int t) {
  near[NEAR_WORD * stride + n] = 0u;
  L.bits[(u64)((t >> 5) & (HISTORY_WORDS - 1)) * neurons + at] = 0u;
}

struct Rule {
  float c[COEFFICIENTS];
  int kx, ky, e, dx, dy, de;
  float keep;
};

__device__ __forceinline__ Rule rule_of(int number);      // generated: constants where there is one rule

struct Post {                           // the target of a synapse
  const u32* near;
  int stride, n;
  u64 at, neurons;
};

// The step of spike z of the neuron, counted back from the newest.
__device__ __forceinline__ int spike_step(const LearningTables& L, const Post& j, int z) {
  if (z < KEPT_SPIKES) return (int)j.near[(NEAR_STEPS + z) * j.stride + j.n];
  const u32 place = (j.near[NEAR_COUNT * j.stride + j.n] - 1u - (u32)z) & (RECENT - 1);
  return __ldcg(L.recent + (u64)place * j.neurons + j.at);
}

#if REWARDED
// Integral of dopamine from step t0 to t1, weighted with exp(-(t - t0) / tau), s.
__device__ __forceinline__ float dopamine(const LearningTables& L, int e, int t0, int t1) {
  const float* prefix = L.prefix + e * 4 * (DOPAMINE_BLOCK + 1);
  const float* growth = L.growth + e * (DOPAMINE_BLOCK + 1);
  const int b0 = t0 >> 10, j0 = t0 & 1023, b1 = t1 >> 10, j1 = t1 & 1023;
  const float* first = prefix + (b0 & 3) * (DOPAMINE_BLOCK + 1);
  const float begin = first[j0];
  float whole;
  if (b0 == b1) {
    whole = first[j1] - begin;
  } else {
    whole = (first[DOPAMINE_BLOCK] - begin)
            + growth[DOPAMINE_BLOCK] * prefix[(b1 & 3) * (DOPAMINE_BLOCK + 1) + j1];
  }
  return growth[j0] * whole;
}

// The weight of an eligible synapse that has collected dopamine from step t0 to t1.
__device__ __forceinline__ float wait_for(const LearningTables& L, float w, float eligible, const Rule& rule, int t0,
                                          int t1) {
  return bounded(w + eligible * (rule.c[10] * dopamine(L, rule.e, t0, t1)), rule.c[7], rule.c[8]);
}
#endif

// Weight and eligibility after the postsynaptic spike of step p, which comes back at p + d.
__device__ __forceinline__ void strengthen(const LearningTables& L, const Decays& T, float& w, float& eligible,
                                           const Rule& rule, float x, int p, int since, int previous, int d) {
  const float* c = rule.c;
  const float change = change_at_post(w, x * decayed(T, rule.dx, p - previous), c[0], c[5], c[8], c[9]);
#if REWARDED
  if (rule.e >= 0) {
    w = wait_for(L, w, eligible, rule, since + d, p + d);
    eligible = eligible * decayed(T, rule.de, p - since) + change;
    return;
  }
#endif
  w = bounded(w + change, c[7], c[8]);
}

// Takes in the postsynaptic spikes from step first + 1 to a, of which `newest` is the newest; `hidden` spikes are still
// newer. The source's spike before was at `previous`, with trace x; steps are those of the target, d before the synapse's.
__device__ __forceinline__ void recall(const LearningTables& L, const Decays& T, const Post& j, float& w,
                                       float& eligible, const Rule& rule, float x, int newest, int hidden, int previous,
                                       int first, int a, int d) {
  int since = first;
  if (newest > first) {
    int z = hidden + 1;
    while (z < RECENT && spike_step(L, j, z) > first) z++;
    if (z < RECENT) {                                     // as nearly always: the newest spikes are all that is new
      for (z--; z >= hidden; z--) {
        const int p = spike_step(L, j, z);
        strengthen(L, T, w, eligible, rule, x, p, since, previous, d);
        since = p;
      }
    } else {                                              // bit by bit
      for (int p = max(first + 1, 0); p <= a; p++) {
        const u32 word = __ldcg(L.bits + (u64)((p >> 5) & (HISTORY_WORDS - 1)) * j.neurons + j.at);
        if (word >> (p & 31) & 1u) {
          strengthen(L, T, w, eligible, rule, x, p, since, previous, d);
          since = p;
        }
      }
    }
  }
#if REWARDED
  if (rule.e >= 0) {
    w = wait_for(L, w, eligible, rule, since + d, a + d);
    eligible = eligible * decayed(T, rule.de, a - since);
  }
#endif
}

// An event passes a synapse of delay d; returns what it releases, in stored units.
__device__ __forceinline__ int pass_synapse(const LearningTables& L, const Decays& T, const Event& e, const Post& j,
                                            const Rule& rule, float efficacy, int d, float w, float* weight,
                                            float* eligibility, int& rose, int& fell) {
  const float* c = rule.c;
  const int a = e.step - d;
  int newest = (int)j.near[NEAR_STEPS * j.stride + j.n], hidden = 0;
  float y = __uint_as_float(j.near[(NEAR_Y + rule.ky) * j.stride + j.n]);
  if (newest > a) {
    do newest = spike_step(L, j, ++hidden); while (newest > a);
    const u32 place = (j.near[NEAR_COUNT * j.stride + j.n] - 1u - (u32)hidden) & (RECENT - 1);
    y = hidden < KEPT_TRACES ? __uint_as_float(j.near[(NEAR_Y + hidden * YS + rule.ky) * j.stride + j.n])
                             : __ldcg(L.recent_y + ((u64)place * YS + rule.ky) * j.neurons + j.at);
  }
  float eligible = 0.0f;
  const bool spike = !(e.tag & TAG_SILENT);
#if REWARDED
  if (rule.e >= 0) eligible = __ldcg(eligibility);
#endif
  if (e.previous >= 0 && e.step - e.seen <= LONGEST_GAP) {
    const float before = w;
    recall(L, T, j, w, eligible, rule, extra(e, 0, XS, rule.kx), newest, hidden, e.previous - d, e.seen - d, a, d);
    rose += w > before;
    fell += w < before;
  } else {
    eligible = 0.0f;
  }
  if (spike) {
    if (newest != a) y = newest >= 0 ? trace_after(y, rule.keep) * decayed(T, rule.dy, a - newest) : 0.0f;
    const float change = change_at_arrival(w, y, c[1], c[2], c[3], c[4], c[5], c[6], c[7], c[8], c[9]);
#if REWARDED
    if (rule.e >= 0) {
      eligible = eligible + change;
    } else
#endif
    {
      const float before = w;
      w = bounded(before + change, c[7], c[8]);
      rose += w > before;
      fell += w < before;
    }
  }
  __stcg(weight, w);
#if REWARDED
  if (rule.e >= 0) __stcg(eligibility, eligible);
#endif
  return spike ? (int)delivered(w, efficacy) : 0;
}

// Adds up the changes of all threads; by all of them.
__device__ __forceinline__ void count_changes(const LearningTables& L, int rose, int fell) {
  for (int k = 16; k > 0; k >>= 1) {
    rose += __shfl_down_sync(~0u, rose, k);
    fell += __shfl_down_sync(~0u, fell, k);
  }
  if ((threadIdx.x & 31) == 0) {
    if (rose) atomicAdd(L.changes, (u64)rose);
    if (fell) atomicAdd(L.changes + 1, (u64)fell);
  }
}
#endif
