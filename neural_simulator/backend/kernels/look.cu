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
