// Many steps of a whole network in one launch. Every block (one per multiprocessor) owns the neurons n with
// n % BLOCKS == block, keeps their state in registers and their accumulators in shared memory, and stores the
// synapses that end in them. One exchange of 16-byte packets per step is both barrier and spike list: a packet holds
// a tag (the step), a count and up to three row descriptors. Spikes of step t - 1 are received and delivered while
// step t is being integrated, which is legal because none of them acts before step t + 1.
//
// Expects rows.cuh, and from the generated header: BLOCKS, PER_BLOCK (neurons of a block), THREADS, NEURONS (neurons per
// thread), RESIDENT (1: neurons stay in registers for the whole launch; 0: in memory, which costs less traffic than
// spilled registers), SLOTS (ring), PORTS, STATES, MIN_DELAY, PACKETS (per block), INBOXES, LIST (row list capacity),
// OWN_LIST, LANES (threads that share a row), CHUNKS (words of a row that each of them loads ahead), AHEAD (rows in
// flight per group of lanes), POPULATIONS, THRESHOLDS, PARAMETERS, TIMED (1: block 0 writes the cycles of each phase of
// each step; the phases overlap among warps, so they are those of its first thread).
//
// LEARNING 1 (then also learning_rows.cuh, and NEAR_ROWS, DECAYS, COARSE_SHARED (1: the coarse tables of decays fit shared
// memory), QUEUE (words that a warp can put off)): what a spike releases and teaches depends on more than its row, so its
// sender also writes an event, which receivers fetch while they fetch the row. A spike of step t - 1 is delivered while
// step t is integrated, so its targets may have fired since; as far as its synapses know, they have not yet.

#define INLINE_SPIKES (3 * PACKETS)
#define PACKET_RING 4
#define NO_PROBE 0xffffu

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
#if WEIGHTS
  Changes changes = {0, 0};
#endif
  for (int k = threadIdx.x; k < NEAR_ROWS * PER_BLOCK; k += THREADS) near[k] = L.near[far_place(k, neurons)];
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
    const auto hidden_work = [&] {                    // what can be done while the first rows are on their way
      if (!waiting) return;
      if (record) {
        u32* to = record + (u64)block * record_capacity + recorded;
        for (u32 j = thread; j < SPIKES; j += THREADS) to[j] = ((u32)step << 16) | own_ids[j];
      }
      if ((t & 3) == 3) BACKGROUND(t + 1)
      waiting = false;
    };
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
      const Delivery delivery = {L, T, near, starts, ring, list, which, events, words,
                                 (u64)block * L.weights_per_block - L.weight_first, neurons, (int)(t - 1), first_slot};
#endif
#if LEARNING && WEIGHTS
      pass_rows(delivery, queue, listed[parity], others[parity], hidden_work, changes);
    }
#else
      u32 k = thread / LANES;
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
            fetch_event(event[q], delivery.event(index));
#endif
          }
        }
        hidden_work();
#if LEARNING
        #pragma unroll
        for (int q = 0; q < AHEAD; q++) if (ahead[q]) {
          Event e;
          take_event(e, event[q], delivery.event(k + q * GROUPS), (int)(t - 1));
          #pragma unroll
          for (int z = 0; z < CHUNKS; z++) pass_static(delivery, e, ahead[q], word[q][z]);
          const u32* at = words + (u64)ROW_OFFSET(ahead[q]) * UNIT;
          for (u32 z = CHUNKS * LANES + row_lane; z < row_words(ahead[q]); z += LANES)
            pass_static(delivery, e, ahead[q], __ldcs(at + z));
        }
#else
        #pragma unroll
        for (int q = 0; q < AHEAD; q++) if (ahead[q]) {
          const u32 flags = row_flags(ahead[q]);
          #pragma unroll
          for (int z = 0; z < CHUNKS; z++) add_units(ring, word[q][z], flags, units_of(word[q][z]), first_slot);
          const u32* at = words + (u64)ROW_OFFSET(ahead[q]) * UNIT;
          const u32 length = row_words(ahead[q]);
          for (u32 z = CHUNKS * LANES + row_lane; z < length; z += LANES) {
            const u32 one = __ldcs(at + z);
            add_units(ring, one, flags, units_of(one), first_slot);
          }
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
  for (int k = thread; k < NEAR_ROWS * PER_BLOCK; k += THREADS) L.near[far_place(k, neurons)] = near[k];
#if WEIGHTS
  count_changes(L, changes);
#endif
#endif
  if (thread == 0) totals[block] = recorded;
}

// Turns recorded spikes into sortable keys, step << bits | neuron; unused entries sort last.
template <class Key>
__device__ __forceinline__ void write_keys(const u32* record, u64 record_capacity, const u32* totals, u32 most, int bits,
                                           Key* keys) {
  for (u64 k = (u64)blockIdx.x * blockDim.x + threadIdx.x; k < (u64)BLOCKS * most; k += (u64)gridDim.x * blockDim.x) {
    const u32 block = (u32)(k / most), j = (u32)(k % most);
    const u32 entry = record[(u64)block * record_capacity + j];
    keys[k] = j < totals[block] ? (Key)(entry >> 16) << bits | ((Key)(entry & 0xffffu) * BLOCKS + block) : ~(Key)0;
  }
}

extern "C" __global__ void spike_keys(const u32* record, u64 record_capacity, const u32* totals, u32 most, int bits,
                                      u32* keys) {
  write_keys(record, record_capacity, totals, most, bits, keys);
}

extern "C" __global__ void long_spike_keys(const u32* record, u64 record_capacity, const u32* totals, u32 most, int bits,
                                           u64* keys) {
  write_keys(record, record_capacity, totals, most, bits, keys);
}
