// What every step kernel shares; stands behind the emitted functions and the generated constants.

struct Tables {                       // what is the same for all blocks, one pointer for the launch
  const float* parameters;            // [POPULATIONS][PARAMETERS]
  const float* currents;              // [POPULATIONS]
  const float* weights;               // [POPULATIONS]
  const u32* thresholds;              // [POPULATIONS][THRESHOLDS]
  const int* numbers;                 // [POPULATIONS]
  const int* starts;                  // [POPULATIONS + 1]
  const int* models;                  // [POPULATIONS]
  const float* columns;               // [COLUMNS][neurons], parameters that neurons have of their own
#if STIMULI
  const struct Stimulus* stimuli;     // [STIMULI]
  const u32* masks;                   // of each neuron: bit k: stimulus k reaches it
  const u32* rates;                   // [tables of counts][RATE_WIDTH], thresholds
  const int* rate_numbers;            // thresholds in use
  const long long* spikes;            // steps of listed spikes
  const float* sine;                  // one cycle
#endif
};

// 16 bytes that another block waits for, in one access.
__device__ __forceinline__ void store_vector(uint4* at, u32 a, u32 b, u32 c, u32 d) {
  asm volatile("st.volatile.global.v4.u32 [%0], {%1, %2, %3, %4};" ::"l"(at), "r"(a), "r"(b), "r"(c), "r"(d) : "memory");
}

__device__ __forceinline__ uint4 load_vector(const uint4* at) {
  uint4 p;
  asm volatile("ld.volatile.global.v4.u32 {%0, %1, %2, %3}, [%4];"
               : "=r"(p.x), "=r"(p.y), "=r"(p.z), "=r"(p.w) : "l"(at) : "memory");
  return p;
}

// Poisson counts of the four steps around `step` for neuron n, one byte each, by inversion of one random word each.
__device__ __forceinline__ u32 background_counts(u32 n, long long step, u32 key0, u32 key1, const u32* thresholds,
                                                 int number) {
  const long long block = step >> 2;
  u32 w[4], counts = 0;
  philox(n, (u32)block, (u32)(block >> 32), STREAM_BACKGROUND, key0, key1, w[0], w[1], w[2], w[3]);
  for (int k = 0; k < number; k++) {                  // no early exit: the loads need not wait for the comparisons
    const u32 threshold = thresholds[k];
    counts += (w[0] >= threshold ? 1u : 0u) + (w[1] >= threshold ? 1u << 8 : 0u) + (w[2] >= threshold ? 1u << 16 : 0u)
              + (w[3] >= threshold ? 1u << 24 : 0u);
  }
  return counts;
}

#if STIMULI
struct Stimulus {                     // engine/stimuli.py: RECORD
  long long first, last, period, width, begin, end;
  u32 turn, angle;
  float a, b, c, d;
  int rates, stream, kind, target, slot, unused;
};

// The first listed spike of step t or later.
__device__ __forceinline__ long long next_spike(const Stimulus& s, const long long* spikes, long long t) {
  long long low = s.begin, high = s.end;
  while (low < high) {
    const long long middle = (low + high) >> 1;
    if (spikes[middle] < t) low = middle + 1; else high = middle;
  }
  return low;
}

// What a stimulus is in step t: its value, and the row of its tables, or its spikes; row -1: nothing. `next` is its
// next listed spike and moves on.
__device__ __forceinline__ void evaluate(const Stimulus& s, const Tables& tables, long long t, long long& next,
                                         float& value, int& row) {
  value = s.a;
  row = -1;
  int spikes = 0;
  while (next < s.end && tables.spikes[next] == t) { next++; spikes++; }
  if (t < s.first || t >= s.last) return;
  const long long since = t - s.first;
  if (s.period > 0 && since % s.period >= s.width) return;
  row = spikes;
  if (s.turn) {
    const u32 angle = s.angle + (u32)since * s.turn;
    value = s.a + s.b * tables.sine[angle >> (32 - SINE_BITS)];
    row = (int)(angle >> (32 - RATE_BITS));
  }
}

__device__ __forceinline__ u32 word_of(u32 n, long long t, int stream, u32 key0, u32 key1) {
  u32 w0, w1, w2, w3;
  philox(n, (u32)(t >> 2), (u32)(t >> 34), STREAM_STIMULUS + (u32)stream, key0, key1, w0, w1, w2, w3);
  const int q = (int)(t & 3);
  return q == 0 ? w0 : q == 1 ? w1 : q == 2 ? w2 : w3;
}

__device__ __forceinline__ int count_of_word(u32 word, const Tables& tables, int row) {
  const u32* thresholds = tables.rates + (u64)row * RATE_WIDTH;
  const int number = tables.rate_numbers[row];
  int count = 0;
  for (int k = 0; k < number; k++) count += word >= thresholds[k] ? 1 : 0;
  return count;
}
#endif
