"""The projections of the network in the form with the rules that they learn by; a click opens those of one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import dearpygui.dearpygui as dpg

from ..app.projection_rules import (
    ARROW,
    OF_SYNAPSES,
    Learner,
    ends,
    exists,
    from_form,
    inherited,
    learners,
    to_form,
    with_rules,
)
from ..base.errors import ConfigurationError
from ..config import CoreSimConfig
from .form import Form
from .layout import Look, wrapped_tooltip

FIELD = "projection_learning"
SIGN = " \u2192 "                 # between populations, for a reader
ROW, MOST_ROWS = 20, 8            # px at scale 1; rows in sight at once
RULES_WIDTH = 104                 # px at scale 1
HINT = "Click a projection to see the rules that it learns by, and to give it rules of its own."


class RulesTable:
    """A table of projections in the form `core`, and a form for the rules of the one that is chosen.

    `put` takes the new value of the field, `committed` is called when an edit is finished. The first change gives the
    chosen projection rules of its own.
    """

    def __init__(self, look: Look, put: Callable[[Any], None], committed: Callable[[str], None]):
        self._look = look
        self._put = put
        self._committed = committed
        self._drafted = CoreSimConfig()                # whose projections are shown
        self._ends: dict[str, str] = {}                # label -> its part of a pattern
        self._seen: tuple[CoreSimConfig, bool] | None = None
        self._learners: dict[str, Learner] = {}
        self._lines: list[tuple[str, str, str, str]] = []       # what the table's lines tell
        self._chosen = ""                              # name of the projection or pattern whose rules are open
        self._form: Form[Any] | None = None            # ... and its form

    @property
    def errors(self) -> dict[str, str]:
        """What is not valid in the form of the chosen projection."""
        return {} if self._form is None else {f"{FIELD}.{key}": text for key, text in self._form.errors.items()}

    def build(self, parent: str) -> None:
        """Create the items in the group `parent`."""
        look = self._look
        with dpg.group(parent=parent):
            dpg.add_text("Rules of single projections, in place of those that are switched on for all.",
                         color=look.dim, wrap=0)
            with dpg.group(horizontal=True):
                for tag, joint, tip in (("rules.from", "to", "begin"), ("rules.to", "", "end")):
                    dpg.add_combo([], tag=tag, width=look.px(136))
                    wrapped_tooltip(tag, f"Where the projections {tip} that Add gives rules in common.", look)
                    if joint:
                        dpg.add_text(joint, color=look.dim)
                dpg.add_button(label="Add", tag="rules.add", callback=self._on_add)
                wrapped_tooltip("rules.add", "Give these projections rules in common. Single projections are chosen by "
                                             "a click below; their own rules come first.", look)
            with dpg.table(tag="rules.table", scrollY=True, policy=dpg.mvTable_SizingFixedFit, borders_outerH=True,
                           freeze_rows=1, height=look.px(ROW)):
                dpg.add_table_column(label="Projection", width_stretch=True, init_width_or_weight=1.0)
                dpg.add_table_column(label="Learns by", width_fixed=True, init_width_or_weight=look.px(RULES_WIDTH))
                dpg.add_table_column(width_fixed=True, init_width_or_weight=look.px(18))
            dpg.bind_item_theme("rules.table", look.dense)
            dpg.add_text("", tag="rules.problem", color=look.bad, wrap=0, show=False)
            look.use_font(dpg.add_text("", tag="rules.chosen", show=False), "bold")
            dpg.add_text(HINT, tag="rules.origin", color=look.dim, wrap=0)
            dpg.add_group(tag="rules.form")

    # ---- from the user ----------------------------------------------------------------------------------
    def _on_add(self) -> None:
        """Give the projections between what is chosen rules in common; a single one is opened."""
        name = ARROW.join(self._ends[dpg.get_value(tag)] for tag in ("rules.from", "rules.to"))
        if not exists(self._drafted, name):
            raise ConfigurationError(f"The network in the form has no projections {self._called(name)}; choose other "
                                     "ends.", FIELD, name)
        if name not in self._learners:
            self._change(name, {key: {} for key in inherited(self._drafted, name)})
            self._committed(FIELD)
        self._choose(name)

    def _on_choose(self, name: str) -> None:
        self._choose("" if name == self._chosen else name)

    def _on_remove(self, name: str) -> None:
        self._change(name, None)
        self._committed(FIELD)

    def _on_edit(self) -> None:
        assert self._form is not None
        self._form.show(self._form.config, self._form.errors, ())
        given = from_form(self._drafted, self._form.config)
        if self._form.config == self._shown_rules():            # nothing but an error has changed
            self._put(self._drafted.projection_learning)
        else:
            self._change(self._chosen, given)

    def _change(self, name: str, rules: dict[str, dict[str, float]] | None) -> None:
        self._put(with_rules(self._drafted, name, rules))

    # ---- to the user ------------------------------------------------------------------------------------
    def show(self, core: CoreSimConfig, errors: bool) -> None:
        """Show the projections of `core`; `errors`: whether what was entered here still counts as not valid."""
        if (core, errors) == self._seen:
            return
        self._seen = (core, errors)
        if core is not self._drafted:
            self._drafted = core
            self._show_ends(ends(core))
            self._show_table({each.name: each for each in learners(core)})
        if self._chosen and self._chosen not in self._learners:
            self._choose("")
        self._show_chosen()
        self._show_form(errors)

    def _show_ends(self, offered: dict[str, str]) -> None:
        if offered != self._ends:
            self._ends = offered
            for tag in ("rules.from", "rules.to"):
                dpg.configure_item(tag, items=list(offered))
                dpg.set_value(tag, next(iter(offered)))

    def _show_table(self, found: dict[str, Learner]) -> None:
        """Make the lines anew, where other ones are to be shown."""
        self._learners = found
        lines = [(name, in_words(each), self._origin(each), each.problem) for name, each in found.items()]
        if lines == self._lines:
            return
        self._lines = lines
        dpg.delete_item("rules.table", children_only=True, slot=1)
        for number, learner in enumerate(found.values()):
            self._build_line(f"rules.{number}", learner)
        dpg.configure_item("rules.table", height=self._look.px(ROW * (min(len(found), MOST_ROWS) + 1)))
        problems = list(dict.fromkeys(each.problem for each in found.values() if each.problem))
        dpg.set_value("rules.problem", "\n".join(problems))
        dpg.configure_item("rules.problem", show=bool(problems))

    def _build_line(self, tag: str, learner: Learner) -> None:
        look, name = self._look, learner.name
        color = look.bad if learner.problem else look.note if learner.own else look.dim
        with dpg.table_row(parent="rules.table"):
            dpg.add_selectable(label=self._called(name), tag=tag, default_value=name == self._chosen,
                               callback=partial(self._on_choose, name))
            dpg.add_text(in_words(learner), color=color)
            if learner.own:
                dpg.add_button(label="\u00d7", small=True, tag=f"{tag}:remove", callback=partial(self._on_remove, name))
                dpg.bind_item_theme(f"{tag}:remove", look.flat_button)
                wrapped_tooltip(f"{tag}:remove", "Remove these rules.", look)
        wrapped_tooltip(tag, f"{self._called(name)}: {in_words(learner)}. {self._origin(learner)}", look)

    def _choose(self, name: str) -> None:
        """Open the rules of this projection or pattern; '' closes them."""
        self._chosen = name
        for number, each in enumerate(self._learners):
            dpg.set_value(f"rules.{number}", each == name)
        dpg.delete_item("rules.form", children_only=True)
        had_errors, self._form = bool(self.errors), None
        if had_errors:
            self._put(self._drafted.projection_learning)
        self._show_chosen()
        self._show_form(errors=False)

    def _show_chosen(self) -> None:
        """Tell what is chosen and where it has its rules from."""
        learner = self._learners.get(self._chosen)
        dpg.set_value("rules.chosen", "" if learner is None else self._called(learner.name))
        dpg.configure_item("rules.chosen", show=learner is not None)
        dpg.set_value("rules.origin", HINT if learner is None else self._origin(learner))

    def _show_form(self, errors: bool) -> None:
        """Show the rules of what is chosen."""
        if self._chosen not in self._learners:
            return
        rules = self._shown_rules()
        if self._form is None:
            self._form = Form(rules, "rule", self._look, self._on_edit, self._committed, headers=False)
            dpg.push_container_stack("rules.form")
            self._form.build()
            dpg.pop_container_stack()
        self._form.measure(to_form(self._drafted, inherited(self._drafted, self._chosen)))
        if rules != self._form.config or (self._form.errors and not errors):
            self._form.show(rules, {}, ())
        else:
            self._form.show(self._form.config, self._form.errors, ())

    def _called(self, name: str) -> str:
        """A projection's or a pattern's name, as the choices above the table call its ends."""
        labels = {part: label for label, part in self._ends.items()}
        return SIGN.join(labels.get(part, part) for part in name.split(ARROW))

    def _origin(self, learner: Learner) -> str:
        """Where a projection has its rules from."""
        if learner.own:
            named = "" if self._called(learner.name) == learner.name.replace(ARROW, SIGN) else learner.name
            return f"Rules of its own; a profile calls it {named!r}." if named else "Rules of its own."
        if learner.pattern is not None:
            return f"The rules of {self._called(learner.pattern)}; a change gives it rules of its own."
        return "What is switched on for all; a change gives it rules of its own."

    def _shown_rules(self) -> Any:
        """The rules of what is chosen, as its form shows them."""
        return to_form(self._drafted, self._learners[self._chosen].rules)


def in_words(learner: Learner) -> str:
    """The rules that a projection learns by, in few words."""
    labels = [rule.label.removesuffix(" plasticity").removesuffix(" learning").replace("-modulated", "")
              for key, rule in OF_SYNAPSES.items() if key in learner.rules]
    return ", ".join(labels) or ("nothing" if learner.own else "-")
