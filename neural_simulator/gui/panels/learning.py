"""What the synapses learn: how often, how strong they are by now, and the reward."""

from __future__ import annotations

import dearpygui.dearpygui as dpg

from ...app.actions import ACTIONS
from ...app.desk import Desk
from ...app.frames import LearningView
from ...app.messages import Reward
from ...config import LARGEST_REWARD
from .. import views
from ..layout import Look, room_below, wrapped_tooltip
from ..plots import ChartView
from ..tapes import Tapes

COUNTERS = (("strengthened", "Strengthened", "How often a weight rose, since the start of the run."),
            ("weakened", "Weakened", "How often a weight fell, since the start of the run."),
            ("formed", "Formed", "Synapses that grew, since the start of the run."),
            ("removed", "Removed", "Synapses that vanished, since the start of the run."))
NOTHING = ("Nothing learns in this network: switch a rule on in the form (Short-term plasticity, Hebbian learning, "
           "STDP, ...) and build the network anew.")
PLAYBACK = "A recording does not hold weights; leave the playback to see those of the run."


class Learning:
    """Counters and the reward on top, below them the weights by projection."""

    name, title, place = "learning", "Learning", "right"

    def __init__(self, desk: Desk, look: Look, tapes: Tapes):
        self._desk = desk
        self._look = look
        self._tapes = tapes
        self._view = ChartView(desk, look, "learning", views.LEARNING, linked=False)
        self._shown: object = self                  # nothing yet
        self._noted = ""
        self._amount = 1.0

    def build(self) -> None:
        """Create the items under DearPyGui's current container."""
        look, action = self._look, ACTIONS["reward"]
        with dpg.group(horizontal=True):
            for tag, label, meaning in COUNTERS:
                name = dpg.add_text(label, color=look.dim)
                wrapped_tooltip(name, meaning, look)
                look.use_font(dpg.add_text("-", tag=f"learning.{tag}"), "bold")
        with dpg.group(horizontal=True, tag="learning.choices"):
            dpg.add_button(label=action.label, tag="learning.reward", callback=self._on_reward)
            dpg.bind_item_theme("learning.reward", look.good_button)
            wrapped_tooltip("learning.reward", f"{action.help} Where nothing waits for rewards, switch "
                                               f"Reward-modulated STDP on in the form. Key: {action.keys[0]} (in the "
                                               "network window) gives a reward of 1.", look)
            dpg.add_input_float(tag="learning.amount", width=look.px(80), default_value=self._amount, step=0.0,
                                format="%.3g", min_value=-LARGEST_REWARD, max_value=LARGEST_REWARD, min_clamped=True,
                                max_clamped=True, callback=self._on_amount)
            wrapped_tooltip("learning.amount", "Amount of the reward, in units of dopamine, by which its level rises; "
                                               "a negative one is a punishment.", look)
            dpg.add_text("dopamine", color=look.dim)
            dpg.add_text("", tag="learning.dopamine")
            self._view.build_tools()
        dpg.add_text("", tag="learning.note", color=look.dim, wrap=0)
        self._view.build()

    def _on_amount(self, sender: int | str, amount: float) -> None:
        self._amount = amount

    def _on_reward(self) -> None:
        self._desk.send(Reward(self._amount))

    def refresh(self) -> None:
        """Show what has been learned since."""
        tapes = self._tapes
        dpg.configure_item("learning.reward", enabled=self._desk.can("reward"))
        learned = None if tapes.frame is None else tapes.frame.learning
        note = ""
        if learned is None and tapes.network is not None:
            note = PLAYBACK if self._desk.view.playback is not None else NOTHING
        self._view.fit(room_below("learning.note" if note else "learning.choices"))
        if learned is not self._shown or note != self._noted:
            self._shown, self._noted = learned, note
            dpg.configure_item("learning.note", show=bool(note))
            dpg.set_value("learning.note", note)
            self._show_numbers(learned)
            self._view.show(views.learning(tapes))
        if self._view.held or self._desk.view.run != "running":
            self._view.let_go()

    def _show_numbers(self, learned: LearningView | None) -> None:
        for tag, _, _ in COUNTERS:
            dpg.set_value(f"learning.{tag}", "-" if learned is None else f"{getattr(learned.events, tag):,}")
        rewarded = learned is not None and learned.rewarded
        dpg.set_value("learning.dopamine", f"now {learned.dopamine:.3g}" if learned is not None and rewarded else "")
