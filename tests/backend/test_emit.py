"""The emitter: the grammar becomes two texts with one meaning; anything else is refused with line and reason."""

from __future__ import annotations

import math

import numpy as np
import pytest

from neural_simulator.backend.cpu_words import load
from neural_simulator.backend.emit import Library
from neural_simulator.base.errors import GrammarError
from neural_simulator.base.grammar import (
    bits_from_float,
    engine_form,
    f32,
    fabs,
    flag,
    float_from_bits,
    fmax,
    fmin,
    i32,
    mulhi,
    sqrt,
    u32,
)

HALF = 0.5


def compiled(function):
    """The function as the CPU engine runs it."""
    library = Library()
    name = library.add(function).name
    return getattr(load(library.python_source(), "test_emit"), name)


# ---- what is in the grammar -----------------------------------------------------------------------------
def collatz(n: i32):
    count = 0
    while n != 1:
        if n % 2 == 0:  # noqa: SIM108 - the statement is what is tested
            n = n >> 1
        else:
            n = 3 * n + 1
        count += 1
    return count


def triangle(n: i32):
    total = 0
    for k in range(n):
        if k == 7:
            break
        total += k
    return total


def swap(x, y):
    return y, x


def both(x, y):
    x, y = swap(x, y)
    return x - y if x > y or y == 0.0 else -x


def cube(x):
    return x ** 3 - x ** 2 + HALF


def words(a: u32, b: u32):
    low = u32(a * b)
    return mulhi(a, b) ^ (low >> 3) | 1


def magnitude(x):
    return float_from_bits(bits_from_float(x) & 0x7FFFFFFF) + fabs(x) + sqrt(fmax(x, 0.0)) + fmin(x, 1.0)


def truth(x, wanted: flag):
    return x if wanted and not x < 0.0 else f32(i32(x))


@pytest.mark.parametrize(("function", "arguments"), [
    (collatz, (27,)), (triangle, (5,)), (triangle, (20,)), (both, (1.5, 2.5)), (both, (3.0, 2.0)), (both, (-1.0, 0.0)),
    (cube, (1.25,)), (cube, (-3.0,)), (magnitude, (-2.25,)), (magnitude, (6.25,)), (truth, (-2.75, True)),
    (truth, (2.75, False)), (truth, (2.75, True)),
])
def test_emitted_code_gives_what_plain_python_gives(function, arguments):
    engine = compiled(function)
    given = [np.float32(a) if isinstance(a, float) else a if isinstance(a, bool) else np.int32(a) for a in arguments]
    assert engine(*given) == function(*arguments)          # all values exact in float32


def test_unsigned_words_wrap_at_32_bits_on_both_sides():
    engine = compiled(words)
    for a, b in ((0xD2511F53, 0xFFFFFFFF), (1, 2), (0x80000000, 0x80000001)):
        assert int(engine(np.uint32(a), np.uint32(b))) == words(a, b)


def test_a_result_is_a_float32_and_every_literal_is_rounded_once():
    def third(x):
        return x * 0.3333333333333333 + 0.1

    text = Library().add(third)
    assert "f32(0.3333333432674408)" in text.python and "0.3333333432674408f" in text.cuda
    x = np.float32(1.7)
    result = compiled(third)(x)
    assert result == x * np.float32(1 / 3) + np.float32(0.1) and np.float32(result) == result


def test_no_multiplication_is_contracted_with_an_addition():
    def contractible(x, y):
        return x * y - 1.0

    # In float32, x * y rounds to exactly 1; a fused operation would keep the rest.
    x = np.float32(1.0 + 2.0**-12)
    y = np.float32(1.0 / float(x))
    assert x * y == np.float32(1.0) and float(x) * float(y) != 1.0
    assert compiled(contractible)(x, y) == 0.0


def test_division_by_zero_gives_infinity_as_it_does_on_a_device():
    def inverse(x):
        return 1.0 / x

    assert math.isinf(compiled(inverse)(np.float32(0.0)))


def test_a_function_with_an_engine_form_is_emitted_as_that_form():
    def approximate(x):
        return x + 1.0

    @engine_form(approximate)
    def judge(x):
        return x + 1.000001

    assert Library().add(judge).name == "approximate"


def test_callees_are_emitted_before_their_callers_and_only_once():
    library = Library()
    library.add(both)
    library.add(swap)
    assert [e.name for e in library.functions] == ["swap", "both"]


def test_the_cuda_text_returns_several_values_through_references():
    assert "void swap(float x, float y, float& out0_, float& out1_)" in Library().add(swap).cuda


# ---- what is not ----------------------------------------------------------------------------------------
def squares(x):
    y = x
    return sum([y, y])


def keyword(x):
    return fmin(x, b=2.0)


def text(x):
    return x + "1"


def attribute(x):
    return x.real


def chained(x):
    return x if 0.0 < x < 1.0 else 0.0


def root(x):
    return x ** 0.5


def sum_power(x):
    return (x + 1.0) ** 2


def mixed(x, n: i32):
    return x + n


def integer_division(n: i32):
    return n / 2


def float_bits(x):
    return x << 2


def number_as_truth(x):
    return 1.0 if x else 0.0


def truth_joined(x):
    return x > 0.0 and x


def undefined(x):
    return x + not_there  # noqa: F821 - the point of the test


def becomes_integer(x):
    x = i32(x)
    return x


def two_kinds(x):
    if x > 0.0:
        return 1.0
    return x > 1.0


def over_list(x):
    for _k in (1, 2):
        x = x + 1.0
    return x


def handled(x):
    try:
        return x
    finally:
        pass


def wrong_number(x):
    return swap(x)


def needs_integer(x):
    return triangle(x)


def one_of_two(x):
    return swap(x, x) + 1.0


def three_of_two(x):
    a, b, c = swap(x, x)
    return a


def library_function(x):
    return math.exp(x)


def subscript(x):
    return x[0]


def looped_else(x):
    while x > 0.0:
        x = x - 1.0
    else:
        x = 0.0
    return x


def odd_annotation(x: str):
    return x


def infinite(x):
    return x * 1e400


def nothing(x):
    y = x + 1.0  # noqa: F841 - a function without a result


def itself(x):
    return itself(x - 1.0) if x > 0.0 else 0.0


def there(x):
    return back(x)


def back(x):
    return there(x)


def one_minimum(x):
    return fmin(x)


def unset(x):
    if x > 0.0:
        y = x
    return y


def half_returned(x):
    if x > 0.0:
        return x


def with_default(x, y=2.0):
    return x + y


def many(*x):
    return 1.0


unnamed = lambda x: x + 1.0  # noqa: E731


@pytest.mark.parametrize(("function", "line", "reason"), [
    (squares, 3, "only grammar functions can be called"),
    (keyword, 2, "positional arguments"),
    (text, 2, "a literal of type str"),
    (attribute, 2, "not in the grammar"),
    (chained, 2, "only single comparisons"),
    (root, 2, "whole number from 2 to 8"),
    (sum_power, 2, "a name to the power"),
    (mixed, 2, "f32 and i32 cannot be combined"),
    (integer_division, 2, "division needs floating-point numbers"),
    (float_bits, 2, "this operator needs integers"),
    (number_as_truth, 2, "a condition must be a comparison"),
    (truth_joined, 2, "and/or join comparisons only"),
    (undefined, 2, "not_there is not defined"),
    (becomes_integer, 2, "x is f32 and cannot become i32"),
    (two_kinds, 4, "all returns must have the types"),
    (over_list, 2, "a loop must run over range(n)"),
    (handled, 2, "this statement is not in the grammar"),
    (wrong_number, 2, "swap takes 2 arguments"),
    (needs_integer, 2, "triangle wants i32 here, not f32"),
    (one_of_two, 2, "swap returns 2 values"),
    (three_of_two, 2, "swap returns 2 values"),
    (library_function, 2, "only grammar functions can be called"),
    (subscript, 2, "not in the grammar"),
    (looped_else, 2, "while has no else"),
    (odd_annotation, 1, "may only be annotated"),
    (infinite, 2, "a literal of type float"),
    (nothing, 1, "returns nothing"),
    (itself, 2, "calls itself"),
    (there, 2, "calls itself"),
    (one_minimum, 2, "fmin takes 2 arguments"),
    (unset, 4, "y may not be set here"),
    (half_returned, 1, "may end without a result"),
    (with_default, 1, "plain arguments only"),
    (many, 1, "plain arguments only"),
    (unnamed, 1, "write it with def"),
])
def test_what_is_outside_the_grammar_is_refused_with_its_line_and_the_reason(function, line, reason):
    with pytest.raises(GrammarError) as refused:
        Library().add(function)
    assert reason in str(refused.value)
    assert refused.value.line == line


def test_two_functions_of_one_name_are_refused():
    def first():
        def clash(x):
            return x
        return clash

    def second():
        def clash(x):
            return x + 1.0
        return clash

    library = Library()
    library.add(first())
    with pytest.raises(GrammarError, match="clash"):
        library.add(second())
