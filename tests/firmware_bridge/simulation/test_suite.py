"""Suites: what is refused and how it is said, and that a drawn life keeps to its ranges."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import get_args, get_origin

import msgspec
import numpy as np
import pytest

from firmware_bridge.simulation.atlas import SHIPPED
from firmware_bridge.simulation.scenario import Scenario, parse_scenario
from firmware_bridge.simulation.suite import (
    Suite,
    SuiteError,
    draw_life,
    draw_scenario,
    load_suite,
    parse_suite,
    shipped_suites,
)
from firmware_bridge.simulation.timeline import scenario_to_toml, timeline

SEEDS = range(50)
ATLAS = 'atlas = "standard"\n'


@pytest.fixture(scope="module")
def lives() -> list[Scenario]:
    return [draw_scenario(load_suite("standard"), seed) for seed in SEEDS]


def inside(value: float, span: tuple[float, float]) -> bool:
    return span[0] <= value <= span[1]


@pytest.mark.parametrize("name", shipped_suites())
def test_a_seed_draws_one_life_and_toml_reads_it_back(name: str) -> None:
    suite = load_suite(name)
    life = draw_scenario(suite, 3)
    assert life == draw_scenario(suite, 3) != draw_scenario(suite, 4)
    assert life.world == ()
    assert parse_scenario(scenario_to_toml(life), name) == life
    assert (life.room.atlas, suite.seconds) == (
        "training" if name == "training" else "standard",
        3600.0 if name == "quiet" else 60.0,
    )


def test_what_is_left_out_does_not_happen() -> None:
    for seed in range(5):
        life = draw_scenario(parse_suite(ATLAS, "bare"), seed)
        assert timeline(life) == ()
        assert life.robot.imu


def test_a_part_that_changes_leaves_the_others_alone() -> None:
    suite = load_suite("standard")
    calm = msgspec.structs.replace(suite, touches=type(suite.touches)())
    for seed in range(5):
        life, without = draw_scenario(suite, seed), draw_scenario(calm, seed)
        assert life.people == without.people
        assert life.speech == without.speech
        grips = [hand for hand in life.hands if hand.kind in ("lift", "tilt", "bump", "turn")]
        assert list(without.hands) == grips


def test_robots_rooms_and_people_keep_to_their_ranges(lives: list[Scenario]) -> None:
    suite = load_suite("standard")
    ahead = total = 0
    for life in lives:
        assert inside(life.robot.voltage_v, suite.robot.voltage_v)
        assert inside(life.robot.spread, suite.robot.spread)
        assert all(inside(a, suite.robot.imu_mounting_deg) for a in life.robot.imu_mounting_rpy_deg)
        assert inside(life.room.rt60_s, suite.room.rt60_s)
        assert inside(life.room.noise, suite.room.noise)
        for person in (p for p in life.people if p.name.startswith("person")):
            total += 1
            ahead += abs(person.bearing_deg) <= suite.people.front_deg
            assert inside(person.distance_m, suite.people.distance_m)
            assert inside(person.height_m, (0.3, 1.0))
            assert all(inside(w.speed_m_s, suite.people.walk_speed_m_s) for w in person.walks)
            assert person.until_s is None or person.until_s > person.from_s
    share = np.mean([life.robot.imu for life in lives])
    assert 0.7 < share < 1.0
    assert 0.65 < ahead / total < 0.95


def test_nobody_speaks_twice_at_once_or_when_gone(lives: list[Scenario]) -> None:
    suite = load_suite("standard")
    overlaps = 0
    for life in lives:
        people = {person.name: person for person in life.people}
        for who, person in people.items():
            turns = [turn for turn in life.speech if turn.who == who]
            for turn, after in pairwise(turns):
                assert turn.at_s + turn.seconds <= after.at_s + 1e-9
            for turn in turns:
                assert turn.at_s >= person.from_s
                assert person.until_s is None or turn.at_s + turn.seconds <= person.until_s + 1e-3
                assert inside(turn.level, suite.talk.level)
        pairs = pairwise(life.speech)
        overlaps += sum(b.at_s < a.at_s + a.seconds for a, b in pairs)
    assert overlaps > len(lives) / 2


def test_talk_fills_its_share_of_the_time() -> None:
    for share in (0.2, 0.5, 0.8):
        suite = parse_suite(
            f"{ATLAS}seconds = 1800\n[people]\ncount_weights = [0, 0, 1]\n"
            f"[talk]\nshare = [{share}, {share}]\n",
            "talk",
        )
        spoken = [sum(t.seconds for t in draw_scenario(suite, seed).speech) for seed in range(4)]
        assert np.mean(spoken) / 1800 == pytest.approx(share, abs=0.12)


def test_hands_keep_to_their_rates_and_ranges(lives: list[Scenario]) -> None:
    suite = load_suite("standard")
    touches = [h for life in lives for h in life.hands if h.kind in ("tap", "stroke", "push")]
    assert 2.0 < len(touches) / len(lives) < 6.5
    for hand in touches:
        antenna = hand.place.endswith("antenna")
        span = suite.touches.antenna_force_n if antenna else suite.touches.force_n
        assert span[0] / 2 <= hand.force_n <= span[1]
        assert inside(hand.seconds, (0.06, 0.25) if hand.kind == "tap" else suite.touches.seconds)
    turns = [h for life in lives for h in life.hands if h.kind == "turn"]
    assert {np.sign(h.angle_deg) for h in turns} == {-1.0, 1.0}
    assert all(inside(abs(h.angle_deg), suite.grips.turn_deg) for h in turns)


def test_a_radio_speaks_from_one_place_with_nobody_there() -> None:
    text = f"{ATLAS}[radio]\nshare = 1\non_share = [0.5, 0.5]\nlevel = [0.2, 0.4]\n"
    for seed in range(5):
        life = draw_scenario(parse_suite(text, "radio"), seed)
        assert life.people == life.speech == ()
        assert len({(sound.bearing_deg, sound.distance_m) for sound in life.sounds}) == 1
        assert all(sound.speech and inside(sound.level, (0.2, 0.4)) for sound in life.sounds)
        span_s = life.sounds[-1].at_s + life.sounds[-1].seconds - life.sounds[0].at_s
        assert 25.0 < span_s <= 30.01


def test_streams_fail_at_their_rate_or_are_missing() -> None:
    text = f"{ATLAS}[failures]\nmissing_share = 1\nstreams = {{ imu = 0, doa = 1, camera = 0 }}\n"
    (failure,) = draw_scenario(parse_suite(text, "missing"), 1).failures
    assert (failure.at_s, failure.seconds, failure.who, failure.kind) == (0.0, 60.0, "doa", "off")


def test_a_range_is_kept_to_the_last_digit() -> None:
    text = (
        f"{ATLAS}[room]\nnoise = [0.00012, 0.00034]\nrt60_s = [0.33333, 0.33334]\n"
        "[people]\ncount_weights = [0, 1]\ndistance_m = [1.23456, 1.23456]\n"
        "[talk]\nshare = [1, 1]\nturn_s = [0.50001, 0.50009]\n"
    )
    for seed in range(5):
        life = draw_scenario(parse_suite(text, "tight"), seed)
        assert inside(life.room.noise, (0.00012, 0.00034))
        assert inside(life.room.rt60_s, (0.33333, 0.33334))
        assert life.people[0].distance_m == 1.23456
        assert inside(life.speech[0].seconds, (0.5, 0.501))


def test_a_life_may_be_longer_than_its_suite_says() -> None:
    suite = load_suite("standard")
    assert draw_life(suite, 2) == draw_scenario(suite, 2)
    assert max(turn.at_s for turn in draw_life(suite, 2, 300.0).speech) > 150.0


def wild_number(kind: object, rng: np.random.Generator) -> float:
    """Any number that the key's bounds allow, its ends often."""
    meta = get_args(kind)[1] if get_args(kind) else msgspec.Meta(ge=0.0, le=1.0)
    low = meta.ge if meta.ge is not None else meta.gt + 1e-3
    high = min(20.0, meta.le if meta.le is not None else meta.lt - 1e-3)
    return float(rng.choice([low, high, rng.uniform(low, high)]))


def wild_table(table: type[msgspec.Struct], rng: np.random.Generator) -> dict[str, object]:
    """A suite's table at the edge of what is allowed."""
    drawn: dict[str, object] = {}
    for field in msgspec.structs.fields(table):
        kind, choices = field.type, get_args(field.type)
        if field.name == "atlas":
            drawn[field.name] = "standard"
        elif field.name == "imu_mounted_on":
            drawn[field.name] = ["foot", "head"]
        elif isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            drawn[field.name] = wild_table(kind, rng)
        elif get_origin(kind) is tuple:
            numbers = sorted(wild_number(choices[0], rng) for _ in range(2))
            drawn[field.name] = [*numbers, 1.0] if Ellipsis in choices else numbers
        else:
            drawn[field.name] = wild_number(kind, rng)
    return drawn


def test_whatever_a_suite_may_say_is_a_life_that_a_scenario_may_say() -> None:
    rng, drawn = np.random.default_rng(1), 0
    for seed in range(14):
        try:
            suite = msgspec.convert(wild_table(Suite, rng), Suite)
        except msgspec.ValidationError as error:
            assert "weights are zero" in str(error)  # noqa: PT017
            continue
        life = draw_scenario(suite, seed)
        assert parse_scenario(scenario_to_toml(life), "wild") == life
        times = [change.t_mono_ns for change in timeline(life)]
        assert times == sorted(times)
        drawn += 1
    assert drawn > 4


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("seconds = 60", "key 'atlas' is missing in the top level"),
        (ATLAS + "[tulk]", "key 'tulk' is not known in the top level"),
        (ATLAS + "[talk]\nloudness = 1", "key 'loudness' is not known in talk"),
        (ATLAS + "[talk]\nturn_s = [4, 2]", "talk: turn_s = [4, 2] runs backwards"),
        (ATLAS + "[room]\nrt60_s = [0.2, 2]", "room.rt60_s[1]: expected float <= 0.8"),
        (ATLAS + "[people]\nwalk_speed_m_s = [1, 9]", "people.walk_speed_m_s[1]: expected float"),
        (ATLAS + "[people]\nfront_share = 2", "people.front_share: expected float <= 1.0"),
        (ATLAS + "[people]\ncount_weights = [0, 0]", "people: count_weights are all zero"),
        (ATLAS + "[people]\ncount_weights = []", "people: count_weights is empty"),
        (ATLAS + "[touches]\nper_minute = 3", "touches.per_minute: expected array"),
        (ATLAS + "[touches.kinds]\nslap = 3", "key 'slap' is not known in touches.kinds"),
        (
            ATLAS + "[grips.kinds]\nlift = 0\ntilt = 0\nbump = 0\nturn = 0",
            "grips.kinds: all weights are zero",
        ),
        ('atlas = "baroque"', "baroque: no such file; give a .npz file or one of: standard"),
        (ATLAS + "seconds = 0", "seconds: expected float >= 5.0"),
        ("atlas = ", "not TOML"),
    ],
)
def test_a_bad_suite_is_refused_in_one_line_that_names_file_and_key(
    text: str, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(SuiteError) as caught:
        load_suite(path)
    message = str(caught.value)
    assert message.startswith(f"suite {path}: ")
    assert said in message
    assert "\n" not in message


def test_a_missing_suite_names_the_ones_that_ship(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match=r"No such file.*quiet, standard, training"):
        load_suite(tmp_path / "none.toml")
    (tmp_path / "own.toml").write_text(ATLAS + "seconds = 90\n")
    assert load_suite(tmp_path / "own.toml") == Suite(atlas="standard", seconds=90.0)


def test_an_atlas_of_ones_own_lies_beside_the_suite(tmp_path: Path) -> None:
    (tmp_path / "halls.npz").write_bytes((SHIPPED / "standard.npz").read_bytes())
    for name in ("halls.npz", str(tmp_path / "halls.npz")):
        (tmp_path / "own.toml").write_text(f'atlas = "{name}"\n')
        suite = load_suite(tmp_path / "own.toml")
        assert draw_scenario(suite, 1).room.atlas == str(tmp_path / "halls.npz")
