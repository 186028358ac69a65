"""The command line in this process."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from ember_embodied.cli import main as edge

Ember = Callable[..., tuple[int, str, str]]


@pytest.fixture
def ember(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Ember:
    """Run the entry point in this process; exit code, stdout, stderr."""

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["ember", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            edge.main()
        code = ended.value.code
        assert isinstance(code, int)
        out, err = capsys.readouterr()
        return code, out, err

    return run
