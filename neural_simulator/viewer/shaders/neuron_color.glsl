// Joined to the vertex shaders that colour a neuron: colors.neuron_colors on the GPU.
uniform sampler2D u_tables;                          // colors.lookup_table
const int ACTIVITY_ROW = 0, POTENTIAL_ROW = 1, POPULATION_ROW = 2;

vec3 from_table(int row, float position) {
    return texelFetch(u_tables, ivec2(int(clamp(position, 0.0, 1.0) * 255.0 + 0.5), row), 0).rgb;
}

vec3 neuron_color(uint population, float v, float firing) {
    if (u_color_mode == BY_ACTIVITY) return from_table(ACTIVITY_ROW, firing);
    vec3 base = u_color_mode == BY_POTENTIAL
        ? from_table(POTENTIAL_ROW, (v - u_potential_range.x) / (u_potential_range.y - u_potential_range.x))
        : texelFetch(u_tables, ivec2(int(population), POPULATION_ROW), 0).rgb;
    if (u_spiking_mode == UNMARKED) return base;
    return base * (0.75 + 0.25 * firing) * (1.0 - 0.65 * firing) + 0.65 * firing;
}
