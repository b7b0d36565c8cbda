#version 330 core
// A synapse as a line, stronger at its presynaptic end; it lights up while that neuron is active.
in vec3 a_position;
in int a_pre;                   // id of the presynaptic neuron
in vec3 a_color;
in float a_end;                 // 0 at the presynaptic end, 1 at the postsynaptic one
uniform isamplerBuffer u_last_spike;
uniform bool u_knows_spikes;    // false where the network is larger than a texture buffer may be

out vec4 v_color;

void main() {
    float firing = u_knows_spikes && u_spiking_mode != UNMARKED
        ? activity(texelFetch(u_last_spike, a_pre).r) : 0.0;
    vec4 eye = u_view * vec4(a_position, 1.0);
    gl_Position = u_projection * eye;
    float alpha = u_synapse_alpha * mix(1.0, 0.4, a_end);
    alpha = u_spiking_mode == ONLY_SPIKING ? alpha * firing * 3.0 : alpha * (1.0 + 2.5 * firing);
    v_color = vec4(mix(a_color, vec3(1.0), 0.35 * firing), min(alpha, 1.0) * (1.0 - depth_fade(-eye.z, firing)));
}
