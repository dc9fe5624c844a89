"""Sources of webhooks by their kind: the shipped ones, and the shop's own, named as "module:Class" in config.toml."""

import importlib
import inspect
from collections.abc import Mapping
from functools import cache
from typing import cast

from mailer.errors import ConfigError
from mailer.orders.hook import HookSource
from mailer.orders.sources import HOOKS
from mailer.sources_config import SourceConfig

_MUST_HAVE = {"verify": 4, "is_ping": 2, "topic": 2, "key": 2, "read": 3}


def hook_of(kind: str) -> HookSource | None:
    """The source of this kind; None when there is none. Raises ConfigError for one of the shop's own that is broken."""
    return HOOKS.get(kind) or (_own(kind) if ":" in kind else None)


def hooks_of(sources: Mapping[str, SourceConfig]) -> dict[str, HookSource]:
    """The shipped sources and those that these sections name. Raises ConfigError with every mistake."""
    found, problems = dict(HOOKS), list[str]()
    for config in sources.values():
        try:
            hook = hook_of(config.kind)
        except ConfigError as error:
            problems += error.problems
            continue
        found |= {config.kind: hook} if hook else {}
    if problems:
        raise ConfigError("[sources]", dict.fromkeys(problems))
    return found


@cache
def _own(kind: str) -> HookSource:
    module_name, _, name = kind.partition(":")
    try:
        module = importlib.import_module(module_name)
    except Exception as error:
        # A module of the shop's own may raise anything while it is imported.
        problem = f"cannot be imported ({type(error).__name__}: {error}); is it where Python looks (PYTHONPATH)?"
        raise ConfigError("[sources]", [f'kind "{kind}": {module_name} {problem}']) from None
    found = getattr(module, name, None)
    if not inspect.isclass(found):
        raise ConfigError("[sources]", [f'kind "{kind}": {module_name} has no class {name}'])
    try:
        source = found()
    except Exception as error:
        problem = f"{name}() raises {type(error).__name__}: {error}; it must need no arguments"
        raise ConfigError("[sources]", [f'kind "{kind}": {problem}']) from None
    if problems := [f'kind "{kind}": {problem}' for problem in _missing(source)]:
        raise ConfigError("[sources]", problems)
    return cast(HookSource, source)


def _missing(source: object) -> list[str]:
    """What it lacks of `HookSource`: each thing by name."""
    problems = []
    if not isinstance(getattr(source, "name", None), str):
        problems.append('has no text "name"')
    kept = getattr(source, "kept", None)
    if not isinstance(kept, tuple) or not all(isinstance(one, str) for one in kept):
        problems.append('has no tuple "kept" of header names in lower case')
    for verb, arguments in _MUST_HAVE.items():
        method = getattr(source, verb, None)
        if not callable(method):
            problems.append(f"has no method {verb}; see HookSource in mailer/orders/hook.py")
        elif not _takes(method, arguments - 1):
            problems.append(f"its method {verb} does not take {arguments - 1} arguments; see HookSource")
    return problems


def _takes(method: object, count: int) -> bool:
    try:
        inspect.signature(method).bind(*[None] * count)  # type: ignore[arg-type]
    except TypeError:
        return False
    return True
