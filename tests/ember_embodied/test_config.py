"""The configuration: what is written is read back, and what is wrong is named."""

from __future__ import annotations

import re
import string
from contextlib import suppress
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ember_embodied.config import (
    Config,
    ConfigError,
    config_to_toml,
    example_toml,
    load_config,
    parse_config,
)
from ember_embodied.errors import UserError

FINITE = st.floats(allow_nan=False, allow_infinity=False)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))


def values_like(value: Any, hint: Any) -> st.SearchStrategy[Any]:
    """Values of the same type as a default, or the default where its range is not known."""
    if is_dataclass(value):
        return records(value)
    match value:
        case bool():
            return st.booleans()
        case float():
            return FINITE
        case str() if get_origin(hint) is not Literal:
            return TEXT
        case tuple():
            return st.tuples(*(values_like(item, type(item)) for item in value))
        case _ if get_origin(hint) is Literal:
            return st.sampled_from(get_args(hint))
    return st.just(value)


def records(default: Any) -> st.SearchStrategy[Any]:
    """Records with one key drawn anew, where the record's own check lets it through."""
    hints = get_type_hints(type(default), include_extras=True)

    def changed(name: str) -> st.SearchStrategy[Any]:
        def put(value: Any) -> Any:
            try:
                if not is_dataclass(value):
                    msgspec.convert(value, hints[name])
                return replace(default, **{name: value})
            except (ValueError, msgspec.ValidationError):
                return default

        return values_like(getattr(default, name), hints[name]).map(put)

    return st.sampled_from([key.name for key in fields(default)]).flatmap(changed)


@given(records(Config()))
def test_what_is_written_is_read_back(config: Config) -> None:
    assert parse_config(config_to_toml(config)) == config


def test_the_defaults_need_no_file() -> None:
    assert load_config(None) == parse_config("") == Config()


def test_the_example_is_every_default_commented_out() -> None:
    example = example_toml()
    assert parse_config(example) == Config()
    assert "#temperature =  (not set)" in example
    keys = re.sub(r"^#(?=\w+ = )(?!.*\(not set\)$)", "", example, flags=re.MULTILINE)
    assert parse_config(keys) == Config()
    for section in fields(Config):
        assert f"[{section.name}]" in keys
        for key in fields(getattr(Config(), section.name)):
            assert re.search(rf"^#?{key.name} = ", keys, re.MULTILINE)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[wyre]", "unknown table 'wyre'; did you mean 'wire'?"),
        ("[imu]\nrat_hz = 5.0", "[imu]: unknown key 'rat_hz'; did you mean 'rate_hz'?"),
        ("[imu]\nrate_hz = '5'", "[imu] rate_hz: Expected `float`, got `str`"),
        ("[imu]\nrate_hz = nan", "[imu] rate_hz: nan is not a finite number"),
        ("[imu]\ngyroscope_range_dps = 7", "gyroscope_range_dps must be one of"),
        ("[wire]\nenabled = 1", "[wire] enabled: Expected `bool`, got `int`"),
        ("[wire]\nstate_endpoint = 'tcp://*:1'", "allow_remote = true"),
        ("wire = 3", "wire is a table; write [wire] above its keys"),
        ("[wire", "not TOML"),
    ],
)
def test_what_is_wrong_is_named_in_one_line(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config(text, "my.toml")
    assert message in str(caught.value)
    assert str(caught.value).startswith("my.toml: ")
    assert "\n" not in str(caught.value)


@given(st.text(string.printable))
def test_no_text_can_raise_anything_else(text: str) -> None:
    with suppress(ConfigError):
        parse_config(text)


def test_a_file_that_is_not_there_has_a_neighbour(tmp_path: Path) -> None:
    (tmp_path / "ember.toml").write_text("")
    with pytest.raises(UserError, match=r"did you mean 'ember.toml'"):
        load_config(tmp_path / "embr.toml")


def test_a_file_that_is_not_text(tmp_path: Path) -> None:
    (tmp_path / "ember.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path / "ember.toml")
