"""One TOML file to frozen records: a table for each settings record that lives beside its driver.

A key that no record has is refused by name, and so is a value of the wrong type or range. What a
record does not say itself (``Annotated`` bounds, ``Literal``) its ``__post_init__`` says with a
``ValueError``. ``config_to_toml`` writes what ``parse_config`` reads back as an equal record; the
log's header holds it.
"""

from __future__ import annotations

import ast
import inspect
import json
import textwrap
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from enum import Enum
from itertools import pairwise
from math import isfinite
from pathlib import Path
from typing import Any, Final, TypeVar, get_type_hints

import msgspec

from cerebellum.settings import CerebellumSettings
from ember_embodied.arming import ArmingSettings
from ember_embodied.errors import UserError, existing_file, nearest
from ember_embodied.pace import LoopSettings
from firmware_bridge.daemon.messages import DaemonSettings
from firmware_bridge.dynamixel.settings import ServoSettings
from firmware_bridge.sensors.camera_settings import CameraSettings, FaceSettings, LensSettings
from firmware_bridge.sensors.doa import DoaSettings
from firmware_bridge.sensors.imu import ImuSettings
from firmware_bridge.wire import WireSettings
from hippocampus.diary.settings import DiarySettings
from hippocampus.night.settings import SleepSettings
from hippocampus.session import LogSettings

RecordT = TypeVar("RecordT")

COMMENT_COLUMNS: Final = 96


class ConfigError(UserError):
    """The configuration cannot be used; the message names the file, the table and the key."""


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that can be set, with the defaults of a Reachy Mini."""

    loop: LoopSettings = field(default_factory=LoopSettings)
    arming: ArmingSettings = field(default_factory=ArmingSettings)
    log: LogSettings = field(default_factory=LogSettings)
    cerebellum: CerebellumSettings = field(default_factory=CerebellumSettings)
    sleep: SleepSettings = field(default_factory=SleepSettings)
    diary: DiarySettings = field(default_factory=DiarySettings)
    servos: ServoSettings = field(default_factory=ServoSettings)
    daemon: DaemonSettings = field(default_factory=DaemonSettings)
    imu: ImuSettings = field(default_factory=ImuSettings)
    doa: DoaSettings = field(default_factory=DoaSettings)
    camera: CameraSettings = field(default_factory=CameraSettings)
    lens: LensSettings = field(default_factory=LensSettings)
    faces: FaceSettings = field(default_factory=FaceSettings)
    wire: WireSettings = field(default_factory=WireSettings)


def load_config(path: Path | None) -> Config:
    """The configuration in ``path``, the defaults when there is none. Raises ``ConfigError``."""
    if path is None:
        return Config()
    try:
        return parse_config(existing_file(path, "config file").read_text("utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error


def parse_config(text: str, source: str = "ember.toml") -> Config:
    """The configuration in ``text``; ``source`` is named in errors. Raises ``ConfigError``."""
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{source}: not TOML: {error}") from error
    return _record(Config, tree, source)


def config_to_toml(config: Config) -> str:
    """Every table and key of ``config`` as TOML; what is None is left out."""
    return "\n".join(_table(_tree(config), ())).lstrip("\n") + "\n"


def example_toml() -> str:
    """Every table and key with its default, commented out, below what it means.

    A key without a default says so.
    """
    lines: list[str] = []
    for section in fields(Config):
        record = getattr(Config(), section.name)
        lines += [*_comment(inspect.getdoc(type(record)) or ""), f"[{section.name}]"]
        meanings = _meanings(type(record))
        for key in (one.name for one in fields(record)):
            value = _plain(getattr(record, key))
            shown = f"#{key} =  (not set)" if value is None else f"#{key} = {_toml(value)}"
            lines += [*_comment(meanings.get(key, "")), shown]
        lines.append("")
    return "\n".join(lines)


def _record(kind: type[RecordT], tree: Mapping[str, Any], where: str) -> RecordT:
    """``tree`` as a record of ``kind``; ``where`` goes before what is wrong with it."""
    hints = get_type_hints(kind, include_extras=True)
    for key in tree:
        if key not in hints:
            hint = nearest(key, hints) or f"; known: {', '.join(hints)}"
            kind_of_name = "table" if kind is Config else "key"
            raise ConfigError(f"{where}: unknown {kind_of_name} {key!r}{hint}")
    values = {}
    for key, value in tree.items():
        if is_dataclass(hints[key]):
            if not isinstance(value, Mapping):
                raise ConfigError(f"{where}: {key} is a table; write [{key}] above its keys")
            values[key] = _record(hints[key], value, f"{where}: [{key}]")
        else:
            values[key] = _leaf(hints[key], value, f"{where} {key}")
    try:
        return kind(**values)
    except ValueError as error:
        raise ConfigError(f"{where}: {error}") from error


def _leaf(hint: Any, value: Any, where: str) -> Any:
    if isinstance(value, float) and not isfinite(value):
        raise ConfigError(f"{where}: {value} is not a finite number")
    try:
        return msgspec.convert(value, hint, dec_hook=_path_from_text)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{where}: {error}") from error


def _path_from_text(kind: type, value: Any) -> Any:
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise NotImplementedError(f"no way to read a {kind.__name__} from a configuration")


def _tree(record: Any) -> dict[str, Any]:
    """A record as TOML's own types, None left out."""
    tree = {key.name: _plain(getattr(record, key.name)) for key in fields(record)}
    return {key: value for key, value in tree.items() if value is not None}


def _table(tree: Mapping[str, Any], path: tuple[str, ...]) -> list[str]:
    """The lines of a table: its keys first, then the tables in it."""
    lines = ["", f"[{'.'.join(path)}]"] if path else []
    lines += [f"{k} = {_toml(v)}" for k, v in tree.items() if not isinstance(v, dict)]
    for key, value in tree.items():
        if isinstance(value, dict):
            lines += _table(value, (*path, key))
    return lines


def _toml(value: Any) -> str:
    """A value as TOML: JSON's spelling of one is TOML's too, but for one character."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False).replace("\x7f", "\\u007f")


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return _tree(value)
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


def _meanings(kind: type) -> dict[str, str]:
    """The docstrings below the fields of a record, by field."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    assert isinstance(tree, ast.ClassDef)
    meanings = {}
    for key, meaning in pairwise(tree.body):
        if (
            isinstance(key, ast.AnnAssign)
            and isinstance(key.target, ast.Name)
            and isinstance(meaning, ast.Expr)
            and isinstance(meaning.value, ast.Constant)
        ):
            meanings[key.target.id] = inspect.cleandoc(str(meaning.value.value))
    return meanings


def _comment(text: str) -> list[str]:
    first_paragraph = text.partition("\n\n")[0].replace("``", "")
    return [f"# {line}" for line in textwrap.wrap(first_paragraph, COMMENT_COLUMNS)]
