#version 330 core
flat in vec3 v_color;
flat in float v_edge;
out vec4 color;

void main() {
    float left = 1.0 - v_edge * length(gl_PointCoord * 2.0 - 1.0);
    if (left <= 1.0 - v_edge) discard;
    vec3 light = v_color * left * left * left;
    color = vec4(light, max(light.r, max(light.g, light.b)));
}
