"""Benchmarks and auto-tune: started here, running beside the simulation, stopped here."""

from __future__ import annotations

import time
from functools import partial

import dearpygui.dearpygui as dpg

from ...app.desk import Desk
from ...app.jobs import JOBS, Job, Runner
from ..layout import Look, wrapped_tooltip

SHOWN_LINES = 400


class Performance:
    """A button for every job, its progress, its output."""

    name, title, place = "performance", "Performance", "right"

    def __init__(self, desk: Desk, look: Look, runner: Runner):
        self._desk = desk
        self._look = look
        self._runner = runner
        self._version = -1
        self._began_s = 0.0
        self._told = ""

    def build(self) -> None:
        """Create the items under DearPyGui's current container."""
        look = self._look
        for script in dict.fromkeys(job.script for job in JOBS):           # a row each: the panel is narrow
            with dpg.group(horizontal=True):
                for job in JOBS:
                    if job.script == script:
                        self._add_button(job)
        with dpg.group(horizontal=True):
            dpg.add_progress_bar(tag="job.progress", width=look.px(330), overlay="nothing runs")
            dpg.add_button(label="Stop", tag="job.stop", callback=self._runner.stop, enabled=False)
            dpg.bind_item_theme("job.stop", look.plain_button)
            wrapped_tooltip("job.stop", "End what runs; auto-tune keeps what it has found.", look)
            dpg.add_button(label="Copy", tag="job.copy", callback=self._on_copy)
        dpg.add_text("Measurements are true only while the simulation is paused.", color=look.dim)
        dpg.add_input_text(tag="job.text", multiline=True, readonly=True, width=-1, height=-1)
        look.use_font("job.text", "mono")

    def _add_button(self, job: Job) -> None:
        tag = f"job.{job.key}"
        dpg.add_button(label=job.label, tag=tag, callback=partial(self._on_start, job))
        dpg.bind_item_theme(tag, self._look.plain_button)
        wrapped_tooltip(tag, job.help, self._look)

    def _on_start(self, job: Job) -> None:
        if self._runner.running:
            return
        self._began_s = time.perf_counter()
        self._told = ""
        self._runner.start(job)
        self._desk.notice(f"{job.label} runs.")

    def _on_copy(self) -> None:
        dpg.set_clipboard_text("\n".join(self._runner.lines))
        self._desk.notice("The output is in the clipboard.")

    def refresh(self) -> None:
        """Show what the job has said since."""
        runner = self._runner
        if runner.running and runner.job is not None:
            seconds = time.perf_counter() - self._began_s
            dpg.configure_item("job.progress", overlay=f"{runner.job.label}  {runner.fraction:.0%}  {seconds:.0f} s")
            dpg.set_value("job.progress", runner.fraction)
        if runner.version == self._version:
            return
        self._version = runner.version
        for job in JOBS:
            dpg.configure_item(f"job.{job.key}", enabled=not runner.running)
        dpg.configure_item("job.stop", enabled=runner.running)
        dpg.set_value("job.text", "\n".join(list(runner.lines)[-SHOWN_LINES:]))
        if runner.ended and runner.ended != self._told:
            self._told = runner.ended
            dpg.set_value("job.progress", runner.fraction)
            dpg.configure_item("job.progress", overlay=runner.ended)
            self._desk.notice(runner.ended, bad="exit code" in runner.ended)
