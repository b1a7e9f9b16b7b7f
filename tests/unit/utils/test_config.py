"""Settings: precedence, origins, and errors that name file, line and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from bunsui.errors import ConfigError
from bunsui.utils.config import Settings, load_settings


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def origin(settings: Settings, name: str) -> str:
    return next(origin.source for origin in settings.origins if origin.name == name)


def test_defaults_need_no_file(tmp_path: Path) -> None:
    settings = load_settings({}, {"XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)})
    assert settings.profile == "local"
    assert settings.data_dir == tmp_path / "bunsui"
    assert not settings.protected
    assert origin(settings, "data_dir") == "default"


def test_flag_wins_over_environment_over_file(config: Path) -> None:
    config.write_text(
        'default_profile = "a"\n[profiles.a]\ndata_dir = "/from/file"\nworker_idle = 7\n', encoding="utf-8"
    )
    env = {"BUNSUI_CONFIG": str(config)}
    assert load_settings({}, env).data_dir == Path("/from/file")
    env["BUNSUI_DATA_DIR"] = "/from/environment"
    assert load_settings({}, env).data_dir == Path("/from/environment")
    settings = load_settings({"data_dir": "/from/flag"}, env)
    assert settings.data_dir == Path("/from/flag")
    assert origin(settings, "data_dir") == "flag --data-dir"
    assert origin(settings, "worker_idle") == f"{config}:4"
    assert origin(settings, "profile") == f"{config}:1"


@pytest.mark.parametrize(
    "text, where, says",
    [
        ("[profiles.p]\nprotekted = true\n", ":2", "profiles.p.protekted: unknown key"),
        ("profile = 'x'\n", ":1", "profile: unknown key"),
        ("[profiles.p]\n\nprotected = 'maybe'\n", ":3", "protected: must be true or false, not 'maybe'"),
        ("[profiles.p.policy]\nsession_stop = 'never'\n", ":2", "must be one of allow, ask, deny"),
        ("[profiles.p.pools]\nwarehouse = 0\n", ":2", "must be a whole number above 0"),
        ("[profiles.p]\npools = 3\n", ":2", "must be a table"),
        ("profiles = 3\n", ":1", "profiles: must be a table"),
        ("[profiles.p\n", "", "is not valid TOML"),
        (f"[profiles.p]\nretention_days = {'1' * 400}\n", ":2", "must be a number of days above 0"),
        (f"[profiles.p]\nretention_days = {'1' * 5_000}\n", "", "cannot be read as TOML"),
        (f"[profiles.p]\nretention_days = {'[' * 5_000}\n", "", "cannot be read as TOML"),
        ("[profiles.p]\nretention_days = nan\n", ":2", "must be a number of days above 0"),
        ("[profiles.p]\nretention_sessions = 1.5\n", ":2", "retention_sessions: must be a whole number"),
        ("[profiles.p]\nretention_sessions = 010\n", "", "is not valid TOML"),
        ("[profiles.p]\nworker_idle = 0\n", ":2", "worker_idle: must be a number of seconds above 0"),
        ("[profiles.p]\nbackend = 'moon'\n", ":2", "backend: must be 'local'"),
    ],
)
def test_a_wrong_file_is_named_by_place(config: Path, text: str, where: str, says: str) -> None:
    config.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_settings({}, {"BUNSUI_CONFIG": str(config)})
    assert f"{config}{where}" in caught.value.message
    assert says in caught.value.message


def test_the_nearest_key_is_offered(config: Path) -> None:
    config.write_text("[profiles.p]\nprotekted = true\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_settings({}, {"BUNSUI_CONFIG": str(config)})
    assert caught.value.next_steps == ("Did you mean 'protected'?",)


def test_an_unknown_profile_is_refused_with_the_nearest(config: Path) -> None:
    config.write_text("[profiles.production]\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="no profile 'prodution'") as caught:
        load_settings({"profile": "prodution"}, {"BUNSUI_CONFIG": str(config)})
    assert caught.value.next_steps == ("Did you mean 'production'?",)


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_settings({"config": str(tmp_path / "absent.toml")}, {})


def test_bytes_that_are_no_text_are_refused(config: Path) -> None:
    config.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="is not UTF-8"):
        load_settings({}, {"BUNSUI_CONFIG": str(config)})
