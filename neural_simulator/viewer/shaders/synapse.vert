#version 330 core
// A synapse as a line, stronger at its presynaptic end; it lights up while that neuron is active.
in vec3 a_position;
in int a_pre;                   // id of the presynaptic neuron
in float a_weight;              // 0..1 on the colour scale
in uvec2 a_populations;         // of both ends
in float a_inhibitory;
in float a_end;                 // 0 at the presynaptic end, 1 at the postsynaptic one
uniform isamplerBuffer u_last_spike;
uniform bool u_knows_spikes;    // false where the network is larger than a texture buffer may be
uniform float u_strength;       // of these lines, in the opacity of synapses

out vec4 v_color;

void main() {
    float firing = u_knows_spikes ? activity(texelFetch(u_last_spike, a_pre).r) : 0.0;
    float marked = u_spiking_mode == UNMARKED ? 0.0 : firing;
    vec4 eye = u_view * vec4(a_position, 1.0);
    gl_Position = u_projection * eye;
    if (hidden(a_populations.x) || hidden(a_populations.y) || (u_knows_spikes && !wanted(firing))) gl_Position = NOWHERE;
    gl_ClipDistance[0] = a_position.x - u_clip_low.x;
    gl_ClipDistance[1] = a_position.y - u_clip_low.y;
    gl_ClipDistance[2] = a_position.z - u_clip_low.z;
    gl_ClipDistance[3] = u_clip_high.x - a_position.x;
    gl_ClipDistance[4] = u_clip_high.y - a_position.y;
    gl_ClipDistance[5] = u_clip_high.z - a_position.z;
    float alpha = u_synapse_alpha * u_strength * mix(1.0, 0.4, a_end);
    alpha = u_spiking_mode == ONLY_SPIKING ? alpha * marked * 3.0 : alpha * (1.0 + 2.5 * marked);
    vec3 color = synapse_color(a_populations.x, a_inhibitory, a_weight);
    v_color = vec4(mix(color, vec3(1.0), 0.35 * marked), min(alpha, 1.0) * (1.0 - depth_fade(-eye.z, marked)));
}
