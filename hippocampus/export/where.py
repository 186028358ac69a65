"""Conditions on ticks: ``NAME OP VALUE``, for instance ``mode=RUN`` or ``doa.energy>0.5``."""

from __future__ import annotations

import difflib
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, cast

import numpy as np
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from numpy.typing import NDArray

from firmware_bridge.command import Mode
from hippocampus import ember_pb2 as pb
from hippocampus.export.wire_columns import Columns

_CONDITION: Final = re.compile(r"\s*([\w.]+)\s*(==|=|!=|<=|>=|<|>)\s*(\S+)\s*")
_COMPARE: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "=": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_WORDS: Final = {"true": 1.0, "false": 0.0, **{mode.name.lower(): float(mode) for mode in Mode}}
_TIME: Final = "time"
_TIME_PATH: Final = "sense.t_wall_ns"
_NS_PER_US: Final = 1000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class ConditionError(ValueError):
    """A condition that cannot be read; the message is one line for a person."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A number of the tick compared with a value. What is absent fulfils no condition."""

    path: str
    compare: Callable[[Any, Any], Any]
    value: float | int

    def holds(self, columns: Columns) -> NDArray[np.bool_]:
        """For each row whether it does."""
        column = columns[self.path]
        kept: NDArray[np.bool_] = self.compare(column.values, self.value) & column.present
        return kept


def parse_condition(text: str) -> Condition:
    """Read a condition. Raises ``ConditionError``."""
    found = _CONDITION.fullmatch(text)
    if found is None:
        raise ConditionError(f"--where {text!r} is not NAME OP VALUE, for instance mode=RUN")
    name, sign, value = found.groups()
    if name == _TIME:
        return Condition(_TIME_PATH, _COMPARE[sign], _wall_ns(text, value))
    path = name if name in _PATHS else f"sense.{name}"
    if path not in _PATHS:
        near = difflib.get_close_matches(name, _PATHS, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else "; for instance mode, doa.speech, time"
        raise ConditionError(f"--where {text!r}: a tick has no number {name!r}{hint}")
    if value.lower() in _WORDS:
        return Condition(path, _COMPARE[sign], _WORDS[value.lower()])
    try:
        return Condition(path, _COMPARE[sign], float(value))
    except ValueError:
        raise ConditionError(
            f"--where {text!r}: {value!r} is neither a number, true, false nor a mode"
        ) from None


def _wall_ns(text: str, value: str) -> int:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise ConditionError(
            f"--where {text!r}: {value!r} is no time such as 2026-11-22T10:00"
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    since = moment - _EPOCH
    whole_us = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    return whole_us * _NS_PER_US


def _number_paths(descriptor: Descriptor, prefix: str = "") -> list[str]:
    paths = []
    for field in descriptor.fields:
        if field.is_repeated:
            continue
        if field.type == FieldDescriptor.TYPE_MESSAGE:
            paths += _number_paths(cast(Descriptor, field.message_type), f"{prefix}{field.name}.")
        else:
            paths.append(f"{prefix}{field.name}")
    return paths


_PATHS: Final = frozenset(_number_paths(cast(Descriptor, pb.TickRecord.DESCRIPTOR)))
