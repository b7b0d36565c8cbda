#version 330 core
// A lit sphere with its true depth and a soft edge.
flat in vec3 v_color;
flat in float v_alpha;
flat in float v_active;
flat in float v_radius_px;
flat in float v_sprite_px;
flat in vec2 v_depth;
out vec4 color;

const vec3 TO_LIGHT = vec3(-0.42, 0.56, 0.714);              // over the viewer's left shoulder

void main() {
    vec2 at = (gl_PointCoord * 2.0 - 1.0) * vec2(1.0, -1.0) * (v_sprite_px / v_radius_px);
    float off = length(at);
    float cover = clamp((1.0 - off) * v_radius_px + 0.5, 0.0, 1.0);
    if (cover <= 0.0) discard;
    vec3 normal = vec3(at, sqrt(max(1.0 - off * off, 0.0)));
    float diffuse = max(dot(normal, TO_LIGHT), 0.0);
    float gloss = max(2.0 * dot(TO_LIGHT, normal) * normal.z - TO_LIGHT.z, 0.0);      // mirrored light . eye
    gloss *= gloss;                                          // to the 16th power; pow() is dear in software
    gloss *= gloss;
    gloss *= gloss;
    gloss *= gloss;
    vec3 lit = v_color * (0.46 + 0.76 * diffuse) + 0.16 * gloss;
    vec3 glowing = v_color * (0.85 + 0.25 * normal.z);
    color = vec4(mix(lit, glowing, v_active), v_alpha * cover);
    float depth = v_depth.x - v_depth.y * normal.z;          // of the surface, um
    float near_far = (u_projection[3][2] - u_projection[2][2] * depth) / depth;
    gl_FragDepth = clamp(0.5 * near_far + 0.5, 0.0, 1.0);
}
