"""A part in the middle of its work as bytes, and back: the same part, to the bit.

``snapshot`` keeps what was learned. A log needs more: what is only on its way (the last ticks of a
joint, a touch that goes on, sums of evidence), or a replay that begins in the middle would judge
its first seconds otherwise. So a part is written down as it stands, attribute by attribute.

Only classes of this package and records of the body are written and read, no code runs while
reading, an object that is held in two places is one object again, and an array that is a window on
another is one again. A part that can be made anew
from its ``state`` is written as that, and what ships with the program by its name alone. Bytes of a
program with other attributes are refused.
"""

from __future__ import annotations

import dis
import sys
from array import array
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import is_dataclass
from enum import Enum
from functools import cache
from types import NoneType
from typing import Any, Final, TypeVar

import msgspec
import numpy as np

from cerebellum.contact import ContactNet, read_contact_net
from cerebellum.forward_nets import ForwardNets, read_nets
from cerebellum.reach_table import ReachTable
from cerebellum.selector import SynapticSelector
from cerebellum.yaw_table import YawTable

PartT = TypeVar("PartT")

LAYOUT: Final = 3
_PACKAGES: Final = ("cerebellum", "firmware_bridge")
_PLAIN: Final = (NoneType, bool, int, float, str, bytes)
_BY_STATE: Final = (YawTable, ReachTable, SynapticSelector)
_SHIPPED: Final[dict[type, Callable[[float], object]]] = {
    ForwardNets: read_nets,
    ContactNet: read_contact_net,
}
"""What is the same for all robots of a period, and how it is found by that."""
_GENERATORS: Final = {"PCG64": np.random.PCG64, "PCG64DXSM": np.random.PCG64DXSM}


_MISFITS: Final = (
    msgspec.DecodeError, AttributeError, IndexError, KeyError, TypeError, ValueError,
)  # fmt: skip
"""What is raised on the way where bytes do not fit this program."""


class InFlightError(ValueError):
    """The bytes are not a part as this program writes it; one line for a person."""


def to_bytes(part: object) -> bytes:
    """A part as it stands. Raises ``TypeError`` on something in it that cannot be written down."""
    return msgspec.msgpack.encode((LAYOUT, _Writer().write(part)))


def from_bytes(data: bytes, kind: type[PartT]) -> PartT:
    """The part again. Raises ``InFlightError`` on anything but what this program wrote."""
    try:
        layout, tree = msgspec.msgpack.decode(data)
        if layout != LAYOUT:
            raise InFlightError(f"its layout is {layout}, this program reads {LAYOUT}")
        part = _Reader().read(tree)
    except InFlightError:
        raise
    except _MISFITS as error:
        raise InFlightError(f"not a part of this version: {error}") from error
    if type(part) is not kind:
        raise InFlightError(f"it is a {type(part).__name__}, not a {kind.__name__}")
    return part


class _Writer:
    """Every value but a plain one as (mark, ...); what can change is numbered when it is met."""

    def __init__(self) -> None:
        self._numbers: dict[int, int] = {}
        self._kept: list[object] = []

    def write(self, value: Any) -> Any:
        """What msgpack can hold of a value."""
        if type(value) in _PLAIN:
            return value
        if isinstance(value, tuple):
            return ("t", [self.write(item) for item in value])
        if isinstance(value, Enum):
            return ("e", _name(type(value)), self.write(value.value))
        if isinstance(value, np.generic):
            return ("a", value.dtype.str, None, value.tobytes())
        known = self._numbers.get(id(value))
        if known is not None:
            return ("=", known)
        number = self._numbers[id(value)] = len(self._kept)
        self._kept.append(value)  # an object that is gone could give its id to another
        return (*self._written(value), number)

    def _written(self, value: Any) -> tuple[Any, ...]:
        if isinstance(value, np.ndarray):
            little = value.dtype.newbyteorder("<")
            owner = _owner(value)
            if owner is not None:
                offset = _address(value) - _address(owner)
                return ("w", self.write(owner), offset, value.shape, value.strides)
            if _is_symmetric(value):
                half = value[..., *np.triu_indices(value.shape[-1])]
                return ("y", little.str, value.shape, half.astype(little).tobytes())
            data = np.ascontiguousarray(value, dtype=little).tobytes()
            return ("n", little.str, value.shape, data)
        if isinstance(value, np.random.Generator):
            return ("g", _generator_state(value))
        if isinstance(value, array):
            return ("A", value.typecode, value.tobytes())
        if isinstance(value, deque):
            return ("d", [self.write(item) for item in value], value.maxlen)
        if isinstance(value, list):
            return ("l", [self.write(item) for item in value])
        if isinstance(value, set | frozenset):
            raise TypeError("a set has no order, so it cannot be written the same twice")
        if isinstance(value, dict):
            return ("m", [(self.write(k), self.write(v)) for k, v in value.items()])
        if type(value) in _SHIPPED:
            if value.period_s is None:
                raise TypeError("what was fitted, but does not ship, cannot be written down")
            return ("p", _name(type(value)), value.period_s)
        if isinstance(value, _BY_STATE):
            return ("s", _name(type(value)), self.write(value.state()))
        if type(value).__module__.partition(".")[0] not in _PACKAGES or callable(value):
            raise TypeError(f"a {type(value).__name__} cannot be written down")
        if isinstance(value, msgspec.Struct):
            known = {name: self.write(getattr(value, name)) for name in value.__struct_fields__}
            return ("r", _name(type(value)), known)
        parts = {name: self.write(getattr(value, name)) for name in _attributes(value)}
        return ("o", _name(type(value)), parts)


class _Reader:
    def __init__(self) -> None:
        self._made: dict[int, Any] = {}

    def read(self, tree: Any) -> Any:
        """The value that ``write`` made this of."""
        if type(tree) in _PLAIN:
            return tree
        mark, *rest = tree
        match mark:
            case "t":
                return tuple([self.read(item) for item in rest[0]])
            case "e":
                return _class(rest[0])(self.read(rest[1]))
            case "a":
                return np.frombuffer(rest[2], dtype=np.dtype(rest[0]))[0]
            case "=":
                return self._made[rest[0]]
        *values, number = rest
        if mark in ("l", "d", "m", "o"):
            return self._filled(mark, values, number)
        made = self._made[number] = self._whole(mark, values)
        return made

    def _filled(self, mark: str, values: list[Any], number: int) -> Any:
        """What may hold itself: made empty first, then filled."""
        if mark == "l":
            items: list[Any] = []
            self._made[number] = items
            items.extend(self.read(item) for item in values[0])
            return items
        if mark == "d":
            queue: deque[Any] = deque(maxlen=values[1])
            self._made[number] = queue
            queue.extend(self.read(item) for item in values[0])
            return queue
        if mark == "m":
            found: dict[Any, Any] = {}
            self._made[number] = found
            for key, value in values[0]:
                found[self.read(key)] = self.read(value)
            return found
        kind = _class(values[0])
        made = object.__new__(kind)
        self._made[number] = made
        for name, value in values[1].items():
            object.__setattr__(made, name, self.read(value))
        missing = [n for n in (*_slots(kind), *_set_at_first(kind)) if not hasattr(made, n)]
        if missing:
            raise InFlightError(f"a {kind.__name__} without {missing[0]}")
        return made

    def _whole(self, mark: str, values: list[Any]) -> Any:
        if mark == "n":
            name, shape, data = values
            dtype = np.dtype(name)
            return np.frombuffer(data, dtype=dtype).reshape(shape).astype(dtype.newbyteorder("="))
        if mark == "y":
            name, shape, data = values
            dtype = np.dtype(name)
            whole = np.empty(shape, dtype.newbyteorder("="))
            rows, columns = np.triu_indices(whole.shape[-1])
            half = np.frombuffer(data, dtype=dtype).reshape(*whole.shape[:-2], len(rows))
            whole[..., rows, columns] = whole[..., columns, rows] = half
            return whole
        if mark == "w":
            owner, offset, shape, strides = self.read(values[0]), *values[1:]
            return np.ndarray(shape, owner.dtype, owner, offset, strides)
        if mark == "g":
            return _generator(*values[0])
        if mark == "A":
            return array(values[0], values[1])
        if mark == "r":
            return _class(values[0])(**{name: self.read(item) for name, item in values[1].items()})
        if mark == "p":
            return _SHIPPED[_class(values[0])](values[1])
        if mark == "s":
            kind = _class(values[0])
            if kind not in _BY_STATE:
                raise InFlightError(f"a {kind.__name__} has no state to be made from")
            return kind.from_state(self.read(values[1]))
        raise InFlightError(f"no value is marked {mark!r}")


def _owner(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any] | None:
    """The array that this one is a window on, where what changes in one changes in the other."""
    owner = array.base
    if not isinstance(owner, np.ndarray) or owner.dtype != array.dtype:
        return None
    return owner if owner.flags.c_contiguous and owner.flags.writeable else None


def _address(array: np.ndarray[Any, Any]) -> int:
    return int(array.__array_interface__["data"][0])


def _is_symmetric(array: np.ndarray[Any, Any]) -> bool:
    """Of matrices that are the same turned over, to the bit, half is enough: covariances."""
    if array.ndim < 2 or array.shape[-1] != array.shape[-2] or array.dtype.kind != "f":
        return False
    flipped = np.ascontiguousarray(array.swapaxes(-1, -2))
    return flipped.tobytes() == array.tobytes()


def _attributes(value: object) -> list[str]:
    """Names of what an object holds, in an order that does not depend on its life."""
    return sorted({*_slots(type(value)), *getattr(value, "__dict__", ())})


def _slots(kind: type) -> Iterator[str]:
    for parent in kind.__mro__:
        slots = parent.__dict__.get("__slots__", ())
        yield from (slots,) if isinstance(slots, str) else slots
    if is_dataclass(kind) and not hasattr(kind, "__slots__"):
        yield from kind.__dataclass_fields__


@cache
def _set_at_first(kind: type) -> tuple[str, ...]:
    """Names that an object gets when it is made anew: without them it is another version's."""
    made_by = kind.__dict__.get("__init__")
    if made_by is None or is_dataclass(kind):
        return ()
    steps = dis.get_instructions(made_by)
    return tuple({str(step.argval) for step in steps if step.opname == "STORE_ATTR"})


def _name(kind: type) -> str:
    return f"{kind.__module__}:{kind.__qualname__}"


def _class(name: str) -> Any:
    """A class of one of the packages by its name; nothing is imported or called for it."""
    module, _, path = name.partition(":")
    own = module.partition(".")[0] in _PACKAGES
    kind = getattr(sys.modules.get(module), path, None) if own else None
    if not isinstance(kind, type):
        raise InFlightError(f"this program has no part {name}")
    return kind


def _generator_state(generator: np.random.Generator) -> tuple[str, str, str, int, int]:
    state = generator.bit_generator.state
    name = str(state["bit_generator"])
    if name not in _GENERATORS:
        raise TypeError(f"generator {name} cannot be written down; use one of {[*_GENERATORS]}")
    inner = state["state"]
    numbers = (f"{inner['state']:x}", f"{inner['inc']:x}")
    return (name, *numbers, int(state["has_uint32"]), int(state["uinteger"]))


def _generator(
    name: str, state: str, increment: str, has_half: int, half: int
) -> np.random.Generator:
    bits = _GENERATORS[name](0)
    bits.state = {
        "bit_generator": name,
        "state": {"state": int(state, 16), "inc": int(increment, 16)},
        "has_uint32": has_half,
        "uinteger": half,
    }
    return np.random.Generator(bits)
