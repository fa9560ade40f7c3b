"""Curves out of a pickle, or an `.npy` that has one inside, without running what either says.

Both can run any code when Python reads them. Here dictionaries, lists, texts and numbers are made, and
of everything that a pickle names stand-ins, which keep what they are given and do nothing.
"""

from __future__ import annotations

import io
import pickle  # nosec B403
import pickletools  # nosec B403
from math import prod
from typing import Any

import numpy as np

MOST_BYTES = 16_000_000
_MOST_PARTS = 1_000_000
NPY = b"\x93NUMPY"
PICKLE = b"\x80"
# Its history has the model in it, of which nothing is made.
_KERAS = ("keras", "tensorflow", "tf_keras")
_PUTS = ("PUT", "BINPUT", "LONG_BINPUT")
_TYPES = ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1", "O8")
_HEADERS = {1: 2, 2: 4, 3: 4}


def curves_of(data: bytes) -> dict[str, list[float]]:
    """Return the numbers of each metric in a pickle or an `.npy` file.

    It holds `history.history`, or the `History` itself. Raises `ValueError` or another exception, whose
    text says what came, for anything else.
    """
    if len(data) > MOST_BYTES:
        raise ValueError(f"it has more than {MOST_BYTES / 1e6:g} MB")
    made = _made(_inside(data) if data.startswith(NPY) else data)
    if isinstance(made, _Object) and isinstance(made.state, dict):
        made = made.state.get("history")
    if isinstance(made, _Array):
        values = made.values
        made = values[0] if len(values) == 1 else values
    if not isinstance(made, dict) or not all(isinstance(name, str) for name in made):
        raise ValueError(f"it holds {_called(made)} and no dictionary of lists")
    return {name: _numbers(values, name) for name, values in made.items()}


def _inside(data: bytes) -> bytes:
    """Return the pickle in an `.npy` file."""
    width = _HEADERS.get(data[6], 4)
    begins = 8 + width
    return data[begins + int.from_bytes(data[8:begins], "little") :]


def _made(data: bytes) -> Any:
    # What Python keeps under a number has as much room made for it as the number says.
    for number, (operation, argument, place) in enumerate(pickletools.genops(data)):
        if number > _MOST_PARTS:
            raise pickle.UnpicklingError(f"it has more than {_MOST_PARTS:,} parts")
        if operation.name in _PUTS and int(argument or 0) > (place or 0):
            raise pickle.UnpicklingError("it is damaged")
    return _Unpickler(io.BytesIO(data), encoding="latin1").load()


def _numbers(values: Any, name: str) -> list[float]:
    given = values.values if isinstance(values, _Array) else values
    if not isinstance(given, list | tuple):
        raise ValueError(f"{name} is {_called(values)} and no list of numbers")
    return [_number(one, name) for one in given]


def _number(value: Any, name: str) -> float:
    if isinstance(value, _Array) and len(value.values) == 1:
        value = value.values[0]
    if not isinstance(value, int | float):
        raise ValueError(f"{name} has {_called(value)} among its numbers")
    return float(value)


def _called(value: Any) -> str:
    return (
        "an object"
        if isinstance(value, _Object)
        else f"a {type(value).__name__.strip('_').lower()}"
    )


class _Type:
    """Stands for a type of numbers, or of objects."""

    def __init__(self, name: Any, *_: Any) -> None:
        if name not in _TYPES:
            raise pickle.UnpicklingError(f"it has an array of {str(name)[:20]!r}")
        self.name, self.order = name, "<"

    def __setstate__(self, state: Any) -> None:
        self.order = ">" if state[1] == ">" else "<"

    def values(self, data: Any, count: int) -> list[Any]:
        """Return so many values that are given as objects, or as bytes."""
        if self.name == "O8" and isinstance(data, list):
            return data
        content = data.encode("latin1") if isinstance(data, str) else bytes(data)
        read: list[Any] = np.frombuffer(content, self.order + self.name, count).tolist()
        return read


class _Array:
    """Stands for an array; its `values` are in a row."""

    def __init__(self, *_: Any) -> None:
        self.values: list[Any] = []

    def __setstate__(self, state: Any) -> None:
        _, shape, kind, _, data = state
        self.values = kind.values(data, prod(shape))


class _Object:
    """Stands for anything of Keras; it keeps the state that it is given, and does nothing."""

    state: Any = None

    def __init__(self, *_: Any) -> None:
        """Take no notice of what it is made with."""

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def __call__(self, *_: Any) -> _Object:
        return _Object()


def _scalar(kind: _Type, data: Any) -> Any:
    return kind.values(data, 1)[0]


def _filled(data: Any, kind: _Type, shape: Any, _order: Any) -> _Array:
    """Return an array whose bytes are given, as protocol 5 has them."""
    array = _Array()
    array.values = kind.values(data, prod(shape))
    return array


def _encoded(text: Any, encoding: Any) -> Any:
    """Return bytes that a newer Python has written as text, as that text."""
    if encoding != "latin1" or not isinstance(text, str):
        raise pickle.UnpicklingError("it has bytes in an unknown encoding")
    return text


_STANDS_FOR: dict[tuple[str, str], Any] = {
    ("multiarray", "_reconstruct"): _Array,
    ("multiarray", "scalar"): _scalar,
    ("numeric", "_frombuffer"): _filled,
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Type,
    ("_codecs", "encode"): _encoded,
    ("_io", "BytesIO"): _Object,
    ("builtins", "getattr"): _Object,
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """Return what stands for something that is named; nothing is ever imported."""
        package, _, rest = module.partition(".")
        if package in _KERAS:
            return _Object
        of_numpy = rest.removeprefix("_core.").removeprefix("core.")
        known = of_numpy if package == "numpy" and of_numpy else module
        if (known, name) not in _STANDS_FOR:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which is not allowed")
        return _STANDS_FOR[known, name]

    def persistent_load(self, _pid: Any) -> Any:
        """Refuse references to what is elsewhere."""
        raise pickle.UnpicklingError("it refers to something outside")
