"""Draws a scene with OpenGL 3.3 core into whatever framebuffer is bound: window or picture file alike.

Order of a picture: neurons from back to front (soft edges and transparency need it; they write depth), then outline
and synapses as blended lines hidden by nearer neurons, then the glow of active neurons, added, then the HUD.
"""

from __future__ import annotations

import numpy as np
from OpenGL import GL

from ..app.frames import Frame, NetworkView
from ..base.errors import BackendError
from ..base.palette import from_hex
from ..config import VisualizationConfig
from .camera import Camera
from .colors import BACKGROUND, lookup_table
from .gl import Buffer, BufferTexture, Program, Texture, VertexArray
from .glyphs import Atlas, build_atlas
from .hud import VERTEX, Canvas, HudFacts, lay_out
from .scene import (
    LINE_VERTEX,
    NEURON_VERTEX,
    back_to_front,
    box_lines,
    build_scene,
    neuron_vertices,
    scene_uniforms,
)
from .upload import HostUpload

BOX_COLOR = (*from_hex("#7f8ba3"), 0.42)
UNIT_TABLES, UNIT_SPIKES, UNIT_GLYPHS = 0, 1, 2


class Renderer:
    """All OpenGL objects of one context. Make, use and close it with that context current."""

    def __init__(self) -> None:
        _require_core_33()
        self.neurons = Program("neuron.vert", "neuron.frag", ("common.glsl", "neuron_color.glsl"))
        self.halos = Program("halo.vert", "halo.frag", ("common.glsl", "neuron_color.glsl"))
        self.synapses = Program("synapse.vert", "line.frag", ("common.glsl",))
        self.box = Program("box.vert", "line.frag", ("common.glsl",))
        self.hud = HudPainter()
        self.tables = Texture(lookup_table())
        self.uniforms = Buffer(GL.GL_UNIFORM_BUFFER, GL.GL_DYNAMIC_DRAW)
        self.network: NetworkBuffers | None = None
        self._bind_units()

    def _bind_units(self) -> None:
        """Tell each program which texture unit holds what."""
        for program, name, unit in ((self.neurons, "u_tables", UNIT_TABLES), (self.halos, "u_tables", UNIT_TABLES),
                                    (self.synapses, "u_last_spike", UNIT_SPIKES)):
            program.use()
            GL.glUniform1i(program.uniform(name), unit)

    # ---- what is shown -----------------------------------------------------------------------------------
    def show(self, view: NetworkView | None, viz: VisualizationConfig) -> None:
        """Take `view` as the network to draw; nothing is done when its arrays are on the device already."""
        if self.network is not None and self.network.serves(view, viz):
            return
        if self.network is not None:
            self.network.close()
        self.network = None if view is None else NetworkBuffers(self, view, viz)

    @property
    def drawn(self) -> tuple[int, int]:
        """Numbers of neurons and of synapse lines that are drawn."""
        if self.network is None:
            return 0, 0
        return len(self.network.scene.drawn), self.network.scene.num_lines

    # ---- one picture -------------------------------------------------------------------------------------
    def draw(self, size: tuple[int, int], camera: Camera, frame: Frame | None, viz: VisualizationConfig,
             pixel_scale: float = 1.0) -> None:
        """Draw network and outline on `size` pixels; `frame` of another network than the shown one is ignored."""
        GL.glViewport(0, 0, *size)
        GL.glDepthMask(True)
        GL.glClearColor(*BACKGROUND, 1.0)
        GL.glClear(GL.GL_COLOR_BUFFER_BIT | GL.GL_DEPTH_BUFFER_BIT)
        network = self.network
        if network is None:
            return
        scene = network.scene
        frame = frame if frame is not None and network.owns(frame) else None
        network.state.send(frame, viz.color_mode == "potential")
        self.uniforms.write(scene_uniforms(scene, frame, viz, camera, *size, pixel_scale))
        GL.glBindBufferBase(GL.GL_UNIFORM_BUFFER, 0, self.uniforms.name)
        self.tables.bind(UNIT_TABLES)
        network.sort(camera)
        self._draw_neurons(network)
        self._draw_lines(network, viz)
        if viz.spiking_mode != "none":
            self._draw_halos(network)

    def _draw_neurons(self, network: NetworkBuffers) -> None:
        GL.glEnable(GL.GL_PROGRAM_POINT_SIZE)
        GL.glEnable(GL.GL_DEPTH_TEST)
        GL.glEnable(GL.GL_BLEND)
        GL.glBlendFunc(GL.GL_SRC_ALPHA, GL.GL_ONE_MINUS_SRC_ALPHA)
        self.neurons.use()
        network.points.bind()
        GL.glDrawElements(GL.GL_POINTS, len(network.scene.drawn), GL.GL_UNSIGNED_INT, None)

    def _draw_lines(self, network: NetworkBuffers, viz: VisualizationConfig) -> None:
        GL.glDepthMask(False)
        self.box.use()
        GL.glUniform4f(self.box.uniform("u_color"), *BOX_COLOR)
        network.outline.bind()
        GL.glDrawArrays(GL.GL_LINES, 0, 24)
        if viz.show_synapses and network.scene.num_lines:
            self.synapses.use()
            GL.glUniform1i(self.synapses.uniform("u_knows_spikes"), network.spikes_by_id is not None)
            if network.spikes_by_id is not None:
                network.spikes_by_id.bind(UNIT_SPIKES)
            network.wires.bind()
            GL.glDrawArrays(GL.GL_LINES, 0, 2 * network.scene.num_lines)

    def _draw_halos(self, network: NetworkBuffers) -> None:
        GL.glBlendFunc(GL.GL_ONE, GL.GL_ONE)
        self.halos.use()
        network.glows.bind()
        GL.glDrawElements(GL.GL_POINTS, len(network.scene.drawn), GL.GL_UNSIGNED_INT, None)

    def draw_hud(self, size: tuple[int, int], camera: Camera, frame: Frame | None, viz: VisualizationConfig,
                 facts: HudFacts, pixel_scale: float = 1.0) -> None:
        """Write the head-up display over the picture."""
        view = self.network.view if self.network is not None else None
        canvas = Canvas(self.hud.at_scale(pixel_scale), pixel_scale)
        lay_out(canvas, size, view, frame, viz, camera, facts, self.drawn)
        self.hud.draw(canvas.vertices(), size)

    def close(self) -> None:
        """Free everything on the device."""
        if self.network is not None:
            self.network.close()
            self.network = None
        for part in (self.neurons, self.halos, self.synapses, self.box, self.hud, self.tables, self.uniforms):
            part.close()


class NetworkBuffers:
    """The arrays of one network on the device."""

    def __init__(self, renderer: Renderer, view: NetworkView, viz: VisualizationConfig):
        self.view, self.scene = view, build_scene(view, viz)
        self._caps = (viz.max_neurons_drawn, viz.max_synapses_drawn)
        self._sorted_along: tuple[float, ...] | None = None
        self.state = HostUpload(view.num_neurons)
        self.neurons, self.wire_ends, self.corners = Buffer(), Buffer(), Buffer()
        self.order = Buffer(GL.GL_ELEMENT_ARRAY_BUFFER, GL.GL_DYNAMIC_DRAW)
        self.points, self.glows, self.wires, self.outline = (VertexArray() for _ in range(4))
        small_enough = 0 < view.num_neurons <= BufferTexture.largest()
        self.spikes_by_id = BufferTexture(self.state.last_spike) if small_enough else None
        self._fill()
        self._connect(renderer)

    def _fill(self) -> None:
        self.neurons.write(neuron_vertices(self.scene))
        self.wire_ends.write(self.scene.lines)
        self.corners.write(box_lines(self.scene.low, self.scene.high))

    def _connect(self, renderer: Renderer) -> None:
        for array, program in ((self.points, renderer.neurons), (self.glows, renderer.halos)):
            array.attach(program, self.neurons, NEURON_VERTEX,
                         {"a_position": "position", "a_population": "population"})
            array.attach(program, self.state.last_spike, "<i4", {"a_last_spike": ""})
            array.attach(program, self.state.potential, "<f4", {"a_v": ""})
            GL.glBindBuffer(GL.GL_ELEMENT_ARRAY_BUFFER, self.order.name)
        self.wires.attach(renderer.synapses, self.wire_ends, LINE_VERTEX,
                          {"a_position": "position", "a_pre": "pre", "a_color": "color/norm", "a_end": "end/norm"})
        self.outline.attach(renderer.box, self.corners, "3<f4", {"a_position": ""})
        GL.glBindVertexArray(0)

    def serves(self, view: NetworkView | None, viz: VisualizationConfig) -> bool:
        """True when these buffers show `view` under the caps of `viz`."""
        return view is self.view and self._caps == (viz.max_neurons_drawn, viz.max_synapses_drawn)

    def owns(self, frame: Frame) -> bool:
        """True when `frame` belongs to the network in these buffers."""
        return frame.build == self.view.build and frame.v.shape[0] == self.view.num_neurons

    def sort(self, camera: Camera) -> None:
        """Bring the drawing order up to date with the direction of view."""
        direction = tuple(camera.axes()[2])
        if direction != self._sorted_along:
            GL.glBindVertexArray(0)
            self.order.write(back_to_front(self.scene, camera))
            self._sorted_along = direction

    def close(self) -> None:
        for part in (self.points, self.glows, self.wires, self.outline, self.spikes_by_id, self.neurons,
                     self.wire_ends, self.corners, self.order, self.state):
            if part is not None:
                part.close()


class HudPainter:
    """Draws the HUD's quads with the glyph atlas of the present scale."""

    def __init__(self) -> None:
        self.program = Program("hud.vert", "hud.frag", block=None)
        self.quads = Buffer(usage=GL.GL_STREAM_DRAW)
        self.array = VertexArray()
        self.array.attach(self.program, self.quads, VERTEX,
                          {"a_position": "position", "a_texel": "texel", "a_color": "color/norm"})
        GL.glBindVertexArray(0)
        self._sheet: tuple[float, Atlas, Texture] | None = None

    def at_scale(self, scale: float) -> Atlas:
        """Return the atlas for `scale`, drawn anew when the scale has changed."""
        if self._sheet is not None and self._sheet[0] == scale:
            return self._sheet[1]
        if self._sheet is not None:
            self._sheet[2].close()
        atlas = build_atlas(scale)
        self._sheet = (scale, atlas, Texture(atlas.pixels))
        return atlas

    def draw(self, vertices: np.ndarray, size: tuple[int, int]) -> None:
        """Draw `vertices` (hud.VERTEX), which refer to the newest atlas, over a picture of `size` pixels."""
        if vertices.size == 0 or self._sheet is None:
            return
        texture = self._sheet[2]
        GL.glDisable(GL.GL_DEPTH_TEST)
        GL.glEnable(GL.GL_BLEND)
        GL.glBlendFunc(GL.GL_SRC_ALPHA, GL.GL_ONE_MINUS_SRC_ALPHA)
        self.quads.write(vertices)
        self.program.use()
        texture.bind(UNIT_GLYPHS)
        GL.glUniform1i(self.program.uniform("u_glyphs"), UNIT_GLYPHS)
        GL.glUniform2f(self.program.uniform("u_size"), *size)
        GL.glUniform2f(self.program.uniform("u_atlas"), *texture.size)
        self.array.bind()
        GL.glDrawArrays(GL.GL_TRIANGLES, 0, vertices.size)

    def close(self) -> None:
        if self._sheet is not None:
            self._sheet[2].close()
        for part in (self.program, self.quads, self.array):
            part.close()


def _require_core_33() -> None:
    """Raise BackendError where the current context is older than OpenGL 3.3."""
    version = (int(GL.glGetIntegerv(GL.GL_MAJOR_VERSION)), int(GL.glGetIntegerv(GL.GL_MINOR_VERSION)))
    if version < (3, 3):
        raise BackendError(f"The viewer needs OpenGL 3.3 or newer; this machine offers {version[0]}.{version[1]}. "
                           "Update the graphics driver.")
