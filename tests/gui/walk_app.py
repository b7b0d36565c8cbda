"""Walks every control of the panel: uses it as DearPyGui would and looks for an effect anywhere else.

    walk_app.py FOLDER      prints JSON: the controls that were used, those without effect, what went wrong

The simulation is paused, so that nothing changes but by the control. What counts as an effect: commands sent, the
configuration in the form, the picture's and the program's settings, the run, files; only where there is none of these,
the control is used again while all other items' values, labels and visibility are watched.
"""

import json
import queue
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tests.gui.folders import redirect, stand_in_jobs  # noqa: E402

FOLDER = Path(sys.argv[1])
redirect(FOLDER)

import dearpygui.dearpygui as dpg  # noqa: E402

from neural_simulator.app.actions import ACTIONS  # noqa: E402
from neural_simulator.app.desk import Desk  # noqa: E402
from neural_simulator.app.frames import Mailbox  # noqa: E402
from neural_simulator.app.jobs import JOBS, Runner  # noqa: E402
from neural_simulator.app.messages import (  # noqa: E402
    ApplyConfig,
    Command,
    Done,
    Failed,
    Inspect,
    Pause,
    PlayPlayback,
    Shutdown,
    StepOnce,
    Stop,
)
from neural_simulator.app.settings import Settings  # noqa: E402
from neural_simulator.app.worker import Worker  # noqa: E402
from neural_simulator.base import log  # noqa: E402
from neural_simulator.config import (  # noqa: E402
    PARAMETER,
    CoreSimConfig,
    GPUConfig,
    ProjectionRules,
    VisualizationConfig,
)
from neural_simulator.files.profiles import load_profile  # noqa: E402
from neural_simulator.gui.fields import fields_of  # noqa: E402
from neural_simulator.gui.panel import Panel  # noqa: E402

EVERY = 12               # pictures of which one is drawn
USED = ("Button", "Checkbox", "Combo", "InputText", "SliderFloat", "MenuItem", "Selectable")
TYPED = {"search": ("velocity", "magnesium"), "probes": ("3, 4", "5, 6"), "log.search": ("State", "network"),
         "neuron.number": ("5", "6")}
LISTS = {"sphere_um": "0, 0, 0, 100", "box_um": "-9, -9, -9, 9, 9, 9", "times_ms": "1, 2.5"}
OWNERS = {"core": CoreSimConfig, "device": GPUConfig, "view": VisualizationConfig, "program": Settings,
          "rule": ProjectionRules}
DIALOGS = ("load_profile", "save_profile", "load_checkpoint", "save_checkpoint", "open_playback", "show_gallery",
           "show_keys", "show_tour")
# Marks that stand in no other item: what they do is told by the tests named here.
TOLD_ELSEWHERE = {
    "script.text": "shows only", "job.text": "shows only", "job.stop": "test_jobs", "action.cancel": "test_panel",
    "timeline.when": "read by Go Back", "rules.from": "read by Add", "rules.to": "read by Add",
    "action.close_playback": "in walk_playback",
    "models.text": "test_panel: a model is written", "models.use": "test_panel: a model is written",
    "models.add": "test_panel: a model is written", "models.keep": "read when a model is added",
    "dialog.save.description": "read when it is saved",
    "resources.hold": "as activity.hold", "weights.hold": "as activity.hold", "neuron.hold": "as activity.hold",
    "learning.hold": "as activity.hold"}


class Walk:
    def __init__(self):
        self.store = log.install(log.LogStore())
        self.sent = []
        commands, events, mailbox = queue.Queue(), queue.Queue(), Mailbox()
        self.worker = Worker(commands, events, mailbox, crash_folder=FOLDER / "crash_reports")
        self.desk = Desk(commands, events, mailbox, Settings(show_tour=False))
        send = self.desk.send
        self.desk.send = lambda *given: (self.sent.extend(given), send(*given))
        tell, self.answers = self.desk.tell, 0

        def count(event):
            self.answers += isinstance(event, Done | Failed)
            tell(event)
        self.desk.tell = count
        for name in ACTIONS:
            if not name.startswith(("reset_camera", "show_viewer", "look_", "recall_", "save_view")):
                continue
            self.desk.on(name, lambda name=name: self.sent.append(name))      # the viewer's part
        self.usual = load_profile(FOLDER / "profiles" / "small-1000x100.json")
        self.desk.show(self.usual)
        self.panel = Panel(self.desk, self.store, size=(760, 620))
        self.panel._runner = Runner(stand_in_jobs(FOLDER, {job.script for job in JOBS}))
        self.worker.start()
        self.panel.open()
        self.every, self.pictures, self.must_draw, self.draw = EVERY, 0, True, dpg.render_dearpygui_frame
        dpg.render_dearpygui_frame = self.render
        self.used, self.idle, self.wrong, self.keeping, self.fronts, self.dialog = [], [], [], False, [], ""

    def turn(self, count=1):
        for _ in range(count):
            self.desk.tick()
            self.panel._wake()
            self.panel.frame()

    def render(self):
        """Draw only some of the pictures; the parts are refreshed for each."""
        self.pictures += 1
        if self.pictures % self.every == 0 or self.must_draw:
            self.must_draw = self.pictures < 10
            self.draw()

    def until(self, condition, what, patience_s=120.0):
        end = time.monotonic() + patience_s
        while not condition():
            assert time.monotonic() < end, f"waited in vain for {what}; {self.desk.view.status}"
            self.turn()
            time.sleep(0.005)

    def settle(self):
        """Wait until commands are answered, background work is handed out, and what came is drawn."""
        self.turn(2)
        asked = sum(isinstance(each, Command) for each in self.sent)
        self.until(lambda: (self.answers >= asked and not self.desk.background._newest
                            and not self.desk.view.building and not self.panel._runner.running), "rest")
        self.turn(2)

    def look(self):
        """Let everything be drawn, some pictures long: only then are axes and places what they should be."""
        for _ in range(4):
            self.must_draw = True
            self.turn()

    def prepare(self):
        """A paused network, some ms old, with the profile in the form, and no dialog."""
        self.close_dialogs()
        view, begun = self.desk.view, len(self.sent)
        if view.recording is not None:
            self.desk.trigger("record")
        if view.network is None or view.network.num_neurons != 1000:
            self.desk.show(self.usual)
            self.desk.trigger("apply")
            self.settle()
        elif self.desk.unsaved and not self.keeping:
            self.desk.show(self.usual)
        if self.desk.view.run == "running":
            self.desk.send(Pause())
        if self.desk.view.run in ("stopped", "ended"):
            self.desk.send(Stop(), StepOnce(50.0))
        if len(self.sent) > begun:
            self.settle()
        else:
            self.turn()

    def close_dialogs(self):
        for item in dpg.get_windows():
            called = dpg.get_item_alias(item)
            if dpg.get_item_type(item).endswith("mvWindowAppItem") and called.startswith(("dialog", "tour")):
                dpg.delete_item(item)
                self.must_draw = True       # a dialog is gone for DearPyGui only after a picture
                self.turn()
        self.desk.leaving = False
        self.desk.stay()

    def facts(self):
        """Everything that a control may change but for the look of the panel itself."""
        view = self.desk.view
        files = sorted((str(path), path.stat().st_mtime_ns) for path in FOLDER.rglob("*")
                       if path.is_file() and path.suffix != ".tmp")
        shown = (view.draft_core, view.draft_gpu, view.visual, view.history_at, view.run, dict(view.draft_errors),
                 view.profile, view.speed, view.recording, view.playback)
        return {"sent": len(self.sent), "files": files, "view": shown, "settings": self.desk.settings,
                "leaving": self.desk.leaving}

    def items(self, without):
        """What all other items show, and what the program has told."""
        items = {}
        for item in dpg.get_all_items():
            tag = dpg.get_item_alias(item) or item
            if tag in (without, "number.process", "forecast"):
                continue
            kind = dpg.get_item_type(item).rpartition("::mv")[2]
            if kind in ("Text", *USED, "CollapsingHeader", "Tab", "ChildWindow", "WindowAppItem", "PlotAxis"):
                told = dpg.get_item_configuration(item)
                items[tag] = (told.get("label"), told.get("show"), told.get("enabled"), str(dpg.get_value(item))[:2000])
        return {"items": items, "log": self.store.version, "limits": dpg.get_axis_limits("activity.rates.x")}

    def other_value(self, tag, kind):
        now = dpg.get_value(tag)
        if kind == "Checkbox":
            return not now
        if kind == "Combo":
            items = dpg.get_item_configuration(tag)["items"]
            return next((item for item in reversed(items) if item != now), now)
        if kind == "SliderFloat":
            told = dpg.get_item_configuration(tag)
            middle = 0.5 * (told["min_value"] + told["max_value"])
            return 0.5 * (now + (told["max_value"] if now < middle else told["min_value"]))
        if tag in TYPED:
            return next(text for text in TYPED[tag] if text != now)
        field = self.field_of(tag)
        if field is not None and field.kind == "numbers":
            return LISTS.get(field.name, "2, 3")
        if field is not None and field.optional:
            return "90000"
        try:
            number = float(now)
        except ValueError:
            return now + "x"
        if field is not None and field.whole:
            return str(int(number) + 1 if field.high is None or number + 1 <= field.high else int(number) - 1)
        low, high = (field.low, field.high) if field is not None else (None, None)
        wanted = number * 1.01 if number else 0.01
        if high is not None and wanted > high:
            wanted = number * 0.99
        return f"{wanted if low is None or wanted >= low else low:.6g}"

    def field_of(self, tag):
        """Return the declaration behind an input of a form, None for any other item."""
        owner, _, name = tag.rpartition(".")
        listed = {"stimulus": "stimuli", "trait": "trait_cells"}.get(owner.partition(".")[0])
        if listed:
            owned = type(getattr(self.desk.view.draft_core, listed)[int(owner.split(".")[1])])
        else:
            owned = OWNERS.get(owner)
        return next((field for field in fields_of(owned) if field.name == name), None) if owned else None

    def use(self, tag):
        """Use a control and note whether anything else changed."""
        kind = dpg.get_item_type(tag).rpartition("::mv")[2]
        callback = dpg.get_item_callback(tag)
        if tag.startswith("timeline.") and self.desk.view.playback is None and tag != "timeline.go_back":
            return          # in walk_playback
        if tag in ("activity.hold", "log.follow"):
            self.used.append(tag)
            if not (self.holds if tag == "activity.hold" else self.follows)(tag):
                self.idle.append(tag)
            return
        elsewhere = tag in TOLD_ELSEWHERE and self.desk.view.playback is None
        if elsewhere or (callback is None and not tag.endswith(".hold")):
            quiet = tag in TOLD_ELSEWHERE or opens_popup(tag) or tag.startswith(("dialog.", "stimuli.kind"))
            if not quiet:
                self.idle.append(f"{tag} has no callback")
            return
        if dpg.get_item_configuration(tag).get("enabled") is False:
            self.make_possible(tag)
        self.make_ready(tag)
        before = self.facts()
        self.act(tag, kind, callback)
        self.used.append(tag)
        if self.facts() != before:
            return
        self.prepare()          # a second look, at what the panel itself shows
        if self.dialog:
            self.desk.trigger(self.dialog)
            self.settle()
        self.every = 1 if tag == "window" else EVERY       # plots are let go some pictures after they were drawn
        self.bring_to_front(tag)
        self.make_ready(tag)
        before = self.items(tag)
        self.act(tag, kind, callback)
        if self.items(tag) == before:
            self.idle.append(tag)
        self.every = EVERY

    def holds(self, tag):
        """Whether held plots stand still while the run goes on, and follow it again afterwards."""
        def newest():
            series = dpg.get_item_children("activity.rates.y", 1)[0]
            return dpg.get_value(series)[0][-1]
        told = []
        for held in (True, False):
            dpg.set_value(tag, held)
            before = newest()
            self.desk.send(StepOnce(400.0))
            self.settle()
            told.append((newest() == before) is held)
        return all(told)

    def follows(self, tag):
        """Whether the newest line is in sight while it is to be, and stays out of sight otherwise."""
        told = []
        for follow in (False, True):
            dpg.set_value(tag, follow)
            self.look()
            dpg.set_y_scroll("log.list", 0.0)
            self.look()
            self.desk.notice(f"Following: {follow}.")
            self.look()
            told.append((dpg.get_y_scroll("log.list") > 0.0) is follow)
        return all(told)

    def make_ready(self, tag):
        """Let there be something that the control can act on."""
        if tag == "timeline.go_back":
            dpg.set_value("timeline.when", 20.0)
        elif tag == "menu.reset_layout":
            dpg.configure_item("bottom", show=False)
        elif tag == "models.which":
            dpg.set_value("models.text", "")
        elif tag in ("log.previous", "log.next"):
            dpg.set_value("log.search", "State")
            self.panel._run_callback(dpg.get_item_callback("log.search"), ())
        elif tag == "neuron.state":
            self.desk.send(Inspect(5, states=True), StepOnce(5.0))
            self.settle()

    def act(self, tag, kind, callback):
        """Do to a control what the user would, and wait until everything is answered."""
        value = None
        if kind in ("Checkbox", "Combo", "InputText", "SliderFloat"):
            value = self.other_value(tag, kind)
            dpg.set_value(tag, value)
        elif kind == "MenuItem" and dpg.get_item_configuration(tag)["check"]:
            dpg.set_value(tag, not dpg.get_value(tag))
        if callback is not None:
            self.panel._run_callback(callback, (tag, value, None))
        self.settle()

    def make_possible(self, tag):
        name = tag.rpartition(".")[2]
        if name == "redo":
            self.desk.trigger("undo")
        elif name == "reward":
            self.desk.send(ApplyConfig(self.desk.view.draft_core.changed(enable_reward_modulation=True),
                                       self.desk.view.draft_gpu))
        elif name == "undo":
            self.desk.draft(self.desk.view.draft_core.changed(seed=77), self.desk.view.draft_gpu, {})
        self.settle()

    def controls(self, within=None):
        found = []
        for item in dpg.get_all_items():
            tag = dpg.get_item_alias(item)
            if tag and dpg.get_item_type(item).rpartition("::mv")[2] in USED:
                found.append(tag)
        return found

    def run(self):
        self.desk.trigger("start")
        self.until(lambda: self.desk.frame is not None and self.desk.frame.step > 60, "a run")
        self.prepare()
        fronts = [(bar, tab) for bar in ("tabs.left", "tabs.right", "tabs.bottom")
                  for tab in dpg.get_item_children(bar, 1) if dpg.get_item_type(tab).endswith("mvTab")]
        for bar, tab in fronts:          # parts refresh only in front
            dpg.set_value(bar, tab)
            self.settle()
            self.look()
        known = self.controls()
        for tag in known:
            if self.only and tag not in self.only:
                continue
            if not dpg.does_item_exist(tag):
                continue
            self.bring_to_front(tag)
            self.guarded(tag)
        for name in [name for name in DIALOGS if not self.only or name in self.only]:
            self.walk_dialog(name, set(self.controls()))
        if not self.only:
            self.walk_stimuli()
            self.walk_traits()
        if not self.only or "rules.add" in self.only:
            self.walk_rules()
        if not self.only or "playback" in self.only:
            self.walk_playback()
        self.desk.send(Shutdown())
        self.worker.join(10.0)
        self.panel.close()

    def bring_to_front(self, tag):
        item, fronts = dpg.get_item_parent(tag), []
        while item:
            if dpg.get_item_type(item).endswith("mvTab"):
                fronts.append((dpg.get_item_parent(item), item))
            item = dpg.get_item_parent(item)
        if fronts != self.fronts:
            self.fronts = fronts
            for bar, tab in fronts:
                dpg.set_value(bar, tab)
            self.look()

    def guarded(self, tag):
        lines = len(self.store.records)
        try:
            self.prepare()
            if dpg.does_item_exist(tag):
                self.use(tag)
        except Exception as error:
            self.wrong.append(f"{tag}: {type(error).__name__}: {error}")
        self.wrong += [f"{tag}: {text}" for _, level, text in list(self.store.records)[lines:] if level == "ERROR"]

    def walk_dialog(self, name, before):
        self.prepare()
        self.desk.trigger(name)
        self.settle()
        self.dialog = name
        for tag in [tag for tag in self.controls() if tag not in before]:
            self.prepare()
            self.desk.trigger(name)
            self.settle()
            lines = len(self.store.records)
            try:
                if dpg.does_item_exist(tag):
                    self.use(tag)
                else:
                    self.wrong.append(f"{tag} is not there when its dialog is opened again")
            except Exception as error:
                self.wrong.append(f"{tag}: {type(error).__name__}: {error}")
            self.wrong += [f"{tag}: {text}" for _, level, text in list(self.store.records)[lines:] if level == "ERROR"]
        self.dialog = ""

    def walk_stimuli(self):
        self.prepare()
        self.keeping = True
        self.bring_to_front("stimuli.add")
        for kind in dpg.get_item_configuration("stimuli.kind")["items"]:
            dpg.set_value("stimuli.kind", kind)
            self.guarded("stimuli.add")
        for tag in [tag for tag in self.controls() if tag.startswith("stimulus.")]:
            if not tag.endswith(":remove"):
                self.guarded(tag)
        self.guarded("stimulus.0:remove")

    def walk_traits(self):
        self.prepare()
        self.keeping = True
        self.bring_to_front("traits.add")
        self.guarded("traits.add")
        for tag in [tag for tag in self.controls() if tag.startswith("trait.")]:
            if not tag.endswith(":remove"):
                self.guarded(tag)
        self.guarded("trait.0:remove")

    def walk_rules(self):
        """The rules of all projections in common; the parameters of a rule are there once it is on."""
        self.keeping = False
        self.prepare()
        self.keeping = True
        self.bring_to_front("rules.add")
        self.guarded("rules.add")
        rules = [tag for tag in self.controls() if tag.startswith("rule.")]
        for tag in sorted(rules, key=lambda tag: PARAMETER in tag):
            self.guarded(tag)
        self.guarded("rules.0:remove")

    def walk_playback(self):
        """The controls of a playback of the recording that the walk has made."""
        self.keeping = False
        self.prepare()
        self.desk.trigger("apply")
        self.settle()
        self.prepare()
        for name in ("record", "step", "step", "record"):
            self.desk.trigger(name)
            self.settle()
        self.desk.open_playback()
        self.settle()
        assert self.desk.view.playback is not None, self.desk.view.status
        for tag in [tag for tag in self.controls() if tag.startswith("timeline.")]:
            if tag not in ("timeline.when", "timeline.go_back"):
                lines = len(self.store.records)
                if tag == "timeline.speed":         # acts while something plays
                    self.desk.send(PlayPlayback(0.01))
                    self.settle()
                self.use(tag)
                self.wrong += [f"{tag}: {text}" for _, level, text in list(self.store.records)[lines:]
                               if level == "ERROR"]
        self.use("action.close_playback")


def opens_popup(tag):
    return tag.endswith(".export")


walk = Walk()
walk.only = sys.argv[2:]         # tags; none: all
walk.run()
print(json.dumps({"used": walk.used, "idle": walk.idle, "wrong": walk.wrong}))
