"""The command line: every mistake gets one line and exit code 2, help is quick and whole."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from ember_embodied import __version__, errors
from ember_embodied.cli import main as edge
from ember_embodied.cli.main import VERBS, Verb
from firmware_bridge.body import BodyError

Ember = Callable[..., tuple[int, str, str]]


def test_help_names_every_verb_and_gives_examples(ember: Ember) -> None:
    code, out, err = ember("--help")
    assert (code, err) == (0, "")
    for verb in VERBS:
        assert f"  {verb.name} " in out
        assert verb.help in out
    assert "  ember run --body sim --seconds 60   " in out


def test_no_verb_is_help(ember: Ember) -> None:
    assert ember() == ember("--help")


def test_the_version(ember: Ember) -> None:
    assert ember("--version") == (0, f"ember {__version__}\n", "")


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_every_verb_loads_and_explains_itself(ember: Ember, verb: Verb) -> None:
    code, out, err = ember(verb.name, "--help")
    assert (code, err) == (0, "")
    assert out.startswith(f"Usage: ember {verb.name} ")
    assert "╭" not in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["rnu"], "'run'"),
        (["--verson"], "--version"),
        (["status", "--jsn"], "--json"),
        (["config"], "config --help"),
        (["config", "shw"], "'show'"),
        (["config", "show", "--config", "/nowhere/ember.toml"], "/nowhere"),
        (["intent", "--gaze-yaw", "left"], "--gaze-yaw"),
        (["intent", "--arm", "--rest"], "--rest"),
    ],
)
def test_a_mistake_gets_one_line_and_code_2(ember: Ember, arguments: list[str], words: str) -> None:
    code, out, err = ember(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("ember: ")
    assert err.count("\n") == 1
    assert words in err


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (errors.UserError("no such\nlog"), 2, "ember: no such log\n"),
        (BodyError("no servo answers"), 1, "ember: no servo answers\n"),
        (PermissionError(13, "Permission denied", "/dev/ttyACM0"), 1, "/dev/ttyACM0"),
        (ZeroDivisionError("division by zero"), 1, "ZeroDivisionError: division by zero"),
    ],
)
def test_the_edge_turns_every_exception_into_one_line(
    ember: Ember, monkeypatch: pytest.MonkeyPatch, error: Exception, code: int, words: str
) -> None:
    def fail(verb: Verb) -> None:
        raise error

    monkeypatch.setattr(edge, "load", fail)
    got, out, err = ember("status")
    assert (got, out) == (code, "")
    assert words in err
    assert err.count("\n") == 1
    monkeypatch.setattr(sys, "argv", ["ember", "status", "--debug"])
    with pytest.raises(type(error)):
        edge.main()


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys; sys.argv = ['ember', '--help']\n"
        "from ember_embodied.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'torch', 'mujoco', 'cv2', 'onnxruntime', 'zmq', 'rich'}\n"
        "print('loaded:', sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.endswith("loaded: []\n"), done.stdout + done.stderr


def test_the_nearest_name_is_offered_and_otherwise_all() -> None:
    assert str(errors.unknown("body", "srvos", ["sim", "servos"])) == (
        "unknown body 'srvos'; did you mean 'servos'?"
    )
    assert str(errors.unknown("body", "x", ["sim", "servos"])).endswith("; known: sim, servos")


@pytest.mark.parametrize(
    ("words", "offered"),
    [("ember ru", {"run"}), ("ember status --js", {"--json"}), ("ember config sh", {"show"})],
)
def test_the_shell_completes_verbs_and_their_options(words: str, offered: set[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from ember_embodied.cli.main import main; main()"],
        env={
            "COMP_WORDS": words,
            "COMP_CWORD": str(len(words.split()) - 1),
            "_EMBER_COMPLETE": "complete_bash",
            "PYTHONPATH": ":".join(sys.path),
        },
        capture_output=True,
        text=True,
    )
    assert set(done.stdout.split()) == offered, done.stderr
