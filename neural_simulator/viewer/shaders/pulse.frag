#version 330 core
flat in vec3 v_color;
out vec4 color;

void main() {
    float off = length(gl_PointCoord * 2.0 - 1.0);
    if (off >= 1.0) discard;
    float core = smoothstep(0.46, 0.30, off);
    float glow = 0.35 * (1.0 - off) * (1.0 - off);
    vec3 light = v_color * (core + glow);
    color = vec4(light, max(light.r, max(light.g, light.b)));
}
