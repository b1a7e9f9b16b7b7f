"""Settings: one TOML file with profiles, environment variables, flags, and where each value came from.

A flag wins over an environment variable, that over the profile in the file, that over the default.

```toml
default_profile = "laptop"

[profiles.laptop]
data_dir = "~/pipelines/.bunsui"

[profiles.laptop.pools]
warehouse = 4

[profiles.production]
protected = true

[profiles.production.policy]
"session_delete" = "deny"
```
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from bunsui.errors import ConfigError

T = TypeVar("T")
TomlValue = object

DEFAULT_PROFILE = "local"
VERDICTS = ("allow", "ask", "deny")


@dataclass(frozen=True, slots=True)
class Setting(Generic[T]):
    """One setting of a profile: how its text or TOML value is read, what it is for, and what it counts."""

    name: str
    read: Callable[[TomlValue], T]
    expects: str
    help: str
    default: str | int | bool | None = None
    unit: str = ""

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return f"BUNSUI_{self.name.upper()}"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value came from: `default`, `flag --x`, `environment BUNSUI_X`, `file:line`; what it counts."""

    name: str
    value: str
    source: str
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of the chosen profile. Times are in seconds."""

    profile: str
    backend: str
    protected: bool
    data_dir: Path
    python: Path | None
    worker_idle: float
    retention_days: float | None
    retention_sessions: int | None
    integrations_endpoint: str | None
    integrations_mocks: Path | None
    policy: Mapping[str, str] = field(default_factory=dict)
    pools: Mapping[str, int] = field(default_factory=dict)
    file: Path | None = None
    profiles: tuple[str, ...] = ()
    origins: tuple[Origin, ...] = ()


def _text(value: TomlValue) -> str:
    if isinstance(value, str) and value:
        return value
    raise ValueError


def _backend(value: TomlValue) -> str:
    if value == "local":
        return "local"
    raise ValueError


def _boolean(value: TomlValue) -> bool:
    if isinstance(value, bool):
        return value
    named = {"true": True, "1": True, "false": False, "0": False}
    if isinstance(value, str) and value.lower() in named:
        return named[value.lower()]
    raise ValueError


def _above_zero(value: TomlValue) -> float:
    plain = isinstance(value, (int, float, str)) and not isinstance(value, bool)
    number = float(value) if plain else -1.0  # type: ignore[arg-type]  # mypy loses the narrowing
    if not 0 < number < float("inf"):
        raise ValueError
    return number


def _count(value: TomlValue) -> int:
    number = int(value) if isinstance(value, (int, str)) and not isinstance(value, bool) else -1
    if number < 0:
        raise ValueError
    return number


def _path(value: TomlValue) -> Path:
    return Path(_text(value)).expanduser().absolute()


def default_data_dir(environment: Mapping[str, str]) -> str:
    """The data directory of the XDG base directory specification."""
    base = environment.get("XDG_DATA_HOME") or "~/.local/share"
    return f"{base}/bunsui"


def default_file(environment: Mapping[str, str]) -> Path:
    """The configuration file of the XDG base directory specification."""
    base = environment.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(base).expanduser() / "bunsui" / "config.toml"


SETTINGS: tuple[Setting[object], ...] = (
    Setting("backend", _backend, "'local'", "Where pipelines run.", "local"),
    Setting(
        "protected", _boolean, "true or false", "Ask a person before every change, as in production.", False
    ),
    Setting("data_dir", _path, "a path", "Folder of records, logs and checkpoints of the local backend."),
    Setting(
        "python", _path, "a path", "Interpreter of handlers; default: the project's .venv, else this one."
    ),
    Setting(
        "worker_idle",
        _above_zero,
        "a number of seconds above 0",
        "How long the worker waits for work before it ends.",
        300,
        unit="seconds",
    ),
    Setting(
        "retention_days",
        _above_zero,
        "a number of days above 0",
        "How long ended sessions are kept; default: for ever.",
        unit="days",
    ),
    Setting(
        "retention_sessions",
        _count,
        "a whole number",
        "How many ended sessions are kept; default: all.",
        unit="sessions",
    ),
    Setting("integrations_endpoint", _text, "a URL", "Endpoint of tasks other than Lambda and ECS."),
    Setting("integrations_mocks", _path, "a path", "Recorded answers of tasks other than Lambda and ECS."),
)
_BY_NAME = {setting.name: setting for setting in SETTINGS}
_PROFILE_KEYS = (*_BY_NAME, "policy", "pools")
_FILE_KEYS = ("default_profile", "profiles")


class _File:
    """The parsed file; knows the line of a key for messages."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.text = path.read_text(encoding="utf-8")
            self.data = tomllib.loads(self.text)
        except OSError as error:
            raise ConfigError(
                f"{path}: cannot be read: {error.strerror}",
                next_steps=["Check the path that --config or BUNSUI_CONFIG names, and its permissions."],
            ) from error
        except UnicodeDecodeError as error:
            raise ConfigError(f"{path}: is not UTF-8 text", next_steps=["Save the file as UTF-8."]) from error
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(f"{path}: is not valid TOML: {error}") from error
        except (ValueError, RecursionError) as error:
            # A number of thousands of digits, or brackets in brackets without end.
            raise ConfigError(f"{path}: cannot be read as TOML: {error}") from error

    def where(self, *keys: str) -> str:
        """`file:line` of a key given by its path through the tables, or of the nearest table around it."""
        for depth in range(len(keys), 0, -1):
            line = _line_of(self.text, keys[:depth])
            if line:
                return f"{self.path}:{line}"
        return str(self.path)

    def table(self, value: object, *keys: str) -> dict[str, object]:
        if isinstance(value, dict):
            return value
        raise ConfigError(f"{self.where(*keys)}: {'.'.join(keys)}: must be a table")

    def refuse_unknown(self, table: Mapping[str, object], known: tuple[str, ...], *keys: str) -> None:
        for key in table:
            if key not in known:
                name = ".".join((*keys, key))
                near = difflib.get_close_matches(key, known, n=1)
                hint = f"Did you mean '{near[0]}'?" if near else f"Valid keys: {', '.join(known)}."
                raise ConfigError(f"{self.where(*keys, key)}: {name}: unknown key", next_steps=[hint])

    def profiles(self) -> dict[str, dict[str, object]]:
        found = self.table(self.data.get("profiles", {}), "profiles")
        return {name: self.table(table, "profiles", name) for name, table in found.items()}

    def check(self) -> None:
        """Check every profile, not only the chosen one: a wrong key elsewhere is wrong too."""
        self.refuse_unknown(self.data, _FILE_KEYS)
        for name, profile in self.profiles().items():
            self.refuse_unknown(profile, _PROFILE_KEYS, "profiles", name)
            for key in profile:
                if key in _BY_NAME:
                    _read(_BY_NAME[key], profile[key], self.where("profiles", name, key))
            self.policy(name)
            self.pools(name)

    def policy(self, profile: str) -> dict[str, str]:
        rules = self.table(self.profiles().get(profile, {}).get("policy", {}), "profiles", profile, "policy")
        for pattern, verdict in rules.items():
            if verdict not in VERDICTS:
                where = self.where("profiles", profile, "policy", pattern)
                raise ConfigError(f"{where}: policy of '{pattern}': must be one of {', '.join(VERDICTS)}")
        return {pattern: str(verdict) for pattern, verdict in rules.items()}

    def pools(self, profile: str) -> dict[str, int]:
        pools = self.table(self.profiles().get(profile, {}).get("pools", {}), "profiles", profile, "pools")
        found: dict[str, int] = {}
        for name, size in pools.items():
            if not isinstance(size, int) or isinstance(size, bool) or size < 1:
                where = self.where("profiles", profile, "pools", name)
                raise ConfigError(f"{where}: size of pool '{name}': must be a whole number above 0")
            found[name] = size
        return found


def _line_of(text: str, keys: tuple[str, ...]) -> int | None:
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*\[\s*([^\[\]]+?)\s*\]", line)
        if header:
            table = _key_parts(header.group(1))
            if table == keys:
                return number
            continue
        entry = re.match(r"\s*((?:[\w.-]|\"[^\"]*\"|'[^']*')+)\s*=", line)
        if entry and table + _key_parts(entry.group(1)) == keys:
            return number
    return None


def _key_parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in re.findall(r"\"[^\"]*\"|'[^']*'|[^.]+", text))


def _read(setting: Setting[object], value: object, where: str) -> object:
    try:
        return setting.read(value)
    except (ValueError, OverflowError) as error:
        raise ConfigError(f"{where}: {setting.name}: must be {setting.expects}, not {value!r}") from error


def load_settings(
    flags: Mapping[str, str | None] | None = None, environment: Mapping[str, str] | None = None
) -> Settings:
    """Read the settings of the chosen profile.

    `flags` may hold `config`, `profile` and any setting. Raises ConfigError, which names the file, the
    line, the key and the nearest valid key.
    """
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    env = os.environ if environment is None else environment
    file = _open_file(given, env)
    profile, profile_origin = _choose_profile(given, env, file)
    sources = dict(_resolve(given, env, file, profile))
    origins = [profile_origin, *(origin for _, origin in sources.values())]
    values = {name: value for name, (value, _) in sources.items()}
    names = {DEFAULT_PROFILE, *(file.profiles() if file else ())}
    return Settings(
        profile=profile,
        policy=file.policy(profile) if file else {},
        pools=file.pools(profile) if file else {},
        file=file.path if file else None,
        profiles=tuple(sorted(names)),
        origins=tuple(origins),
        **values,  # type: ignore[arg-type]  # each value went through the reader of its setting
    )


def _open_file(given: Mapping[str, str], env: Mapping[str, str]) -> _File | None:
    named = given.get("config") or env.get("BUNSUI_CONFIG")
    path = Path(named).expanduser() if named else default_file(env)
    if not named and not path.exists():
        return None
    file = _File(path)
    file.check()
    return file


def _choose_profile(
    given: Mapping[str, str], env: Mapping[str, str], file: _File | None
) -> tuple[str, Origin]:
    in_file = file.data.get("default_profile") if file else None
    if "profile" in given:
        name, source = given["profile"], "flag --profile"
    elif env.get("BUNSUI_PROFILE"):
        name, source = env["BUNSUI_PROFILE"], "environment BUNSUI_PROFILE"
    elif file and in_file is not None:
        name, source = str(in_file), file.where("default_profile")
    else:
        name, source = DEFAULT_PROFILE, "default"
    known = {DEFAULT_PROFILE, *(file.profiles() if file else ())}
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"Did you mean '{near[0]}'?" if near else f"Profiles: {', '.join(sorted(known))}."
        raise ConfigError(f"{source}: there is no profile '{name}'", next_steps=[hint])
    return name, Origin("profile", name, source)


def _resolve(
    given: Mapping[str, str], env: Mapping[str, str], file: _File | None, profile: str
) -> Iterator[tuple[str, tuple[object, Origin]]]:
    table = file.profiles().get(profile, {}) if file else {}
    for setting in SETTINGS:
        name = setting.name
        raw: object
        if name in given:
            raw, source = given[name], f"flag --{name.replace('_', '-')}"
        elif env.get(setting.variable):
            raw, source = env[setting.variable], f"environment {setting.variable}"
        elif file and name in table:
            raw, source = table[name], file.where("profiles", profile, name)
        else:
            raw = default_data_dir(env) if name == "data_dir" else setting.default
            source = "default"
        value = None if raw is None else _read(setting, raw, source)
        yield name, (value, Origin(name, _text_of(value), source, setting.unit))


def _text_of(value: object) -> str:
    """A value as one would write it."""
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
