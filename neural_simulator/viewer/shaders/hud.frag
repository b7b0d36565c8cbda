#version 330 core
in vec2 v_uv;
in vec4 v_color;
uniform sampler2D u_glyphs;     // coverage
out vec4 color;

void main() {
    color = vec4(v_color.rgb, v_color.a * texture(u_glyphs, v_uv).r);
}
