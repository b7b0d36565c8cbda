// What a network that learns does besides the step: traces and events at spikes, weights where events pass. The CUDA
// text of backend/cpu_learning.py, with the same operations in the same order; models/plasticity says what happens when.
//
// Where weights change, all lanes of a warp run the functions below together, those that have nothing to do included,
// and meet after every branch: left to the compiler, they went on one by one, many times slower.
//
// What events look at often lies `near` (shared memory where a block owns its neurons): rows of `stride` numbers, one of
// each neuron; those of spikes in fours, so that one access fetches four steps of a neuron. Rarely needed are older
// spikes: a ring of RECENT of them with their traces, and one bit a step.
//
// Expects from the generated header: WEIGHTS (1: weights can change), REWARDED, XS, YS, RELEASES (numbers of traces),
// RECENT, HISTORY_WORDS, LONGEST_GAP, HORIZON, COARSE and WHOLE (widths of a decay's tables), COEFFICIENTS (of a rule),
// MIXED (1: the synapses of some row differ), KEPT_SPIKES (newest spikes whose steps are near), IN_FOURS (steps that lie
// together), NEAR_... (first row of each kind), EVENT_VECTORS (of an event), and the tables of network/learning.py as
// constants.

#define USUAL_NEWS 8                    // spikes of its target above which a synapse is put off
#define DOPAMINE_BLOCK 1024
#define NO_NEWS 0x7fffffff              // the step before the first spike that is news, of a synapse that is not alive

struct LearningTables {                 // handed over by value: what lies among the arguments takes no registers
  const float* fine;                    // [decays][64]
  const float* coarse;                  // [decays][COARSE]
  const float* whole;                   // [decays][WHOLE]
  const float* prefix;                  // [eligibilities][4][DOPAMINE_BLOCK + 1]
  const float* growth;                  // [eligibilities][DOPAMINE_BLOCK + 1]
  u32* near;                            // [NEAR_ROWS][neurons]
  int* recent;                          // [RECENT][neurons]
  float* recent_y;                      // [RECENT][YS][neurons]
  u32* bits;                            // [neurons][HISTORY_WORDS]
  float* weight;
  float* eligibility;
  u64 weight_first;                     // word of a block's store whose weight comes first
  u64 weights_per_block;
  uint4* events;
  u64* changes;                         // weights that rose, weights that fell
};

struct Decays { const float* fine; const float* coarse; const float* whole; };

// exp(-steps dt / tau) of a time constant, from its two tables.
__device__ __forceinline__ float decayed(const Decays& T, int kind, int steps) {
  const int k = min(steps >> 6, COARSE - 1);
  return T.coarse[kind * COARSE + k] * T.fine[kind * 64 + (steps & 63)];
}

// The same of the time constants of traces; one table where they are short (WHOLE entries, 0: they are not).
__device__ __forceinline__ float trace_decayed(const Decays& T, int kind, int steps) {
#if WHOLE
  return T.whole[kind * WHOLE + min(steps, WHOLE - 1)];
#else
  return decayed(T, kind, steps);
#endif
}

// What a source tells its row, in vectors of three values and a tag: population | silent << 8 | (step + 1) << 9. The tag
// says that the vector is there, so whoever writes one need not wait until others can see it.
struct Event {
  int step;                             // in which it was sent
  u32 tag;
  int previous, seen;                   // steps of the spike and of the event before
  float extras[XS + RELEASES + 1];      // traces just after the spike before; releases
};
#define SILENT 256u
#define POPULATION_OF(e) ((e).tag & 255u)
#define LEARNS_FROM(e) (WEIGHTS && LEARNS[POPULATION_OF(e)])
#define LINK_FROM(e) ROW_LINK[POPULATION_OF(e)]

struct Vectors { uint4 of[EVENT_VECTORS]; };

__device__ __forceinline__ void fetch_event(Vectors& v, const uint4* at) {
  #pragma unroll
  for (int q = 0; q < EVENT_VECTORS; q++) v.of[q] = load_vector(at + q);
}

// The event of step `step` from vectors that have been fetched, and are again until they are there.
__device__ __forceinline__ void take_event(Event& e, Vectors& v, const uint4* at, int step) {
  u32 values[3 * EVENT_VECTORS];
  e.step = step;
  #pragma unroll
  for (int q = 0; q < EVENT_VECTORS; q++) {
    while (v.of[q].w >> 9 != (((u32)step + 1u) & 0x7fffffu)) v.of[q] = load_vector(at + q);
    values[3 * q] = v.of[q].x;
    values[3 * q + 1] = v.of[q].y;
    values[3 * q + 2] = v.of[q].z;
    e.tag = v.of[q].w;
  }
#if WEIGHTS
  e.previous = (int)values[0];
  e.seen = (int)values[1];
#endif
  #pragma unroll
  for (int k = 0; k < XS + RELEASES; k++) e.extras[k] = __uint_as_float(values[2 * WEIGHTS + k]);
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

// Where the step of a neuron's spike lies, counted back from the newest.
__device__ __forceinline__ int step_place(int stride, int n, int z) {
  return (NEAR_STEPS + z / IN_FOURS * IN_FOURS) * stride + n * IN_FOURS + z % IN_FOURS;
}

#if WEIGHTS
// Whether a neuron that does not spike in step t must tell its row, to keep it up to date.
__device__ __forceinline__ bool is_due(const u32* near, int stride, int n, int population, int t) {
  const int due = t - LONGEST_GAP;
  return (int)near[NEAR_SEEN * stride + n] == due && due - (int)near[step_place(stride, n, 0)] < HORIZON
         && LEARNS[population];
}
#endif

// Writes the event of a neuron to `to` and moves its traces; `at` is its place among `neurons` in far memory.
__device__ __forceinline__ void write_event(const LearningTables& L, const Decays& T, u32* near, int stride, int n,
                                            u64 at, u64 neurons, uint4* to, int population, int t, bool spiked) {
  const int previous = (int)near[step_place(stride, n, 0)];
  const int passed = t - previous;
  u32 values[3 * EVENT_VECTORS];
  #pragma unroll
  for (int k = 0; k < 3 * EVENT_VECTORS; k++) values[k] = 0x3f800000u;       // 1: what has no release of its own
#if WEIGHTS
  values[0] = (u32)previous;
  values[1] = near[NEAR_SEEN * stride + n];
#endif
#define TRACE(k) values[2 * WEIGHTS + (k)]
  #pragma unroll
  for (int k = 0; k < XS; k++) TRACE(k) = near[(NEAR_X + k) * stride + n];
  if (spiked) {
    #pragma unroll
    for (int k = 0; k < XS; k++) {
      const float kept = previous >= 0 ? decayed(T, X_DECAY[k], passed) : 0.0f;
      near[(NEAR_X + k) * stride + n] = __float_as_uint(trace_after(__uint_as_float(TRACE(k)) * kept, X_KEEP[k]));
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
      TRACE(XS + k) = __float_as_uint(u * r * RELEASE_VALUES[2 * chosen + 1]);
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
    for (int z = KEPT_SPIKES - 1; z > 0; z--) near[step_place(stride, n, z)] = near[step_place(stride, n, z - 1)];
    L.recent[(u64)place * neurons + at] = t;
    near[NEAR_COUNT * stride + n] = count + 1u;
    const u32 word = near[NEAR_WORD * stride + n] | 1u << (t & 31);
    near[NEAR_WORD * stride + n] = word;
    L.bits[at * HISTORY_WORDS + ((t >> 5) & (HISTORY_WORDS - 1))] = word;
#endif
    near[step_place(stride, n, 0)] = (u32)t;
  }
#if WEIGHTS
  near[NEAR_SEEN * stride + n] = (u32)t;
#endif
  const u32 tag = (u32)population | (spiked ? 0u : SILENT) | ((u32)t + 1u) << 9;
  #pragma unroll
  for (int k = 0; k < EVENT_VECTORS; k++)
    store_vector(to + k, values[3 * k], values[3 * k + 1], values[3 * k + 2], tag);
}

#if WEIGHTS
// Forgets the oldest 32 steps; at the beginning of 32 others.
__device__ __forceinline__ void begin_word(const LearningTables& L, u32* near, int stride, int n, u64 at, int t) {
  near[NEAR_WORD * stride + n] = 0u;
  L.bits[at * HISTORY_WORDS + ((t >> 5) & (HISTORY_WORDS - 1))] = 0u;
}

struct Rule {
  float c[COEFFICIENTS];
  int kx, ky, e, dx, dy, de, life;      // life: steps after which a trace x is gone
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
  if (z < KEPT_SPIKES) return (int)j.near[step_place(j.stride, j.n, z)];
  const u32 place = (j.near[NEAR_COUNT * j.stride + j.n] - 1u - (u32)z) & (RECENT - 1);
  return __ldcg(L.recent + (u64)place * j.neurons + j.at);
}

// The steps of its newest spikes: four, and four more as long as some lane of the warp has more news than that. Returns
// whether the lane has more than there are.
template <int COUNT>
__device__ __forceinline__ bool newest_spikes(const Post& j, int first, int (&spikes)[COUNT]) {
  bool more = true, far = true;
  #pragma unroll
  for (int z = 0; z < COUNT; z += 4) {
    if (z > 0) more = more && __any_sync(~0u, far);
    uint4 four = make_uint4(0x80000000u, 0x80000000u, 0x80000000u, 0x80000000u);
    if (more) four = *(const uint4*)(j.near + step_place(j.stride, j.n, z));
    spikes[z] = (int)four.x;
    spikes[z + 1] = (int)four.y;
    spikes[z + 2] = (int)four.z;
    spikes[z + 3] = (int)four.w;
    far = far && spikes[z + 3] > first;
  }
  return far;
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
  return within_bounds(w + eligible * (rule.c[10] * dopamine(L, rule.e, t0, t1)), rule.c[7], rule.c[8]);
}
#endif

// What the spikes of its target have done to a synapse that an event has reached.
struct Recall {
  float w, eligible;
  float x;                              // trace of arrivals just after `previous`
  int previous, since, until;           // steps of the target: of the source's spike before, of what was taken in last,
  int d;                                // and of the last spike that counts; d less than the synapse's
};

// The target's spike of step p.
__device__ __forceinline__ void strengthen(const LearningTables& L, const Decays& T, Recall& r, const Rule& rule,
                                           int p) {
  const float* c = rule.c;
  const float change = change_at_post(r.w, r.x * trace_decayed(T, rule.dx, p - r.previous), c[0], c[5], c[8], c[9]);
#if REWARDED
  if (rule.e >= 0) {
    r.w = wait_for(L, r.w, r.eligible, rule, r.since + r.d, p + r.d);
    r.eligible = r.eligible * decayed(T, rule.de, p - r.since) + change;
    r.since = p;
    return;
  }
#endif
  r.w = within_bounds(r.w + change, c[7], c[8]);
}

// All spikes after step `first`, bit by bit; where the newest are not all that is new.
__device__ __forceinline__ void recall_far(const LearningTables& L, const Decays& T, Recall& r, const Rule& rule,
                                           const Post& j, int first) {
  const u64* bits = (const u64*)(L.bits + j.at * HISTORY_WORDS);
  const int begin = max(first + 1, 0), end = r.until >> 6;
  u64 next = bits[(begin >> 6) & (HISTORY_WORDS / 2 - 1)] & ~0ull << (begin & 63);
  for (int q = begin >> 6; q <= end; q++) {               // 64 steps at once
    u64 spikes = next;
    next = bits[(q + 1) & (HISTORY_WORDS / 2 - 1)];
    if (q == end) spikes &= (2ull << (r.until & 63)) - 1ull;
    for (; spikes; spikes &= spikes - 1ull) strengthen(L, T, r, rule, q * 64 + __ffsll((long long)spikes) - 1);
  }
}

// The newest spike up to step a, and the target's trace just before it.
template <int COUNT>
__device__ __forceinline__ int newest_until(const LearningTables& L, const Post& j, bool has, int a, int trace,
                                            const int (&spikes)[COUNT], float& y) {
  int hidden = spikes[0] > a ? 1 : 0, newest = hidden ? spikes[1] : spikes[0];
  y = __uint_as_float(j.near[(NEAR_Y + hidden * YS + trace) * j.stride + j.n]);
  if (has && newest > a) {
    do newest = spike_step(L, j, ++hidden); while (newest > a);
    const u32 place = (j.near[NEAR_COUNT * j.stride + j.n] - 1u - (u32)hidden) & (RECENT - 1);
    y = __ldcg(L.recent_y + ((u64)place * YS + trace) * j.neurons + j.at);
  }
  __syncwarp();
  return newest;
}

struct Synapse {                        // of a lane, if it has one
  bool has;
  int d;                                // delay
  float w;
  u64 at;                               // where its weight lies
  float efficacy;                       // what the event releases
};

struct Changes { int rose, fell; };     // weights

__device__ __forceinline__ void count_change(Changes& changes, float before, float after) {
  changes.rose += after > before;
  changes.fell += after < before;
}

// An event passes a synapse; returns what it releases, in stored units. With PUT_OFF nothing happens to a synapse with
// more news than are usual: `far` says which they are.
template <bool PUT_OFF>
__device__ __forceinline__ int pass_synapse(const LearningTables& L, const Decays& T, const Event& e, const Post& j,
                                            const Rule& rule, const Synapse& s, bool& far, Changes& changes) {
  constexpr int COUNT = PUT_OFF ? USUAL_NEWS : KEPT_SPIKES;
  const float* c = rule.c;
  const int a = e.step - s.d, previous = e.previous - s.d;
  bool has = s.has, live = has && e.previous >= 0 && e.step - e.seen <= LONGEST_GAP;
  int first = live ? e.seen - s.d : NO_NEWS, spikes[COUNT];
  far = newest_spikes(j, first, spikes);
  if (PUT_OFF && far) has = live = false;
  float y;
  const int newest = newest_until(L, j, has, a, rule.ky, spikes, y);
  Recall r = {s.w, 0.0f, extra(e, 0, XS, rule.kx), previous, first, a, s.d};
  if (rule.e < 0) r.until = min(a, previous + rule.life - 1);        // later ones would add nothing
#if REWARDED
  if (live && rule.e >= 0) r.eligible = __ldcg(L.eligibility + s.at);
#endif
  if (far) first = NO_NEWS;
  #pragma unroll
  for (int z = COUNT - 1; z >= 0; z--) {
    if (spikes[z] > first && spikes[z] <= r.until) strengthen(L, T, r, rule, spikes[z]);
  }
  if (!PUT_OFF && far) recall_far(L, T, r, rule, j, r.since);
  __syncwarp();
#if REWARDED
  if (live && rule.e >= 0) {
    r.w = wait_for(L, r.w, r.eligible, rule, r.since + s.d, a + s.d);
    r.eligible = r.eligible * decayed(T, rule.de, a - r.since);
  }
#endif
  count_change(changes, s.w, r.w);
  const bool spike = has && !(e.tag & SILENT);
  if (spike) {
    if (newest != a) y = newest >= 0 ? trace_after(y, rule.keep) * trace_decayed(T, rule.dy, a - newest) : 0.0f;
    const float change = change_at_arrival(r.w, y, c[1], c[2], c[3], c[4], c[5], c[6], c[7], c[8], c[9]);
#if REWARDED
    if (rule.e >= 0) {
      r.eligible = r.eligible + change;
    } else
#endif
    {
      const float before = r.w;
      r.w = within_bounds(before + change, c[7], c[8]);
      count_change(changes, before, r.w);
    }
  }
  if (has) {
    __stcg(L.weight + s.at, r.w);
#if REWARDED
    if (rule.e >= 0) __stcg(L.eligibility + s.at, r.eligible);
#endif
  }
  __syncwarp();
  return spike ? (int)delivered(r.w, s.efficacy) : 0;
}

// Adds up the changes of all threads; by all of them.
__device__ __forceinline__ void count_changes(const LearningTables& L, Changes changes) {
  for (int k = 16; k > 0; k >>= 1) {
    changes.rose += __shfl_down_sync(~0u, changes.rose, k);
    changes.fell += __shfl_down_sync(~0u, changes.fell, k);
  }
  if ((threadIdx.x & 31) == 0) {
    if (changes.rose) atomicAdd(L.changes, (u64)changes.rose);
    if (changes.fell) atomicAdd(L.changes + 1, (u64)changes.fell);
  }
}
#endif
