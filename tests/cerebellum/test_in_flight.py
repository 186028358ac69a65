from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import msgspec
import numpy as np
import pytest

from cerebellum import in_flight
from cerebellum.agency import Agency
from cerebellum.in_flight import InFlightError, from_bytes, to_bytes
from cerebellum.own_motion import OwnMotion, OwnMotionState
from cerebellum.probe import Prober
from cerebellum.touch import Touch


def test_what_is_held_twice_is_held_twice_again() -> None:
    touch = Touch(0.1)
    shared = np.arange(3.0)
    touch.__dict__["one"] = [shared, deque((1, None, "a"), maxlen=4)]
    touch.__dict__["two"] = {7: shared, "whole": touch}
    back = from_bytes(to_bytes(touch), Touch)
    assert back.__dict__["one"][0] is back.__dict__["two"][7]
    assert back.__dict__["two"]["whole"] is back
    assert back.__dict__["one"][1].maxlen == 4
    assert to_bytes(back) == to_bytes(touch)


def test_a_window_on_an_array_is_one_again() -> None:
    touch, whole = Touch(0.1), np.arange(12.0)
    touch.__dict__["more"] = [whole[3:9], whole.reshape(3, 4)[::2, 1], whole, whole[::-1]]
    back = from_bytes(to_bytes(touch), Touch).__dict__["more"]
    back[2][5] = -1.0
    assert back[0].tolist() == [3.0, 4.0, -1.0, 6.0, 7.0, 8.0]
    assert back[1].tolist() == [1.0, 9.0]
    assert back[3][6] == -1.0
    back[1][1] = 7.5
    assert back[2][9] == 7.5


def test_a_window_beyond_its_array_is_refused() -> None:
    touch = Touch(0.1)
    touch.__dict__["more"] = np.arange(12.0)[6:]
    data = to_bytes(touch)
    assert data.count(msgspec.msgpack.encode((48, (6,), (8,)))[1:]) == 1
    for offset in (56, -8):
        damaged = data.replace(
            msgspec.msgpack.encode((48, (6,), (8,)))[1:],
            msgspec.msgpack.encode((offset, (6,), (8,)))[1:],
        )
        with pytest.raises(InFlightError):
            from_bytes(damaged, Touch)


def test_of_symmetric_matrices_half_is_written() -> None:
    touch, draw = Touch(0.1), np.random.default_rng(0)
    half = draw.standard_normal((3, 5, 5))
    matrices = half + half.swapaxes(1, 2)
    sizes = []
    for thing in (matrices, half):
        touch.__dict__["more"] = thing
        data = to_bytes(touch)
        sizes.append(len(data))
        back = from_bytes(data, Touch).__dict__["more"]
        assert back.tobytes() == thing.tobytes()
        assert back.flags.writeable
    assert sizes[1] - sizes[0] >= 3 * 10 * 8
    touch.__dict__["more"] = matrices[0].copy()
    touch.__dict__["more"][0, 1] = -0.0
    touch.__dict__["more"][1, 0] = 0.0
    again = from_bytes(to_bytes(touch), Touch).__dict__["more"]
    assert np.signbit(again[0, 1]) != np.signbit(again[1, 0]), "equal is not the same"


def test_chance_goes_on_where_it_was() -> None:
    prober = Prober(np.random.default_rng(3), 1.0)
    goal = (0.0,) * 9
    for tick in range(200):
        prober.alter(goal, tick * 100_000_000)
    again = from_bytes(to_bytes(prober), Prober)
    later = [
        [one.alter(goal, tick * 100_000_000) for tick in range(200, 600)] for one in (prober, again)
    ]
    assert later[0] == later[1]
    assert len(set(later[0])) > 10, "it probed"


def test_another_part_or_program_is_refused() -> None:
    ears = to_bytes(OwnMotion(OwnMotionState()))
    with pytest.raises(InFlightError, match="not a Touch"):
        from_bytes(ears, Touch)
    with pytest.raises(InFlightError, match="layout"):
        from_bytes(msgspec.msgpack.encode((in_flight.LAYOUT + 1, None)), Touch)
    for damaged in (b"", ears[:-9], ears.replace(b"OwnMotion", b"OwnNotion")):
        with pytest.raises(InFlightError):
            from_bytes(damaged, OwnMotion)
    for name in (b"loudness_rad_s", b"_doa_ns"):
        other = ears.replace(name, name[:-1] + b"x")
        assert other != ears
        with pytest.raises(InFlightError):
            from_bytes(other, OwnMotion)


@pytest.mark.parametrize("name", ["os:system", "subprocess:Popen", "cerebellum.agency:_unknown"])
def test_only_classes_of_the_robot_are_made(name: str) -> None:
    data = msgspec.msgpack.encode((in_flight.LAYOUT, ("o", name, {}, 0)))
    with pytest.raises(InFlightError, match="no part"):
        from_bytes(data, Agency)


def test_what_has_no_order_or_is_not_its_own_is_not_written() -> None:
    @dataclass
    class Stranger:
        number: int

    touch = Touch(0.1)
    for thing in ({1, 2}, Stranger(1), open):
        touch.__dict__["more"] = thing
        with pytest.raises(TypeError):
            to_bytes(touch)
