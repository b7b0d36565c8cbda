"""A form generated from a configuration's declarations: label, input, unit, tooltip, marks, reset to default.

The form holds the last good configuration. Text that is no valid value stays visible in its input, is marked, and
is tried again after every edit, because another field may have been what made it invalid.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic

import dearpygui.dearpygui as dpg

from ..base.errors import ConfigurationError
from ..config import AnyConfig, CoreSimConfig, TraitCells
from ..models.neurons import NEURON_MODELS
from ..models.structures import STRUCTURES
from . import fields as kinds
from .fields import (
    Field,
    cell_parameters,
    choice_labels,
    choices,
    explanation,
    fields_of,
    from_text,
    matters,
    refit,
    source_of,
    to_text,
    told_source,
    unread,
    value_of,
)
from .layout import Look, form_table, wrapped_tooltip

LONG_LABEL = 24              # letters; a longer label stands above its input


@dataclass
class Row:
    """One line of the form. `items` are DearPyGui tags; `shown` is what the marks show now."""

    field: str
    tag: str
    line: int | str
    mark: int | str
    label: int | str
    reset: int | str
    tips: tuple[int | str, ...]  # texts of its tooltips
    words: str = ""              # what a search looks at, in small letters
    shown: tuple[bool, bool, bool] | None = None
    visible: bool = True

    def find(self, wanted: bool) -> None:
        """Show the line or hide it."""
        if wanted != self.visible:
            self.visible = wanted
            dpg.configure_item(self.line, show=wanted)

    def show(self, look: Look, bad: bool, changed: bool, resettable: bool) -> None:
        """Mark the line as bad, as changed since the last apply, and offer its reset."""
        if self.shown == (bad, changed, resettable):
            return
        self.shown = (bad, changed, resettable)
        dpg.bind_item_theme(self.tag, look.bad_field if bad else look.plain_field)
        dpg.configure_item(self.label, color=look.bad if bad else look.note if changed else look.text)
        dpg.configure_item(self.mark, show=changed or bad, color=look.bad if bad else look.note)
        dpg.configure_item(self.reset, show=resettable)


class Form(Generic[AnyConfig]):
    """Inputs for every field of a configuration; `search` shows a part of them.

    `edited()` is called after every change of the last good values or of the errors, `committed(name)` when the user
    has finished editing a good value (Enter or leaving the input). Tags are '<prefix>.<field>'. A field of kind RULES
    gets an empty group of its tag, which others fill, telling what is wrong there. Without `headers`, groups stand
    below each other.
    """

    def __init__(self, config: AnyConfig, prefix: str, look: Look, edited: Callable[[], None],
                 committed: Callable[[str], None] = lambda name: None, open_groups: int = 2,
                 skip: tuple[str, ...] = (), headers: bool = True):
        self.config = config
        self.errors: dict[str, str] = {}
        self._prefix = prefix
        self._look = look
        self._edited = edited
        self._committed = committed
        self._open_groups = open_groups
        self._with_headers = headers
        self._wanted = ""                                      # what is searched for, in small letters
        self._opened: dict[str, bool] = {}                     # groups that were open before the search
        self._pending: dict[str, Any] = {}                     # what was entered and is no good value
        self._fields = {field.name: field for field in fields_of(type(config)) if field.name not in skip}
        self._rows: dict[str, Row] = {}
        self._cells: dict[str, int | str] = {}                 # field of kind PARAMETERS -> container of its rows
        self._models = tuple(NEURON_MODELS)                    # that can be chosen
        self._cells_of: tuple[Any, ...] = ()                   # what the rows of parameters belong to
        self._headers: dict[str, int | str] = {}
        self._complaints: dict[str, int | str] = {}
        self._notes: dict[str, int | str] = {}                 # what a group does not show, and why
        self._defaults = type(config)()

    # ---- building ---------------------------------------------------------------------------------------
    def build(self) -> None:
        """Create the items under DearPyGui's current container."""
        with dpg.item_handler_registry() as self._finished:
            dpg.add_item_deactivated_after_edit_handler(callback=self._on_finished)
        groups = list(dict.fromkeys(field.group for field in self._fields.values()))
        for number, group in enumerate(groups):
            members = [field for field in self._fields.values() if field.group == group]
            tag = f"{self._prefix}:{group}"
            self._headers[group] = dpg.add_collapsing_header(
                label=self._heading(group), default_open=number < self._open_groups, tag=tag
            ) if self._with_headers else dpg.add_group(tag=tag)
            with dpg.group(parent=self._headers[group]):
                self._build_group(group, members)
        self._write()

    def _build_group(self, group: str, members: list[Field]) -> None:
        for wide in (True, False) if self._with_headers else (False, True):        # else a switch comes first
            lines = [field for field in members if field.kind not in (kinds.PARAMETERS, kinds.RULES)
                     and _is_wide(field) is wide]
            if lines:
                with form_table(self._look, wide):
                    for field in lines:
                        self._build_row(field)
        for field in members:
            if field.kind == kinds.RULES:
                dpg.add_group(tag=f"{self._prefix}.{field.name}")
        self._notes[group] = dpg.add_text("", color=self._look.dim, wrap=0, show=False)
        self._complaints[group] = dpg.add_text("", color=self._look.bad, wrap=0, show=False)
        for field in members:
            if field.kind == kinds.PARAMETERS:
                with dpg.group():                              # hidden with its tooltip
                    self._cells[field.name] = dpg.add_tree_node(label=field.label, tag=f"{self._prefix}.{field.name}")
                    wrapped_tooltip(self._cells[field.name], explanation(field, self.config), self._look)

    def _build_row(self, field: Field) -> None:
        tag = f"{self._prefix}.{field.name}"
        self._add_row(field.name, field.name, tag, field.label, field.unit, explanation(field, self.config),
                      lambda: self._add_input(field, tag))
        dpg.bind_item_handler_registry(tag, self._finished)

    def _add_row(self, key: str, field: str, tag: str, label: str, unit: str, tip: str,
                 add_input: Callable[[], None]) -> None:
        """Add one line to the current table; `add_input` creates the input item `tag`."""
        wide = key in self._fields and _is_wide(self._fields[key])
        with dpg.table_row() as line:
            mark = dpg.add_text("\u2022", show=False)
            if wide:
                with dpg.group():
                    text = dpg.add_text(label)
                    add_input()
            else:
                text = dpg.add_text(label)
                add_input()
                dpg.add_text(unit, color=self._look.dim)
            tips = tuple(wrapped_tooltip(item, tip, self._look) for item in (text, tag))
            with dpg.group(show=False) as reset:               # an item hidden alone leaves its tooltip behind
                button = dpg.add_button(label="\u21ba", callback=partial(self._on_reset, key))
                dpg.bind_item_theme(button, self._look.flat_button)
                wrapped_tooltip(button, "Back to the default value.", self._look)
        group = self._fields[field].group
        self._rows[key] = Row(field, tag, line, mark, text, reset, tips, f"{label} {key} {group} {tip}".lower())

    def _add_input(self, field: Field, tag: str) -> None:
        edit = partial(self._on_edit, field)
        if field.kind == kinds.SWITCH:
            dpg.add_checkbox(tag=tag, callback=edit)
        elif field.kind == kinds.CHOICE:
            dpg.add_combo([], tag=tag, width=-1, callback=edit)
        elif _slides(field):
            dpg.add_slider_float(tag=tag, width=-1, min_value=field.low, max_value=field.high, format="%.3g",
                                 clamped=True, callback=edit)
        else:
            dpg.add_input_text(tag=tag, width=-1, callback=edit, auto_select_all=True)

    def _build_cells(self) -> None:
        """Create one row for every parameter of the neuron model, for each field that customises cells."""
        self._cells_of = _cells_of(self.config)
        for name, node in self._cells.items():
            for key in [key for key in self._rows if key.startswith(f"{name}.")]:
                del self._rows[key]
            dpg.delete_item(node, children_only=True, slot=1)
            with dpg.group(parent=node), form_table(self._look):
                source = told_source(source_of(self.config, self._fields[name]))
                for param, _, _ in cell_parameters(self.config, name):
                    key, tag = f"{name}.{param.name}", f"{self._prefix}.{name}.{param.name}"
                    tip = (f"{param.name}: {param.meaning or param.label}\n"
                           f"A number between {param.low:g} and {param.high:g} {param.unit}".rstrip() + "." + source)
                    edit = partial(self._on_cell_edit, name, param.name)
                    self._add_row(key, name, tag, param.label, param.unit, tip, partial(
                        dpg.add_input_text, tag=tag, width=-1, callback=edit, auto_select_all=True))
                    dpg.bind_item_handler_registry(tag, self._finished)

    def _cells_outdated(self) -> bool:
        """True where the rows of parameters are those of another neuron model or structure."""
        return bool(self._cells) and self._cells_of != _cells_of(self.config)

    # ---- from the user ----------------------------------------------------------------------------------
    def _on_edit(self, field: Field, sender: int | str, value: Any) -> None:
        if field.kind == kinds.CHOICE:
            value = {label: key for key, label in choice_labels(field.name, self.config).items()}.get(value, value)
        elif field.kind in kinds.TYPED and isinstance(value, str):
            value = value_of(field, value)
        elif isinstance(value, float):
            value = float(f"{value:.3g}")        # a slider's float32 digits mean nothing
        self._try({field.name: value, **{k: v for k, v in self._pending.items() if k != field.name}})
        if field.kind == kinds.CHOICE:
            self._write(keep=field.name)

    def _on_cell_edit(self, name: str, param: str, sender: int | str, text: str) -> None:
        self._try({f"{name}.{param}": from_text(text),
                   **{k: v for k, v in self._pending.items() if k != f"{name}.{param}"}})

    def _on_reset(self, key: str) -> None:
        name, _, param = key.partition(".")
        self._pending.pop(key, None)
        if param:
            custom = {k: v for k, v in self._custom(name).items() if k != param}
            self._try({name: custom or self._defaults_of(name), **self._pending})
        else:
            self._try({name: getattr(self._defaults, name), **self._pending})
        self._write()
        if key not in self.errors:
            self._committed(name)

    def _on_finished(self, sender: int | str, item: int | str) -> None:
        tag = dpg.get_item_alias(item) or item
        key = str(tag).removeprefix(f"{self._prefix}.")
        name = key.partition(".")[0]
        if name in self._fields and key not in self.errors:
            self._committed(name)

    def put(self, name: str, value: Any) -> None:
        """Give a field a value that was entered elsewhere."""
        self._try({name: value, **self._pending})

    def _try(self, wanted: Mapping[str, Any]) -> None:
        """Take over whatever of `wanted` (by key) is good; keep the rest pending with its sentence."""
        self._pending, self.errors = {}, {}
        for key, value in wanted.items():
            try:
                self.config = self._accepted(key, value)
            except ConfigurationError as error:
                self._pending[key], self.errors[key] = value, str(error)
        self._edited()

    def _accepted(self, key: str, value: Any) -> AnyConfig:
        """Return the configuration with one value changed, or raise ConfigurationError."""
        name, _, param_name = key.partition(".")
        if param_name:
            param, preset_value, _ = next(
                each for each in cell_parameters(self.config, name) if each[0].name == param_name)
            if not isinstance(value, float):
                raise ConfigurationError(f"{param.label} ({param.name}) is {value!r}, but must be a number.", name)
            custom = {k: v for k, v in self._custom(name).items() if k != param_name}
            if param.check(value, self._fields[name].label) != preset_value:
                custom[param_name] = value
            return self.config.changed(**{name: custom or self._defaults_of(name)})
        return refit(self.config.changed(**{name: value}), name)

    # ---- to the user ------------------------------------------------------------------------------------
    def show(self, config: AnyConfig, errors: Mapping[str, str], changed: Iterable[str]) -> None:
        """Show `config` (unless it is the form's own) and the marks of bad and of changed fields."""
        if config is not self.config:
            self.config, self.errors, self._pending = config, {}, {}
            self._write()
        if self._cells_outdated() or self._models != tuple(NEURON_MODELS):      # the user has added one
            self._models = tuple(NEURON_MODELS)
            self._write()
        changed = frozenset(changed)
        self._find()
        for key, row in self._rows.items():
            row.show(self._look, key in errors, row.field in changed and self._marks_change(key),
                     key in errors or not self._is_default(key))
        for group, header in self._headers.items():
            self._show_group(group, header, errors, changed)

    # ---- searching --------------------------------------------------------------------------------------
    def search(self, text: str) -> int:
        """Show only the lines that speak of all words of `text`, and return their number; '' shows every line."""
        wanted = text.strip().lower()
        if wanted and not self._wanted:
            self._opened = {group: dpg.get_value(header) for group, header in self._headers.items()}
        ended = bool(self._wanted) and not wanted
        self._wanted = wanted
        found = self._find()
        for group, header in self._headers.items():
            if wanted:
                dpg.set_value(header, True)
            elif ended:
                dpg.set_value(header, self._opened[group])
        return found

    def _find(self) -> int:
        """Show the lines that are searched for and that matter for this configuration; return their number."""
        words, groups, found = self._wanted.split(), set(), 0
        for row in self._rows.values():
            wanted = matters(self.config, row.field) and all(word in row.words for word in words)
            row.find(wanted)
            if wanted:
                groups.add(self._fields[row.field].group)
                found += 1
        for field in self._fields.values():
            if field.kind == kinds.RULES and all(word in f"{field.label} {field.name} {field.meaning}".lower()
                                                 for word in words):
                groups.add(field.group)
                found += 1
        for group, header in self._headers.items():
            if dpg.get_item_configuration(header)["show"] != (group in groups or not words):
                dpg.configure_item(header, show=group in groups or not words)
        for name, node in self._cells.items():
            around = dpg.get_item_parent(node)
            if dpg.get_item_configuration(around)["show"] != matters(self.config, name):
                dpg.configure_item(around, show=matters(self.config, name))
            if words and any(row.visible for key, row in self._rows.items() if key.startswith(f"{name}.")):
                dpg.set_value(node, True)
        return found

    def _marks_change(self, key: str) -> bool:
        """A single cell parameter is marked when it is customised; any other field whenever it changed."""
        return "." not in key or not self._is_default(key)

    def _is_default(self, key: str) -> bool:
        name, _, param = key.partition(".")
        if param:
            return param not in self._custom(name)
        return bool(getattr(self.config, name) == getattr(self._defaults, name))

    def _custom(self, name: str) -> Mapping[str, float]:
        """What a field holds by name; nothing where it has no value."""
        return getattr(self.config, name) or {}

    def _defaults_of(self, name: str) -> Any:
        """The value of a field that holds nothing by name."""
        return getattr(self._defaults, name)

    def measure(self, defaults: AnyConfig) -> None:
        """Take these as the default values."""
        self._defaults = defaults

    def _show_group(self, group: str, header: int | str, errors: Mapping[str, str], changed: frozenset[str]) -> None:
        names = {name for name, field in self._fields.items() if field.group == group}
        bad = [sentence for key, sentence in errors.items() if key.partition(".")[0] in names]
        label = self._heading(group, len(bad), len(names & changed))
        if self._with_headers and dpg.get_item_label(header) != label:
            dpg.configure_item(header, label=label)
        note = _note(self.config, names)
        if dpg.get_value(self._notes[group]) != note:
            dpg.set_value(self._notes[group], note)
            dpg.configure_item(self._notes[group], show=bool(note))
        complaint = self._complaints[group]
        told = "\n".join(bad) if all(self._fields[name].kind != kinds.RULES for name in names) else ""
        if dpg.get_value(complaint) != told:
            dpg.set_value(complaint, told)
            dpg.configure_item(complaint, show=bool(told))

    def _heading(self, group: str, bad: int = 0, changed: int = 0) -> str:
        """Return a header's label; what follows ### keeps its identity while the text changes."""
        told = f"   {bad} not valid" if bad else f"   {changed} changed" if changed else ""
        return f"{group}{told}###{self._prefix}:{group}"

    def _write(self, keep: str = "") -> None:
        """Put the configuration's values into the inputs, except into the one that is being edited (`keep`)."""
        if self._cells_outdated():
            self._build_cells()
        held = {f"{name}.{param.name}": value for name in self._cells         # once: it may build a structure
                for param, _, value in cell_parameters(self.config, name)}
        for key, row in self._rows.items():
            if key != keep and key not in self._pending:
                self._write_row(key, row, held)

    def _write_row(self, key: str, row: Row, held: Mapping[str, float]) -> None:
        name, _, param = key.partition(".")
        if param:
            dpg.set_value(row.tag, to_text(held[key]))
            return
        field, value = self._fields[name], getattr(self.config, name)
        if field.kind == kinds.CHOICE:
            labels = choice_labels(name, self.config)
            keys = choices(self.config, name)
            dpg.configure_item(row.tag, items=[labels.get(each, each) for each in keys])
            plain = getattr(value, "value", value)
            dpg.set_value(row.tag, labels.get(plain, plain))
            for tip in row.tips:                               # what is chosen has a source of its own
                dpg.set_value(tip, explanation(field, self.config))
        elif field.kind == kinds.SWITCH or _slides(field):
            dpg.set_value(row.tag, value)
        else:
            dpg.set_value(row.tag, to_text(value))


def _cells_of(config: Any) -> tuple[Any, ...]:
    """What decides which parameters there are; a cell type may belong to another model of the family."""
    if isinstance(config, TraitCells):
        return config.model.value, config.preset
    if isinstance(config, CoreSimConfig):
        return (config.neuron_model_type.value, config.neural_structure_profile, config.excitatory_preset,
                config.inhibitory_preset, config.num_traits, config.inhibitory_trait_indices,
                *(cells.model.value for cells in config.trait_cells))
    return (type(config),)


def _note(config: Any, names: set[str]) -> str:
    """What a group does not show because the structure has numbers of its own in its place."""
    if not isinstance(config, CoreSimConfig):
        return ""
    count = len(names & unread(config) - {"structure_parameters"})
    label = STRUCTURES[config.neural_structure_profile].label if count else ""
    return f"{label} has numbers of its own in place of {count} value{'s'[:count > 1]} here." if count else ""


def _is_wide(field: Field) -> bool:
    """A choice among long words, or a long label, stands above its input."""
    return field.kind == kinds.CHOICE and field.name in kinds.LONG_CHOICES or len(field.label) > LONG_LABEL


def _slides(field: Field) -> bool:
    """A number that acts at once and has a short range is set by a slider."""
    return (field.kind == kinds.NUMBER and field.live and not field.whole and field.low is not None
            and field.high is not None and field.high - field.low <= 200.0)
