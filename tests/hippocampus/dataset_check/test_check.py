"""Each defect that loaders pass over, put into a sound dataset by hand, and told in a line."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hippocampus.dataset_check.check import check
from hippocampus.dataset_check.defect import Defect, NoDataset
from hippocampus.export.export import export
from hippocampus.export.plan import make_plan

DATA = "data/chunk-000/file-000.parquet"
EPISODES = "meta/episodes/chunk-000/file-000.parquet"
INFO = "meta/info.json"
STATS = "meta/stats.json"
TASKS = "meta/tasks.parquet"


@pytest.fixture(scope="module")
def sound(recorded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sound") / "dataset"
    export(make_plan((recorded,), "lerobot", None, (), native=False), out)
    return out


@pytest.fixture
def dataset(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sound, tmp_path / "dataset"))


def change_json(path: Path, change: Callable[[Any], None]) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def change_column(path: Path, name: str, change: Callable[[Any], Any]) -> None:
    """``change`` takes the column as a list of rows and gives the one to be stored."""
    table = pq.read_table(path)
    at = table.schema.names.index(name)
    changed = change(table[name].to_pylist())
    if not isinstance(changed, pa.Array):
        changed = pa.array(changed, table.schema.field(name).type)
    pq.write_table(table.set_column(at, name, changed), path)


def put(row: int, value: Any) -> Callable[[list[Any]], list[Any]]:
    return lambda rows: [*rows[:row], value, *rows[row + 1 :]]


def put_entry(row: int, entry: int, value: float) -> Callable[[list[Any]], list[Any]]:
    def change(rows: list[Any]) -> list[Any]:
        rows[row][entry] = value
        return rows

    return change


def told(root: Path, file: str, column: str = "") -> Sequence[Defect]:
    return [d for d in check(root) if d.file == file and d.column == column]


def test_a_sound_dataset_has_no_defect(sound: Path) -> None:
    assert list(check(sound)) == []


def test_times_that_drift(dataset: Path) -> None:
    change_column(dataset / DATA, "timestamp", lambda rows: [1.02 * at for at in rows])
    (defect,) = told(dataset, DATA, "timestamp")
    assert defect.row == 1
    assert defect.wanted == str(np.float32(0.1))


def test_a_time_that_jitters(dataset: Path) -> None:
    change_column(dataset / DATA, "timestamp", put(5, 0.52))
    (defect,) = told(dataset, DATA, "timestamp")
    assert (defect.row, defect.found) == (5, "0.52")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_number_that_is_not_finite(dataset: Path, value: float) -> None:
    change_column(dataset / DATA, "action", put_entry(7, 4, value))
    (defect,) = told(dataset, DATA, "action")
    assert defect.row == 7
    assert f"{value} in entry 4" in defect.found


def test_a_gap_in_the_index(dataset: Path) -> None:
    change_column(
        dataset / DATA, "index", lambda rows: [at + (row >= 9) for row, at in enumerate(rows)]
    )
    (defect,) = told(dataset, DATA, "index")
    assert (defect.row, defect.wanted) == (9, "9")


def test_lost_rows(dataset: Path) -> None:
    table = pq.read_table(dataset / DATA)
    pq.write_table(pa.concat_tables([table.slice(0, 12), table.slice(13)]), dataset / DATA)
    assert told(dataset, DATA, "index")[0].row == 12
    assert told(dataset, INFO, "total_frames")[0].wanted.startswith("79")


def test_a_torn_file(dataset: Path) -> None:
    path = dataset / DATA
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    (defect,) = told(dataset, DATA)
    assert "cannot be read" in defect.found


@pytest.mark.parametrize("kind", ["mean", "std", "min", "max", "count", "q50"])
def test_falsified_statistics(dataset: Path, kind: str) -> None:
    def falsify(stats: Any) -> None:
        stats["observation.state"][kind][-1] += 0.5

    change_json(dataset / STATS, falsify)
    (defect,) = list(check(dataset))
    assert (defect.file, defect.column) == (STATS, f"observation.state.{kind}")


def test_wrong_totals(dataset: Path) -> None:
    change_json(dataset / INFO, lambda info: info.update(total_frames=81, total_episodes=99))
    assert told(dataset, INFO, "total_frames")[0].found == "81"
    assert told(dataset, INFO, "total_episodes")[0].found == "99"


def test_a_wrong_shape(dataset: Path) -> None:
    change_json(
        dataset / INFO, lambda info: info["features"]["observation.state"].update(shape=[8])
    )
    (defect,) = told(dataset, DATA, "observation.state")
    assert "float32[9]" in defect.found
    assert "shape [8]" in defect.wanted


def test_lists_of_other_lengths(dataset: Path) -> None:
    def shorten(rows: list[Any]) -> pa.Array:
        rows[3] = rows[3][:-1]
        return pa.array(rows, pa.list_(pa.float32()))

    change_column(dataset / DATA, "action", shorten)
    (defect,) = told(dataset, DATA, "action")
    assert (defect.row, defect.found) == (3, "8 entries")


@pytest.mark.parametrize(
    ("column", "off"),
    [("dataset_to_index", 1), ("dataset_to_index", -1), ("dataset_from_index", -1)],
)
def test_wrong_bounds_of_an_episode(dataset: Path, column: str, off: int) -> None:
    change_column(dataset / EPISODES, column, lambda rows: put(1, rows[1] + off)(rows))
    assert any(d.file == EPISODES and d.row in (1, 2) for d in check(dataset))


def test_episodes_that_are_not_numbered_on(dataset: Path) -> None:
    change_column(dataset / EPISODES, "episode_index", lambda rows: [n + (n > 0) for n in rows])
    assert told(dataset, EPISODES, "episode_index")[0].row == 1


def test_a_scalar_as_a_list(dataset: Path) -> None:
    change_column(
        dataset / DATA,
        "timestamp",
        lambda rows: pa.array([[at] for at in rows], pa.list_(pa.float32(), 1)),
    )
    (defect,) = told(dataset, DATA, "timestamp")
    assert defect.found == "a list of float32[1]"


def test_a_missing_value(dataset: Path) -> None:
    change_column(dataset / DATA, "action", put(2, None))
    assert told(dataset, DATA, "action")[0].row == 2


@pytest.mark.parametrize("file", [DATA, EPISODES, TASKS, STATS, INFO])
def test_a_missing_file(dataset: Path, file: str) -> None:
    (dataset / file).unlink()
    assert told(dataset, file)[0].found == "no such file"


def test_tasks_that_loaders_give_as_numbers(dataset: Path) -> None:
    table = pq.read_table(dataset / TASKS)
    pq.write_table(table.replace_schema_metadata(None), dataset / TASKS)
    assert "as a number" in told(dataset, TASKS, "task")[0].found
    pq.write_table(pa.table({"task_index": [0], "task": [0]}), dataset / TASKS)
    assert told(dataset, TASKS, "task")[0].found == "int64"


def test_a_task_that_is_not_there(dataset: Path) -> None:
    change_column(dataset / DATA, "task_index", put(4, 17))
    assert told(dataset, DATA, "task_index")[0].row == 4


@pytest.mark.parametrize("version", ["v2.1", None])
def test_a_wrong_version(dataset: Path, version: str | None) -> None:
    change_json(dataset / INFO, lambda info: info.update(codebase_version=version))
    assert told(dataset, INFO, "codebase_version")[0].found == repr(version)


def test_a_column_that_nobody_declared(dataset: Path) -> None:
    table = pq.read_table(dataset / DATA)
    pq.write_table(table.append_column("stray", table["index"]), dataset / DATA)
    assert told(dataset, DATA, "stray")


@pytest.mark.parametrize("content", ["", "[]", '{"fps": 0}', '{"fps": 10, "features": {"x": 1}}'])
def test_an_info_that_says_nothing(dataset: Path, content: str) -> None:
    (dataset / INFO).write_text(content)
    assert any(defect.file == INFO for defect in check(dataset))


def test_no_dataset(tmp_path: Path) -> None:
    with pytest.raises(NoDataset, match="neither"):
        list(check(tmp_path))
