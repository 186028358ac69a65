"""The service's files: written once, taken away whole, and accepted by systemd itself."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from ember_embodied.errors import UserError
from ember_embodied.service import (
    TARGETS,
    ServiceFile,
    install,
    installed_config,
    remove,
    service_files,
    unreadable_for_others,
)

EMBER = Path("/usr/bin/env")


def everything(root: Path) -> dict[str, str]:
    return {str(p.relative_to(root)): p.read_text() for p in root.rglob("*") if p.is_file()}


@pytest.fixture
def files(tmp_path: Path) -> tuple[ServiceFile, ...]:
    return service_files(tmp_path, EMBER, Path("/etc/ember/ember.toml"))


def test_install_twice_changes_nothing_and_remove_leaves_nothing(
    tmp_path: Path, files: tuple[ServiceFile, ...]
) -> None:
    assert all(line.startswith("wrote ") for line in install(files, tmp_path, start=True))
    first = everything(tmp_path)
    assert set(first) == {str(place) for place in TARGETS.values()}
    assert all(line.startswith("unchanged ") for line in install(files, tmp_path, start=False))
    assert everything(tmp_path) == first
    assert {file.state for file in files} == {"installed"}
    remove(files, tmp_path)
    assert everything(tmp_path) == {}
    assert remove(files, tmp_path) == ["nothing to remove"]


@pytest.mark.parametrize("config", [None, Path("/etc/e.toml"), Path("/etc/my 100%/e.toml")])
def test_the_settings_of_the_installed_unit_are_found_again(
    tmp_path: Path, config: Path | None
) -> None:
    install(service_files(tmp_path, EMBER, config), tmp_path, start=False)
    assert installed_config(tmp_path) == config


def test_a_file_that_was_changed_is_noticed_and_mended(
    tmp_path: Path, files: tuple[ServiceFile, ...]
) -> None:
    install(files, tmp_path, start=False)
    files[0].path.write_text("something else")
    assert files[0].state == "differs"
    install(files, tmp_path, start=False)
    assert files[0].state == "installed"


def test_a_folder_in_the_way_is_one_line_and_leaves_no_temporary_file(
    tmp_path: Path, files: tuple[ServiceFile, ...]
) -> None:
    files[1].path.mkdir(parents=True)
    with pytest.raises(UserError, match="cannot change"):
        install(files, tmp_path, start=False)
    assert not [name for name in everything(tmp_path) if name.endswith(".new")]


def unit(text: str) -> dict[str, list[str]]:
    """Keys of every section with all their values."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(key, []).append(value)
    return found


def test_the_unit_says_what_the_robot_relies_on(files: tuple[ServiceFile, ...]) -> None:
    keys = unit(files[0].text)
    expected = {
        "Type": "notify",
        "NotifyAccess": "main",
        "WatchdogSec": "2",
        "Restart": "always",
        "RestartSec": "1",
        "TimeoutStopSec": "15",
        "User": "ember",
        "Conflicts": "reachy-mini-daemon.service",
        "ExecStopPost": f"{EMBER} park --config /etc/ember/ember.toml",
    }
    assert {key: keys[key] for key in expected} == {k: [v] for k, v in expected.items()}
    assert keys["ExecStart"][0].startswith(f"{EMBER} run --body servos ")


def test_every_group_that_owns_a_device_is_the_users(files: tuple[ServiceFile, ...]) -> None:
    rules, users = files[1].text, files[2].text
    groups = {part.partition('"')[0] for part in rules.split('GROUP="')[1:]}
    assert groups
    for group in groups:
        assert f"m ember {group}" in users


@pytest.mark.parametrize("path", ["/opt/my robot/bin/env", "/opt/100%/env"])
def test_systemd_accepts_the_unit(tmp_path: Path, path: str) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze here")
    executable = tmp_path / path.lstrip("/")
    executable.parent.mkdir(parents=True)
    executable.symlink_to(EMBER)
    files = service_files(tmp_path, executable, Path("/etc/ember/ember.toml"))
    install(files, tmp_path, start=False)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(files[0].path)],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_home_that_is_closed_to_others_is_named(tmp_path: Path) -> None:
    closed = tmp_path / "home"
    executable = closed / "bin" / "ember"
    executable.parent.mkdir(parents=True)
    executable.touch(mode=0o755)
    closed.chmod(0o700)
    assert unreadable_for_others(executable) in (closed, *closed.parents)
