"""Draws a scene with OpenGL 3.3 core into whatever framebuffer is bound: window or picture file alike.

Order of a picture: neurons from back to front (soft edges and transparency need it; they write depth), then outlines
and synapses as blended lines hidden by nearer neurons, then what shines, added: pulses and the glow of active neurons,
then the HUD.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from copy import copy
from dataclasses import replace

import numpy as np
from OpenGL import GL

from ..app.frames import Frame, Incoming, Inspection, NetworkView, same_neurons
from ..base.errors import BackendError
from ..base.palette import RGB, from_hex, population_color
from ..base.synapses import NONE, Synapses, joined
from ..config import VisualizationConfig
from .camera import Camera
from .canvas import Area
from .colors import BACKGROUND, WEIGHT_MODES, lookup_table, weight_range
from .filters import cuts
from .gl import Buffer, BufferTexture, Program, Texture, VertexArray
from .glyphs import Atlas, build_atlas
from .hud import VERTEX, Canvas, HudFacts, lay_out, mark
from .pulses import PULSE, Wires
from .scene import (
    LINE_VERTEX,
    NEURON_VERTEX,
    SORTED_UP_TO,
    Outline,
    Scene,
    Shown,
    back_to_front,
    box_lines,
    build_scene,
    drawn_neurons,
    neuron_vertices,
    scene_uniforms,
    synapse_lines,
)
from .upload import StateUpload

BOX_GREY, BOX_ALPHA = from_hex("#7f8ba3"), 0.42
UNIT_TABLES, UNIT_SPIKES, UNIT_GLYPHS = 0, 1, 2
CLIP_PLANES = 6
PICKED_STRENGTH, BESIDE_PICKED = 3.0, 0.35     # opacity of a picked neuron's lines, and of the others beside them
EXACT_UP_TO = 20_000                           # more neurons are sorted anew only when the view has turned
COS_LITTLE_TURN = float(np.cos(np.radians(1.5)))     # by so much
NO_DIRECTION = np.array([1.0, 0.0, 0.0])
RENEWED_S = 0.1                                # between two readings of the display's numbers
LINE_STEPS = 4096                              # room for lines grows in such steps
FLAT_PX = 3.5                                  # smaller neurons (radius) are drawn without the depth of a sphere
SELECTED, PICKED = 1, 2                        # values of a_mark


class Renderer:
    """All OpenGL objects of one context. Make, use and close it with that context current."""

    def __init__(self) -> None:
        _require_core_33()
        self.neurons = Program("neuron.vert", "neuron.frag", ("common.glsl", "tables.glsl"))
        self.flat = Program("neuron.vert", "neuron.frag", ("common.glsl", "tables.glsl"), defines=("FLAT",))
        self.halos = Program("halo.vert", "halo.frag", ("common.glsl", "tables.glsl"))
        self.synapses = Program("synapse.vert", "line.frag", ("common.glsl", "tables.glsl"))
        self.pulses = Program("pulse.vert", "pulse.frag", ("common.glsl", "tables.glsl"))
        self.box = Program("box.vert", "line.frag", ("common.glsl",))
        self.hud = HudPainter()
        self.tables = Texture(lookup_table())
        self._table_of: tuple | None = None
        self.uniforms = Buffer(GL.GL_UNIFORM_BUFFER, GL.GL_DYNAMIC_DRAW)
        self.network: NetworkBuffers | None = None
        self.drawn_pulses = 0
        self._flat = False                 # whether neurons are so small that their surface has one depth
        self._marks, self._display = Layout(), Layout()
        self._bind_units()

    def _bind_units(self) -> None:
        """Tell each program which texture unit holds what."""
        for program in (self.neurons, self.flat, self.halos, self.synapses, self.pulses):
            for name, unit in (("u_tables", UNIT_TABLES), ("u_last_spike", UNIT_SPIKES)):
                program.use()
                if program.uniform(name) >= 0:
                    GL.glUniform1i(program.uniform(name), unit)

    # ---- what is shown -----------------------------------------------------------------------------------
    def show(self, view: NetworkView | None) -> None:
        """Take `view` as the network to draw; nothing is done when its arrays are on the device already."""
        if self.network is not None and self.network.view is view:
            return
        if self.network is not None and view is not None and same_neurons(self.network.view, view):
            self.network.rewire(view)
            return
        if self.network is not None:
            self.network.close()
        self.network = None if view is None else NetworkBuffers(self, view)

    def drawn(self, viz: VisualizationConfig) -> tuple[int, int]:
        """Numbers of neurons and of synapse lines that are drawn under the caps of `viz`."""
        if self.network is None:
            return 0, 0
        return (min(viz.max_neurons_drawn, self.network.scene.num_neurons),
                min(viz.max_synapses_drawn, self.network.view.synapse_sample.size))

    @property
    def path(self) -> str:
        """How the neurons' state comes: 'shared' inside the device, or 'copied' through the host."""
        return self.network.state.path if self.network is not None else ""

    # ---- one picture -------------------------------------------------------------------------------------
    def draw(self, size: tuple[int, int], camera: Camera, shown: Shown, pixel_scale: float = 1.0,
             transparent: bool = False, lively: bool = False) -> None:
        """Draw network and outlines on `size` pixels; a frame of another network than the shown one is ignored.

        `transparent` leaves the background out: alpha tells how much of a pixel is covered. `lively`: while the view
        turns, the order of many neurons may be that of a moment ago.
        """
        self.show(shown.view)
        network, self.drawn_pulses = self.network, 0
        if network is not None:            # what takes the host's time, before the device begins to draw
            self._prepare(network, replace(shown, frame=network.own(shown.frame)), size, camera, pixel_scale, lively)
        GL.glViewport(0, 0, *size)
        GL.glDepthMask(True)
        GL.glClearColor(*BACKGROUND, 0.0 if transparent else 1.0)
        GL.glClear(GL.GL_COLOR_BUFFER_BIT | GL.GL_DEPTH_BUFFER_BIT)
        if network is None:
            return
        GL.glBindBufferBase(GL.GL_UNIFORM_BUFFER, 0, self.uniforms.name)
        self.tables.bind(UNIT_TABLES)
        self._draw_neurons(network)
        GL.glDepthMask(False)
        if shown.viz.show_outlines:
            self._draw_outlines(network)
        if shown.viz.show_synapses:
            self._draw_lines(network, shown)
            if self.drawn_pulses:
                self._draw_pulses(network)
        if shown.viz.spiking_mode != "none":
            self._draw_halos(network)

    def _prepare(self, network: NetworkBuffers, shown: Shown, size: tuple[int, int], camera: Camera,
                 pixel_scale: float, lively: bool) -> None:
        """Bring everything on the device up to date."""
        network.use(shown)
        dithered = len(network.drawn) > SORTED_UP_TO
        block = scene_uniforms(network.scene, shown, camera, *size, pixel_scale, dithered)
        self.uniforms.write(block)
        self._flat = bool(block["radius_um"] * camera.focal_px(size[1]) < FLAT_PX * pixel_scale * camera.distance)
        self._use_tables(shown)
        network.sort(camera, dithered, lively)
        if shown.viz.show_synapses and shown.viz.show_pulses and shown.frame is not None:
            self.drawn_pulses = network.pulses_of(shown.frame, self.drawn(shown.viz)[1])

    def _use_tables(self, shown: Shown) -> None:
        """Have the colour tables of the present colour mode."""
        assert shown.view is not None
        wanted = (shown.view.populations, shown.viz.color_mode)
        if wanted != self._table_of:
            self.tables.close()
            self.tables, self._table_of = Texture(lookup_table(*wanted)), wanted

    def _draw_neurons(self, network: NetworkBuffers) -> None:
        GL.glEnable(GL.GL_PROGRAM_POINT_SIZE)
        GL.glEnable(GL.GL_DEPTH_TEST)
        GL.glEnable(GL.GL_BLEND)
        _blend_over()
        program, array = (self.flat, network.flat) if self._flat else (self.neurons, network.points)
        program.use()
        array.bind()
        network.draw_points()

    def _draw_outlines(self, network: NetworkBuffers) -> None:
        GL.glEnable(GL.GL_LINE_SMOOTH)     # few and long: steps in them would be seen
        self.box.use()
        network.outline.bind()
        for index, color in enumerate(outline_colors(network.scene.outlines)):
            GL.glUniform4f(self.box.uniform("u_color"), *color, BOX_ALPHA)
            GL.glDrawArrays(GL.GL_LINES, 24 * index, 24)
        GL.glDisable(GL.GL_LINE_SMOOTH)

    def _draw_lines(self, network: NetworkBuffers, shown: Shown) -> None:
        self.synapses.use()
        GL.glUniform1i(self.synapses.uniform("u_knows_spikes"), network.spikes_by_id is not None)
        if network.spikes_by_id is not None:
            network.spikes_by_id.bind(UNIT_SPIKES)
        with _clipping(cuts(shown.viz)):
            picked = network.picked.count > 0
            for lines, count, strength in (
                    (network.sample, self.drawn(shown.viz)[1], BESIDE_PICKED if picked else 1.0),
                    (network.picked, network.picked.count, PICKED_STRENGTH)):
                GL.glUniform1f(self.synapses.uniform("u_strength"), strength)
                lines.array.bind()
                GL.glDrawArrays(GL.GL_LINES, 0, 2 * count)

    def _draw_pulses(self, network: NetworkBuffers) -> None:
        _blend_added()
        self.pulses.use()
        network.flying.bind()
        GL.glDrawArrays(GL.GL_POINTS, 0, self.drawn_pulses)

    def _draw_halos(self, network: NetworkBuffers) -> None:
        _blend_added()
        self.halos.use()
        network.glows.bind()
        network.draw_points()

    def draw_hud(self, size: tuple[int, int], camera: Camera, shown: Shown, facts: HudFacts,
                 pixel_scale: float = 1.0) -> None:
        """Write the head-up display over the picture.

        While nothing but its numbers changes, they are renewed no more often than a reader could follow, where
        `facts.lively`.
        """
        atlas, scene = self.hud.at_scale(pixel_scale), self.network.scene if self.network is not None else None
        usual = (size, pixel_scale, shown.viz, scene)
        marks = self._marks.of((*usual, camera.pose(), shown.inspection), Canvas(atlas, pixel_scale),
                               lambda canvas: mark(canvas, size, shown, scene, camera))
        still = (*usual, shown.notice, facts.dropped, facts.dragged, shown.inspection, len(shown.selection))
        display = self._display.of(still, Canvas(atlas, pixel_scale), lambda canvas: lay_out(
            canvas, size, shown, scene, facts, (*self.drawn(shown.viz), self.drawn_pulses)),
            RENEWED_S if facts.lively else 0.0)
        self.hud.draw(np.concatenate([marks, display]), size)

    def populations_at(self, x: float, y: float) -> tuple[int, ...]:
        """Return the populations whose row in the legend is at a pixel of the newest display, () where none is."""
        return next((area.populations for area in self._display.areas if area.holds(x, y)), ())

    def close(self) -> None:
        """Free everything on the device."""
        if self.network is not None:
            self.network.close()
            self.network = None
        for part in (self.neurons, self.flat, self.halos, self.synapses, self.pulses, self.box, self.hud, self.tables,
                     self.uniforms):
            part.close()


class Layout:
    """A part of the display, laid out anew where something else is to be seen or the newest one is too old."""

    def __init__(self) -> None:
        self._newest: tuple[tuple, float, np.ndarray] | None = None      # for what, when, its quads
        self.areas: list[Area] = []                                      # what of it can be clicked

    def of(self, still: tuple, canvas: Canvas, arrange: Callable[[Canvas], None],
           lasts_s: float = float("inf")) -> np.ndarray:
        """Return the quads, (K,) VERTEX; those for the same `still` serve for `lasts_s`."""
        now = time.perf_counter()
        if self._newest is None or self._newest[0] != still or now - self._newest[1] >= lasts_s:
            arrange(canvas)
            self._newest, self.areas = (still, now, canvas.vertices()), canvas.areas
        return self._newest[2]


class Lines:
    """Synapses as lines on the device."""

    def __init__(self, program: Program):
        self.buffer, self.array = Buffer(), VertexArray()
        self.array.attach(program, self.buffer, LINE_VERTEX, {
            "a_position": "position", "a_pre": "pre", "a_weight": "weight", "a_populations": "populations",
            "a_inhibitory": "inhibitory/norm", "a_end": "end/norm"})
        GL.glBindVertexArray(0)
        self.count = 0

    def fill(self, scene: Scene, synapses: Synapses, weights: tuple[float, float]) -> None:
        """Take these synapses; `weights` are the limits of the colour scale."""
        self.buffer.write(synapse_lines(scene, synapses, weights))
        self.count = synapses.size

    def close(self) -> None:
        self.buffer.close()
        self.array.close()


class NetworkBuffers:
    """The arrays of one network on the device."""

    def __init__(self, renderer: Renderer, view: NetworkView):
        self.view, self.scene = view, build_scene(view)
        self.drawn = drawn_neurons(0, 0)
        self._cap = -1
        self._sorted_along: np.ndarray | None = None
        self._sorting: tuple[np.ndarray, Future] | None = None     # direction and order that is being found
        self._sorter: ThreadPoolExecutor | None = None
        self._marked: tuple | None = None
        self._weights: tuple[Incoming, str] | None = None
        self._flying: tuple | None = None
        self._inspection: Inspection | None = None
        self._weight_limits = weight_range(view.synapse_sample.weight)
        self._sample_wires: tuple[int, Wires] = 0, Wires(self.scene, NONE, self._weight_limits)
        self._picked_wires = self._sample_wires[1]
        self.state = StateUpload(view.num_neurons)
        self.neurons, self.corners, self.marks, self.weights = Buffer(), Buffer(), Buffer(), Buffer()
        self.pulses = Buffer(usage=GL.GL_STREAM_DRAW)
        self.order = Buffer(GL.GL_ELEMENT_ARRAY_BUFFER, GL.GL_DYNAMIC_DRAW)
        self.points, self.flat, self.glows, self.outline, self.flying = (VertexArray() for _ in range(5))
        self.sample, self.picked = Lines(renderer.synapses), Lines(renderer.synapses)
        small_enough = 0 < view.num_neurons <= BufferTexture.largest()
        self.spikes_by_id = BufferTexture(self.state.last_spike) if small_enough else None
        self._fill()
        self._connect(renderer)

    def _fill(self) -> None:
        boxes = [box_lines(box.low, box.high) for box in self.scene.outlines]
        self.neurons.write(neuron_vertices(self.scene))
        self.corners.write(np.concatenate(boxes))
        self.marks.write(np.zeros(self.view.num_neurons, np.uint8))
        self.weights.write(np.zeros(self.view.num_neurons, np.float32))

    def _connect(self, renderer: Renderer) -> None:
        for array, program in ((self.points, renderer.neurons), (self.flat, renderer.flat),
                               (self.glows, renderer.halos)):
            array.attach(program, self.neurons, NEURON_VERTEX,
                         {"a_position": "position", "a_population": "population"})
            array.attach(program, self.state.last_spike, "<i4", {"a_last_spike": ""})
            array.attach(program, self.state.potential, "<f4", {"a_v": ""})
            array.attach(program, self.weights, "<f4", {"a_weights": ""})
            array.attach(program, self.marks, "u1", {"a_mark": ""})
            GL.glBindBuffer(GL.GL_ELEMENT_ARRAY_BUFFER, self.order.name)
        self.outline.attach(renderer.box, self.corners, "3<f4", {"a_position": ""})
        self.flying.attach(renderer.pulses, self.pulses, PULSE, {
            "a_start": "start", "a_end": "end", "a_departure": "departure", "a_delay": "delay", "a_weight": "weight",
            "a_populations": "populations", "a_inhibitory": "inhibitory/norm"})
        GL.glBindVertexArray(0)

    # ---- bringing the device up to date -------------------------------------------------------------------
    def own(self, frame: Frame | None) -> Frame | None:
        """Return `frame` where it belongs to the network in these buffers."""
        known = frame is not None and frame.build == self.view.build and frame.v.shape[0] == self.view.num_neurons
        return frame if known else None

    def use(self, shown: Shown) -> None:
        """Bring everything but the drawing order up to date."""
        viz = shown.viz
        if viz.max_neurons_drawn != self._cap:
            self._cap, self._sorted_along, self._sorting = viz.max_neurons_drawn, None, None
            self.drawn = drawn_neurons(self.view.num_neurons, viz.max_neurons_drawn)
        self.state.send(self.own(shown.frame), viz.color_mode == "potential", shown.share)
        self._use_lines(shown)
        self._use_marks(shown)
        self._use_weights(shown)

    def _use_weights(self, shown: Shown) -> None:
        incoming, mode = shown.incoming, shown.viz.color_mode
        if incoming is None or incoming.build != self.view.build or mode not in WEIGHT_MODES:
            return
        if self._weights != (incoming, mode):
            self.weights.write(incoming.sums[WEIGHT_MODES[mode]])
            self._weights = incoming, mode

    def _use_lines(self, shown: Shown) -> None:
        sample, wanted = self.view.synapse_sample, shown.viz.max_synapses_drawn
        if shown.viz.show_synapses and self.sample.count < min(wanted, sample.size):
            chosen = sample.first(-(-wanted // LINE_STEPS) * LINE_STEPS)
            self.sample.fill(self.scene, chosen, self._weight_limits)
        picked = self._own_inspection(shown)
        if picked is not self._inspection:
            self._inspection, self._flying = picked, None
            both = NONE if picked is None else joined(picked.leaving, picked.ending)
            self.picked.fill(self.scene, both, self._weight_limits)
            self._picked_wires = Wires(self.scene, both, self._weight_limits)

    def rewire(self, view: NetworkView) -> None:
        """Draw the same neurons with other synapses."""
        self.view, self.sample.count, self._flying = view, 0, None
        self._weight_limits = weight_range(view.synapse_sample.weight)
        self._sample_wires = 0, Wires(self.scene, NONE, self._weight_limits)

    def _own_inspection(self, shown: Shown) -> Inspection | None:
        known = shown.inspection is not None and shown.inspection.build == self.view.build
        return shown.inspection if known else None

    def _use_marks(self, shown: Shown) -> None:
        wanted = (shown.selection, shown.inspection)
        if self._marked is not None and all(a is b for a, b in zip(wanted, self._marked, strict=True)):
            return
        marks = np.zeros(self.view.num_neurons, np.uint8)
        marks[shown.selection[shown.selection < marks.size]] = SELECTED
        if (picked := self._own_inspection(shown)) is not None:
            marks[picked.neuron] = PICKED
        self.marks.write(marks)
        self._marked = wanted

    def pulses_of(self, frame: Frame, lines: int) -> int:
        """Bring the pulses along the first `lines` of the sample and along the picked ones up to date; their number."""
        if self._flying is not None and self._flying[0] is frame and self._flying[1] == lines:
            return self._flying[2]
        if self._sample_wires[0] != lines:
            chosen = self.view.synapse_sample.first(lines)
            self._sample_wires = lines, Wires(self.scene, chosen, self._weight_limits)
        pulses = np.concatenate([wires.in_flight(frame) for wires in (self._sample_wires[1], self._picked_wires)])
        self.pulses.write(pulses)
        self._flying = frame, lines, pulses.size
        return int(pulses.size)

    def sort(self, camera: Camera, any_order: bool, lively: bool) -> None:
        """Bring the drawing order up to date with the direction of view; `lively`: of many neurons, soon."""
        direction = NO_DIRECTION if any_order else camera.axes()[2]
        many = len(self.drawn) > EXACT_UP_TO
        if self._sorting is not None and (self._sorting[1].done() or not (lively and many)):
            (along, order), self._sorting = self._sorting, None
            self._take_order(along, order.result())
        turned = COS_LITTLE_TURN if many else 1.0 - 1e-12
        if self._sorting is not None or (self._sorted_along is not None
                                         and float(self._sorted_along @ direction) >= turned):
            return
        if any_order:
            self._take_order(direction, self.drawn)
        elif lively and many and self._sorted_along is not None:
            self._sorter = self._sorter or ThreadPoolExecutor(1)
            order = self._sorter.submit(back_to_front, self.scene, self.drawn, copy(camera))
            self._sorting = direction, order
        else:
            self._take_order(direction, back_to_front(self.scene, self.drawn, camera))

    def _take_order(self, direction: np.ndarray, order: np.ndarray) -> None:
        GL.glBindVertexArray(0)
        self.order.write(order)
        self._sorted_along = direction

    def draw_points(self) -> None:
        """Draw the bound array's neurons in the drawing order, or as they are stored where any order will do."""
        if self._sorted_along is NO_DIRECTION and len(self.drawn) == self.scene.num_neurons:
            GL.glDrawArrays(GL.GL_POINTS, 0, len(self.drawn))
        else:
            GL.glDrawElements(GL.GL_POINTS, len(self.drawn), GL.GL_UNSIGNED_INT, None)

    def close(self) -> None:
        if self._sorter is not None:
            self._sorter.shutdown(wait=False)
        for part in (self.points, self.flat, self.glows, self.outline, self.flying, self.spikes_by_id, self.sample,
                     self.picked, self.neurons, self.corners, self.marks, self.weights, self.pulses, self.order,
                     self.state):
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
        _blend_over()
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


def outline_colors(outlines: Sequence[Outline]) -> list[RGB]:
    """Return the colour of every outline: grey for a single one, else that of its first population."""
    if len(outlines) == 1:
        return [BOX_GREY]
    return [population_color(box.populations[0]) for box in outlines]


def _blend_over() -> None:
    """Blend what is drawn over what is there; alpha gathers how much is covered."""
    GL.glBlendFuncSeparate(GL.GL_SRC_ALPHA, GL.GL_ONE_MINUS_SRC_ALPHA, GL.GL_ONE, GL.GL_ONE_MINUS_SRC_ALPHA)


def _blend_added() -> None:
    """Add light to what is there."""
    GL.glBlendFunc(GL.GL_ONE, GL.GL_ONE)


@contextmanager
def _clipping(active: bool) -> Iterator[None]:
    """Cut lines at the planes of the clip box meanwhile."""
    for plane in range(CLIP_PLANES if active else 0):
        GL.glEnable(GL.GL_CLIP_DISTANCE0 + plane)
    try:
        yield
    finally:
        for plane in range(CLIP_PLANES if active else 0):
            GL.glDisable(GL.GL_CLIP_DISTANCE0 + plane)


def _require_core_33() -> None:
    """Raise BackendError where the current context is older than OpenGL 3.3."""
    version = (int(GL.glGetIntegerv(GL.GL_MAJOR_VERSION)), int(GL.glGetIntegerv(GL.GL_MINOR_VERSION)))
    if version < (3, 3):
        raise BackendError(f"The viewer needs OpenGL 3.3 or newer; this machine offers {version[0]}.{version[1]}. "
                           "Update the graphics driver.")
