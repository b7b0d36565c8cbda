"""Time: back in the live run, or through a recording, forward and back, at any speed."""

from __future__ import annotations

from functools import partial

import dearpygui.dearpygui as dpg

from ...app.actions import ACTIONS
from ...app.desk import Desk
from ...app.frames import PlaybackView
from ...app.messages import GoBack, LoopPlayback, PlayPlayback, SeekPlayback, StepPlayback
from ..layout import Look, wrapped_tooltip

SPEEDS = {f"{speed:g} \u00d7": speed for speed in (0.01, 0.1, 0.5, 1.0, 2.0, 10.0)}
JUMPS = (("timeline.back5", "-5", -5, "Five frames back."), ("timeline.back1", "-1", -1, "One frame back."),
         ("timeline.on1", "+1", 1, "One frame on."), ("timeline.on5", "+5", 5, "Five frames on."))


class Timeline:
    """One line below the controls: in a live run a place to go back to, in a playback its controls."""

    name, title, place = "timeline", "Time", "timeline"

    def __init__(self, desk: Desk, look: Look):
        self._desk = desk
        self._look = look
        self._shown: object = None
        self._chosen = False            # the user has chosen another moment than the present

    def build(self) -> None:
        """Create the items under DearPyGui's current container."""
        look = self._look
        with dpg.group(horizontal=True, tag="timeline.live"):
            dpg.add_text("Time")
            dpg.add_slider_float(tag="timeline.when", width=look.px(300), format="%.0f ms", clamped=True,
                                 callback=self._on_when)
            wrapped_tooltip("timeline.when", "An earlier moment of this run.", look)
            dpg.add_button(label="Go Back", tag="timeline.go_back", callback=self._on_go_back)
            dpg.bind_item_theme("timeline.go_back", look.plain_button)
            wrapped_tooltip("timeline.go_back", "Hold the run at that moment, bit for bit as it was; what came after "
                                                "is forgotten.", look)
            self._add_action("open_playback")
        with dpg.group(horizontal=True, tag="timeline.playback", show=False):
            for tag, label, frames, tip in JUMPS[:2]:
                self._add_jump(tag, label, frames, tip)
            dpg.add_button(label="Reverse", tag="timeline.reverse", callback=partial(self._on_play, -1.0))
            wrapped_tooltip("timeline.reverse", "Play backward, or hold.", look)
            dpg.add_button(label="Play", tag="timeline.play", callback=partial(self._on_play, 1.0))
            wrapped_tooltip("timeline.play", "Play, or hold.", look)
            for tag, label, frames, tip in JUMPS[2:]:
                self._add_jump(tag, label, frames, tip)
            dpg.add_combo(list(SPEEDS), default_value="1 \u00d7", tag="timeline.speed", width=look.px(75),
                          callback=self._on_speed)
            wrapped_tooltip("timeline.speed", "Recorded time per wall time.", look)
            dpg.add_checkbox(label="Loop", tag="timeline.loop",
                             callback=lambda sender, on: self._desk.send(LoopPlayback(on)))
            wrapped_tooltip("timeline.loop", "Begin anew at the end.", look)
            dpg.add_slider_float(tag="timeline.frame", width=look.px(230), format="%.0f ms", clamped=True,
                                 callback=self._on_seek)
            wrapped_tooltip("timeline.frame", "The moment that is shown; drag to go anywhere.", look)
            self._add_action("close_playback")

    def _add_action(self, name: str) -> None:
        dpg.add_button(label=ACTIONS[name].label, tag=f"action.{name}", callback=partial(self._desk.trigger, name))
        dpg.bind_item_theme(f"action.{name}", self._look.plain_button)
        wrapped_tooltip(f"action.{name}", ACTIONS[name].help, self._look)

    def _add_jump(self, tag: str, label: str, frames: int, tip: str) -> None:
        dpg.add_button(label=label, tag=tag, callback=lambda: self._desk.send(StepPlayback(frames)))
        wrapped_tooltip(tag, tip, self._look)

    # ---- from the user ----------------------------------------------------------------------------------
    def _on_when(self) -> None:
        self._chosen = True

    def _on_go_back(self) -> None:
        self._chosen = False
        self._desk.send(GoBack(float(dpg.get_value("timeline.when"))))

    def _on_play(self, direction: float) -> None:
        playback = self._desk.view.playback
        if playback is None:
            return
        going = playback.speed * direction > 0.0
        self._desk.send(PlayPlayback(0.0 if going else direction * SPEEDS[dpg.get_value("timeline.speed")]))

    def _on_speed(self) -> None:
        playback = self._desk.view.playback
        if playback is not None and playback.speed != 0.0:
            speed = SPEEDS[dpg.get_value("timeline.speed")]
            self._desk.send(PlayPlayback(speed if playback.speed > 0.0 else -speed))

    def _on_seek(self, sender: int | str, time_ms: float) -> None:
        playback = self._desk.view.playback
        if playback is not None:
            self._desk.send(SeekPlayback(round(time_ms / playback.dt_ms)))

    # ---- to the user ------------------------------------------------------------------------------------
    def refresh(self) -> None:
        """Follow the run or the playback."""
        view, frame = self._desk.view, self._desk.frame
        playback = view.playback
        if frame is not None:
            self._follow(playback, frame.time_ms)
        if view is self._shown:
            return
        self._shown = view
        dpg.configure_item("timeline.live", show=playback is None)
        dpg.configure_item("timeline.playback", show=playback is not None)
        dpg.configure_item("timeline.go_back", enabled=view.network is not None and not view.building)
        dpg.configure_item("action.open_playback", enabled=self._desk.can("open_playback"))
        if playback is not None:
            dpg.configure_item("timeline.play", label="Hold" if playback.speed > 0.0 else "Play")
            dpg.configure_item("timeline.reverse", label="Hold" if playback.speed < 0.0 else "Reverse")
            dpg.set_value("timeline.loop", playback.loop)

    def _follow(self, playback: PlaybackView | None, time_ms: float) -> None:
        """Let the sliders span what there is, and stand where the picture is."""
        if playback is not None:
            first, last = playback.first_step * playback.dt_ms, playback.stop_step * playback.dt_ms
            _span("timeline.frame", first, last)
            if not dpg.is_item_active("timeline.frame"):
                dpg.set_value("timeline.frame", time_ms)
            return
        network = self._desk.view.network
        first = 0.0 if network is None else network.first_step * network.core.dt_ms
        _span("timeline.when", first, max(time_ms, first + 0.001))
        self._chosen = self._chosen and dpg.get_value("timeline.when") < time_ms
        if not self._chosen:
            dpg.set_value("timeline.when", time_ms)


def _span(tag: str, low: float, high: float) -> None:
    told = dpg.get_item_configuration(tag)
    if (told["min_value"], told["max_value"]) != (low, high):
        dpg.configure_item(tag, min_value=low, max_value=high)
