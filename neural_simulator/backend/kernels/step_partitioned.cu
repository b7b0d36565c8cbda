// Many steps of a whole network in one launch. Every block (one per multiprocessor) owns the neurons n with
// n % BLOCKS == block, keeps their state in registers and their accumulators in shared memory, and stores the
// synapses that end in them. One exchange of 16-byte packets per step is both barrier and spike list: a packet holds
// a tag (the step), a count and up to three row descriptors. Spikes of step t - 1 are received and delivered while
// step t is being integrated, which is legal because none of them acts before step t + 1.
//
// A row descriptor is offset of the row (in units of UNIT words) | subtracts | port | length in units (6 bits); rows
// lie at the same offset in every block's store, so a receiver needs no look-up. A word is local target | delay | weight.
//
// Expects from the generated header: BLOCKS, PER_BLOCK (neurons of a block), THREADS, NEURONS (neurons per thread),
// UNIT, PORT_BITS and SIGNED (of row descriptors), RESIDENT (1: neurons stay in registers for the whole launch; 0: in memory, which costs less traffic than spilled
// registers), SLOTS (ring), PORTS, STATES, WEIGHT_BITS, DELAY_BITS, MIN_DELAY, PACKETS (per block), INBOXES, LIST (row
// list capacity), OWN_LIST, LANES (threads that share a row), CHUNKS (words of a row that each of them loads ahead),
// AHEAD (rows in flight per group of lanes), POPULATIONS, THRESHOLDS, PARAMETERS, TIMED (1: block 0 writes the cycles
// of each phase of each step; the phases overlap among warps, so they are those of its first thread).
//
// LEARNING 1 (then see learning.cuh): what a spike releases and teaches depends on more than its row, so its sender also
// writes an event, which receivers fetch while they fetch the row. A spike of step t - 1 is delivered while step t is
// integrated, so its targets may have fired since; as far as its synapses know, they have not yet.

#define GROUPS (THREADS / LANES)
#define RING_WIDTH (PORTS * PER_BLOCK)
#define INLINE_SPIKES (3 * PACKETS)
#define PACKET_RING 4
#define NO_PROBE 0xffffu

// Adds one word of a row to the accumulators. `slot` is the ring slot in which the shortest delay arrives; `flags` are
// the port and, above it, whether the row subtracts.
__device__ __forceinline__ void add_word(int* ring, u32 word, u32 flags, int slot) {
  int units = (int)(word & ((1u << WEIGHT_BITS) - 1u));
  if (units == 0) return;
#if DELAY_BITS > 0
  int at = slot + (int)((word >> WEIGHT_BITS) & ((1u << DELAY_BITS) - 1u));
  if (at >= SLOTS) at -= SLOTS;
#else
  int at = slot;
#endif
  u32 local = word >> (WEIGHT_BITS + DELAY_BITS);
#if SIGNED
  if (flags >> PORT_BITS) units = -units;
  flags &= (1u << PORT_BITS) - 1u;
#endif
#if PORTS == 1
  atomicAdd(ring + at * RING_WIDTH + local, units);
#elif PORTS == 2
  atomicAdd(ring + at * RING_WIDTH + (flags ? PER_BLOCK : 0) + local, units);
#else
  atomicAdd(ring + at * RING_WIDTH + flags * PER_BLOCK + local, units);
#endif
}

__device__ __forceinline__ u32 row_words(u32 row) { return (row & 63u) * UNIT; }

// The first of `count` places, at most 3, for each lane of a warp, of a list that is `length` long.
__device__ __forceinline__ u32 places_for(u32 count, u32* length) {
  const u32 bit0 = __ballot_sync(~0u, count & 1u), bit1 = __ballot_sync(~0u, count & 2u);
  const u32 lane = threadIdx.x & 31u, before = (1u << lane) - 1u;
  u32 base = 0;
  if (!(bit0 | bit1)) return base;
  if (lane == 0) base = atomicAdd(length, __popc(bit0) + 2 * __popc(bit1));
  return __shfl_sync(~0u, base, 0) + __popc(bit0 & before) + 2 * __popc(bit1 & before);
}

#if LEARNING
#define PADDING (0xffffffffu << WEIGHT_BITS)          // fills rows up
#define ROW_FLAGS (PORT_BITS + SIGNED + WEIGHTS)      // the last one says whether a row learns
#define ROW_LEARNS(row) (!WEIGHTS || ((row) >> (6 + PORT_BITS + SIGNED) & 1u))
#else
#define ROW_FLAGS (PORT_BITS + SIGNED)
#endif
#define ROW_OFFSET(row) ((row) >> (6 + ROW_FLAGS))
#if LEARNING

// Adds what a word of `row` releases to the accumulators; `slot` is as in add_word.
__device__ __forceinline__ void add_units(int* ring, u32 row, u32 word, int units, int slot) {
  if (units == 0) return;
  int at = slot;
#if DELAY_BITS > 0
  at += (int)((word >> WEIGHT_BITS) & ((1u << DELAY_BITS) - 1u));
  if (at >= SLOTS) at -= SLOTS;
#endif
  u32 flags = (row >> 6) & ((1u << (PORT_BITS + SIGNED)) - 1u);
#if SIGNED
  if (flags >> PORT_BITS) units = -units;
  flags &= (1u << PORT_BITS) - 1u;
#endif
  atomicAdd(ring + at * RING_WIDTH + (PORTS > 1 ? flags * PER_BLOCK : 0u) + (word >> (WEIGHT_BITS + DELAY_BITS)), units);
}

// What the synapses of a row have in common, or those onto one population.
__device__ __forceinline__ int link_of(const Event& e, const int* starts, u32 word) {
  int link = LINK_FROM(e);
  if (MIXED && link < 0) {
    int post = 0;
    while ((int)(word >> (WEIGHT_BITS + DELAY_BITS)) * BLOCKS + (int)blockIdx.x >= starts[post + 1]) post++;
    link = PAIR_LINK[POPULATION_OF(e) * POPULATIONS + post];
  }
  return max(link, 0);                                // lanes without a synapse must not look before the tables
}

// An event passes a word whose weight stays.
__device__ __forceinline__ void pass_static(const LearningTables& L, const Event& e, u32 row, const int* starts,
                                            int* ring, u32 word, int slot) {
  const float units = (float)(word & ((1u << WEIGHT_BITS) - 1u));
  add_units(ring, row, word, (int)delivered(units, release_of(e, link_of(e, starts, word))), slot);
}

#if WEIGHTS
// An event passes one word of a row that learns, whose weight is w, if the lane has one; by all lanes of a warp.
// Returns whether the synapse was put off.
template <bool PUT_OFF>
__device__ __forceinline__ bool pass_word(const LearningTables& L, const Decays& T, const Event& e, u32 row,
                                          const u32* near, const int* starts, int* ring, bool has, u32 word,
                                          float w, float* weight, int slot, u64 neurons, int& rose, int& fell) {
  if (!has) word = 0u;
  const u32 local = word >> (WEIGHT_BITS + DELAY_BITS);
  const int d = MIN_DELAY + (DELAY_BITS > 0 ? (int)((word >> WEIGHT_BITS) & ((1u << DELAY_BITS) - 1u)) : 0);
  const int link = link_of(e, starts, word), rule = LINK_RULE[link];
  const float efficacy = release_of(e, link);
  const Post j = {near, PER_BLOCK, (int)local, (u64)blockIdx.x * PER_BLOCK + local, neurons};
  bool far;
  int units = pass_synapse<PUT_OFF>(L, T, e, j, has && rule >= 0, rule_of(max(rule, 0)), efficacy, d, w, weight,
                                    L.eligibility + (weight - L.weight), far, rose, fell);
  if (has && rule < 0 && !(e.tag & SILENT)) units = (int)delivered(w, efficacy);
  add_units(ring, row, word, units, slot);
  return PUT_OFF && far;
}

// Puts something into a warp's queue, of each lane that has it; returns how many are in it then.
__device__ __forceinline__ u32 put_off(uint2* queue, u32 count, bool has, u32 offset, u32 place) {
  const u32 lanes = __ballot_sync(~0u, has), before = (1u << (threadIdx.x & 31)) - 1u;
  if (has) queue[count + __popc(lanes & before)] = make_uint2(offset, place);
  return count + __popc(lanes);
}
#endif
#endif

extern "C" __global__ void __launch_bounds__(THREADS, 1)
step_partitioned(const Tables* __restrict__ drive, float scale, u32 key0, u32 key1, const u32* __restrict__ rows, u64 words_per_block,
                 const u32* __restrict__ all_words, int* ring_store, float* states, uint4* packets, u32* spilled,
                 u32* background_store, long long first_step, int steps, int num_neurons, int* last_spike,
                 u32* spike_count, u32* totals,
                 u32* record, u64 record_capacity, const unsigned short* probe_of, int probes, float* probe_v,
                 u32* cycles
#if LEARNING
                 , const LearningTables L
#endif
                 ) {
  extern __shared__ uint4 shared[];
#if LEARNING
  uint2* queue = (uint2*)shared + threadIdx.x / 32 * QUEUE * WEIGHTS;        // of the warp: words put off, their rows
  u32* near = (u32*)((uint2*)shared + THREADS / 32 * QUEUE * WEIGHTS);
  int* ring = (int*)(near + NEAR_ROWS * PER_BLOCK);
#else
  int* ring = (int*)shared;
#endif
  u32* list = (u32*)(ring + SLOTS * RING_WIDTH);
  u32* own_rows = list + LIST;                        // rows of the spikes of this block in this step
  u32* own_ids = own_rows + OWN_LIST;
#if LEARNING
  u32* which = own_ids + OWN_LIST;                    // event of each row of the list
  float* fine = (float*)(which + LIST);
  float* coarse = fine + DECAYS * 64;                 // only where it fits
  float* whole = coarse + COARSE_SHARED * DECAYS * COARSE;
  __shared__ u32 told[2], others[2];                  // events of this block; rows that do not learn
  const u64 neurons = (u64)BLOCKS * PER_BLOCK;
  const Decays T = {fine, COARSE_SHARED ? coarse : L.coarse, whole};
  float* block_weight = L.weight + (u64)blockIdx.x * L.weights_per_block - L.weight_first;
  int rose = 0, fell = 0;
// Where a number of the block's near ones lies in far memory.
#define FAR_PLACE(k) (u64)((k) / ROWS_OF(k)) * (ROWS_OF(k) / PER_BLOCK) * neurons + blockIdx.x * ROWS_OF(k) + (k) % ROWS_OF(k)
#define ROWS_OF(k) ((k) < KEPT_SPIKES * PER_BLOCK ? IN_FOURS * PER_BLOCK : PER_BLOCK)
  for (int k = threadIdx.x; k < NEAR_ROWS * PER_BLOCK; k += THREADS) near[k] = L.near[FAR_PLACE(k)];
  for (int k = threadIdx.x; k < DECAYS * 64; k += THREADS) fine[k] = L.fine[k];
  for (int k = threadIdx.x; k < DECAYS * WHOLE; k += THREADS) whole[k] = L.whole[k];
  if (COARSE_SHARED) for (int k = threadIdx.x; k < DECAYS * COARSE; k += THREADS) coarse[k] = L.coarse[k];
  if (threadIdx.x < 2) told[threadIdx.x] = others[threadIdx.x] = 0;
#endif
  __shared__ u32 fired[2], listed[2], spills[2], recorded;
  __shared__ u32 count_of[BLOCKS], place_of[BLOCKS];
  __shared__ float parameters[POPULATIONS * PARAMETERS], currents[POPULATIONS], weights[POPULATIONS];
  __shared__ u32 thresholds[POPULATIONS * THRESHOLDS];
  __shared__ int numbers[POPULATIONS], models[POPULATIONS], starts[POPULATIONS + 1];
#if STIMULI
  __shared__ float value[STIMULI];                    // of the stimuli in the step that is being integrated
  __shared__ int stimulus_row[STIMULI];
#endif

  const Tables tables = *drive;
  const int block = blockIdx.x, thread = threadIdx.x, lane = thread & 31, warp = thread >> 5;
  const int row_lane = thread % LANES;
  // the last warps poll: they own the fewest neurons
  const int poller = (THREADS / 32 - 1 - warp) * 32 + lane;
  const u32* words = all_words + (u64)block * words_per_block;
  const long long stride = (long long)BLOCKS * PER_BLOCK;

  for (int k = thread; k < SLOTS * RING_WIDTH; k += THREADS) ring[k] = ring_store[(u64)block * SLOTS * RING_WIDTH + k];
  for (int k = thread; k < POPULATIONS * PARAMETERS; k += THREADS) parameters[k] = tables.parameters[k];
  for (int k = thread; k < POPULATIONS * THRESHOLDS; k += THREADS) thresholds[k] = tables.thresholds[k];
  for (int k = thread; k < POPULATIONS; k += THREADS) {
    currents[k] = tables.currents[k];
    weights[k] = tables.weights[k];
    numbers[k] = tables.numbers[k];
    models[k] = tables.models[k];
  }
  for (int k = thread; k <= POPULATIONS; k += THREADS) starts[k] = tables.starts[k];
  if (thread < 2) fired[thread] = listed[thread] = spills[thread] = 0;
  if (thread == 0) recorded = 0;

#if RESIDENT
#define KEPT NEURONS
#define EACH_NEURON _Pragma("unroll") for (int r = 0; r < NEURONS; r++)
#else
#define KEPT 1
#define EACH_NEURON _Pragma("unroll 1") for (int r = 0; r < NEURONS; r++)
#endif
#define KEPT_AT (RESIDENT ? r : 0)
  float s[KEPT][STATES];
  u32 background[KEPT], row[KEPT];
  int population[KEPT];
#define LOCAL (thread + r * THREADS)
#define MINE (LOCAL < PER_BLOCK && (long long)LOCAL * BLOCKS + block < num_neurons)
#define POPULATION_OF_R { \
    population[KEPT_AT] = 0; \
    while (LOCAL * BLOCKS + block >= starts[population[KEPT_AT] + 1]) population[KEPT_AT]++; }
#define LOAD_STATES _Pragma("unroll") \
    for (int k = 0; k < STATES; k++) s[KEPT_AT][k] = states[k * stride + block * PER_BLOCK + LOCAL];
#define STORE_STATES _Pragma("unroll") \
    for (int k = 0; k < STATES; k++) states[k * stride + block * PER_BLOCK + LOCAL] = s[KEPT_AT][k];
// Draws the counts of the four steps around `step`.
#define BACKGROUND(step) \
  EACH_NEURON if (MINE) { \
    if (!RESIDENT) POPULATION_OF_R \
    const int p = population[KEPT_AT], number = numbers[p]; \
    if (number) { \
      const u32 counts = background_counts((u32)(LOCAL * BLOCKS + block), step, key0, key1, \
                                           thresholds + p * THRESHOLDS, number); \
      if (RESIDENT) background[KEPT_AT] = counts; else background_store[block * PER_BLOCK + LOCAL] = counts; \
    } \
  }
#if STIMULI
  long long next = 0;
  if (thread < STIMULI) {
    next = next_spike(tables.stimuli[thread], tables.spikes, first_step);
    evaluate(tables.stimuli[thread], tables, first_step, next, value[thread], stimulus_row[thread]);
  }
#endif
  __syncthreads();
  EACH_NEURON {
    background[KEPT_AT] = row[KEPT_AT] = 0;
    population[KEPT_AT] = 0;
    if (RESIDENT && MINE) {
      LOAD_STATES
      POPULATION_OF_R
      row[KEPT_AT] = rows[block * PER_BLOCK + LOCAL];
    }
  }
#if NEURONS == 1 && THREADS <= 768
  float own_parameters[PARAMETERS];                   // one neuron a thread: its parameters fit registers
  #pragma unroll
  for (int k = 0; k < PARAMETERS; k++) own_parameters[k] = parameters[population[0] * PARAMETERS + k];
#define PARAMETERS_OF(p) own_parameters
  const float own_current = currents[population[0]], own_weight = weights[population[0]];
#define CURRENT_OF(p) own_current
#define WEIGHT_OF(p) own_weight
#else
#define PARAMETERS_OF(p) (parameters + (p) * PARAMETERS)
#define CURRENT_OF(p) currents[p]
#define WEIGHT_OF(p) weights[p]
#endif
  BACKGROUND(first_step)
  int slot = (int)(first_step % SLOTS);

  for (int step = 0; step <= steps; step++) {
    const long long t = first_step + step;
    const int parity = step & 1;
    const bool last = step == steps;                  // one more round, only to deliver the last step's spikes
#if TIMED
    const long long began = clock64();
#endif
    // ---- ask for the spikes of step t - 1 early: the answer travels while the neurons move
    const bool polls = step > 0 && poller < BLOCKS * PACKETS;
    const uint4* inbox = packets + (((u64)((t - 1) & (PACKET_RING - 1)) * INBOXES + block % INBOXES) * BLOCKS) * PACKETS
                         + poller;
    uint4 packet = make_uint4(0, 0, 0, 0);
    if (polls) packet = load_vector(inbox);
    // ---- integrate step t
    if (!last) {
      int* arrived_row = ring + slot * RING_WIDTH;
      EACH_NEURON if (MINE) {
        const int local = LOCAL, at = block * PER_BLOCK + local;
        if (!RESIDENT) {
          LOAD_STATES
          POPULATION_OF_R
        }
        const int p = population[KEPT_AT];
        int arrived[PORTS];
        #pragma unroll
        for (int k = 0; k < PORTS; k++) {
          arrived[k] = arrived_row[k * PER_BLOCK + local];
          arrived_row[k * PER_BLOCK + local] = 0;
        }
        int count = 0;
        if (numbers[p]) {
          const u32 counts = RESIDENT ? background[KEPT_AT] : background_store[at];
          count = (counts >> (8 * (int)(t & 3))) & 255u;
        }
#if STIMULI
        Driven driven;
        drive_neuron(driven, s[KEPT_AT], CURRENT_OF(p), tables.masks[at], (u32)(local * BLOCKS + block), t, key0, key1,
                     tables, value, stimulus_row);
#define DRIVEN , driven
#else
#define DRIVEN
#endif
#if COLUMNS
#define OWN_PARAMETERS , tables.columns + at, (u64)stride
#else
#define OWN_PARAMETERS
#endif
        const bool spiked = update_neuron(s[KEPT_AT], models[p], PARAMETERS_OF(p), scale, CURRENT_OF(p), WEIGHT_OF(p),
                                          count, arrived DRIVEN OWN_PARAMETERS);
        if (!RESIDENT) STORE_STATES
#if LEARNING
#if WEIGHTS
        if ((t & 31) == 0) begin_word(L, near, PER_BLOCK, local, (u64)at, (int)t);
        const bool tells = spiked || is_due(near, PER_BLOCK, local, p, (int)t);
#else
        const bool tells = spiked;
#endif
        if (tells) {
          const u32 place = atomicAdd(&told[parity], 1u);
          own_rows[place] = RESIDENT ? row[KEPT_AT] : rows[at];
          uint4* to = L.events + (((u64)(t & (PACKET_RING - 1)) * BLOCKS + block) * PER_BLOCK + place) * EVENT_VECTORS;
          write_event(L, T, near, PER_BLOCK, local, (u64)at, neurons, to, p, (int)t, spiked);
        }
        if (spiked) {
          own_ids[atomicAdd(&fired[parity], 1u)] = local;
#else
        if (spiked) {
          const u32 place = atomicAdd(&fired[parity], 1u);
          own_rows[place] = RESIDENT ? row[KEPT_AT] : rows[at];
          own_ids[place] = local;
#endif
          last_spike[at] = (int)t;
          atomicAdd(spike_count + at, 1u);            // no result is used, so nothing waits for it
        }
        if (probes) {
          const u32 probe = probe_of[at];
          if (probe != NO_PROBE) probe_v[(u64)step * probes + probe] = s[KEPT_AT][0];
        }
      }
    }
#if TIMED
    const long long integrated = clock64();
#endif
    // ---- receive the spikes of step t - 1
    u32 count = 0;
    if (step > 0 && poller < ((BLOCKS * PACKETS + 31) & ~31)) {
      u32 here = 0;
      if (polls) {
        const u32 tag = (u32)t & 0xffffu;             // tag of step t - 1 is (t - 1) + 1
        while ((packet.x >> 16) != tag) packet = load_vector(inbox);
        count = packet.x & 0xffffu;
        int rest = (int)count - 3 * (poller % PACKETS);
        here = rest < 0 ? 0 : (rest > 3 ? 3 : rest);
      }
      __syncwarp();
      const u32 row_of[3] = {packet.y, packet.z, packet.w};
#if LEARNING
      u32 learning = 0;
      #pragma unroll
      for (u32 z = 0; z < 3; z++) learning += z < here && ROW_LEARNS(row_of[z]) ? 1u : 0u;
      u32 front = places_for(learning, &listed[parity]), back = LIST - 1 - places_for(here - learning, &others[parity]);
      #pragma unroll
      for (u32 z = 0; z < 3; z++) {
        if (z >= here) continue;
        const u32 place = ROW_LEARNS(row_of[z]) ? front++ : back--;
        list[place] = row_of[z];
        which[place] = (u32)(poller / PACKETS * PER_BLOCK + 3 * (poller % PACKETS)) + z;
      }
#else
      const u32 base = places_for(here, &listed[parity]);
      #pragma unroll
      for (u32 z = 0; z < 3; z++) if (z < here) list[base + z] = row_of[z];
#endif
      if (polls && poller % PACKETS == 0) {
        int from = poller / PACKETS;
        count_of[from] = count;
        if (count > INLINE_SPIKES) place_of[from] = atomicAdd(&spills[parity], count - INLINE_SPIKES);
      } else {
        count = 0;
      }
    }
    const int spilling = __syncthreads_or(count > INLINE_SPIKES);
#if STIMULI
    if (thread < STIMULI) evaluate(tables.stimuli[thread], tables, t + 1, next, value[thread], stimulus_row[thread]);
#endif
    // ---- publish the spikes of step t
#if LEARNING
    const u32 own = told[parity], spikes = fired[parity];     // events: spikes, and rows that must be kept up to date
#define SPIKES spikes
#else
    const u32 own = fired[parity];
#define SPIKES own
#endif
    if (!last) {
      if (own > INLINE_SPIKES) {
        u32* to = spilled + ((u64)(t & (PACKET_RING - 1)) * BLOCKS + block) * PER_BLOCK;
        for (u32 k = INLINE_SPIKES + thread; k < own; k += THREADS) to[k] = own_rows[k];
        __threadfence();
        __syncthreads();
      }
      for (int z = thread; z < INBOXES * PACKETS; z += THREADS) {
        int k = z % PACKETS, inbox = z / PACKETS;
        store_vector(packets + (((u64)(t & (PACKET_RING - 1)) * INBOXES + inbox) * BLOCKS + block) * PACKETS + k,
                     (((u32)t + 1u) << 16) | own, own_rows[3 * k], own_rows[3 * k + 1], own_rows[3 * k + 2]);
      }
    }
#if TIMED
    const long long sent = clock64();
#endif
    // ---- deliver the spikes of step t - 1; a delay of d arrives at step t + d
#if LEARNING
    const u32 in_packets = listed[parity] + others[parity];
#else
    const u32 in_packets = listed[parity];
#endif
    const u32 rows_now = in_packets + spills[parity];
    const int first_slot = (slot + MIN_DELAY) % SLOTS;
    bool waiting = !last;
// What can be done while the first rows are on their way.
#define HIDDEN_WORK \
    if (waiting) { \
      if (record) { \
        u32* to = record + (u64)block * record_capacity + recorded; \
        for (u32 j = thread; j < SPIKES; j += THREADS) to[j] = ((u32)step << 16) | own_ids[j]; \
      } \
      if ((t & 3) == 3) BACKGROUND(t + 1) \
      waiting = false; \
    }
    // all rows at once where they fit the list, which is nearly always; else in rounds
    for (u32 round = 0; round == 0 || round * LIST < rows_now; round++) {
      const u32 from = round * LIST, in_list = min(rows_now - from, (u32)LIST);
      if (round > 0) __syncthreads();
      if (spilling) {
        if (round == 0) __threadfence();
#if LEARNING
        if (round > 0 && thread == 0) listed[parity] = others[parity] = 0;
        __syncthreads();                              // all have read how many came in packets
#endif
        const u32* spill = spilled + (u64)((t - 1) & (PACKET_RING - 1)) * BLOCKS * PER_BLOCK;
        for (int q = warp; q < BLOCKS; q += THREADS / 32) {
          const u32 all = count_of[q], base = in_packets + place_of[q];
          if (all <= INLINE_SPIKES) continue;
          for (u32 k = INLINE_SPIKES + lane; k < all; k += 32) {
            u32 place = base + k - INLINE_SPIKES - from;             // wraps to a large number below `from`
            if (place >= LIST) continue;
            const u32 row = __ldcg(spill + (u64)q * PER_BLOCK + k);
#if LEARNING
            place = ROW_LEARNS(row) ? atomicAdd(&listed[parity], 1u) : LIST - 1 - atomicAdd(&others[parity], 1u);
            which[place] = q * PER_BLOCK + k;
#endif
            list[place] = row;
          }
        }
        __syncthreads();
      }
#if LEARNING
      const uint4* events = L.events + (u64)((t - 1) & (PACKET_RING - 1)) * BLOCKS * PER_BLOCK * EVENT_VECTORS;
#define EVENT(k) (events + (u64)which[k] * EVENT_VECTORS)
#endif
      u32 k = thread / LANES;
#if LEARNING && WEIGHTS
      // Rows that learn lie in front and others at the back, so that the lanes of a warp do the same.
      const u32 learning_rows = listed[parity], other_rows = others[parity];
      // A group of lanes passes one row after the other, while the next is under way. What would leave most lanes idle
      // is put off until a warp has enough of it: what follows the first word of each lane, and much news.
      u32 row = 0, word, waiting_words = 0;
      float w;
      Event e = {};
      Vectors coming;
#define LOAD_ROW(row, word, w) { \
        const u32 offset = ROW_OFFSET(row) * UNIT + row_lane; \
        const bool in = row_lane < row_words(row); \
        word = in ? __ldcs(words + offset) : PADDING; \
        w = in && offset - (u32)L.weight_first < (u32)L.weights_per_block ? __ldcg(block_weight + offset) : 0.0f; }
      if (k < learning_rows) row = list[k];
      LOAD_ROW(row, word, w)
      if (k < learning_rows) fetch_event(coming, EVENT(k));
      HIDDEN_WORK
      for (u32 other = thread / LANES; other < other_rows; other += GROUPS) {
        const u32 index = LIST - 1 - other, static_row = list[index];
        const u32* at = words + ROW_OFFSET(static_row) * UNIT;
        u32 one[CHUNKS];
        #pragma unroll
        for (int z = 0; z < CHUNKS; z++)
          one[z] = z * LANES + row_lane < row_words(static_row) ? __ldcs(at + z * LANES + row_lane) : PADDING;
        Event told_by = {};
#if RELEASES
        Vectors vectors;
        fetch_event(vectors, EVENT(index));
        take_event(told_by, vectors, EVENT(index), (int)(t - 1));
#endif
        #pragma unroll
        for (int z = 0; z < CHUNKS; z++)
          if (one[z] != PADDING) pass_static(L, told_by, static_row, starts, ring, one[z], first_slot);
        for (u32 z = CHUNKS * LANES + row_lane; z < row_words(static_row); z += LANES) {
          const u32 further = __ldcs(at + z);
          if (further != PADDING) pass_static(L, told_by, static_row, starts, ring, further, first_slot);
        }
      }
      if (k < learning_rows) take_event(e, coming, EVENT(k), (int)(t - 1));
      bool working = __any_sync(~0u, k < learning_rows);
      #pragma unroll 1
      while (working) {
        const u32 next_k = k + GROUPS, offset = ROW_OFFSET(row) * UNIT + row_lane, length = row_words(row);
        const bool turns = next_k < learning_rows;
        u32 next_row = 0, next_word, further = LANES + row_lane < length ? __ldcs(words + offset + LANES) : PADDING;
        float next_w;
        if (turns) next_row = list[next_k];
        LOAD_ROW(next_row, next_word, next_w)
        if (turns) fetch_event(coming, EVENT(next_k));
        bool off = pass_word<true>(L, T, e, row, near, starts, ring, word != PADDING, word, w, block_weight + offset,
                                   first_slot, neurons, rose, fell);
        const u32 place = k;
        if (turns) take_event(e, coming, EVENT(next_k), (int)(t - 1));
        k = next_k;
        row = next_row;
        word = next_word;
        w = next_w;
        working = __any_sync(~0u, k < learning_rows);
        bool more;
        u32 at = offset;
        do {
          waiting_words = put_off(queue, waiting_words, off, at, place);
          off = further != PADDING;
          more = __any_sync(~0u, off);
          at += LANES;
          // rows are filled from the front: only behind a full stretch there is more
          const bool on = __any_sync(~0u, off && row_lane == LANES - 1) && at - offset + LANES + row_lane < length;
          further = on ? __ldcs(words + at + LANES) : PADDING;
          if (waiting_words >= 32 || (waiting_words && !more && !working)) {
            __syncwarp();
            const u32 count = min(waiting_words, 32u);
            const bool has = lane < count;
            waiting_words -= count;
            uint2 entry = make_uint2(0u, 0u);
            u32 one = 0, own_row = 0;
            float own = 0.0f;
            Event own_event = {};
            if (has) {
              entry = queue[waiting_words + lane];
              fetch_event(coming, EVENT(entry.y));
              one = words[entry.x];
              own = __ldcg(block_weight + entry.x);
              own_row = list[entry.y];
              take_event(own_event, coming, EVENT(entry.y), (int)(t - 1));
            }
            pass_word<false>(L, T, own_event, own_row, near, starts, ring, has, one, own, block_weight + entry.x,
                             first_slot, neurons, rose, fell);
          }
        } while (more || (waiting_words && !working));
      }
    }
#else
      do {
        u32 ahead[AHEAD], word[AHEAD][CHUNKS];
#if LEARNING
        Vectors event[AHEAD];
#endif
        #pragma unroll
        for (int q = 0; q < AHEAD; q++) {
          const u32 index = k + q * GROUPS;
          ahead[q] = 0;
          #pragma unroll
          for (int z = 0; z < CHUNKS; z++) word[q][z] = 0;
          if (index < in_list) {
            ahead[q] = list[index];
            const u32* at = words + (u64)ROW_OFFSET(ahead[q]) * UNIT;
            const u32 length = row_words(ahead[q]);
            #pragma unroll
            for (int z = 0; z < CHUNKS; z++)
              if (z * LANES + row_lane < length) word[q][z] = __ldcs(at + z * LANES + row_lane);
#if LEARNING
            #pragma unroll
            for (int z = 0; z < CHUNKS; z++) if (z * LANES + row_lane >= length) word[q][z] = PADDING;
            fetch_event(event[q], EVENT(index));
#endif
          }
        }
        HIDDEN_WORK
#if LEARNING
        #pragma unroll
        for (int q = 0; q < AHEAD; q++) if (ahead[q]) {
#define PASS(word) \
    if ((word) != PADDING) pass_static(L, e, ahead[q], starts, ring, word, first_slot);
          Event e;
          take_event(e, event[q], EVENT(k + q * GROUPS), (int)(t - 1));
          #pragma unroll
          for (int z = 0; z < CHUNKS; z++) PASS(word[q][z])
          const u32* at = words + (u64)ROW_OFFSET(ahead[q]) * UNIT;
          for (u32 z = CHUNKS * LANES + row_lane; z < row_words(ahead[q]); z += LANES) PASS(__ldcs(at + z))
        }
#else
        #pragma unroll
        for (int q = 0; q < AHEAD; q++) if (ahead[q]) {
          const u32 flags = (ahead[q] >> 6) & ((1u << (PORT_BITS + SIGNED)) - 1u);
          #pragma unroll
          for (int z = 0; z < CHUNKS; z++) add_word(ring, word[q][z], flags, first_slot);
          const u32* at = words + (u64)ROW_OFFSET(ahead[q]) * UNIT;
          const u32 length = row_words(ahead[q]);
          for (u32 z = CHUNKS * LANES + row_lane; z < length; z += LANES)
            add_word(ring, __ldcs(at + z), flags, first_slot);
        }
#endif
        k += GROUPS * AHEAD;
      } while (k < in_list);
    }
#endif
    __syncthreads();
    if (thread == 0) {
      fired[parity] = listed[parity] = spills[parity] = 0;
      if (!last) recorded += SPIKES;
#if LEARNING
      told[parity] = others[parity] = 0;
#endif
    }
#if TIMED
    if (block == 0 && thread == 0 && !last) {
      cycles[3 * step] = (u32)(clock64() - sent);               // in the order of PHASES: deliver, integrate, send
      cycles[3 * step + 1] = (u32)(integrated - began);
      cycles[3 * step + 2] = (u32)(sent - integrated);
    }
#endif
    slot = slot + 1 == SLOTS ? 0 : slot + 1;
  }

  for (int k = thread; k < SLOTS * RING_WIDTH; k += THREADS) ring_store[(u64)block * SLOTS * RING_WIDTH + k] = ring[k];
  if (RESIDENT) EACH_NEURON if (MINE) STORE_STATES
#if LEARNING
  for (int k = thread; k < NEAR_ROWS * PER_BLOCK; k += THREADS) L.near[FAR_PLACE(k)] = near[k];
#if WEIGHTS
  count_changes(L, rose, fell);
#endif
#endif
  if (thread == 0) totals[block] = recorded;
}

// Turns recorded spikes into sortable keys, step << 32 | neuron; unused entries sort last.
extern "C" __global__ void spike_keys(const u32* record, u64 record_capacity, const u32* totals, u32 most, u64* keys) {
  for (u64 k = (u64)blockIdx.x * blockDim.x + threadIdx.x; k < (u64)BLOCKS * most; k += (u64)gridDim.x * blockDim.x) {
    const u32 block = (u32)(k / most), j = (u32)(k % most);
    const u32 entry = record[(u64)block * record_capacity + j];
    keys[k] = j < totals[block] ? (u64)(entry >> 16) << 32 | ((u64)(entry & 0xffffu) * BLOCKS + block) : ~0ull;
  }
}
