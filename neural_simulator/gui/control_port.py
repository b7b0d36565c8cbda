"""A port through which end-to-end tests look at the panel: JSON lines, only where the environment asks for it.

NEURAL_SIMULATOR_TEST_PORT=N listens on 127.0.0.1:N. Requests are answered in the panel's frame, on the main
thread: {"ask": "rect" | "pos" | "value" | "label" | "enabled" | "shown" | "reveal" | "press", "tag": T},
{"ask": "exists", "name": T}, {"ask": "items"}, {"ask": "state"}. 'reveal' opens what the item lies in and scrolls;
'press' does what a click on a button or an entry of a list does, where the click itself is not what is tested.
"""

from __future__ import annotations

import json
import os
import queue
import socket
import threading
from collections.abc import Callable
from typing import Any

import dearpygui.dearpygui as dpg

VARIABLE = "NEURAL_SIMULATOR_TEST_PORT"


class ControlPort:
    """Listens where the environment names a port; otherwise does nothing.

    `state` gives what 'state' returns, `press` runs an item's callback.
    """

    def __init__(self, state: Callable[[], dict[str, Any]], press: Callable[[Callable[..., Any], Any], None]):
        self._state = state
        self._press = press
        self._requests: queue.Queue[tuple[dict[str, Any], socket.socket]] = queue.Queue()
        self._server: socket.socket | None = None
        number = os.environ.get(VARIABLE, "")
        if number.isdigit():
            self._server = socket.create_server(("127.0.0.1", int(number)))
            threading.Thread(target=self._listen, name="control port", daemon=True).start()

    def _listen(self) -> None:
        assert self._server is not None
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._read, args=(connection,), daemon=True).start()

    def _read(self, connection: socket.socket) -> None:
        with connection, connection.makefile("r", encoding="utf-8") as lines:
            for line in lines:
                self._requests.put((json.loads(line), connection))

    def serve(self) -> bool:
        """Answer what has been asked; once per turn of the main loop. Return whether there was anything."""
        any_asked = not self._requests.empty()
        while not self._requests.empty():
            request, connection = self._requests.get_nowait()
            if "tag" in request and not dpg.does_item_exist(request["tag"]):
                answer = {"error": f"no item {request['tag']}"}
            else:
                answer = {"answer": self._answer(request)}
            connection.sendall((json.dumps(answer) + "\n").encode())
        return any_asked

    def _answer(self, request: dict[str, Any]) -> Any:
        ask, tag = request["ask"], request.get("tag")
        if ask == "state":
            return self._state()
        if ask == "exists":
            return dpg.does_item_exist(request["name"])
        if ask == "items":
            return [(dpg.get_item_alias(item), dpg.get_item_type(item).rpartition("::mv")[2])
                    for item in dpg.get_all_items() if dpg.get_item_alias(item)]
        if ask == "reveal":
            return reveal(request["tag"])
        if ask == "press":
            return self._press(dpg.get_item_callback(request["tag"]), (tag, dpg.get_value(request["tag"]), None))
        if ask == "rect":
            return [*dpg.get_item_rect_min(tag), *dpg.get_item_rect_size(tag)]
        if ask == "pos":
            return dpg.get_item_pos(tag)
        if ask == "label":
            return dpg.get_item_label(tag)
        if ask == "value":
            return dpg.get_value(tag)
        if ask == "enabled":
            return dpg.get_item_configuration(tag)["enabled"]
        if ask == "shown":
            return dpg.get_item_configuration(tag)["show"]
        raise ValueError(f"The control port knows no request {ask!r}.")

    def close(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()


def _top_of(child_window: int | str) -> float:
    """Return where a child window begins; DearPyGui tells it from the one around it."""
    item, top = child_window, 0.0
    while item:
        window = dpg.get_item_type(item).endswith(("mvChildWindow", "mvWindowAppItem"))
        top += dpg.get_item_pos(item)[1] if window else 0.0
        item = dpg.get_item_parent(item)
    return top


def reveal(tag: int | str) -> bool:
    """Open the tabs and headers around an item and scroll to it; return whether it is in sight already."""
    item, opened = dpg.get_item_parent(tag), False
    while item:
        kind, parent = dpg.get_item_type(item).rpartition("::mv")[2], dpg.get_item_parent(item)
        if kind == "Tab" and dpg.get_value(parent) not in (item, dpg.get_item_alias(item)):
            dpg.set_value(parent, item)
            opened = True
        elif kind in ("CollapsingHeader", "TreeNode") and not dpg.get_value(item):
            dpg.set_value(item, True)
            opened = True
        elif kind == "ChildWindow" and not opened and dpg.get_y_scroll_max(item) > 0.0:
            top, height = _top_of(item), dpg.get_item_rect_size(item)[1]
            y, tall = dpg.get_item_rect_min(tag)[1], dpg.get_item_rect_size(tag)[1]
            if not top <= y <= y + tall <= top + height:
                wanted = dpg.get_y_scroll(item) + y - top - height / 2
                dpg.set_y_scroll(item, min(max(wanted, 0.0), dpg.get_y_scroll_max(item)))
                opened = True
        item = parent
    return not opened
