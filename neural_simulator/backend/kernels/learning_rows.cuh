// How events pass the rows of the partitioned layout. Rows that learn lie in front of a list and others at its back, so
// that the lanes of a warp do the same.
//
// Expects learning.cuh, rows.cuh, and from the generated header: BLOCKS, POPULATIONS, LIST (capacity of the list), CHUNKS
// (words of a row that each of its threads loads ahead).

// Where number k of those that lie near a block's neurons lies in far memory.
__device__ __forceinline__ u64 far_place(int k, u64 neurons) {
  const int together = k < KEPT_SPIKES * PER_BLOCK ? IN_FOURS : 1, width = together * PER_BLOCK;
  return (u64)(k / width) * together * neurons + blockIdx.x * width + k % width;
}

struct Delivery {                       // of the events of one step, in a block
  const LearningTables& L;
  Decays T;
  const u32* near;
  const int* starts;                    // of the populations
  int* ring;
  const u32* list;                      // row descriptors,
  const u32* which;                     // and the numbers of their events
  const uint4* events;
  const u32* words;                     // of the block
  u64 weights;                          // what to add to the offset of a word for the place of its weight
  u64 neurons;
  int step;                             // in which the events were sent
  int slot;                             // of the ring, in which the shortest delay arrives

  __device__ __forceinline__ const uint4* event(u32 k) const { return events + (u64)which[k] * EVENT_VECTORS; }
};

// What the synapses of a row have in common, or those onto one population.
__device__ __forceinline__ int link_of(const Event& e, const int* starts, u32 word) {
  int link = LINK_FROM(e);
  if (MIXED && link < 0) {
    int post = 0;
    while ((int)local_of(word) * BLOCKS + (int)blockIdx.x >= starts[post + 1]) post++;
    link = PAIR_LINK[POPULATION_OF(e) * POPULATIONS + post];
  }
  return max(link, 0);                                // lanes without a synapse must not look before the tables
}

// An event passes a word whose weight stays.
__device__ __forceinline__ void pass_static(const Delivery& D, const Event& e, u32 row, u32 word) {
  if (word == PADDING) return;
  const float efficacy = release_of(e, link_of(e, D.starts, word));
  add_units(D.ring, word, row_flags(row), (int)delivered((float)units_of(word), efficacy), D.slot);
}

#if WEIGHTS
// An event passes one word of a row that learns, whose weight is w, if the lane has one; by all lanes of a warp.
// Returns whether the synapse was put off.
template <bool PUT_OFF>
__device__ __forceinline__ bool pass_word(const Delivery& D, const Event& e, u32 row, u32 offset, bool has, u32 word,
                                          float w, Changes& changes) {
  if (!has) word = 0u;
  const u32 local = local_of(word);
  const int link = link_of(e, D.starts, word), rule = LINK_RULE[link];
  const Post j = {D.near, PER_BLOCK, (int)local, (u64)blockIdx.x * PER_BLOCK + local, D.neurons};
  const Synapse s = {has && rule >= 0, MIN_DELAY + delay_of(word), w, D.weights + offset, release_of(e, link)};
  bool far;
  int units = pass_synapse<PUT_OFF>(D.L, D.T, e, j, rule_of(max(rule, 0)), s, far, changes);
  if (has && rule < 0 && !(e.tag & SILENT)) units = (int)delivered(w, s.efficacy);
  add_units(D.ring, word, row_flags(row), units, D.slot);
  return PUT_OFF && far;
}

// Puts a word into a warp's queue, of each lane that has one: its offset, and the place of its row in the list. Returns
// how many are in it then.
__device__ __forceinline__ u32 put_off(uint2* queue, u32 count, bool has, u32 offset, u32 place) {
  const u32 lanes = __ballot_sync(~0u, has), before = (1u << (threadIdx.x & 31)) - 1u;
  if (has) queue[count + __popc(lanes & before)] = make_uint2(offset, place);
  return count + __popc(lanes);
}

// Lets the last words of a warp's queue pass, one a lane.
__device__ __forceinline__ void pass_queued(const Delivery& D, const uint2* queue, u32 count, Changes& changes) {
  const bool has = (threadIdx.x & 31) < count;
  uint2 entry = make_uint2(0u, 0u);
  u32 word = 0u, row = 0u;
  float w = 0.0f;
  Event e = {};
  Vectors vectors;
  __syncwarp();
  if (has) {
    entry = queue[threadIdx.x & 31];
    fetch_event(vectors, D.event(entry.y));
    word = D.words[entry.x];
    w = __ldcg(D.L.weight + D.weights + entry.x);
    row = D.list[entry.y];
    take_event(e, vectors, D.event(entry.y), D.step);
  }
  pass_word<false>(D, e, row, entry.x, has, word, w, changes);
}

// The first word of a row for this lane, and its weight; rows that do not learn have none.
__device__ __forceinline__ void load_word(const Delivery& D, u32 row, u32& word, float& w) {
  const u32 lane = threadIdx.x % LANES, offset = ROW_OFFSET(row) * UNIT + lane;
  const bool in = lane < row_words(row), weighs = offset - (u32)D.L.weight_first < (u32)D.L.weights_per_block;
  word = in ? __ldcs(D.words + offset) : PADDING;
  w = in && weighs ? __ldcg(D.L.weight + D.weights + offset) : 0.0f;
}

// Lets the events of `other_rows` rows at the back of the list pass, whose weights stay.
__device__ __forceinline__ void pass_other_rows(const Delivery& D, u32 other_rows) {
  const u32 lane = threadIdx.x % LANES;
  for (u32 other = threadIdx.x / LANES; other < other_rows; other += GROUPS) {
    const u32 index = LIST - 1 - other, row = D.list[index], length = row_words(row);
    const u32* at = D.words + ROW_OFFSET(row) * UNIT + lane;
    u32 word[CHUNKS];
    #pragma unroll
    for (int z = 0; z < CHUNKS; z++) word[z] = z * LANES + lane < length ? __ldcs(at + z * LANES) : PADDING;
    Event e = {};
#if RELEASES
    Vectors vectors;
    fetch_event(vectors, D.event(index));
    take_event(e, vectors, D.event(index), D.step);
#endif
    #pragma unroll
    for (int z = 0; z < CHUNKS; z++) pass_static(D, e, row, word[z]);
    for (u32 z = CHUNKS; z * LANES + lane < length; z++) pass_static(D, e, row, __ldcs(at + z * LANES));
  }
}

// Lets the events of `learning_rows` rows pass, and those of the others while the first are on their way. A group of lanes
// takes one row after the other, and loads the next meanwhile. What would leave most lanes idle is put off until a warp
// has enough of it: what follows the first word of each lane, and much news.
template <class Hidden>
__device__ __forceinline__ void pass_rows(const Delivery& D, uint2* queue, u32 learning_rows, u32 other_rows,
                                          const Hidden& hidden, Changes& changes) {
  const u32 lane = threadIdx.x % LANES;
  u32 k = threadIdx.x / LANES, row = 0, word, queued = 0;
  float w;
  Event e = {};
  Vectors coming;
  if (k < learning_rows) row = D.list[k];
  load_word(D, row, word, w);
  if (k < learning_rows) fetch_event(coming, D.event(k));
  hidden();
  pass_other_rows(D, other_rows);
  if (k < learning_rows) take_event(e, coming, D.event(k), D.step);
  bool working = __any_sync(~0u, k < learning_rows);
  #pragma unroll 1
  while (working) {
    const u32 place = k, offset = ROW_OFFSET(row) * UNIT + lane, length = row_words(row);
    const bool turns = k + GROUPS < learning_rows;
    u32 next_row = 0, next_word, further = LANES + lane < length ? __ldcs(D.words + offset + LANES) : PADDING;
    float next_w;
    if (turns) next_row = D.list[k + GROUPS];
    load_word(D, next_row, next_word, next_w);
    if (turns) fetch_event(coming, D.event(k + GROUPS));
    bool off = pass_word<true>(D, e, row, offset, word != PADDING, word, w, changes), more;
    if (turns) take_event(e, coming, D.event(k + GROUPS), D.step);
    k += GROUPS;
    row = next_row;
    word = next_word;
    w = next_w;
    working = __any_sync(~0u, k < learning_rows);
    u32 at = offset;
    do {
      queued = put_off(queue, queued, off, at, place);
      off = further != PADDING;
      more = __any_sync(~0u, off);
      at += LANES;
      // rows are filled from the front: only behind a full stretch there is more
      const bool full = __any_sync(~0u, off && lane == LANES - 1);
      further = full && at - offset + LANES + lane < length ? __ldcs(D.words + at + LANES) : PADDING;
      if (queued >= 32 || (queued && !more && !working)) {
        const u32 count = min(queued, 32u);
        queued -= count;
        pass_queued(D, queue + queued, count, changes);
      }
    } while (more || (queued && !working));
  }
}
#endif
