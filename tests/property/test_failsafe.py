"""What no sequence of faults and requests may ever do."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.command import Mode
from firmware_bridge.failsafe import RESPONSES, FailsafeState, update
from firmware_bridge.joints import REST_POSE_RAD
from firmware_bridge.senses import Fault, ModeRequest

AWAY = tuple(rest + 1.0 for rest in REST_POSE_RAD)
MOVING = (Mode.RUN, Mode.DEGRADED, Mode.HOLD)
ALL_BITS = sum(int(fault) for fault in Fault)
# Mostly nothing, sometimes one, now and then any mixture: as in life, and every one.
FAULTS = st.one_of(
    st.just(Fault.NONE),
    st.sampled_from(list(Fault)),
    st.integers(0, ALL_BITS).map(Fault),
)
STEP_NS = st.integers(1_000_000, 3_000_000_000)
POSES = st.sampled_from([AWAY, AWAY, REST_POSE_RAD])
TICKS = st.lists(st.tuples(STEP_NS, FAULTS, st.sampled_from(list(ModeRequest)), POSES), max_size=60)
UNASKED = st.lists(st.tuples(STEP_NS, FAULTS, FAULTS, POSES), max_size=60)


@given(TICKS)
@settings(max_examples=200, deadline=None)
def test_motion_begins_with_arm_alone_and_limp_ends_with_clear_alone(
    ticks: list[tuple[int, Fault, ModeRequest, tuple[float, ...]]],
):
    state, t_ns = FailsafeState(), 0
    for step_ns, faults, request, pose in ticks:
        t_ns += step_ns
        before, state = state, update(state, faults, request, pose, t_ns)
        if before.mode not in MOVING and state.mode in MOVING:
            assert request is ModeRequest.ARM
            assert state.mode is not Mode.HOLD
            assert not any(
                fault in faults for fault, line in RESPONSES.items() if line.mode >= Mode.HOLD
            )
        if before.mode is Mode.LIMP and state.mode is not Mode.LIMP:
            assert request is ModeRequest.CLEAR
            assert state.mode is Mode.OFF
        if before.mode is Mode.OFF and state.mode is Mode.REST:
            raise AssertionError("torque came back without being asked for")


@given(TICKS, FAULTS, FAULTS, st.sampled_from(list(ModeRequest)), STEP_NS, POSES)
@settings(max_examples=300, deadline=None)
def test_more_faults_never_make_a_milder_mode(
    ticks: list[tuple[int, Fault, ModeRequest, tuple[float, ...]]],
    fewer: Fault,
    extra: Fault,
    request: ModeRequest,
    step_ns: int,
    pose: tuple[float, ...],
):
    state, t_ns = FailsafeState(), 0
    for tick_ns, faults, asked, at in ticks:
        t_ns += tick_ns
        state = update(state, faults, asked, at, t_ns)
    mild = update(state, fewer, request, pose, t_ns + step_ns)
    worse = update(state, fewer | extra, request, pose, t_ns + step_ns)
    assert worse.mode >= mild.mode


@given(UNASKED)
@settings(max_examples=300, deadline=None)
def test_a_life_with_more_faults_is_never_in_a_milder_mode(
    ticks: list[tuple[int, Fault, Fault, tuple[float, ...]]],
):
    t_ns = 1_000_000_000
    mild = worse = update(FailsafeState(), Fault.NONE, ModeRequest.ARM, AWAY, t_ns)
    for step_ns, faults, extra, pose in ticks:
        t_ns += step_ns
        mild = update(mild, faults, ModeRequest.NONE, pose, t_ns)
        worse = update(worse, faults | extra, ModeRequest.NONE, pose, t_ns)
        assert worse.mode >= mild.mode


@given(UNASKED)
@settings(max_examples=200, deadline=None)
def test_hold_is_never_kept_for_longer_than_its_budget(
    ticks: list[tuple[int, Fault, Fault, tuple[float, ...]]],
):
    t_ns = 1_000_000_000
    state = update(FailsafeState(), Fault.NONE, ModeRequest.ARM, AWAY, t_ns)
    held_ns = 0
    for step_ns, faults, _, pose in ticks:
        t_ns += step_ns
        before, state = state, update(state, faults, ModeRequest.NONE, pose, t_ns)
        held_ns = held_ns + step_ns if before.mode is state.mode is Mode.HOLD else 0
        assert held_ns < 5_000_000_000
