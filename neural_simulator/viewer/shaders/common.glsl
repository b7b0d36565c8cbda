// Joined to every shader of the 3D scene after its #version line. Layout: scene.UNIFORMS (std140).
layout(std140) uniform Scene {
    mat4 u_view;
    mat4 u_projection;
    vec3 u_background;          // sRGB
    float u_radius_um;          // of a neuron
    vec2 u_viewport;            // pixels
    float u_focal_px;           // pixels of 1 um at a depth of 1 um
    float u_pixel_scale;        // pixels per nominal pixel
    int u_step;
    float u_dt_ms;
    float u_decay_ms;
    float u_inactive_opacity;
    int u_color_mode;           // colors.COLOR_MODES
    int u_spiking_mode;         // colors.SPIKING_MODES
    float u_synapse_alpha;
    float u_depth_fade;
    vec2 u_potential_range;     // mV
    vec2 u_fade_range;          // um of depth: where fading begins and where it is full
    vec2 u_weight_range;        // of the summed weights
    vec2 u_activity_range;      // of the neurons that are drawn
    vec3 u_clip_low;            // um: what lies outside is cut away
    float u_fraction;           // of a step that has passed since its start
    vec3 u_clip_high;
    int u_synapse_color;        // colors.SYNAPSE_COLORS
    vec3 u_excitatory;          // sRGB
    float u_pulse_px;
    vec3 u_inhibitory;
    int u_dithered;             // 1: transparency by leaving out pixels
    uvec4 u_hidden[2];          // one bit per population
};

const int BY_ACTIVITY = 0, BY_CATEGORY = 1, BY_POTENTIAL = 2, BY_WEIGHTS = 3;
const int HIGHLIGHT = 0, ONLY_SPIKING = 1, UNMARKED = 2;
const int SIGN = 0, WEIGHT = 1, POPULATION = 2;
const vec4 NOWHERE = vec4(2.0, 2.0, 2.0, 1.0);      // outside the clip volume: not drawn

// colors.activity: 1 just after a spike, 0 from u_decay_ms on. Negative steps mean "never".
float activity(int last_spike) {
    if (last_spike < 0) return 0.0;
    float left = clamp(1.0 - float(u_step - last_spike) * u_dt_ms / u_decay_ms, 0.0, 1.0);
    return left * left;
}

// Share of the background in a colour at `depth`; what fires shows through.
float depth_fade(float depth, float firing) {
    float position = clamp((depth - u_fade_range.x) / (u_fade_range.y - u_fade_range.x), 0.0, 1.0);
    return u_depth_fade * position * (1.0 - 0.7 * firing);
}

// Room around a neuron's disc for its soft edge, or for the ring of a marked one, pixels.
float sprite_margin(uint mark) {
    return mark > 0u ? 4.5 * u_pixel_scale : 0.75;
}

// The rules of filters.visible.
bool hidden(uint population) {
    return ((u_hidden[population >> 7u][(population >> 5u) & 3u] >> (population & 31u)) & 1u) != 0u;
}

bool inside(vec3 at) {
    return all(greaterThanEqual(at, u_clip_low)) && all(lessThanEqual(at, u_clip_high));
}

bool wanted(float firing) {
    return firing >= u_activity_range.x && firing <= u_activity_range.y;
}
