"""Models that users write: what is read, and what is refused, with its line and reason."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from neural_simulator.backend import cpu, cpu_cell
from neural_simulator.backend.emit import Library
from neural_simulator.base.errors import ConfigurationError, GrammarError
from neural_simulator.base.paths import USER_MODELS as FOLDER
from neural_simulator.models.cell import compose
from neural_simulator.models.neurons import (
    BUILT_IN,
    NEURON_MODELS,
    USER_MODELS,
    add_model,
    load_models,
    put_model,
    remove_model,
)
from neural_simulator.models.neurons.user import RESERVED, read_model

HEAD = '''"""A quadratic integrate-and-fire cell."""

PEAK = 40


def step(v, i_ext, g_syn, j_syn, dt, C_inverse, k, v_r, v_t, c):
    """One Euler step."""
'''
BODY = '''    v = fmin(fmax(v + dt * C_inverse * (k * (v - v_r) * (v - v_t) + i_ext + j_syn - g_syn * v), -200), 100)
    spiked = v >= PEAK
    v = c if spiked else v
    return v, spiked
'''
TAIL = '''

def inverse(C):
    return 1 / C


MODEL = NeuronModel(
    key="QIF", label="Quadratic", source="Latham et al. 2000, J Neurophysiol 83:808",
    states=(State("v", "mV", "membrane potential", initial="v_r"),),
    params=(Param("C", "pF", 100, 1, 1000, "Capacitance"), Param("k", "nS/mV", 0.7, 0, 10, "Gain"),
            Param("v_r", "mV", -60, -100, 0, "Rest"), Param("v_t", "mV", -40, -100, 0, "Threshold"),
            Param("c", "mV", -50, -100, 0, "Reset")),
    step=step, derived={"C_inverse": inverse},
    presets=(Preset("A", "Plain", {}, "chosen here"), Preset("B",
    "Excitable", {"v_t": -45}, "chosen here", dt_ms=0.1)),
    default_dt_ms=0.25, max_dt_ms=0.5)
'''
TEXT = HEAD + BODY + TAIL
FIRST = HEAD.count("\n") + 1                    # the line at which the body begins


def refused(text: str, line: int | None = None) -> str:
    with pytest.raises(GrammarError) as error:
        read_model(text, "mine.py")
    if line is not None:
        assert error.value.line == line
        assert str(error.value).startswith(f"mine.py, line {line}: ")
    assert len(str(error.value)) < 600 and "\n" not in str(error.value)
    return str(error.value)


def with_line(code: str) -> str:
    """The model with `code` as the first statements of its step."""
    return HEAD + "".join(f"    {line}\n" for line in code.splitlines()) + BODY + TAIL


@pytest.fixture
def tables():
    """Whatever a test adds is gone afterwards."""
    before = dict(USER_MODELS)
    yield
    for key in [key for key in USER_MODELS if key not in before]:
        remove_model(key)
    for entry in before.values():
        put_model(entry)


# ---- what is read
def test_a_plain_model_is_read():
    model = read_model(TEXT)
    assert (model.key, model.default_dt_ms, model.dt_of("B")) == ("QIF", 0.25, 0.1)
    assert [param.name for param in model.params] == ["C", "k", "v_r", "v_t", "c"]
    assert model.derived["C_inverse"](model.values("A"), 0.25) == 0.01
    assert model.step(-50.0, 0.0, 0.0, 0.0, 0.25, 0.01, 0.7, -60.0, -40.0, -50.0) == (-50.175, False)
    assert model.step(39.9, 0.0, 0.0, 0.0, 0.25, 0.01, 0.7, -60.0, -40.0, -50.0) == (-50.0, True)


def test_it_has_both_texts_in_float32_and_keeps_the_lines_of_the_file():
    library = Library()
    emitted = library.add(read_model(TEXT).step)
    assert emitted.name == "QIF_step" and "double" not in emitted.cuda
    assert "f32(40.0)" in emitted.python and "40.0f" in emitted.cuda
    with pytest.raises(GrammarError) as error:
        Library().add(read_model(with_line("w = v > v_r\nw = 2")).step)
    assert error.value.line == FIRST + 1


def test_whole_numbers_are_numbers_and_loops_count():
    model = read_model(with_line("x = 0\nfor n in range(4):\n    x = x + 2 * f32(n) ** 2".replace(
        "f32(n) ** 2", "f32(n)") + "\nv = v + x ** 2 * 0 * mV"))
    assert model.step(-50.0, 0.0, 0.0, 0.0, 0.25, 0.01, 0.7, -60.0, -40.0, -50.0) == (-50.175, False)
    Library().add(model.step)


def test_a_units_name_is_one_of_it_and_costs_nothing():
    model = read_model(with_line(
        "x = v / mV\nx = exp(-(v - E) / (10 * mV)) + x * x\ni_ext = i_ext + A * v * v + 0 * x * pA").replace(
        "PEAK = 40", "PEAK = 40\nE = -70 * mV\nA = 0.04 * pA / (mV * mV)"))
    emitted = Library().add(model.step)
    Library().add(read_model(with_line("w = mV ** 2 * v / (mV * mV)")).step)
    assert "x = (v)" in emitted.python or "x = v" in emitted.python
    assert "mV" not in emitted.python
    assert model.step(-50.0, 0.0, 0.0, 0.0, 0.25, 0.01, 0.7, -60.0, -40.0, -50.0) == (-50.175 + 0.25, False)


def test_the_shipped_examples_are_models_of_their_own():
    assert load_models(FOLDER) == {}
    assert "MORRIS_LECAR" in NEURON_MODELS and "MORRIS_LECAR" not in BUILT_IN
    for path in FOLDER.glob("*.py"):
        read_model(path.read_text(encoding="utf-8"), path.name)


def test_words_of_the_grammar_do_not_depend_on_the_machine_where_constants_are_computed():
    text = TEXT.replace("return 1 / C", "x = C / pF\n    return (tanh(0.5) * power(x, 0.3) * exp(-x) + log(x) + "
                                        "sqrt(x) + exprel_inverse(x)) / pF")
    model = read_model(text)
    value = model.derived["C_inverse"](model.values("A", {"C": 2.0}), 0.25)
    assert value == pytest.approx(0.46211715726 * 1.231144413 * 0.1353352832 + 0.69314718056 + 1.41421356 + 0.31303529)


def test_a_derived_constant_without_a_value_is_one_sentence():
    model = read_model(TEXT.replace("return 1 / C", "return 1 / (C - 50)"))
    with pytest.raises(ConfigurationError, match="^QIF: C_inverse has no value for C = 50; choose other parameters.$"):
        model.derived["C_inverse"](model.values("A", {"C": 50.0}), 0.25)


# ---- what is refused: anything that could reach outside
@pytest.mark.parametrize("code", [
    "import os", "from os import system", "__import__('os')", "exec('1')", "eval('1')", "open('x')", "print(v)",
    "globals()", "getattr(v, 'x')", "v.real", "x = v.__class__", "x = (1).__class__.__bases__", "x = ''.join",
    "x = f'{v}'", "x = 'text'", "x = b'x'", "x = [v]", "x = {1: v}", "x = {v}", "x = (v, v)[0]", "x = v[0]",
    "x = lambda: v", "x = [y for y in v]", "x = (y for y in v)", "x = (y := v)", "global v", "nonlocal v", "del v",
    "pass", "assert v", "raise v", "try:\n    x = 1\nexcept v:\n    x = 2", "with v:\n    x = 1",
    "def f():\n    return v",
    "class A:\n    x = 1", "async def f():\n    return v", "yield v", "x = yield v", "x = await v", "x: f32 = v",
    "x = y = v", "v.x = 1", "v[0] = 1", "x = ...", "x = None", "x = 1j", "x = exp", "x = step", "x = exp(v, v)",
    "x = exp(x=v)", "x = exp(*v)", "x = step(v)", "x = NeuronModel(v)", "x = range(3)", "x = v if v else v.x",
    "x = v @ v", "x = v % 2", "x = v // 2", "x = v << 2", "x = v | 2", "x = ~v", "x = +v", "x = v is v", "x = v in v",
    "x = 1 < v < 2", "x = v ** 0.5", "x = v ** 9", "x = (v + 1) ** 2", "x = 2 ** v", "x = 9 ** 999999999",
    "x = 1e39", "x = 10 ** 400", "match v:\n    case 1:\n        x = 1", "while True:\n    x = 1",
    "while v > 0:\n    v = v - 1", "break", "continue", "for n in v:\n    x = 1", "for n in range(0):\n    x = 1",
    "for n in range(1001):\n    x = 1", "for n in range(v):\n    x = 1", "for n in range(1, 5):\n    x = 1",
    "for n in range(5):\n    x = n", "for n in range(5):\n    n = 3", "for n in range(5):\n    x = f32(n + 1)",
    "for v in range(5):\n    x = 1", "for n in range(9):\n    x = 1\nelse:\n    x = 2",
    "for n in range(True):\n    x = 1",
    "return", "return v", "exp = v", "PEAK = v", "x = undefined_(v)"])
def test_a_statement_outside_the_grammar_is_refused_with_its_line(code):
    text = with_line(code)
    first = next(number for number, line in enumerate(text.splitlines(), 1) if number >= FIRST)
    said = refused(text)
    line = int(said.split("line ")[1].split(":")[0])
    assert first <= line <= first + code.count("\n") + 5


@pytest.mark.parametrize("name", ["__builtins__", "__class__", "_x", "x_", "a__b", "int", "float", "asm", "threadIdx",
                                  "PORTS", "BLOCKS", "WEIGHT_BITS", "np", "nb", "u32", "lambda_", "é", "x" * 41])
def test_a_name_of_the_programs_own_is_refused(name):
    refused(with_line(f"{name} = v"))
    refused(TEXT.replace("def inverse(C)", f"def {name}(C)").replace(": inverse", f": {name}"))


@pytest.mark.parametrize("name", ["scale", "weight", "acc_0", "s_v", "g_AMPA", "mean_GABA_A", "arrived_exc", "spiked",
                                  "count", "i_ext", "dt"])
def test_a_declared_name_that_generated_texts_use_is_refused(name):
    refused(TEXT.replace('Param("k"', f'Param("{name}"').replace(" k,", f" {name},").replace("(k *", f"({name} *"))


@pytest.mark.parametrize("line, code", [
    (1, "import os"), (1, "from neural_simulator import *"), (1, "print(1)"), (1, "x = open('y')"), (1, "x = 'text'"),
    (1, "x: int = 1"), (1, "if True:\n    x = 1"), (1, "while True:\n    x = 1"), (1, "class A:\n    pass"),
    (1, "@exp\ndef f(x):\n    return x"), (1, "def f(x=1):\n    return x"), (1, "def f(*x):\n    return x"),
    (1, "def f(x: int):\n    return x"), (1, "def f(x) -> int:\n    return x"), (1, "async def f(x):\n    return x"),
    (1, "def f(x):\n    'only a text'"), (1, "def f(x):\n    return f(x)".replace("return", "return")),
    (1, "lambda: 1"), (1, "a = b = 1"), (1, "(a, b) = 1"), (1, "MODEL = 3"), (1, "MODEL = State('v', 'mV', 'x')")])
def test_the_top_of_a_file_holds_functions_constants_and_one_declaration(line, code):
    said = refused(code + "\n\n\n" + HEAD.split("\n", 1)[1] + BODY + TAIL)
    assert int(said.split("line ")[1].split(":")[0]) in (line, line + 1)


def test_functions_call_only_what_stands_above_them_so_none_calls_itself():
    assert "functions defined above" in refused(with_line("v = helper(v)") + "\ndef helper(x):\n    return x\n")
    assert "functions defined above" in refused("def f(x):\n    return f(x)\n" + TEXT.split("\n", 1)[1])


def test_work_is_bounded_whatever_way_it_is_hidden():
    deep = "for a in range(100):\n    for b in range(100):\n        for e in range(100):\n            v = v + 1"
    assert "operations" in refused(with_line(deep))
    doubling = "def f0(x):\n    return x + x\n" + "".join(
        f"def f{n}(x):\n    return f{n - 1}(x) + f{n - 1}(x)\n" for n in range(1, 40))
    assert "operations" in refused(doubling + TEXT.split("\n", 1)[1])
    assert "operations" in refused(with_line("v = " + " + ".join(["exp(v)"] * 50) + "\n" + "\n".join(
        "v = " + " + ".join(["exp(v)"] * 40) for _ in range(8))))


@pytest.mark.parametrize("text", [
    "x = " + "(" * 150 + "1" + ")" * 150, "x = " + "-" * 5000 + "1", "x = " + "1 + " * 5000 + "1",
    "x = " + "a." * 3000 + "b", "x" * 70_000, "x = 1\0", "\ud800",
    "x = " + "9" * 5000, "if 1:\n" * 90, "\tx = 1\n x = 2",
    "def f(", "", "x = 1"])
def test_hostile_texts_are_one_sentence(text):
    recursion = sys.getrecursionlimit()
    refused(text)
    assert sys.getrecursionlimit() == recursion


# ---- what is refused: declarations that do not fit together
@pytest.mark.parametrize("old, new, said", [
    ('key="QIF"', 'key="qif"', "capitals"), ('key="QIF"', 'key="Q"', "capitals"), ('key="QIF"', 'key=3', "capitals"),
    ('key="QIF", ', "", "needs key"), ("max_dt_ms=0.5", "max_dt_ms=0.1", "must hold"),
    ("max_dt_ms=0.5", "max_dt_ms=50", "must hold"), ("default_dt_ms=0.25, ", "", "needs default_dt_ms"),
    ('"v", "mV", "mem', '"x", "mV", "mem', "membrane potential"), ('"v", "mV", "mem', '"v", "V", "mem', "unit"),
    ('"pF", 100', '"farad", 100', "the unit 'farad' of C"), ("100, 1, 1000", "100, 200, 1000", "range"),
    ("100, 1, 1000", "'x', 1, 1000", "must be a float"), ('"Capacitance")', '"Capacitance", colour="red")', "colour"),
    ('{"v_t": -45}', '{"v_x": -45}', "sets 'v_x'"), ('{"v_t": -45}', '{"v_t": -450}', "must lie between"),
    ('{"v_t": -45}', '{"v_t": "x"}', "must be numbers"), ("dt_ms=0.1)", "dt_ms=0.7)", "allows"),
    ('Preset("B"', 'Preset("A"', "twice"), ('Param("k"', 'Param("C"', "twice"),
    ('initial="v_r"', 'initial="v_x"', "starts at"),
    ("step=step", "step=inverse", "step"), ("step=step", "step='step'", "function of this text"),
    ("step=step", "step=exp", "not 'exp'"), ('{"C_inverse": inverse}', '{"C_inverse": exp}', "not 'exp'"),
    ('{"C_inverse": inverse}', "3", "table of functions"),
    ('{"C_inverse": inverse}', '{"other": inverse}', "step takes"),
    ("def inverse(C):\n    return 1 / C", "def inverse(v):\n    return 1 / v", "parameters and dt only"),
    ("return 1 / C", "return 1 / C, C", "one number"),
    ("return 1 / C", "return 1 / (C - C)", "has no value"),
    ("return 1 / C", "return exp(C / pF) * exp(C / pF) / pF", "has no value"),
    ("return v, spiked", "return spiked", "must return its 1 states"),
    ('Param("c"', 'Param("z", "mV", 0, 0, 1, "Unused"), Param("c"', "z is declared but not used"),
    ("return v, spiked", "return v, v, spiked", "2 values, not 3"),
    ("k, v_r, v_t, c):", "k, v_r, v_t, c, zap):", "zap"),
    ('presets=(Preset("A"', 'receptors=("NICOTINIC",), presets=(Preset("A"', "receptors must be"),
    ('presets=(Preset("A"', 'receptors=(), presets=(Preset("A"', "needs ports"),
    ('presets=(Preset("A"', 'default_presets=("A", "C"), presets=(Preset("A"', "default_presets"),
    ("label=\"Quadratic\"", "label=\"Quad\\nratic\"", "one line"),
    ("step=step,", "step=step, step=step,", "has it already"),
    ("MODEL = NeuronModel(", "MODEL = NeuronModel(*x, ", "by name"),
    ("step=step,", "step=step, spin=1,", "no part 'spin'"),
    ("step=step,", "step=step, **x,", "no part"), ("(Preset(\"A\"", "(open(\"A\"", "but not"),
    ("params=(", "params=[x for x in y], presets=(", "not '[x for"), ("params=(", "params=(v.x, ", "not 'v.x'")])
def test_a_declaration_that_does_not_fit_is_refused(old, new, said):
    assert old in TEXT
    assert said in refused(TEXT.replace(old, new, 1))


def test_two_declarations_are_one_too_many():
    assert "second MODEL" in refused(TEXT + TAIL.split("\n\n\n")[-1])


# ---- tables
def test_a_model_is_added_replaced_and_removed(tables):
    add_model(TEXT, "mine")
    assert NEURON_MODELS["QIF"].label == "Quadratic" and compose("QIF").states[0] == "v"
    add_model(TEXT.replace('label="Quadratic"', 'label="Other"'), "mine")
    assert NEURON_MODELS["QIF"].label == "Other" == USER_MODELS["QIF"].model.label
    remove_model("QIF")
    assert "QIF" not in NEURON_MODELS and "QIF" not in USER_MODELS


def test_a_built_in_model_cannot_be_replaced(tables):
    before = NEURON_MODELS["LIF"]
    with pytest.raises(GrammarError, match="that of a built-in model"):
        add_model(TEXT.replace('key="QIF"', 'key="LIF"'), "mine")
    remove_model("LIF")
    assert NEURON_MODELS["LIF"] is before


def test_a_folder_is_read_and_what_is_wrong_is_told_by_file(tables, tmp_path: Path):
    (tmp_path / "a.py").write_text(TEXT)
    (tmp_path / "b.py").write_text(TEXT)
    (tmp_path / "c.py").write_text("import os")
    (tmp_path / "d.py").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "_e.py").write_text("import os")
    (tmp_path / "f.txt").write_text("import os")
    problems = load_models(tmp_path)
    assert set(problems) == {"b.py", "c.py", "d.py"}
    assert "QIF already" in problems["b.py"] and "c.py, line 1: nothing is imported here" in problems["c.py"]
    assert USER_MODELS["QIF"].path == tmp_path / "a.py"
    assert load_models(tmp_path / "nowhere") == {}


# ---- the reserved names are those that the texts use
def test_names_of_the_generated_texts_cannot_be_declared():
    import re
    from string import Formatter
    for template in (cpu._INTEGRATE, cpu_cell._RUN):
        fixed = "".join(piece for piece, *_ in Formatter().parse(template))
        for name in set(re.findall(r"[A-Za-z_][A-Za-z_0-9]*", re.sub(r'""".*?"""|@.*', "", fixed, flags=re.S))):
            if len(name) > 1 or name in "jt":
                refused(TEXT.replace('Param("k"', f'Param("{name}"').replace(" k,", f" {name},").replace(
                    "(k *", f"({name} *"))


def test_macros_of_the_kernels_cannot_be_names():
    import re
    for path in (Path(cpu.__file__).parent / "kernels").iterdir():
        for macro in re.findall(r"#define (\w+)", path.read_text()):
            if len(macro) > 3:
                refused(with_line(f"{macro} = v"))
    assert {"int", "double", "asm", "threadIdx", "for", "lambda"} <= RESERVED


# ---- units
@pytest.mark.parametrize("old, new, said", [
    ("+ i_ext", "+ v", "'k * (v - v_r) * (v - v_t)' is in pA, but 'v' is in mV"),
    ("- g_syn * v", "- g_syn", "'g_syn' is in nS"),
    ("v >= PEAK", "v >= k", "what is compared must have the same unit"),
    ("c if spiked", "i_ext if spiked", "what is chosen from must"),
    ("v = c if", "i_ext = v\n    v = c if", "i_ext is in pA above, but gets a value in mV here"),
    ("v = c if", "w = exp(v)\n    v = c if", "the x of exp must be a plain number"),
    ("v = c if", "w = boltzmann(v, v_t, k)\n    v = c if", "the slope of boltzmann must be in mV"),
    ("v = c if", "w = power(v, v / mV)\n    v = c if", "computed power"),
    ("v = c if", "w = 0\n    for n in range(3):\n        y = w * v\n        w = v\n    v = c if", "a value in mV2"),
    ("v = c if", "if spiked:\n        w = v\n    else:\n        w = k\n    v = c if", "w is in nS/mV above"),
    ("k * (v - v_r) * (v - v_t)", "0.04 * v * v + 5 * v + 140", "'0.04 * v * v' is in mV2, but '5 * v' is in mV"),
    ("return 1 / C", "return C", "what is added must have the same unit"),
    ('Param("C", "pF"', 'Param("C", "uF"', "is in 10^-6 mV"),
    ('initial="v_r"', 'initial="k"', "v is in mV, but starts at k, which is in nS/mV"),
    ("return v, spiked", "return v * k, spiked", "step returns v in nS, but the state is declared in mV"),
    ("    v = c if", "    mV = c\n    v = c if", "mV is a unit; choose another name"),
    ("PEAK = 40", "PEAK = 40 * k", "with its unit if it has one"),
    ("PEAK = 40", "PEAK = 40 * pA", "'v' is in mV, but 'PEAK' is in pA")])
def test_units_that_do_not_agree_are_refused(old, new, said):
    assert old in TEXT
    assert said in refused(TEXT.replace(old, new))


def test_a_function_is_followed_with_the_units_of_every_call():
    half = "def half(x):\n    return 0.5 * x\n\n\ndef moved(x):\n    return x + 1 * mV\n\n\n"
    with_half = with_line("w = half(v)\nw = half(c)\ny = half(k)\nw = moved(w)").replace("PEAK", half + "PEAK", 1)
    read_model(with_half)
    assert "(called from line" in refused(with_half.replace("moved(w)", "moved(k)"), 8)


def test_nested_loops_are_followed_quickly():
    code = "".join("    " * depth + f"for n{depth} in range(1):\n" for depth in range(15))
    read_model(with_line("w = 0\n" + code + "    " * 15 + "w = v"))
