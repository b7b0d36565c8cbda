// One step in three small kernels, for devices and networks that cannot keep their accumulators in shared memory:
// integrate (one thread a neuron; spikes are listed), deliver (one warp a piece of a row; integer atomics in the
// L2 cache), advance (the step counter lives on the device, so that many steps can be one graph).
// Expects from the generated header: SLOTS, PORTS, STATES, WEIGHT_BITS, POPULATIONS, THRESHOLDS, PARAMETERS,
// CONSTANT_DELAY (steps, or 0 where delays are stored). Without learning it needs no inline assembly and no particular
// warp size.
//
// LEARNING 1 (then also learning.cuh): every spike also writes an event, which its row's synapses read.

#define PIECE 256                     // synapses that one group of threads delivers
#define GROUP 32

struct Clock { long long step, origin; u32 listed[2]; u32 recorded, recording; };

extern "C" __global__ void integrate_global(const Tables* __restrict__ drive, float scale, u32 key0, u32 key1, int* ring, float* states,
                                            int num_neurons, u32* list, Clock* clock, int* last_spike, u32* spike_count,
                                            u64* record, u64 record_capacity, const unsigned short* probe_of, int probes,
                                            float* probe_v
#if LEARNING
                                            , const LearningTables L
#endif
                                            ) {
  const Tables tables = *drive;
  const int n = blockIdx.x * blockDim.x + threadIdx.x;
  const long long t = clock->step, since = t - clock->origin;
#if STIMULI
  __shared__ float value[STIMULI];
  __shared__ int stimulus_row[STIMULI];
  if (threadIdx.x < STIMULI) {
    const Stimulus& one = tables.stimuli[threadIdx.x];
    long long next = next_spike(one, tables.spikes, t);
    evaluate(one, tables, t, next, value[threadIdx.x], stimulus_row[threadIdx.x]);
  }
  __syncthreads();
#endif
  const int parity = (int)(t & 1);
  if (n >= num_neurons) return;
  int p = 0;
  while (n >= tables.starts[p + 1]) p++;
  float s[STATES];
  #pragma unroll
  for (int k = 0; k < STATES; k++) s[k] = states[(u64)k * num_neurons + n];
  int* row = ring + (u64)(t % SLOTS) * PORTS * num_neurons;
  int arrived[PORTS];
  #pragma unroll
  for (int k = 0; k < PORTS; k++) {
    int* at = row + (u64)k * num_neurons + n;
    arrived[k] = *at;
    if (arrived[k]) *at = 0;
  }
  int count = 0;
  const int number = tables.numbers[p];
  if (number)
    count = (background_counts((u32)n, t, key0, key1, tables.thresholds + p * THRESHOLDS, number) >> (8 * (int)(t & 3))) & 255u;
#if STIMULI
  Driven driven;
  drive_neuron(driven, s, tables.currents[p], tables.masks[n], (u32)n, t, key0, key1, tables, value, stimulus_row);
#define DRIVEN , driven
#else
#define DRIVEN
#endif
#if COLUMNS
#define OWN_PARAMETERS , tables.columns + n, (u64)num_neurons
#else
#define OWN_PARAMETERS
#endif
  const bool spiked = update_neuron(s, tables.models[p], tables.parameters + p * PARAMETERS, scale, tables.currents[p],
                                    tables.weights[p], count, arrived DRIVEN OWN_PARAMETERS);
  #pragma unroll
  for (int k = 0; k < STATES; k++) states[(u64)k * num_neurons + n] = s[k];
  if (probes && probe_of[n] != 0xffffu) probe_v[(u64)since * probes + probe_of[n]] = s[0];
#if LEARNING
#if WEIGHTS
  if ((t & 31) == 0) begin_word(L, L.near, num_neurons, n, (u64)n, (int)t);
  const bool tells = spiked || is_due(L.near, num_neurons, n, p, (int)t);
#else
  const bool tells = spiked;
#endif
  if (tells) {
    const u32 place = atomicAdd(&clock->listed[parity], 1u);
    list[(u64)parity * num_neurons + place] = (u32)n;
    write_event(L, Decays{L.fine, L.coarse, L.whole}, L.near, num_neurons, n, (u64)n, (u64)num_neurons,
                L.events + (u64)place * EVENT_VECTORS, p, (int)t, spiked);
  }
#endif
  if (spiked) {
#if !LEARNING
    list[(u64)parity * num_neurons + atomicAdd(&clock->listed[parity], 1u)] = (u32)n;
#endif
    last_spike[n] = (int)t;
    spike_count[n] += 1;
    if (clock->recording) {
      u32 at = atomicAdd(&clock->recorded, 1u);
      if (at < record_capacity) record[at] = ((u64)since << 32) | (u32)n;
    }
  }
}

#if LEARNING
// Lets the events of this step pass their synapses.
extern "C" __global__ void deliver_global(const u64* __restrict__ row_start, const u32* __restrict__ words,
                                          const unsigned short* __restrict__ delays, const unsigned char* port_of,
                                          const signed char* sign_of, int* ring, int num_neurons, const u32* list,
                                          const Clock* clock, u32 pieces, const Tables* drive,
                                          const LearningTables L) {
  const Decays T = {L.fine, L.coarse, L.whole};
  const int t = (int)clock->step;
  const u32 sent = clock->listed[t & 1];
  const int lane = threadIdx.x % GROUP;
  const u32 groups = gridDim.x * (blockDim.x / GROUP);
#if WEIGHTS
  Changes changes = {0, 0};
#endif
  for (u32 k = (blockIdx.x * blockDim.x + threadIdx.x) / GROUP; k < sent * pieces; k += groups) {
    Event e;
    Vectors vectors;
    fetch_event(vectors, L.events + (u64)(k / pieces) * EVENT_VECTORS);
    take_event(e, vectors, L.events + (u64)(k / pieces) * EVENT_VECTORS, t);
    const u32 i = list[(u64)(t & 1) * num_neurons + k / pieces];
    const u64 begin = row_start[i] + (u64)(k % pieces) * PIECE;
    const u64 row_end = row_start[i + 1], end = begin + PIECE < row_end ? begin + PIECE : row_end;
    const int sign = sign_of[i];
    int* target = ring + (u64)port_of[i] * num_neurons;
    for (u64 from = begin; from < end; from += GROUP) {
      const bool has = from + lane < end;
      const u64 at = has ? from + lane : begin;
      const u32 word = words[at], n = word >> WEIGHT_BITS;
      const int delay = CONSTANT_DELAY > 0 ? CONSTANT_DELAY : delays[at];
      int link = LINK_FROM(e);
      if (MIXED && link < 0) {
        int post = 0;
        while ((int)n >= drive->starts[post + 1]) post++;
        link = PAIR_LINK[POPULATION_OF(e) * POPULATIONS + post];
      }
      link = max(link, 0);                            // lanes without a synapse must not look before the tables
      const float efficacy = release_of(e, link);
      int units = 0;
#if WEIGHTS
      const int rule = LEARNS_FROM(e) ? LINK_RULE[link] : -1;
      const u64 place = at - L.weight_first;          // of the weight of a row that learns
      const float w = LEARNS_FROM(e) ? __ldcg(L.weight + place) : (float)(word & ((1u << WEIGHT_BITS) - 1u));
      const Post j = {L.near, num_neurons, (int)n, (u64)n, (u64)num_neurons};
      const Synapse s = {has && rule >= 0, delay, w, place, efficacy};
      bool far;
      units = pass_synapse<false>(L, T, e, j, rule_of(max(rule, 0)), s, far, changes);
      if (has && rule < 0 && !(e.tag & SILENT)) units = (int)delivered(w, efficacy);
#else
      if (has) units = (int)delivered((float)(word & ((1u << WEIGHT_BITS) - 1u)), efficacy);
#endif
      if (units) atomicAdd(target + (u64)((t + 1 + delay) % SLOTS) * PORTS * num_neurons + n, sign * units);
    }
  }
#if WEIGHTS
  count_changes(L, changes);
#endif
}
#else
extern "C" __global__ void deliver_global(const u64* __restrict__ row_start, const u32* __restrict__ words,
                                          const unsigned short* __restrict__ delays, const unsigned char* port_of,
                                          const signed char* sign_of, int* ring, int num_neurons, const u32* list,
                                          const Clock* clock, u32 pieces) {
  const long long t = clock->step;
  const int parity = (int)(t & 1);
  const u32 spikes = clock->listed[parity];
  const int lane = threadIdx.x % GROUP;
  const u32 groups = gridDim.x * (blockDim.x / GROUP);
  for (u32 k = (blockIdx.x * blockDim.x + threadIdx.x) / GROUP; k < spikes * pieces; k += groups) {
    const u32 i = list[(u64)parity * num_neurons + k / pieces];
    const u64 begin = row_start[i] + (u64)(k % pieces) * PIECE;
    const u64 row_end = row_start[i + 1], end = begin + PIECE < row_end ? begin + PIECE : row_end;
    const int sign = sign_of[i];
    int* target = ring + (u64)port_of[i] * num_neurons;
    for (u64 at = begin + lane; at < end; at += GROUP) {
      const u32 word = words[at];
#if CONSTANT_DELAY > 0
      const int delay = CONSTANT_DELAY;
#else
      const int delay = delays[at];
#endif
      const u32 slot = (u32)((t + 1 + delay) % SLOTS);
      atomicAdd(target + (u64)slot * PORTS * num_neurons + (word >> WEIGHT_BITS),
                sign * (int)(word & ((1u << WEIGHT_BITS) - 1u)));
    }
  }
}
#endif

// Starts a batch: spikes and traces are counted from this step.
extern "C" __global__ void begin(Clock* clock, u32 recording) {
  clock->origin = clock->step;
  clock->recorded = 0;
  clock->recording = recording;
}

extern "C" __global__ void advance(Clock* clock) {
  clock->listed[(clock->step + 1) & 1] = 0;
  clock->step += 1;
}
