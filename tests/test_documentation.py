"""README.md and docs/ say nothing that is not so: links, examples, keys, options, formats."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from neural_simulator import config
from neural_simulator.app.actions import ACTIONS, key_list
from neural_simulator.base.errors import ConfigurationError, GrammarError
from neural_simulator.base.paths import ROOT
from neural_simulator.files.checkpoints import Checkpoint
from neural_simulator.files.exporters import EXPORTERS
from neural_simulator.files.profiles import KEYS, list_profiles, load_profile
from neural_simulator.files.recordings import SERIES, Recording, commit_columns
from neural_simulator.models.plasticity import PLASTICITY_RULES, SWITCHES
from neural_simulator.models.receptors import RECEPTORS
from neural_simulator.network.plan import make_plan
from neural_simulator.tools import environment
from tests.files.samples import record

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TEXT = {page.name: page.read_text(encoding="utf-8") for page in PAGES}
README, PROFILES, RECORDINGS, CHECKPOINTS, STIMULI, NETWORKS, LEARNING = (
    TEXT[f"{name}.md"] for name in ("README", "profiles", "recordings", "checkpoints", "stimuli", "networks",
                                    "learning"))


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def rows(text: str, heading: str) -> list[list[str]]:
    """Return the cells of the first table after `heading`, without its head."""
    lines = text[text.index(heading):].splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("|---"))
    table = []
    for line in lines[start + 1:]:
        if not line.startswith("|"):
            break
        table.append([cell.strip() for cell in line.strip("|").split(" | ")])
    return table


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_and_picture_leads_to_a_file(page):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", TEXT[page.name]):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


def test_the_keys_are_those_of_the_program():
    told = [(cells[0].replace("`", ""), cells[1]) for cells in rows(README, "## Keys")]
    assert sorted(told) == sorted(key_list())
    anywhere = {key for action in ACTIONS.values() if action.anywhere for key in action.keys}
    assert all(key.startswith("Ctrl+") or key == "F1" for key in anywhere) and len(anywhere) > 5


def test_every_option_that_is_told_exists():
    helps = {}
    for command, option in re.findall(r"(neural-simulator\.py|benchmark\.py)[^\n`]*?(--[a-z-]+)", README):
        if command not in helps:
            helps[command] = subprocess.run([sys.executable, ROOT / command, "--help"], capture_output=True,
                                            text=True, check=True).stdout
        assert option in helps[command], f"{command} {option}"
    assert len(helps) == 2


def test_folders_and_variables_that_are_told_are_those_of_the_program():
    from neural_simulator.base import paths
    for folder in (paths.PROFILES, paths.RECORDINGS, paths.CHECKPOINTS, paths.USER_MODELS, paths.CRASH_REPORTS,
                   environment.VENV):
        assert f"`{folder.name}/`" in README
    assert f"{environment.NO_VENV}=1" in README


def test_the_examples_of_the_readme_run_and_the_error_is_the_one_told(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    first, second = blocks(README, "python")
    exec(compile(first, "README.md", "exec"), {})
    assert len(capsys.readouterr().out.splitlines()) >= 3
    assert json.loads((tmp_path / "profile_report.json").read_text())
    code, _, told = second.partition("# ConfigurationError: ")
    with pytest.raises(ConfigurationError) as error:
        exec(compile(code, "README.md", "exec"), {})
    assert str(error.value) == told.strip()


def test_the_examples_of_the_documents_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "simulation_recordings_h5").mkdir()
    record(tmp_path / "simulation_recordings_h5" / "recording_2025-11-22_11-08-34.simrec.h5")
    record(tmp_path / "a.simrec.h5")
    for text in (PROFILES, RECORDINGS, CHECKPOINTS):
        for code in blocks(text, "python"):
            exec(compile(code, "docs", "exec"), {})
    assert load_profile(tmp_path / "twice.json").core.num_neurons == 2000
    assert all((tmp_path / f"a{exporter.suffix}").exists() for exporter in EXPORTERS.values())
    assert (tmp_path / "a.png").exists()


def test_the_document_of_stimuli_tells_every_field_and_its_examples_run(tmp_path):
    code, = blocks(STIMULI, "python")
    exec(compile(code, "docs/stimuli.md", "exec"), {})
    example, = blocks(STIMULI, "json")
    (tmp_path / "p.json").write_text(example)
    assert load_profile(tmp_path / "p.json").core.stimuli[0].amplitude_pA == 200.0
    common = {name for cells in rows(STIMULI, "## Whom") for name in re.findall(r"`(\w+)`", cells[0])}
    assert common == set(config.Stimulus.model_fields) - {"kind"}
    told = {cells[0].strip("`"): (cells[1].strip("`"), set(re.findall(r"`(\w+)`", cells[3])) | common | {"kind"})
            for cells in rows(STIMULI, "## Kinds")}
    assert told == {kind: (owner.__name__, set(owner.model_fields)) for kind, owner in config.STIMULI.items()}


def test_the_document_of_networks_tells_every_rule_and_kernel_and_its_example_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    code, = blocks(NETWORKS, "python")
    scope: dict = {}
    exec(compile(code, "docs/networks.md", "exec"), scope)
    assert (tmp_path / "wiring.png").exists() and len(capsys.readouterr().out.splitlines()) > 2
    for heading, field in (("## Rules", "connection_rule"), ("The first three", "connection_kernel")):
        told = {cells[0].strip("`") for cells in rows(NETWORKS, heading)}
        assert told == set(config.CoreSimConfig.model_fields[field].annotation.__args__)
    fields = set(re.findall(r"`([a-z]+_[a-zA-Z_]+)`", NETWORKS)) & set(config.CoreSimConfig.model_fields)
    connectivity = {name for name in config.CoreSimConfig.model_fields
                    if config.describe(config.CoreSimConfig, name)["group"] == "Connectivity"}
    assert connectivity - fields == {"volume_edge_um"}
    names = {name for cells in rows(NETWORKS, "`numbers()` lists") for name in re.findall(r"`([a-z_]+…?)`", cells[0])}
    assert names == {re.sub(r"(mean|sd|min|max)$", "…", name) for name in scope["facts"].numbers()}


def test_the_document_of_learning_tells_every_parameter_and_its_examples_run(tmp_path, capsys):
    for code in blocks(LEARNING, "python"):
        exec(compile(code, "docs/learning.md", "exec"), {})
    assert len(capsys.readouterr().out.splitlines()) > 10
    example, = blocks(LEARNING, "json")
    (tmp_path / "p.json").write_text(example)
    core = load_profile(tmp_path / "p.json").core
    assert [len(q.plasticity) for q in make_plan(core, 1).projections] == [2, 0, 1, 0]
    for rule in (rule for rule in PLASTICITY_RULES.values() if rule.kind != "structure"):
        told = {cells[0].strip("`"): (cells[1], cells[2], cells[3]) for cells in rows(LEARNING, f"## {rule.label}\n")}
        for param in rule.params:
            if param.name in SWITCHES:
                expected = (str(bool(param.default)).lower(), "", "true, false")
            else:
                expected = (f"{param.default:g}", param.unit, f"{param.low:g} to {param.high:g}")
            field = rule.fields[param.name]
            assert told.get(field, expected) == expected and f"`{field}`" in LEARNING
            assert field in told or field.startswith("stdp_")
    shown = {path.name for path in (ROOT / "examples").glob("*.py")} - {"common.py"}
    listed = {cells[0].strip("`") for cells in rows((ROOT / "examples" / "README.md").read_text(), "# Examples")}
    assert shown == listed


def test_the_document_of_synapses_tells_the_receptors_as_they_are():
    models = TEXT["synapses.md"]
    for code in blocks(models, "python"):
        exec(compile(code, "docs/synapses.md", "exec"), {})
    told = {cells[0]: (cells[2], cells[3]) for cells in rows(models, "## Receptors")}
    assert told == {r.label: (f"{r.rise_ms.default:g} / {r.tau_ms.default:g} ms", f"{r.reversal_mV.default:g} mV")
                    for r in RECEPTORS.values()}


def test_the_example_of_a_profile_is_one(tmp_path):
    example, = blocks(PROFILES, "json")
    (tmp_path / "p.json").write_text(example)
    assert load_profile(tmp_path / "p.json").description == "One line that the panel shows."
    assert set(json.loads(example)) == set(KEYS)


def test_the_shipped_profiles_are_told_with_their_size():
    told = {cells[0].split("`")[1]: [int(cell.replace(",", "")) for cell in cells[1:]]
            for cells in rows(PROFILES, "The shipped examples")}
    for entry in list_profiles():
        core = load_profile(entry.path).core
        if entry.name in told:
            assert told.pop(entry.name) == [core.num_neurons, core.connections_per_neuron]
    assert not told


def test_every_part_of_a_recording_is_told_and_nothing_else(tmp_path):
    told = {name for cells in rows(RECORDINGS, "## Content") for name in re.findall(r"`([a-z_/<>]+)`", cells[0])}
    with Recording.open(record(tmp_path / "a.simrec.h5")) as recording:
        parts = set(recording._file.attrs)
        recording._file.visititems(lambda name, node: parts.add(name) if hasattr(node, "dtype") else None)
    parts = {part.replace("traces/v", "traces/<variable>").replace("initial_state/v", "initial_state/<variable>")
             for part in parts}
    assert parts == told - {"/"}
    assert f"(B, {len(commit_columns(SERIES))}) int64" in RECORDINGS


def test_every_part_of_a_checkpoint_is_told_and_nothing_else():
    told = {name for cells in rows(CHECKPOINTS, "## Content") for name in re.findall(r"`([a-z_/<>]+)`", cells[0])}
    with Checkpoint.open(ROOT / "tests" / "files" / "golden" / "checkpoint_v1.simstate.h5") as checkpoint:
        parts = set(checkpoint._file.attrs) | {f"state/{name}" for name in checkpoint.layout}
    variables = {part for part in parts if part.startswith("state/states/")}
    assert variables and told == (parts - variables) | {"/", "state/states/<variable>", "state/further/<name>"}


def test_every_export_is_told():
    assert {cells[0].strip("`") for cells in rows(RECORDINGS, "| export")} == set(EXPORTERS)


def test_the_model_of_the_page_about_models_passes():
    from neural_simulator.engine.judge import check_model
    from neural_simulator.models.neurons import add_model, remove_model
    from neural_simulator.models.neurons.user import WORDS, read_model
    text = TEXT["user_models.md"]
    example = next(code for code in blocks(text, "python") if "NeuronModel(" in code)
    check_model(add_model(example, "docs"))
    remove_model("QIF")
    told = text[text.index("and the words"):].split("`")[1].split()
    assert set(told) == set(WORDS)
    said = next(line for line in text.splitlines() if line.startswith("mine.py, line 7"))
    with pytest.raises(GrammarError) as error:
        read_model("\n\n\ndef f(x):\n    y = 1\n    y = x\n    y = open('x')\n    return y\n", "mine.py")
    assert str(error.value) == said


def test_every_model_is_told_with_its_cells_and_steps():
    from neural_simulator.models.neurons import BUILT_IN, NEURON_MODELS, cell_types
    text = TEXT["models.md"]
    told = {cells[0].strip("`"): cells for cells in rows(text, "# Neuron models")}
    assert tuple(told) == BUILT_IN
    for key, cells in told.items():
        model = NEURON_MODELS[key]
        assert cells[1] == model.label and cells[5] == model.port_unit
        assert (float(cells[3]), float(cells[4])) == (model.default_dt_ms, model.max_dt_ms)
        if key != "IZHIKEVICH_2003":
            assert cells[2].split(", ") == [preset.name for preset in model.presets]
    patterns = {cells[1]: float(cells[2]) for cells in rows(text, "| panel")}
    assert patterns == {p.name: p.dt_ms for p in NEURON_MODELS["IZHIKEVICH_2003"].presets if p.dt_ms}
    for key in ("HODGKIN_HUXLEY", "IZHIKEVICH"):
        names = re.findall(r"[A-Z][A-Z0-9_]+", text[text.index(f"- `{key}`:"):].split("\n- ")[0].split("\n\n")[0])
        assert set(names) - {key, "I", "L"} == set(cell_types(key))
