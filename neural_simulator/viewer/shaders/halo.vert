#version 330 core
// The glow around a neuron that fired recently: a larger sprite at the same place, added to the picture.
in vec3 a_position;
in uint a_population;
in int a_last_spike;
in float a_v;
in float a_weights;

flat out vec3 v_color;
flat out float v_edge;                                       // share of the glow's radius up to which it is visible

const float HALO_RADII = 5.0;                                // largest size of the glow in radii of the neuron
const float FAINTEST = 0.1;
const float LEAST_LIGHT = 0.5 / 255.0;                       // less changes no pixel

void main() {
    float firing = activity(a_last_spike);
    gl_Position = NOWHERE;
    gl_PointSize = 1.0;
    v_color = vec3(0.0);
    v_edge = 0.0;
    if (firing <= FAINTEST || !wanted(firing) || hidden(a_population) || !inside(a_position)) return;   // most of them
    vec4 eye = u_view * vec4(a_position, 1.0);
    gl_Position = u_projection * eye;
    float radius_px = u_radius_um * u_focal_px / max(-eye.z, 1e-6);
    vec3 color = neuron_color(a_population, a_v, a_weights, firing);
    v_color = color * sqrt(firing) * 0.6 * (1.0 - depth_fade(-eye.z, firing));
    float strength = max(v_color.r, max(v_color.g, v_color.b));
    v_edge = 1.0 - pow(min(LEAST_LIGHT / max(strength, 1e-6), 1.0), 1.0 / 3.0);      // halo.frag falls as the cube
    gl_PointSize = max(2.0 * radius_px * mix(1.8, HALO_RADII, firing), 3.0) * v_edge;
}
