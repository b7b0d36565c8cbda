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
  #pragma unroll
  for (int k = 0; k < 4; k++) {
    u32 count = 0;
    while (count < number && w[k] >= thresholds[count]) count++;
    counts |= count << (8 * k);
  }
  return counts;
}
