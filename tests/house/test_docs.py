"""Nothing that people can set, run or meet is undocumented, and nothing documented is missing."""

import inspect
import re
import tomllib
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, get_args, get_origin

import pytest
import typer
from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo

import mailer.model
from mailer.cli import app
from mailer.config import Settings
from tests.house.sources import PACKAGE, ROOT

# A key with its default, switched off: `# undo = "12s"    # how long ...`; or the head of a section that may be absent.
SWITCHED_OFF = re.compile(r"^# (?=[a-z_]+ = |\[)", re.MULTILINE)
# Keys without a default of their own: what config.toml shows is an example.
EXAMPLES = {"ca_file", "token_file", "benefits"}


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def sections(model: type[BaseModel] = Settings, path: str = "") -> Iterator[tuple[str, type[BaseModel]]]:
    """Every section of the settings with its place in config.toml; `*` where the operator gives the name."""
    if path:
        yield path.removeprefix("."), model
    for name, field in model.model_fields.items():
        for inner, stars in _models(field.annotation):
            yield from sections(inner, f"{path}.{name}{stars}")


def _models(annotation: Any) -> Iterator[tuple[type[BaseModel], str]]:
    """The sections within a key, with a `*` for each name that the operator gives and each list on the way."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, ""
    star = ".*" if get_origin(annotation) in (dict, tuple) else ""
    for part in get_args(annotation):
        for model, stars in _models(part):
            yield model, f"{star}{stars}"


def keys() -> list[tuple[str, str, FieldInfo]]:
    return [
        (path, name, field)
        for path, model in sections()
        for name, field in model.model_fields.items()
        if not any(_models(field.annotation))
    ]


def shipped(text: str, path: str) -> dict[str, Any]:
    """A section of config.toml; of named sections and of lists the first."""
    section: Any = tomllib.loads(text)
    for part in path.split("."):
        if part == "*":
            section = next(iter(section.values() if isinstance(section, dict) else section), {})
        else:
            section = section.get(part, {})
    assert isinstance(section, dict)
    return section


@pytest.mark.parametrize(("path", "name", "field"), keys(), ids=lambda value: value if isinstance(value, str) else "")
def test_config_toml_holds_every_key_and_shows_its_default(path: str, name: str, field: FieldInfo) -> None:
    text = read("config.toml")
    all_switched_on = shipped(SWITCHED_OFF.sub("", text), path)
    assert name in all_switched_on, f"config.toml says nothing of [{path}] {name}"
    if field.is_required() or name in EXAMPLES or name in shipped(text, path):
        return
    default = field.get_default(call_default_factory=True)
    shown: Any = TypeAdapter(field.rebuild_annotation()).validate_python(all_switched_on[name])
    # What may be left out has no default to show, but an example.
    assert default is None or shown == default, f"[{path}] {name} is another by default"


def test_config_toml_holds_no_key_that_does_not_exist() -> None:
    every_key = tomllib.loads(SWITCHED_OFF.sub("", read("config.toml")))
    Settings.model_validate(every_key)


def test_each_key_of_config_toml_says_what_it_is_for() -> None:
    plain = {"name", "host", "username", "address", "port", "ca_file", "templates", "timetable"}
    lines = [line for line in read("config.toml").splitlines() if re.match(r"(# )?[a-z_]+ = ", line)]
    silent = [line for line in lines if line.count(" # ") < 1 and line.removeprefix("# ").split(" ")[0] not in plain]
    assert silent == []


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


COMMANDS = list(commands(typer.main.get_command(app)))


@pytest.mark.parametrize(("name", "command"), COMMANDS, ids=[name for name, _ in COMMANDS])
def test_each_command_has_help_with_an_example(name: str, command: Any) -> None:
    assert command.help, f"mailer {name} says nothing of itself"
    assert f"mailer {name}" in (command.epilog or ""), f"mailer {name} --help shows no example"


@pytest.mark.parametrize("name", [name for name, _ in COMMANDS])
def test_each_command_is_named_in_the_readme(name: str) -> None:
    assert re.search(rf"mailer {name}\b", read("README.md")), f"README.md does not name `mailer {name}`"


def enums() -> list[type[StrEnum]]:
    modules = [module for _, module in inspect.getmembers(mailer.model, inspect.ismodule)]
    found = {
        enum
        for module in modules
        for _, enum in inspect.getmembers(module, inspect.isclass)
        if issubclass(enum, StrEnum) and enum.__module__ == module.__name__
    }
    return sorted(found, key=lambda enum: enum.__name__)


@pytest.mark.parametrize("enum", enums(), ids=lambda enum: enum.__name__)
def test_each_member_of_an_enum_has_its_sentence(enum: type[StrEnum]) -> None:
    source = inspect.getsource(enum)
    silent = [member.name for member in enum if not re.search(rf"^    {member.name} = .+  # \w", source, re.MULTILINE)]
    assert silent == []


@pytest.mark.parametrize(
    "enum", [enum for enum in enums() if enum.__name__.endswith("State")], ids=lambda e: e.__name__
)
def test_each_state_appears_in_the_architecture(enum: type[StrEnum]) -> None:
    text = read("ARCHITECTURE.md")
    assert [member.value for member in enum if not re.search(rf"\b{member.value}\b", text)] == []


DOCUMENTS = ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md"]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_each_make_target_that_is_named_exists(document: str) -> None:
    targets = set(re.findall(r"^([a-z][\w-]*):", read("Makefile"), re.MULTILINE))
    named = set(re.findall(r"(?:^\s*(?:\$ )?|`)make ([a-z][\w-]*)", read(document), re.MULTILINE))
    assert named - targets == set()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_each_environment_variable_that_is_named_exists(document: str) -> None:
    named = set(re.findall(r"\b(?:MAILER|TEST)_[A-Z0-9_]+\b", read(document)))
    unknown = {variable for variable in named if not (is_setting(variable) or _is_read(variable))}
    assert unknown == set()


def is_setting(variable: str) -> bool:
    """Whether an environment variable sets a key of the configuration."""
    parts = variable.removeprefix("MAILER_").lower().split("__")
    pattern = {f"{path}.{name}": re.compile(f"{path}.{name}".replace("*", r"\w+")) for path, name, _ in keys()}
    return any(each.fullmatch(".".join(parts)) for each in pattern.values())


def _is_read(variable: str) -> bool:
    places = [*PACKAGE.rglob("*.py"), *(ROOT / "tests").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")]
    here = "test_docs.py"
    return any(f'"{variable}"' in path.read_text(encoding="utf-8") for path in places if path.name != here)
