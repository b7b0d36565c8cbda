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
};

const int BY_ACTIVITY = 0, BY_TRAIT = 1, BY_POTENTIAL = 2;
const int HIGHLIGHT = 0, ONLY_SPIKING = 1, UNMARKED = 2;
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
