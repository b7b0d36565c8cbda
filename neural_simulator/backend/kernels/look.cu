// Looks at a network's synapses without changing them. Expects BLOCKS, WEIGHT_BITS, DELAY_BITS (see build.cu).

// Adds up the stored weights onto every neuron: sums[0][n] from excitatory sources, sums[1][n] from inhibitory ones.
// One warp per source; integer sums, so the order does not matter.
extern "C" __global__ void sum_incoming(int num_neurons, u64 words_per_block, const u64* __restrict__ row_start,
                                        const u32* __restrict__ row_words, const unsigned char* __restrict__ inhibitory,
                                        const u32* __restrict__ words, u32 padding, u64* sums) {
  const u32 lane = threadIdx.x & 31;
  const int warps = (int)(gridDim.x * blockDim.x / 32);
  for (int i = (int)((blockIdx.x * blockDim.x + threadIdx.x) / 32); i < num_neurons; i += warps) {
    u64* to = sums + (u64)inhibitory[i] * num_neurons;
    for (int block = 0; block < BLOCKS; block++) {
      const u32* row = words + (u64)block * words_per_block + row_start[i];
      for (u32 k = lane; k < row_words[i]; k += 32) {
        if (BLOCKS > 1 && row[k] == padding) continue;
        const u32 target = (row[k] >> (WEIGHT_BITS + DELAY_BITS)) * BLOCKS + block;
        atomicAdd(to + target, (u64)(row[k] & ((1u << WEIGHT_BITS) - 1)));
      }
    }
  }
}

// A 64-bit word whose every bit depends on every bit of z: the finalizer of SplitMix64 (Steele, Lea & Flood 2014,
// OOPSLA: "Fast splittable pseudorandom number generators"), with the constants of Stafford's variant 13.
__device__ __forceinline__ u64 mixed(u64 z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return z ^ (z >> 31);
}

// The sum, modulo 2^64, of a hash of every synapse: the same in every layout, whatever the order. A warp per source.
extern "C" __global__ void fingerprint(int num_neurons, u64 words_per_block, const u64* __restrict__ row_start,
                                       const u32* __restrict__ row_words, const u32* __restrict__ words, u32 padding,
                                       const unsigned short* __restrict__ delays, u32 min_delay, u64* sum) {
  const u32 lane = threadIdx.x & 31;
  const int warps = (int)(gridDim.x * blockDim.x / 32);
  u64 total = 0;
  for (int i = (int)((blockIdx.x * blockDim.x + threadIdx.x) / 32); i < num_neurons; i += warps) {
    for (int block = 0; block < BLOCKS; block++) {
      const u64 start = (u64)block * words_per_block + row_start[i];
      for (u32 k = lane; k < row_words[i]; k += 32) {
        const u32 word = words[start + k];
        if (BLOCKS > 1 && word == padding) continue;
        const u64 target = (u64)(word >> (WEIGHT_BITS + DELAY_BITS)) * BLOCKS + block;
        const u32 delay = delays ? delays[start + k] : min_delay + ((word >> WEIGHT_BITS) & ((1u << DELAY_BITS) - 1));
        total += mixed(mixed((u64)i << 32 | target) + ((u64)delay << 32 | (word & ((1u << WEIGHT_BITS) - 1))));
      }
    }
  }
  atomicAdd(sum, total);
}
