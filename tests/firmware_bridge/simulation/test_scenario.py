"""Scenarios: what is refused and how it is said, what a seed draws, and the way back from a log."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware_bridge.simulation.scenario import (
    WORLD_KINDS,
    ScenarioError,
    load_scenario,
    parse_scenario,
    shipped_scenarios,
)
from firmware_bridge.simulation.timeline import scenario_from_world, scenario_to_toml, timeline


@pytest.mark.parametrize("name", shipped_scenarios())
def test_shipped_scenarios_survive_toml_and_the_way_through_a_log(name: str) -> None:
    scenario = load_scenario(name)
    assert parse_scenario(scenario_to_toml(scenario), name) == scenario
    lived = timeline(scenario)
    again = scenario_from_world(lived, scenario)
    assert parse_scenario(scenario_to_toml(again), name) == again
    assert timeline(again) == lived


def test_shipped_names() -> None:
    assert {"default", "quiet", "lite"} <= set(shipped_scenarios())
    assert not load_scenario("lite").robot.imu


def test_every_change_has_the_values_that_its_kind_names_and_is_in_order() -> None:
    for name in shipped_scenarios():
        lived = timeline(load_scenario(name))
        assert all(len(change.values) == len(WORLD_KINDS[change.kind]) for change in lived)
        times = [change.t_mono_ns for change in lived]
        assert times == sorted(times)


def test_times_of_a_log_are_counted_from_its_start() -> None:
    lived = timeline(load_scenario("default"))
    later = [type(c)(c.t_mono_ns + 5_000, c.kind, c.who, c.values) for c in lived]
    assert timeline(scenario_from_world(later, start_ns=5_000)) == lived


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[rom]", "key 'rom' is not known in the top level"),
        ("[room]\nnoisy = 1", "key 'noisy' is not known in room"),
        ("[room]\nnoise = 2", "room.noise: expected float <= 1.0"),
        ('[room]\natlas = "x"', "atlas x: no such file; give a .npz file or one of: standard"),
        ('[[people]]\nname = "a"', "key 'bearing_deg' is missing in people[0]"),
        ('[[people]]\nname = "a"\nbearing_deg = "x"', "people[0].bearing_deg: expected float"),
        (
            '[[people]]\nname = "a"\nbearing_deg = 1\nwalks = [{bearing_deg = 1, far = 1}]',
            "key 'far' is not known in people[0].walks[0]",
        ),
        ('[[speech]]\nwho = "x"\nat_s = 0\nseconds = 1', "speech[0].who 'x' is nobody"),
        ('[[hands]]\nat_s = 0\nseconds = 1\nkind = "hit"', "hands[0].kind"),
        (
            '[[failures]]\nat_s = 0\nseconds = 1\nkind = "silent"\nwho = "imu"',
            "failures[0].who 'imu' cannot be 'silent'",
        ),
        (
            '[[people]]\nname = "a"\nbearing_deg = 1\n[[people]]\nname = "a"\nbearing_deg = 2',
            "two people are called 'a'",
        ),
        ('[[people]]\nname = "a"\nbearing_deg = 1\nfrom_s = 5\nuntil_s = 2', "people[0].until_s"),
        ('[[world]]\nt_ns = 0\nkind = "rain"\nwho = ""', "world[0].kind 'rain' is not known"),
        ('[[world]]\nt_ns = 0\nkind = "turn"\nwho = "foot"\nvalues = [1]', "needs 2 finite values"),
        ('[[world]]\nt_ns = 0\nkind = "tap"\nwho = "tail"\nvalues = [1, 1, 1, 1]', "'tail'"),
        ("people = [", "not TOML"),
    ],
)
def test_a_bad_scenario_is_refused_in_one_line_that_names_file_and_key(
    text: str, said: str
) -> None:
    with pytest.raises(ScenarioError) as caught:
        parse_scenario(text, "mine.toml")
    message = str(caught.value)
    assert message.startswith("scenario mine.toml: ")
    assert said in message
    assert "\n" not in message


def test_a_missing_file_names_the_ones_that_ship(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"No such file.*default"):
        load_scenario(tmp_path / "none.toml")
    (tmp_path / "own.toml").write_text("[room]\nnoise = 0.2\n")
    assert load_scenario(tmp_path / "own.toml").room.noise == 0.2
