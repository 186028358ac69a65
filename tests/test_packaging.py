"""What an installed wheel has: the command, a bundle, the service's files, and no torch."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from configparser import ConfigParser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = ("firmware_bridge", "cerebellum", "hippocampus", "ember_embodied")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this tree without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    done = subprocess.run(
        [*build, "--no-index", "--wheel-dir", str(folder), str(ROOT)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel laid out as in site-packages."""
    folder = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def python(installed: Path, program: str) -> str:
    """Run a program with the installed wheel, from a folder that has nothing to do with it."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=installed.parent,
        env={"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_every_module_and_every_data_file_is_in_the_wheel(installed: Path) -> None:
    sources = (path for package in SOURCES for path in (ROOT / package).rglob("*"))
    names = [path.relative_to(ROOT) for path in sources if path.is_file()]
    names = [name for name in names if "__pycache__" not in name.parts]
    assert len(names) > len(SOURCES)
    assert [name for name in names if not (installed / name).is_file()] == []
    for package in SOURCES:
        assert (installed / package / "py.typed").is_file()


def test_nothing_else_is_in_the_wheel(installed: Path) -> None:
    tops = {path.name for path in installed.iterdir() if not path.name.endswith(".dist-info")}
    assert tops == set(SOURCES)


def test_the_command_is_an_entry_point(installed: Path) -> None:
    (found,) = installed.glob("*.dist-info/entry_points.txt")
    entries = ConfigParser()
    entries.read(found)
    assert dict(entries["console_scripts"]) == {"ember": "ember_embodied.cli.main:main"}
    main = "import sys; sys.argv = ['ember', '--version']; import ember_embodied.cli.main as m"
    assert python(installed, f"{main}; print(m.__file__, flush=True); m.main()").startswith(
        str(installed)
    )


def test_the_default_bundle_loads_from_the_wheel(installed: Path) -> None:
    where = python(installed, "import ember_embodied.bundle as b; print(b.load().path)")
    assert Path(where).is_relative_to(installed)


def test_what_a_robot_runs_loads_no_torch_and_no_simulator(installed: Path) -> None:
    program = (
        "import sys; import ember_embodied.cli.main as m\n"
        "m.load(next(v for v in m.VERBS if v.name == 'run'))\n"
        "import ember_embodied.bodies as b, ember_embodied.config as c\n"
        "b.embody('servos', c.Config(), b.BodyRequest())\n"
        "print(sorted({'torch', 'mujoco', 'matplotlib', 'onnx'} & set(sys.modules)))"
    )
    assert python(installed, program) == "[]"


def test_an_installed_ember_runs_a_simulated_robot_anywhere(installed: Path) -> None:
    program = (
        "import sys; from ember_embodied.cli.main import main\n"
        "sys.argv = 'ember run --seconds 2 --speed max --no-view --log logs'.split()\n"
        "try: main()\n"
        "except SystemExit as ended: assert ended.code == 0, ended.code\n"
        "print('torch' in sys.modules)"
    )
    out = python(installed, program).splitlines()
    assert out[-1] == "False"
    assert "ticks            20" in out
    assert list((installed.parent / "logs").rglob("*.mcap"))


@pytest.mark.parametrize("name", ["ember.service", "99-ember.rules", "ember.sysusers"])
def test_the_files_of_the_service_are_in_the_wheel(installed: Path, name: str) -> None:
    shipped = installed / "ember_embodied" / "service_files" / name
    assert shipped.read_text() == (ROOT / "tools" / "service" / name).read_text()
