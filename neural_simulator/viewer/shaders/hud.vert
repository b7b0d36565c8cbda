#version 330 core
// Text and plain shapes in pixels, origin at the top left.
in vec2 a_position;
in vec2 a_texel;                // in the glyph atlas
in vec4 a_color;
uniform vec2 u_size;            // pixels of the window
uniform vec2 u_atlas;           // pixels of the atlas
out vec2 v_uv;
out vec4 v_color;

void main() {
    gl_Position = vec4(a_position / u_size * vec2(2.0, -2.0) + vec2(-1.0, 1.0), 0.0, 1.0);
    v_uv = a_texel / u_atlas;
    v_color = a_color;
}
