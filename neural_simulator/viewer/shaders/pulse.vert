#version 330 core
// A spike in flight: a point that has covered the share of its way that its delay says (pulses.progress).
in vec3 a_start;
in vec3 a_end;
in int a_departure;             // step
in float a_delay;               // steps
in float a_weight;              // 0..1 on the colour scale
in uvec2 a_populations;
in float a_inhibitory;

flat out vec3 v_color;

void main() {
    float covered = (float(u_step - a_departure) + u_fraction) / a_delay;
    vec3 at = mix(a_start, a_end, covered);
    vec4 eye = u_view * vec4(at, 1.0);
    bool shown = covered >= 0.0 && covered <= 1.0 && inside(at) && !hidden(a_populations.x) && !hidden(a_populations.y);
    gl_Position = shown ? u_projection * eye : NOWHERE;
    float nearness = u_fade_range.x + u_fade_range.y > 0.0
        ? clamp(0.5 * (u_fade_range.x + u_fade_range.y) / max(-eye.z, 1e-6), 0.5, 3.0) : 1.0;
    gl_PointSize = max(2.5 * u_pulse_px * nearness, 2.0);    // the core and its glow
    vec3 color = synapse_color(a_populations.x, a_inhibitory, a_weight);
    v_color = mix(color, vec3(1.0), 0.15) * (1.0 - depth_fade(-eye.z, 1.0));
}
