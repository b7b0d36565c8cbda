// What every step kernel shares; stands behind the emitted functions and the generated constants.

struct Tables {                       // what is the same for all blocks, one pointer for the launch
  const float* parameters;            // [POPULATIONS][PARAMETERS]
  const float* currents;              // [POPULATIONS]
  const float* weights;               // [POPULATIONS]
  const u32* thresholds;              // [POPULATIONS][THRESHOLDS]
  const int* numbers;                 // [POPULATIONS]
  const int* starts;                  // [POPULATIONS + 1]
  const int* models;                  // [POPULATIONS]
};

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
