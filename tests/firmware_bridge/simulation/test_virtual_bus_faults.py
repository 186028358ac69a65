"""The words that ask for a fault, and what a fault does to answers."""

from __future__ import annotations

import numpy as np
import pytest

from firmware_bridge.simulation.virtual_bus.bus import Answer
from firmware_bridge.simulation.virtual_bus.faults import (
    FaultError,
    FaultPlan,
    Kind,
    kinds_help,
    parse_fault,
)

ANSWERS = [Answer(number % 9, number * 1000, bytes(20)) for number in range(900)]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("overlaod:11", "did you mean overload?"),
        ("xyzzy", "one of servo_silent"),
        ("overload:33", "unknown servo '33'"),
        ("crc:11:2", "value must be 0 to 1"),
        ("shock:11:2", "takes no value"),
        ("brownout:11", "leave the servo out"),
        ("overload@x", "'x' is not a number"),
        ("overload@inf", "'inf' is not a number"),
        ("overload@1+-2", "times must be positive"),
        ("", "write KIND"),
    ],
)
def test_words_that_mean_nothing_are_refused(words: str, says: str) -> None:
    with pytest.raises(FaultError, match=says.replace("?", r"\?")):
        parse_fault(words)


def test_words_that_mean_something() -> None:
    fault = parse_fault("overheat:stewart_2:66@5+2.5")
    assert (fault.kind, fault.servos, fault.value) == (Kind.OVERHEAT, (2,), 66.0)
    assert [fault.active(t) for t in (4.9, 5.0, 7.4, 7.5)] == [False, True, True, False]
    assert parse_fault("drop").servos == tuple(range(9))
    assert parse_fault("drop:17@3").active(1e9)
    assert parse_fault("port_lost").duration_s == 1.0
    assert all(kind.value in kinds_help() for kind in Kind)


def plan(*words: str, seed: int = 0) -> FaultPlan:
    return FaultPlan([parse_fault(word) for word in words], np.random.default_rng(seed), 6.9)


def test_a_share_of_the_answers_is_lost_damaged_or_late() -> None:
    assert plan().spoil(ANSWERS, 0.0) == ANSWERS
    assert 0.7 < len(plan("drop:*:0.2").spoil(ANSWERS, 0.0)) / len(ANSWERS) < 0.9
    damaged = plan("crc:12:0.5").spoil(ANSWERS, 0.0)
    assert {answer.servo for answer in damaged if answer.data != bytes(20)} == {2}
    assert 0.3 < sum(answer.data != bytes(20) for answer in damaged) / 100 < 0.7
    late = plan("slow:*:7").spoil(ANSWERS, 0.0)
    assert {b.due_ns - a.due_ns for a, b in zip(ANSWERS, late, strict=True)} == {7_000_000}
    noisy = plan("garbage:*:1").spoil(ANSWERS, 0.0)
    assert all(answer.data.endswith(bytes(20)) and len(answer.data) > 20 for answer in noisy)
    assert plan("drop:*:1@5").spoil(ANSWERS, 4.9) == ANSWERS


def test_the_same_seed_spoils_the_same_answers() -> None:
    words = ("drop:*:0.2", "crc:*:0.2", "garbage:*:0.2")
    one, two = (plan(*words, seed=3).spoil(ANSWERS, 0.0) for _ in range(2))
    assert one == two
    assert one != plan(*words, seed=4).spoil(ANSWERS, 0.0)
