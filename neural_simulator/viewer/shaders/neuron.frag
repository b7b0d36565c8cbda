#version 330 core
// A lit sphere with its true depth (FLAT: the depth of its front) and a soft edge; a ring around it where it is marked.
flat in vec4 v_color;
flat in vec3 v_shape;
out vec4 color;

const vec3 TO_LIGHT = vec3(-0.42, 0.56, 0.714);              // over the viewer's left shoulder
const vec3 SELECTED = vec3(0.70, 0.85, 1.0), PICKED = vec3(1.0, 0.85, 0.35);

// True where a pixel of coverage `alpha` is left out; over many pixels and neurons the shares come out right.
bool left_out(float alpha, float seed) {
    float noise = fract(52.9829189 * fract(dot(gl_FragCoord.xy, vec2(0.06711056, 0.00583715))) + seed);
    return alpha <= noise;                                   // Jimenez (2014), interleaved gradient noise
}

void main() {
    float radius_px = v_shape.x, firing = v_shape.y;
    uint mark = uint(v_shape.z);
    vec2 at = (gl_PointCoord * 2.0 - 1.0) * vec2(1.0, -1.0) * ((radius_px + sprite_margin(mark)) / radius_px);
    float off = length(at);
    float cover = clamp((1.0 - off) * radius_px + 0.5, 0.0, 1.0);
    float ring = mark == 0u ? 0.0
        : clamp(1.2 * u_pixel_scale - abs((off - 1.0) * radius_px - 2.8 * u_pixel_scale), 0.0, 1.0);
    float alpha = max(v_color.a * cover, ring);
    if (alpha <= 0.0) discard;
    vec3 normal = vec3(at, sqrt(max(1.0 - off * off, 0.0)));
    float diffuse = max(dot(normal, TO_LIGHT), 0.0);
    float gloss = max(2.0 * dot(TO_LIGHT, normal) * normal.z - TO_LIGHT.z, 0.0);      // mirrored light . eye
    gloss *= gloss;                                          // to the 16th power; pow() is dear in software
    gloss *= gloss;
    gloss *= gloss;
    gloss *= gloss;
    vec3 lit = v_color.rgb * (0.46 + 0.76 * diffuse) + 0.16 * gloss;
    vec3 glowing = v_color.rgb * (0.85 + 0.25 * normal.z);
    color = vec4(mix(mix(lit, glowing, firing), mark == 2u ? PICKED : SELECTED, ring), alpha);
    if (u_dithered == 1) {
        if (left_out(alpha, fract(v_shape.z))) discard;
        color.a = 1.0;
    }
#ifndef FLAT
    float center = 1.0 / gl_FragCoord.w;                     // depth of the centre, um
    float depth = center - radius_px * center / u_focal_px * normal.z;      // of the surface
    float near_far = (u_projection[3][2] - u_projection[2][2] * depth) / depth;
    gl_FragDepth = clamp(0.5 * near_far + 0.5, 0.0, 1.0);
#endif
}
