"""What comes out of an export: the frames, the episodes, the sidecar, and whole or not at all."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from ember_embodied.bench import synthetic_life
from firmware_bridge.command import Mode
from hippocampus.dataset_check.check import check
from hippocampus.export import plan as planning
from hippocampus.export.export import export
from hippocampus.export.native import native_digest, native_ticks
from hippocampus.export.plan import ExportError, Plan, make_plan
from hippocampus.export.where import ConditionError
from hippocampus.reader import Log
from hippocampus.tick_record import TickRecord


def planned(*logs: Path, name: str = "lerobot", fps: int | None = None, **options: Any) -> Plan:
    return make_plan(logs, name, fps, options.get("where", ()), native=options.get("native", True))


def rows(dataset: Path) -> dict[str, list[Any]]:
    paths = sorted((dataset / "data").glob("*/*.parquet"))
    tables = [pq.read_table(path).to_pydict() for path in paths]
    return {name: [row for table in tables for row in table[name]] for name in tables[0]}


def episodes(dataset: Path) -> dict[str, list[Any]]:
    table: dict[str, list[Any]] = pq.read_table(dataset / "meta/episodes").to_pydict()
    return table


def odd(tick: TickRecord, **sense: Any) -> TickRecord:
    return replace(tick, sense=replace(tick.sense, **sense))


@pytest.fixture(scope="module")
def odd_life(life: Sequence[TickRecord]) -> list[TickRecord]:
    """A gap, a nap, streams that are absent, a step that was skipped, a NaN."""
    ticks = [tick for tick in life if not 40 <= tick.tick < 45]
    ticks[20] = odd(ticks[20], imu=None, doa=None)
    ticks[21] = odd(ticks[21], joints=None, camera=None, intent=None)
    ticks[22] = replace(ticks[22], stepped=False, gates=(), prediction=())
    ticks[23] = replace(ticks[23], requested=replace(ticks[23].requested, head_yaw_rad=np.nan))
    ticks[24] = replace(ticks[24], sent=None)
    return [replace(t, mode=Mode.OFF if 60 <= t.tick < 70 else Mode.RUN) for t in ticks]


@pytest.fixture(scope="module")
def odd_log(odd_life: list[TickRecord], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synthetic_life.record(tmp_path_factory.mktemp("odd"), odd_life, ticks_a_segment=30)


@pytest.fixture(scope="module")
def odd_dataset(odd_log: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out") / "dataset"
    export(planned(odd_log), out)
    return out


def test_the_sidecar_loses_nothing(
    odd_dataset: Path, odd_log: Path, odd_life: list[TickRecord]
) -> None:
    back = list(native_ticks(odd_dataset / "native"))
    assert [repr(tick) for tick in back] == [repr(tick) for tick in odd_life]
    assert native_digest(odd_dataset / "native") == Log(odd_log).ticks_digest
    kept = [
        record
        for path in sorted((odd_dataset / "native").glob("records-*"))
        for record in pq.read_table(path).to_pylist()
    ]
    topics = {"/header", "/snapshot", "/timing", "/event"}
    assert [record["data"] for record in kept] == [
        message.data for message in Log(odd_log).messages(*topics)
    ]


def test_the_checker_finds_nothing(odd_dataset: Path) -> None:
    assert list(map(str, check(odd_dataset))) == []


def test_frames_are_the_ticks(odd_dataset: Path, odd_life: list[TickRecord]) -> None:
    frames = rows(odd_dataset)
    assert frames["log.tick"] == [tick.tick for tick in odd_life]
    assert frames["time.mono_ns"] == [tick.sense.t_mono_ns for tick in odd_life]
    assert frames["time.wall_ns"] == [tick.sense.t_wall_ns for tick in odd_life]
    for row, tick in enumerate(odd_life):
        sense = tick.sense
        present = [
            stream is not None
            for stream in (sense.joints, sense.imu, sense.doa, sense.camera, sense.intent)
        ]
        assert frames["observation.present"][row] == present
        assert not any(np.array(frames["observation.mask"][row]) & ~np.array(present))
        if sense.joints is not None:
            measured = np.float32([joint.position_rad for joint in sense.joints.joints])
            assert frames["observation.state"][row] == measured.tolist()
            sent = measured if tick.sent is None else np.float32(tick.sent.position_rad)
            assert frames["action"][row] == sent.tolist()
        assert frames["command.written"][row] is (tick.sent is not None)
        assert frames["network.stepped"][row] is tick.stepped
        gates = np.float32(tick.gates) if tick.gates else np.zeros(synthetic_life.GATES)
        assert frames["network.gates"][row] == gates.tolist()
    assert frames["observation.finite"].index(False) == 23
    assert frames["observation.finite"].count(False) == 1
    assert frames["command.requested"][23][0] == 0.0


def test_episodes_are_cut_at_gaps_naps_and_events(
    odd_dataset: Path, odd_log: Path, odd_life: list[TickRecord]
) -> None:
    numbers = [tick.tick for tick in odd_life]
    events = {event.tick for event in Log(odd_log).events()}
    begins = {numbers[at] for at in episodes(odd_dataset)["dataset_from_index"]}
    assert begins == {0, 45, 60, 70, *events}
    assert episodes(odd_dataset)["tasks"][-1][0].startswith("live on the desk")
    assert ["rest"] in episodes(odd_dataset)["tasks"]
    names = rows(odd_dataset)["event.names"]
    assert {numbers[row] for row, text in enumerate(names) if text} == events
    assert "touch: a tap" in names


def test_other_rates_take_ticks_and_make_none_up(recorded: Path, tmp_path: Path) -> None:
    for fps in (3, 5, 25):
        out = tmp_path / str(fps)
        export(planned(recorded, fps=fps), out)
        assert list(map(str, check(out))) == []
        frames = rows(out)
        since = np.array(frames["time.mono_ns"]) * 1e-9
        for begin, end in zip(
            *(episodes(out)[f"dataset_{way}_index"] for way in ("from", "to")), strict=True
        ):
            late = since[begin:end] - since[begin] - np.array(frames["timestamp"][begin:end])
            assert np.all(late <= 0.051)
            assert np.all(late > -0.1)


def test_conditions_choose_ticks(odd_log: Path, tmp_path: Path) -> None:
    export(planned(odd_log, where=("mode=OFF",)), tmp_path / "asleep")
    assert rows(tmp_path / "asleep")["log.tick"] == list(range(60, 70))
    export(planned(odd_log, where=("doa.speech=true", "tick<50")), tmp_path / "heard")
    wanted = [t.tick for t in Log(odd_log).ticks() if t.sense.doa and t.sense.doa.speech]
    assert rows(tmp_path / "heard")["log.tick"] == [tick for tick in wanted if tick < 50]
    assert list(check(tmp_path / "heard")) == []
    with pytest.raises(ConditionError, match=r"sense\.doa\.speech|doa\.speech"):
        planned(odd_log, where=("doa.speach=1",))
    with pytest.raises(ExportError, match="leaves nothing"):
        export(planned(odd_log, where=("tick>1e6",)), tmp_path / "nothing")


def test_a_tick_alone_is_no_episode(odd_log: Path, tmp_path: Path) -> None:
    export(planned(odd_log, where=("tick!=1",)), tmp_path / "out")
    all_ticks = [tick.tick for tick in Log(odd_log).ticks()]
    assert rows(tmp_path / "out")["log.tick"] == [tick for tick in all_ticks if tick > 1]
    assert min(episodes(tmp_path / "out")["length"]) > 1
    assert list(check(tmp_path / "out")) == []
    with pytest.raises(ExportError, match="leaves nothing"):
        export(planned(odd_log, where=("tick=7",)), tmp_path / "nothing")


def test_a_torn_log_gives_what_is_whole(recorded: Path, tmp_path: Path) -> None:
    folder = tmp_path / "torn"
    folder.mkdir()
    for path in sorted(recorded.glob("*.mcap")):
        content = path.read_bytes()
        (folder / path.name).write_bytes(
            content[: len(content) // 2 if "001" in path.name else None]
        )
    summary = export(planned(folder), tmp_path / "dataset")
    assert summary.ticks == len(list(Log(folder).ticks())) < 80
    assert summary.damage
    assert list(check(tmp_path / "dataset")) == []
    assert native_digest(tmp_path / "dataset/native") == Log(folder).ticks_digest


def test_shards_hold_the_same_frames(odd_log: Path, odd_dataset: Path, tmp_path: Path) -> None:
    export(planned(odd_log, name="webdataset"), tmp_path / "shards")
    states = []
    with tarfile.open(tmp_path / "shards/shards/shard-000000.tar") as tar:
        for entry in tar:
            file = tar.extractfile(entry)
            assert file is not None
            if entry.name.endswith(".observation.state.npy"):
                states += np.load(io.BytesIO(file.read())).tolist()
            elif entry.name.endswith(".json"):
                assert json.load(file)["fps"] == 10
    assert states == rows(odd_dataset)["observation.state"]


def test_plain_parquet_has_tasks_as_text(odd_log: Path, tmp_path: Path) -> None:
    export(planned(odd_log, name="parquet"), tmp_path / "plain")
    assert rows(tmp_path / "plain")["task"][0] == "live on the desk"


def test_several_legs_number_on(
    recorded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "LEG_BYTES", 1)
    export(planned(recorded), tmp_path / "dataset")
    assert len(list((tmp_path / "dataset/data").glob("*/*.parquet"))) == 3
    assert rows(tmp_path / "dataset")["index"] == list(range(80))
    assert list(map(str, check(tmp_path / "dataset"))) == []


KILLED = """
import sys
from pathlib import Path
from hippocampus.export import export, plan
import hippocampus.export.export as run
from hippocampus.export import work as working
plan.LEG_BYTES = working.SETTLED_TOGETHER = 1
made = plan.make_plan((Path(sys.argv[1]),), "lerobot", None, (), native=True)
write = run._write_leg
def slow(work, planned, number, exported):
    if number == int(sys.argv[3]):
        (work.root / "data/chunk-000/file-001.parquet").write_bytes(b"half")
        print("here", flush=True)
        sys.stdin.read()
    return write(work, planned, number, exported)
run._write_leg = slow
run.export(made, Path(sys.argv[2]))
"""


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_killed_export_goes_on_to_the_same_bytes(
    recorded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "LEG_BYTES", 1)
    export(planned(recorded), tmp_path / "whole")
    out = tmp_path / "cut"
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(recorded), str(out), "1"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "here\n"
        child.send_signal(signal.SIGKILL)
    assert not out.exists()
    with pytest.raises(ExportError, match="--resume"):
        export(planned(recorded), out)
    with pytest.raises(ExportError, match="fps changed"):
        export(planned(recorded, fps=5), out, resume=True)
    export(planned(recorded), out, resume=True)
    assert contents(out) == contents(tmp_path / "whole")
    with pytest.raises(ExportError, match="there already"):
        export(planned(recorded), out, resume=True)


def test_two_processes_make_the_same_dataset(recorded, tmp_path, monkeypatch):
    monkeypatch.setattr("hippocampus.export.plan.LEG_BYTES", 1)
    session = tmp_path / "logs" / "second"
    session.mkdir(parents=True)
    for path in recorded.glob("*.mcap"):
        (session / path.name).write_bytes(path.read_bytes())
    plan = make_plan((recorded, session), "lerobot", None, (), native=True)
    assert len(plan.legs) >= 4
    made = []
    for processes in (1, 2):
        out = tmp_path / f"by-{processes}"
        export(plan, out, processes=processes)
        made.append({p.relative_to(out): p.read_bytes() for p in out.rglob("*") if p.is_file()})
    assert made[0] == made[1]
