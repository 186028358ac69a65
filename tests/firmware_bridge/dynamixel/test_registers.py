"""The control table against itself and against the table of another, independent client."""

from __future__ import annotations

import pytest

from firmware_bridge.dynamixel import registers as reg
from firmware_bridge.joints import ServoModel

rustypot = pytest.importorskip("rustypot")


def test_registers_do_not_overlap_and_fill_the_table() -> None:
    ends = 0
    for register in sorted(reg.REGISTERS, key=lambda register: register.address):
        assert register.address >= ends, register.name
        ends = register.end
    assert ends == reg.TABLE_END


def test_initial_values_may_be_written() -> None:
    for model in ServoModel:
        for register in reg.REGISTERS:
            value = reg.initial_value(register, model)
            assert register.decode(register.encode(value)) == value
            if register.writable and register is not reg.SECONDARY_ID:
                assert register.lower <= value <= reg.upper_value(register, model), register.name


def test_addresses_and_sizes_are_those_of_rustypot() -> None:
    theirs = {entry.name: entry for entry in rustypot.Xl330PyController.registers()}
    shared = [register for register in reg.REGISTERS if register.name in theirs]
    assert len(shared) > 55
    for register in shared:
        if not register.name.startswith("indirect_data"):  # theirs are another model's
            entry = theirs[register.name]
            assert (register.address, register.size) == (entry.addr, entry.size), register.name
