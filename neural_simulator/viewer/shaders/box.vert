#version 330 core
// The outline of the volume.
in vec3 a_position;
uniform vec4 u_color;
out vec4 v_color;

void main() {
    vec4 eye = u_view * vec4(a_position, 1.0);
    gl_Position = u_projection * eye;
    v_color = vec4(u_color.rgb, u_color.a * (1.0 - depth_fade(-eye.z, 0.0)));
}
