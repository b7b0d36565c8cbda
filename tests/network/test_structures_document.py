"""docs/structures.md tells the structures as they are."""

import re

from neural_simulator.base.paths import ROOT
from neural_simulator.config import structure_defaults
from neural_simulator.files.profiles import list_profiles, load_profile
from neural_simulator.models.structures import STRUCTURES

TEXT = (ROOT / "docs" / "structures.md").read_text(encoding="utf-8")


def test_the_table_of_structures_is_true():
    found = {}
    for line in TEXT.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 5 and cells[1].strip("`") in STRUCTURES:
            found[cells[1].strip("`")] = cells
    assert list(found) == list(STRUCTURES)
    profiles = [(entry.name, load_profile(entry.path).core.neural_structure_profile) for entry in list_profiles()]
    for key, (label, _, sizes, models, names) in found.items():
        structure = STRUCTURES[key]
        assert label == structure.label
        assert sizes == f"{structure_defaults(key)['num_neurons']:,}, {structure.smallest:,}"
        assert re.findall(r"`(\w+)`", models) == list(structure.cells) or (models == "all" and not structure.cells)
        assert sorted(re.findall(r"`([\w-]+)`", names)) == sorted(name for name, of in profiles if of == key)


def test_every_knob_is_told():
    told = set(re.findall(r"`([a-zA-Z_]+)`", TEXT))
    assert {knob.name for structure in STRUCTURES.values() for knob in structure.knobs} <= told


def test_the_example_runs():
    code, = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    scope: dict = {}
    exec(compile(code, "docs/structures.md", "exec"), scope)
    assert scope["sim"].runtime_state.current_time_step == 2500
