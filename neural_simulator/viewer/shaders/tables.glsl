// Joined to the vertex shaders that need a table of colours.
uniform sampler2D u_tables;                          // colors.lookup_table
const int ACTIVITY_ROW = 0, POTENTIAL_ROW = 1, WEIGHT_ROW = 2, CATEGORY_ROW = 3, POPULATION_ROW = 4;

vec3 from_table(int row, float position) {
    return texelFetch(u_tables, ivec2(int(clamp(position, 0.0, 1.0) * 255.0 + 0.5), row), 0).rgb;
}

vec3 neuron_color(uint population, float v, float weights, float firing) {     // colors.neuron_colors
    if (u_color_mode == BY_ACTIVITY) return from_table(ACTIVITY_ROW, firing);
    vec3 base;
    if (u_color_mode == BY_POTENTIAL)
        base = from_table(POTENTIAL_ROW, (v - u_potential_range.x) / (u_potential_range.y - u_potential_range.x));
    else if (u_color_mode == BY_WEIGHTS)
        base = from_table(WEIGHT_ROW, (weights - u_weight_range.x) / (u_weight_range.y - u_weight_range.x));
    else
        base = texelFetch(u_tables, ivec2(int(population), CATEGORY_ROW), 0).rgb;
    if (u_spiking_mode == UNMARKED) return base;
    return base * (0.75 + 0.25 * firing) * (1.0 - 0.65 * firing) + 0.65 * firing;
}

vec3 synapse_color(uint population, float inhibitory, float weight) {
    if (u_synapse_color == WEIGHT) return from_table(WEIGHT_ROW, weight);
    if (u_synapse_color == POPULATION) return texelFetch(u_tables, ivec2(int(population), POPULATION_ROW), 0).rgb;
    return inhibitory > 0.5 ? u_inhibitory : u_excitatory;
}
