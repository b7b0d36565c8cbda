"""Imports point one way: the table of rooms, read from the source of every file with `ast`."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "neural_simulator"

# Who may import whom, besides itself. `app` and `tools` share the wide view; `tools` also uses the parts of `app`
# that need no window (recorder, batch sizes), so that a headless run records exactly as a run with windows does.
MAY_IMPORT = {
    "base": set(),
    "models": {"base"},
    "config": {"base", "models"},
    "backend": {"base", "models"},
    "network": {"base", "models", "config", "backend"},
    "engine": {"base", "models", "config", "backend", "network"},
    "files": {"base", "models", "config"},
    "app": {"base", "models", "config", "backend", "network", "engine", "files"},
    "tools": {"base", "models", "config", "backend", "network", "engine", "files", "app"},
    "gui": {"base", "models", "config", "app"},
    "viewer": {"base", "config", "backend", "app"},
}
# The package's own `__init__` imports the public names when they are first used, by name.
MAY_IMPORT["neural_simulator"] = {"base"}

# Third-party modules that only one room may say; `interop` is where the viewer and the device share memory.
WALLS = {
    "cupy": {"backend", "viewer/interop.py"},
    "cupyx": {"backend", "viewer/interop.py"},
    "cupy_backends": {"backend", "viewer/interop.py"},
    "numba": {"backend", "viewer/interop.py"},
    "llvmlite": {"backend"},
    "dearpygui": {"gui"},
    "OpenGL": {"viewer"},
    "glfw": {"viewer"},
    "h5py": {"files"},
}
# The programs beside the package; nothing imports them.
SCRIPTS = {"neural-simulator.py": set(MAY_IMPORT), "benchmark.py": {"base", "config", "tools", "viewer"}}
STANDARD_LIBRARY_ALONE = ("__init__.py", "tools/__init__.py", "tools/environment.py", "base/version.py")

SOURCES = sorted(path for path in PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    """Return the room of a file of the package; files beside the rooms are rooms of their own."""
    inside = path.relative_to(PACKAGE)
    if len(inside.parts) > 1:
        return inside.parts[0]
    return "neural_simulator" if inside.stem == "__init__" else inside.stem


def module_of(path: Path) -> list[str]:
    """Return the package that relative imports in `path` start from; a script beside the package has none."""
    if PACKAGE not in path.parents:
        return []
    return ["neural_simulator", *path.relative_to(PACKAGE).parent.parts]


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (line, absolute dotted name) of everything that a file imports, wherever in the file it stands."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = module_of(path)[:len(module_of(path)) - node.level + 1] if node.level else []
            stem = [*base, *(node.module.split(".") if node.module else [])]
            for alias in node.names:
                yield node.lineno, ".".join([*stem, alias.name])


def where(path: Path, line: int) -> str:
    return f"{path.relative_to(ROOT)}:{line}"


def imported_room(name: str) -> str | None:
    """Return the room of ours that an imported name lies in, None for the rest of the world."""
    parts = name.split(".")
    if parts[0] != "neural_simulator":
        return None
    known = len(parts) > 1 and ((PACKAGE / parts[1]).is_dir() or (PACKAGE / f"{parts[1]}.py").is_file())
    return parts[1] if known else "neural_simulator"


def test_every_room_is_in_the_table():
    assert {room_of(path) for path in SOURCES} <= set(MAY_IMPORT)


def test_imports_between_rooms_follow_the_table():
    wrong = [f"{where(path, line)}: {room_of(path)} imports {name}"
             for path in SOURCES for line, name in imports(path)
             if imported_room(name) not in {None, room_of(path), *MAY_IMPORT[room_of(path)]}]
    assert wrong == []


@pytest.mark.parametrize("script, rooms", SCRIPTS.items())
def test_a_script_imports_its_rooms_alone(script, rooms):
    wrong = [f"{script}:{line} imports {name}" for line, name in imports(ROOT / script)
             if imported_room(name) not in {None, *rooms} or name.split(".")[0] in WALLS]
    assert wrong == []


def test_third_party_modules_stay_in_their_rooms():
    wrong = []
    for path in SOURCES:
        inside = path.relative_to(PACKAGE).as_posix()
        for line, name in imports(path):
            allowed = WALLS.get(name.split(".")[0])
            if allowed is not None and room_of(path) not in allowed and inside not in allowed:
                wrong.append(f"{where(path, line)}: {name} belongs to {', '.join(sorted(allowed))}")
    assert wrong == []


def test_nothing_imports_the_launcher():
    """Its file name is no module name, so only a load by path could; the package never says that name."""
    saying = [where(path, number) for path in SOURCES
              for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
              if "neural-simulator.py" in line and ("import" in line or "spec_from_file" in line)]
    assert saying == []


def test_the_package_does_not_import_the_tests_or_the_benchmark():
    wrong = [where(path, line) for path in SOURCES for line, name in imports(path)
             if name.split(".")[0] in {"tests", "benchmark", "conftest"}]
    assert wrong == []


@pytest.mark.parametrize("inside", STANDARD_LIBRARY_ALONE)
def test_what_runs_before_the_set_up_uses_the_standard_library_alone(inside):
    for line, name in imports(PACKAGE / inside):
        top = name.split(".")[0]
        assert top in sys.stdlib_module_names or top == "neural_simulator", f"{inside}:{line} imports {name}"


def test_the_environment_module_imports_nothing_of_ours():
    assert not [name for _, name in imports(PACKAGE / "tools" / "environment.py") if "neural_simulator" in name]


@pytest.mark.parametrize("source, expected", [
    ("from ..engine.simulation import Simulation", "engine"),
    ("from .. import engine", "engine"),
    ("from neural_simulator import config", "config"),
    ("import neural_simulator.viewer.window", "viewer"),
    ("def late():\n    from ..viewer import window", "viewer"),
    ("import numpy", None),
])
def test_the_walk_sees_every_way_to_import(source, expected, monkeypatch):
    probe = PACKAGE / "files" / "probe.py"      # named, not written: only its place matters
    monkeypatch.setattr(Path, "read_text", lambda path, **_: source)
    assert [imported_room(name) for _, name in imports(probe)] == [expected]
