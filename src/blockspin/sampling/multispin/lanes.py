"""512 replicas in step: a numba value of eight 64-bit words, and the generator that draws 512 fair bits at a time.

Bit b of word w is lane 64 w + b. `&`, `|`, `^` and `~` act on all lanes, `+`, `<<` and `>>` word by word, so that a
compiled loop reads as the formula for one spin. The compiler maps a value to the widest registers of the processor; the
numbers are the same on any of them.
"""

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import extending, njit, types, uint64
from numba.core.datamodel.models import PrimitiveModel
from numba.extending import overload, register_model
from numpy.typing import NDArray

from blockspin import randomness

intrinsic: Any = extending.intrinsic  # its own annotations take what it decorates for what is called
WORDS = 8
LANES = 64 * WORDS
WARM_UP = 12  # outputs that are thrown away after seeding, as numpy's SFC64 does

_WORD = ir.IntType(64)
_VECTOR = ir.VectorType(_WORD, WORDS)
_ALL = ir.IntType(LANES)


class LanesType(types.Type):
    """The numba type of 512 lanes."""


LANES_TYPE: Any = LanesType("Lanes")


@register_model(LanesType)
class _LanesModel(PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _VECTOR)  # type: ignore[no-untyped-call]  # numba ships no types


@intrinsic
def load(typing_context: Any, array: Any, start: Any) -> Any:
    """The lanes held by words start .. start + 7 of a contiguous uint64 array."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        value = builder.load(_address(context, builder, signature, arguments))
        value.align = WORDS  # arrays promise the alignment of a word, no more
        return value

    return LANES_TYPE(array, types.int64), code


@intrinsic
def store(typing_context: Any, array: Any, start: Any, value: Any) -> Any:
    """Write lanes to words start .. start + 7 of a contiguous uint64 array."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        builder.store(arguments[2], _address(context, builder, signature, arguments)).align = WORDS
        return context.get_dummy_value()

    return types.void(array, types.int64, LANES_TYPE), code


@intrinsic
def some(typing_context: Any, value: Any) -> Any:
    """Whether any lane is set."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.icmp_unsigned("!=", builder.bitcast(arguments[0], _ALL), ir.Constant(_ALL, 0))

    return types.boolean(LANES_TYPE), code


def _define(operation: Callable[..., Any], instruction: str) -> None:
    """Let Python's operator be the instruction of this name, of lanes and lanes or of lanes and a word everywhere."""

    @intrinsic
    def two(typing_context: Any, a: Any, b: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            first, second = arguments
            return getattr(builder, instruction)(first, second if b is LANES_TYPE else _spread(builder, second))

        return LANES_TYPE(LANES_TYPE, b), code

    @overload(operation)
    def on_lanes(a: Any, b: Any) -> Any:
        def of_both(a: Any, b: Any) -> Any:
            return two(a, b)

        return of_both if a is LANES_TYPE and b in (LANES_TYPE, types.uint64) else None


for _operation, _instruction in (
    (operator.and_, "and_"),
    (operator.or_, "or_"),
    (operator.xor, "xor"),
    (operator.add, "add"),
    (operator.lshift, "shl"),
    (operator.rshift, "lshr"),
):
    _define(_operation, _instruction)


@intrinsic
def _not(typing_context: Any, value: Any) -> Any:
    return LANES_TYPE(LANES_TYPE), lambda context, builder, signature, arguments: builder.not_(arguments[0])


@overload(operator.invert)
def _invert(value: Any) -> Any:
    def turned(value: Any) -> Any:
        return _not(value)

    return turned if value is LANES_TYPE else None


def _turning(by: int) -> Any:
    """The instruction that turns the words round: word w of the result is word w + by."""
    order = [(w + by) % WORDS for w in range(WORDS)]

    @intrinsic
    def turned(typing_context: Any, value: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            which = ir.Constant(ir.VectorType(ir.IntType(32), WORDS), order)
            return builder.shuffle_vector(arguments[0], ir.Constant(_VECTOR, ir.Undefined), which)

        return LANES_TYPE(value), code

    return turned


_next_words, _words_before = _turning(1), _turning(WORDS - 1)


@njit
def fair(a: Any, b: Any, c: Any, counter: Any) -> Any:
    """Fair bits, and the state that follows, of sfc64 generators: of lanes eight side by side, of a word one.

    Source: C. Doty-Humphrey, PractRand (2010); numpy's SFC64 is the same generator.
    """
    bits = a + b + counter
    a = b ^ (b >> uint64(11))
    b = c + (c << uint64(3))
    c = ((c << uint64(24)) | (c >> uint64(40))) + bits
    return bits, a, b, c, counter + uint64(1)


@njit
def fair_word(state: Any) -> Any:
    """64 fair bits from a single generator whose state (4,) is advanced in place."""
    bits, state[0], state[1], state[2], state[3] = fair(state[0], state[1], state[2], state[3])
    return bits


@njit
def loaded(state: Any) -> Any:
    """The state of a block's eight generators: a, b, c and counter as lanes."""
    return load(state, 0), load(state, WORDS), load(state, 2 * WORDS), load(state, 3 * WORDS)


@njit
def keep(state: Any, a: Any, b: Any, c: Any, counter: Any) -> None:
    """Write what `loaded` gave, and `fair` has changed, back."""
    store(state, 0, a)
    store(state, WORDS, b)
    store(state, 2 * WORDS, c)
    store(state, 3 * WORDS, counter)


@njit
def after(value: Any, stripes: int) -> Any:
    """Each lane's next one in a replica of 1, 64 or 512 stripes, round and round: what lies one stripe further."""
    if stripes == 1:
        return value
    return (value >> uint64(1)) | ((value if stripes == 64 else _next_words(value)) << uint64(63))


@njit
def before(value: Any, stripes: int) -> Any:
    """Each lane's one before in a replica of 1, 64 or 512 stripes, round and round."""
    if stripes == 1:
        return value
    return (value << uint64(1)) | ((value if stripes == 64 else _words_before(value)) >> uint64(63))


def generators(seed: int, blocks: int, *path: str | int) -> NDArray[np.uint64]:
    """Nine sfc64 generators a block, shape (block, 36): eight for the lanes (a, b, c, counter by word), one single.

    Each block has the stream of `randomness.sequence(seed, *path, block)`, however many blocks there are.
    """
    states = np.empty((blocks, 4 * (WORDS + 1)), np.uint64)
    for block in range(blocks):
        words = randomness.sequence(seed, *path, block).generate_state(3 * (WORDS + 1), np.uint64).reshape(3, -1)
        state = np.concatenate([words, np.ones((1, WORDS + 1), np.uint64)])
        for _ in range(WARM_UP):
            state = np.stack(fair.py_func(*state)[1:])
        states[block, : 4 * WORDS] = state[:, :WORDS].ravel()
        states[block, 4 * WORDS :] = state[:, WORDS]
    return states


def _address(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    array = context.make_array(signature.args[0])(context, builder, arguments[0])
    return builder.bitcast(builder.gep(array.data, [arguments[1]]), _VECTOR.as_pointer())


def _spread(builder: Any, word: Any) -> Any:
    undefined = ir.Constant(_VECTOR, ir.Undefined)
    first = builder.insert_element(undefined, word, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(first, undefined, ir.Constant(ir.VectorType(ir.IntType(32), WORDS), [0] * WORDS))
