"""A user's model from its text to a running network: checked, kept, and then a model like any other."""

from __future__ import annotations

import io
import queue

import numpy as np
import pytest
from rich.console import Console

import neural_simulator
from neural_simulator.app import messages as msg
from neural_simulator.app.frames import Mailbox
from neural_simulator.app.user_models import add_user_model, forget_user_model
from neural_simulator.app.worker import Worker
from neural_simulator.base import paths
from neural_simulator.base.errors import ConfigurationError, GrammarError, SimulatorError
from neural_simulator.config import CoreSimConfig, GPUConfig, NeuronModel, allowed, model_defaults
from neural_simulator.engine import judge
from neural_simulator.engine.simulation import Simulation
from neural_simulator.engine.single_cell import respond
from neural_simulator.files.profiles import Profile, load_profile, save_profile
from neural_simulator.gui.fields import choice_labels, choices
from neural_simulator.models.neurons import NEURON_MODELS, USER_MODELS, put_model, remove_model
from neural_simulator.tools import benchmark, cell
from tests.activity import CPU
from tests.app.test_script import carried_out
from tests.models.test_user_models import BODY, HEAD, TAIL, TEXT

NETWORK = {"num_neurons": 200, "connections_per_neuron": 20, "seed": 4, "background_rate_Hz": 400.0,
           "background_weight_nS": 3.0, "connection_length_um": 1e9}

RUNAWAY = TEXT.replace("fmin(fmax(v + dt", "(v + dt").replace(", -200), 100)", ")").replace(
    "* (v - v_t)", "* (2 * mV) + 0 * v_t * nS").replace("else v", "else 2 * v")


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    """A folder of its own for the models; whatever a test adds is gone afterwards."""
    before = dict(USER_MODELS)
    monkeypatch.setattr(paths, "USER_MODELS", tmp_path / "user_models")
    yield tmp_path / "user_models"
    for key in list(USER_MODELS):
        remove_model(key)
    for entry in before.values():
        put_model(entry)


def network(**changes):
    return CoreSimConfig(**{**model_defaults("QIF"), **NETWORK, **changes})


def test_a_model_appears_everywhere_that_a_built_in_one_does(folder, tmp_path):
    assert neural_simulator.add_user_model(TEXT).key == "QIF"
    assert (folder / "qif.py").read_text() == TEXT
    core = network()
    assert core.neuron_model_type == NeuronModel("QIF") == "QIF"
    assert "QIF" in allowed(CoreSimConfig, "neuron_model_type")
    assert "QIF" in choices(core, "neuron_model_type") and choice_labels("neuron_model_type")["QIF"] == "Quadratic"
    assert choices(core, "excitatory_preset") == ("A", "B")
    path = tmp_path / "mine.json"
    save_profile(Profile(core=core, name="mine"), path)
    assert load_profile(path).core == core
    [case] = benchmark.sweep(["QIF"], [200], [20], CPU)
    assert case.core.dt_ms == 0.25
    out = Console(file=io.StringIO(), width=100)
    assert cell.run("B", ["100:200:50"], "qif", 300.0, tmp_path / "b.png", out) == 0
    assert "chosen here" in out.file.getvalue() and (tmp_path / "b.png").stat().st_size > 10_000


def test_it_computes_the_same_bits_on_every_backend_and_any_number_of_threads(backend):
    add_user_model(TEXT, keep=False)
    results = []
    for gpu in (backend, GPUConfig(backend="cpu", num_threads=2)):
        sim = Simulation(network(), gpu)
        batch = sim.run(300.0)
        assert batch.spike_ids.size > 300
        results.append((batch.spike_steps, batch.spike_ids, sim.potential()))
        sim.close()
    for first, second in zip(*results, strict=True):
        assert np.array_equal(first, second)


def test_a_changed_model_takes_the_place_of_the_old_one_at_the_next_build(folder):
    add_user_model(TEXT)
    slow = respond("QIF", "A", 100.0, 500.0).rate_Hz
    assert slow > 5.0
    add_user_model(TEXT.replace("v_t) + i_ext", "v_t) + 3 * i_ext"))
    assert respond("QIF", "A", 100.0, 500.0).rate_Hz > 1.5 * slow
    assert [path.name for path in folder.iterdir()] == ["qif.py"]
    assert "3 * i_ext" in (folder / "qif.py").read_text()


def test_a_refused_text_leaves_the_former_model_in_force(folder):
    add_user_model(TEXT)
    former = NEURON_MODELS["QIF"]
    for bad in ("import os", TEXT.replace("spiked = v >= PEAK", "spiked = v")):
        with pytest.raises(GrammarError):
            add_user_model(bad)
        assert NEURON_MODELS["QIF"] is former and USER_MODELS["QIF"].path == folder / "qif.py"
        assert (folder / "qif.py").read_text() == TEXT


def test_a_forgotten_model_is_gone_with_its_file(folder):
    add_user_model(TEXT)
    forget_user_model("QIF")
    assert "QIF" not in NEURON_MODELS and not (folder / "qif.py").exists()
    with pytest.raises(ConfigurationError, match="must be one of"):
        CoreSimConfig(neuron_model_type="QIF")


@pytest.mark.parametrize("old, new, said", [
    ("    v = fmin(fmax(", "    v = fmin(fmax(0 * dt / (v - v) * v * v / ms + ", "cannot be computed|no finite number"),
    (TEXT, RUNAWAY, "v is no finite number"),
    ("spiked = v >= PEAK", "spiked = v >= PEAK + log(v_r / mV) * mV", "cannot be computed|no finite|differs"),
    ("    v = c if spiked else v\n", "    v = c if spiked else v + (1e9 + v - 1e9 - v) * 1e3\n", "double precision"),
    ("return v, spiked", "return v, v", "then a comparison"),
    ("    spiked = v >= PEAK\n", "    if v >= PEAK:\n        spiked = v > 0\n", "spiked may not be set"),
    ("    spiked = v >= PEAK\n", "    w = v > 0\n    spiked = w + 1 > v\n", "line 10: a literal"),
    ("max_dt_ms=0.5", "max_dt_ms=0.5, network_defaults={'background_rate_Hz': -5}", "must be a number between"),
    ("max_dt_ms=0.5", "max_dt_ms=0.5, network_defaults={'spin': 5}", "no field 'spin'")],
    ids=lambda text: text if len(text) < 40 else "text")
def test_a_model_that_computes_nonsense_does_not_pass(old, new, said):
    text = TEXT.replace(old, new)
    assert text != TEXT
    with pytest.raises(SimulatorError, match=said):
        add_user_model(text)
    assert "QIF" not in NEURON_MODELS


def test_no_network_is_built_of_a_model_that_has_not_passed(monkeypatch):
    from neural_simulator.models.neurons import add_model
    add_model(RUNAWAY, "mine.py")
    with pytest.raises(GrammarError, match="no finite number"):
        Simulation(network(), CPU)
    with pytest.raises(GrammarError, match="no finite number"):
        cell.run("A", ["100"], "QIF")


def test_a_model_is_checked_once(monkeypatch):
    add_user_model(TEXT, keep=False)
    monkeypatch.setattr(judge, "_dry_run", lambda *_: pytest.fail("checked again"))
    judge.check_model(NEURON_MODELS["QIF"])
    judge.check_model(NEURON_MODELS["LIF"])


def test_a_model_without_receptors_takes_what_arrives(tmp_path):
    head = HEAD.replace("g_syn, j_syn, ", "arrived_exc, arrived_inh, ")
    body = BODY.replace("j_syn - g_syn * v", "arrived_exc - arrived_inh")
    tail = TAIL.replace("step=step", "receptors=(), ports=('exc', 'inh'), port_unit='pA', step=step")
    add_user_model(head + body + tail, keep=False)
    core = network(background_rate_Hz=3000.0, background_weight_nS=100.0)
    sim = Simulation(core, CPU)
    assert sim.run(300.0).spike_ids.size > 100


def test_the_simulation_thread_takes_models_in(folder):
    commands, events = queue.Queue(), queue.Queue()
    worker = Worker(commands, events, Mailbox())
    worker.start()
    try:
        commands.put(msg.AddNeuronModel(TEXT))
        commands.put(msg.AddNeuronModel("import os"))
        answers = [events.get(timeout=60.0) for _ in range(2)]
    finally:
        commands.put(msg.Shutdown())
        worker.join(20.0)
    assert isinstance(answers[0], msg.Done) and "Quadratic (QIF) has passed" in answers[0].text
    assert isinstance(answers[1], msg.Failed) and "line 1: nothing is imported here" in answers[1].message
    assert (folder / "qif.py").exists()


def test_the_script_of_what_was_done_brings_the_users_model_along():
    add_user_model(TEXT, keep=False)
    script, frame = carried_out(msg.ApplyConfig(network(), GPUConfig(backend="cpu", num_threads=2)),
                                msg.StepOnce(80.0))
    remove_model("QIF")
    names = {}
    exec(compile(script.text(frame.step), "script", "exec"), names)
    sim = names["sim"].simulation
    assert frame.total_spikes > 20 and sim.step_index == frame.step
    assert np.array_equal(sim.potential(), frame.v) and "QIF" in USER_MODELS
