"""Loads a dataset with the public package ``lerobot``, offline: what others will do with it.

Needs an environment of its own with lerobot (0.6 or newer) in it; run it with that Python:

    python tools/check_with_lerobot.py DATASET

Prints one line for each thing that was tried; exit code 1 when one of them fails, 2 where the
package is missing.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
REPO_ID = "local/ember"
BATCH = 8
LOOK_BACK_FRAMES = 2


def open_dataset(root: Path, **options: object) -> object:
    """The dataset as the package sees it."""
    from lerobot.datasets.lerobot_dataset import LeRobotDataset

    return LeRobotDataset(REPO_ID, root=root, **options)


def items(root: Path) -> str:
    """Every feature of the first, a middle and the last frame has its declared shape and type."""
    info = json.loads((root / "meta" / "info.json").read_text())
    dataset = open_dataset(root)
    assert len(dataset) == info["total_frames"], "length"
    assert dataset.num_episodes == info["total_episodes"], "episodes"
    for at in (0, len(dataset) // 2, len(dataset) - 1):
        item = dataset[at]
        for name, feature in info["features"].items():
            value = item[name]
            if feature["dtype"] == "string":
                assert isinstance(value, str), name
                continue
            wanted = [] if feature["shape"] == [1] else feature["shape"]
            assert list(value.shape) == wanted, f"{name}: {list(value.shape)}, not {wanted}"
            assert str(value.dtype) == f"torch.{feature['dtype']}", f"{name}: {value.dtype}"
        assert isinstance(item["task"], str), f"task is {item['task']!r}"
        assert int(item["index"]) == at, "index"
    return f"{len(dataset)} frames, {len(info['features'])} features, task {item['task']!r}"


def delta_timestamps(root: Path) -> str:
    """Frames from before come with their padding at the head of an episode."""
    fps = json.loads((root / "meta" / "info.json").read_text())["fps"]
    steps = [*(-back / fps for back in range(LOOK_BACK_FRAMES, 0, -1)), 0.0, 1 / fps]
    deltas = {"observation.state": steps, "action": [0.0, 1 / fps]}
    dataset = open_dataset(root, delta_timestamps=deltas)
    first = dataset[0]
    assert first["observation.state"].shape[0] == len(steps), "window"
    assert first["observation.state_is_pad"].tolist()[:LOOK_BACK_FRAMES] == [True, True], "padding"
    return f"windows {tuple(first['observation.state'].shape)}"


def batches(root: Path) -> str:
    """A shuffled loader gives batches."""
    import torch

    loader = torch.utils.data.DataLoader(open_dataset(root), batch_size=BATCH, shuffle=True)
    batch = next(iter(loader))
    assert batch["observation.state"].shape[0] == BATCH, "batch"
    assert torch.isfinite(batch["action"]).all(), "not finite"
    return f"action {tuple(batch['action'].shape)}"


def episode_subset(root: Path) -> str:
    """One episode alone has its own frames and no others."""
    whole = open_dataset(root)
    wanted = whole.num_episodes - 1
    dataset = open_dataset(root, episodes=[wanted])
    numbers = {int(dataset[at]["episode_index"]) for at in range(len(dataset))}
    assert numbers == {wanted}, f"{numbers}"
    return f"episode {wanted} alone: {len(dataset)} frames"


def statistics(root: Path) -> str:
    """The statistics that a policy normalises with are there."""
    stats = open_dataset(root).meta.stats
    assert {"mean", "std", "min", "max", "q01", "q99"} <= stats["action"].keys()
    return f"{len(stats)} features"


CHECKS: tuple[Callable[[Path], str], ...] = (
    items,
    delta_timestamps,
    batches,
    episode_subset,
    statistics,
)


def results(root: Path) -> Iterator[tuple[str, str | None, str]]:
    """Name, fault or None, and what was found, of each check."""
    for check in CHECKS:
        try:
            yield check.__name__, None, check(root)
        except Exception as error:  # noqa: BLE001  whatever another package raises is the finding
            yield check.__name__, f"{type(error).__name__}: {error}", ""


def main() -> int:
    """Run every check on one dataset."""
    try:
        import lerobot
    except ImportError:
        print("lerobot is not installed in this Python", file=sys.stderr)
        return 2
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    print(f"lerobot {getattr(lerobot, '__version__', '?')}")
    failed = 0
    for name, fault, found in results(Path(sys.argv[1])):
        failed += fault is not None
        print(f"{'FAILS' if fault else 'holds'} {name}: {fault or found}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
