#version 330 core
flat in vec3 v_color;
out vec4 color;

void main() {
    float left = 1.0 - length(gl_PointCoord * 2.0 - 1.0);
    if (left <= 0.0) discard;
    vec3 light = v_color * left * left * left;
    color = vec4(light, max(light.r, max(light.g, light.b)));
}
