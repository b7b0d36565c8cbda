// Rows of the partitioned layout: a row descriptor is offset of the row (in units of UNIT words) | learns | subtracts |
// port | length in units (6 bits). Rows lie at the same offset in every block's store, so a receiver needs no look-up.
// A word is local target | delay | weight.
//
// Expects from the generated header: UNIT, PORTS, PORT_BITS and SIGNED (of row descriptors), WEIGHT_BITS, DELAY_BITS,
// MIN_DELAY, SLOTS (ring), PER_BLOCK (neurons of a block), THREADS, LANES (threads that share a row); LEARNING, and then
// WEIGHTS, as in learning.cuh.

#define GROUPS (THREADS / LANES)
#define RING_WIDTH (PORTS * PER_BLOCK)
#if LEARNING
#define PADDING (0xffffffffu << WEIGHT_BITS)          // fills rows up
#define ROW_FLAGS (PORT_BITS + SIGNED + WEIGHTS)
#define ROW_LEARNS(row) (!WEIGHTS || ((row) >> (6 + PORT_BITS + SIGNED) & 1u))
#else
#define ROW_FLAGS (PORT_BITS + SIGNED)
#endif
#define ROW_OFFSET(row) ((row) >> (6 + ROW_FLAGS))

__device__ __forceinline__ u32 row_words(u32 row) { return (row & 63u) * UNIT; }

// The port of a row and, above it, whether it subtracts.
__device__ __forceinline__ u32 row_flags(u32 row) { return (row >> 6) & ((1u << (PORT_BITS + SIGNED)) - 1u); }

__device__ __forceinline__ u32 local_of(u32 word) { return word >> (WEIGHT_BITS + DELAY_BITS); }

__device__ __forceinline__ int units_of(u32 word) { return (int)(word & ((1u << WEIGHT_BITS) - 1u)); }

// Steps of delay beyond MIN_DELAY.
__device__ __forceinline__ int delay_of(u32 word) {
#if DELAY_BITS > 0
  return (int)((word >> WEIGHT_BITS) & ((1u << DELAY_BITS) - 1u));
#else
  return 0;
#endif
}

// Adds units to the accumulator of a word's target. `slot` is the ring slot in which the shortest delay arrives.
__device__ __forceinline__ void add_units(int* ring, u32 word, u32 flags, int units, int slot) {
  if (units == 0) return;
  int at = slot + delay_of(word);
  if (DELAY_BITS > 0 && at >= SLOTS) at -= SLOTS;
#if SIGNED
  if (flags >> PORT_BITS) units = -units;
  flags &= (1u << PORT_BITS) - 1u;
#endif
#if PORTS == 1
  atomicAdd(ring + at * RING_WIDTH + local_of(word), units);
#elif PORTS == 2
  atomicAdd(ring + at * RING_WIDTH + (flags ? PER_BLOCK : 0) + local_of(word), units);
#else
  atomicAdd(ring + at * RING_WIDTH + flags * PER_BLOCK + local_of(word), units);
#endif
}

// The first of `count` places, at most 3, for each lane of a warp, in a list that is `length` long.
__device__ __forceinline__ u32 places_for(u32 count, u32* length) {
  const u32 bit0 = __ballot_sync(~0u, count & 1u), bit1 = __ballot_sync(~0u, count & 2u);
  const u32 lane = threadIdx.x & 31u, before = (1u << lane) - 1u;
  u32 base = 0;
  if (!(bit0 | bit1)) return base;
  if (lane == 0) base = atomicAdd(length, __popc(bit0) + 2 * __popc(bit1));
  return __shfl_sync(~0u, base, 0) + __popc(bit0 & before) + 2 * __popc(bit1 & before);
}
