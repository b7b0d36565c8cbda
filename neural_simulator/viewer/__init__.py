"""The network in 3D: pure arrays (camera, colors, scene, hud, glyphs) and the only OpenGL of the program."""
