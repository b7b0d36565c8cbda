// Makes the weights of a network that learns, and says in which order every engine knows its synapses. Expects BLOCKS,
// WEIGHT_BITS, DELAY_BITS (see build.cu). A warp per source; `places` numbers the words of the rows that have weights.

#define EACH_WORD \
  const u32 lane = threadIdx.x & 31; \
  const int warps = (int)(gridDim.x * blockDim.x / 32); \
  for (int i = first + (int)((blockIdx.x * blockDim.x + threadIdx.x) / 32); i < last; i += warps) \
    for (int block = 0; block < BLOCKS; block++) \
      for (u32 k = lane; k < row_words[i]; k += 32)

// Weights at time 0, stored units within the bounds of their rules: bounds[pre][post], -inf and inf where there is none.
extern "C" __global__ void first_weights(int first, int last, u64 words_per_block, const u64* __restrict__ row_start,
                                         const u32* __restrict__ row_words, const u32* __restrict__ words,
                                         u64 weight_first, u64 weights_per_block, const unsigned char* population_of,
                                         const float* low, const float* high, int populations, float* weight) {
  EACH_WORD {
    const u32 word = words[(u64)block * words_per_block + row_start[i] + k];
    const float units = (float)(word & ((1u << WEIGHT_BITS) - 1u));
    const u32 target = (word >> (WEIGHT_BITS + DELAY_BITS)) * BLOCKS + block;
    const u64 place = (u64)block * weights_per_block + row_start[i] - weight_first + k;
    if (BLOCKS > 1 && word == 0xffffffffu << WEIGHT_BITS) {
      weight[place] = 0.0f;
      continue;
    }
    const int pair = population_of[i] * populations + population_of[target];
    const float above = units > low[pair] ? units : low[pair];
    weight[place] = above < high[pair] ? above : high[pair];
  }
}

// Keys that sort words by source, delay, target and initial weight; padding comes last.
extern "C" __global__ void canonical_keys(int first, int last, u64 words_per_block, const u64* __restrict__ row_start,
                                          const u32* __restrict__ row_words, const u32* __restrict__ words,
                                          const unsigned short* __restrict__ delays, u64 delay_values, u64 neurons,
                                          u64* keys) {
  EACH_WORD {
    const u64 at = (u64)block * words_per_block + row_start[i] + k;
    const u32 word = words[at];
    const u64 target = (u64)(word >> (WEIGHT_BITS + DELAY_BITS)) * BLOCKS + block;
    const u64 delay = delays ? delays[at] : (word >> WEIGHT_BITS) & ((1u << DELAY_BITS) - 1u);
    const u64 key = ((u64)i * delay_values + delay) * neurons + target;
    keys[at] = BLOCKS > 1 && word == 0xffffffffu << WEIGHT_BITS
                   ? ~0ull : key << WEIGHT_BITS | (word & ((1u << WEIGHT_BITS) - 1u));
  }
}
