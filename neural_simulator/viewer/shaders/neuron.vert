#version 330 core
// A neuron as a point sprite, sized by perspective.
in vec3 a_position;             // um
in uint a_population;
in int a_last_spike;            // step, negative: never
in float a_v;                   // mV
in float a_weights;             // summed weights of its inputs
in uint a_mark;                 // 0, 1 selected, 2 picked

flat out vec3 v_color;
flat out float v_alpha;
flat out float v_active;
flat out float v_radius_px;     // of the sphere
flat out float v_sprite_px;     // half the width of the sprite
flat out vec2 v_depth;          // depth of the centre, radius: um
flat out uint v_mark;
flat out float v_seed;          // of the dithered transparency

void main() {
    float firing = activity(a_last_spike);
    vec4 eye = u_view * vec4(a_position, 1.0);
    gl_Position = u_projection * eye;
    float marked = u_spiking_mode == UNMARKED ? 0.0 : firing;
    float radius = u_radius_um * (1.0 + 0.35 * marked);
    float radius_px = radius * u_focal_px / max(-eye.z, 1e-6);
    float solid = smoothstep(0.0, 0.35, marked);
    v_alpha = mix(u_inactive_opacity, 1.0, solid);
    if (u_spiking_mode == ONLY_SPIKING) {
        v_alpha = solid;
        if (firing <= 0.0) gl_Position = NOWHERE;
    }
    if (hidden(a_population) || !inside(a_position) || !wanted(firing)) gl_Position = NOWHERE;
    v_radius_px = max(radius_px, 0.6);
    v_alpha *= min(1.0, radius_px * radius_px / 0.36);      // smaller than a pixel: fainter instead
    v_sprite_px = v_radius_px + (a_mark > 0u ? 4.5 * u_pixel_scale : 0.75);      // room for the soft edge or a ring
    gl_PointSize = 2.0 * v_sprite_px;
    vec3 color = neuron_color(a_population, a_v, a_weights, firing);
    v_color = mix(color, u_background, depth_fade(-eye.z, marked));
    v_active = marked;
    v_depth = vec2(-eye.z, radius);
    v_mark = a_mark;
    v_seed = fract(float(gl_VertexID) * 0.61803399);
}
