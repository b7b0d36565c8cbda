"""A list of forms, one for each member of a field that is a tuple of configurations, such as the stimuli."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import dearpygui.dearpygui as dpg

from ..app.desk import Desk
from ..base.errors import ConfigurationError
from ..config import Config
from .form import Form
from .layout import Look


class FormList:
    """Forms for the members of the field `field` of the network in the form.

    `called` says what a member is called; `tools(number)` builds further buttons beside its Remove; where the field is
    `live`, added and removed members act at once. Tags are '<prefix>.<number>'.
    """

    def __init__(self, desk: Desk, look: Look, field: str, prefix: str, called: Callable[[Any], str],
                 tools: Callable[[int], None] = lambda number: None, live: bool = False, skip: tuple[str, ...] = ()):
        self._desk, self._look, self._field, self._prefix = desk, look, field, prefix
        self._called, self._tools, self._live, self._skip = called, tools, live, skip
        self._forms: list[Form[Any]] = []
        self._shown: object = None

    def build(self) -> None:
        """Create the room for the forms under DearPyGui's current container."""
        dpg.add_child_window(tag=f"{self._prefix}.list", border=False)

    @property
    def members(self) -> tuple[Any, ...]:
        """The members in the form."""
        return tuple(getattr(self._desk.view.draft_core, self._field))

    def add(self, member: Config) -> None:
        """Append a member."""
        self._take((*self.members, member), self._live)

    def change(self, number: int, **values: Any) -> None:
        """Change values of one member; acts at once where the field is live."""
        now = self.members
        self._take((*now[:number], now[number].changed(**values), *now[number + 1:]), self._live)

    def _on_remove(self, number: int) -> None:
        self._take(tuple(each for at, each in enumerate(self.members) if at != number), self._live)

    def _on_edit(self, number: int) -> None:
        form, now = self._forms[number], self.members
        form.show(form.config, form.errors, ())
        if form.config is not now[number]:
            self._take((*now[:number], form.config, *now[number + 1:]), act=False)

    def _take(self, members: tuple[Any, ...], act: bool) -> None:
        view = self._desk.view
        try:
            core = view.draft_core.changed(**{self._field: members})
        except ConfigurationError as error:
            self._desk.notice(str(error), bad=True)
            self._shown = None              # what was refused is shown as it was before
            return
        self._desk.draft(core, view.draft_gpu, dict(view.draft_errors))
        if act:
            self._desk.commit()

    # ---- to the user ------------------------------------------------------------------------------------
    def refresh(self) -> None:
        """Show the members; another number or kind makes the forms anew."""
        members = self.members
        if members is self._shown:
            return
        self._shown = getattr(self._desk.view.draft_core, self._field)
        if [type(form.config) for form in self._forms] != [type(each) for each in members]:
            self._build_forms(members)
        for number, (form, member) in enumerate(zip(self._forms, members, strict=True)):
            form.show(member, form.errors if form.config is member else {}, ())
            tag = f"{self._prefix}.{number}"
            dpg.configure_item(tag, label=f"{self._called(member)}###{tag}")

    def _build_forms(self, members: tuple[Any, ...]) -> None:
        dpg.delete_item(f"{self._prefix}.list", children_only=True, slot=1)
        self._forms = []
        for number, member in enumerate(members):
            tag = f"{self._prefix}.{number}"
            form: Form[Any] = Form(member, tag, self._look, partial(self._on_edit, number),
                                   lambda name: self._desk.commit(), open_groups=1, skip=self._skip)
            self._forms.append(form)
            with dpg.collapsing_header(label=self._called(member), tag=tag, parent=f"{self._prefix}.list",
                                       default_open=number == len(members) - 1):
                with dpg.group(horizontal=True):
                    self._tools(number)
                    dpg.add_button(label="Remove", tag=f"{tag}:remove", callback=partial(self._on_remove, number))
                form.build()
