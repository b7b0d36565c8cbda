#version 330 core
// A neuron as a point sprite, sized by perspective.
in vec3 a_position;             // um
in uint a_population;
in int a_last_spike;            // step, negative: never
in float a_v;                   // mV
in float a_weights;             // summed weights of its inputs
in uint a_mark;                 // 0, 1 selected, 2 picked

// Packed: what every point carries to its pixels is dear where there are a million of them.
flat out vec4 v_color;          // rgb, alpha
flat out vec3 v_shape;          // radius of the sphere px, activity, mark + seed of the dithered transparency

void main() {
    float firing = activity(a_last_spike);
    vec4 eye = u_view * vec4(a_position, 1.0);
    float marked = u_spiking_mode == UNMARKED ? 0.0 : firing;
    float solid = smoothstep(0.0, 0.35, marked);
    bool shown = !hidden(a_population) && inside(a_position) && wanted(firing)
        && (u_spiking_mode != ONLY_SPIKING || firing > 0.0);
    gl_Position = shown ? u_projection * eye : NOWHERE;
    float radius_px = u_radius_um * (1.0 + 0.35 * marked) * u_focal_px / max(-eye.z, 1e-6);
    float drawn_px = max(radius_px, 0.6);
    gl_PointSize = 2.0 * (drawn_px + sprite_margin(a_mark));
    vec3 color = neuron_color(a_population, a_v, a_weights, firing);
    float alpha = u_spiking_mode == ONLY_SPIKING ? solid : mix(u_inactive_opacity, 1.0, solid);
    alpha *= min(1.0, radius_px * radius_px / 0.36);         // smaller than a pixel: fainter instead
    v_color = vec4(mix(color, u_background, depth_fade(-eye.z, marked)), alpha);
    v_shape = vec3(drawn_px, marked, float(a_mark) + fract(float(gl_VertexID) * 0.61803399));
#ifdef FLAT
    float front = max(-eye.z - radius_px * -eye.z / u_focal_px, 1e-6);
    float near_far = (u_projection[3][2] - u_projection[2][2] * front) / front;
    if (shown) gl_Position.z = max(near_far, -1.0) * gl_Position.w;
#endif
}
