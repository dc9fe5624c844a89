"""Are the templates fit to be sent? Every mistake of every file at once."""

from mailer.errors import InputError
from mailer.rendering.catalog import Catalog, Template
from mailer.rendering.context import flatten
from mailer.rendering.environment import mail_environment, variables
from mailer.rendering.render import fill

# What every template may read without declaring it.
ALWAYS = ("shop.name", "agent.name")


def check_templates(catalog: Catalog) -> list[str]:
    """What is wrong, one line each, with file and reason; empty when all is well."""
    if not catalog.directory.is_dir():
        return [f"{catalog.directory}: no such folder; `mailer init` writes one"]
    names = list(catalog.names())
    problems = [] if names else [f"{catalog.directory}: there is no template"]
    for name in names:
        try:
            problems += _check(catalog, catalog.read(name))
        except InputError as error:
            problems += str(error).split("\n")
    return problems


def _check(catalog: Catalog, template: Template) -> list[str]:
    declared = {**flatten(template.needs), **flatten(template.optional)}
    roots = {path.split(".")[0] for path in declared if any(part.isdigit() for part in path.split("."))}
    used = variables(mail_environment(catalog.directory), template.name, template.body)
    problems = [
        f"templates/{template.name}: {path} is used but declared neither in [needs] nor in [optional]"
        for path in sorted(used)
        if path not in declared and path not in ALWAYS and path.split(".")[0] not in roots
    ]
    if problems:
        return problems
    always: dict[str, object] = {path: "sample" for path in ALWAYS}
    # With all that may be known, and with as little: a template must not stumble over what is optional.
    for facts in (declared, flatten(template.needs), {**flatten(template.needs), **_bare_lists(template)}):
        fill(catalog, template, {**always, **facts})
    return []


def _bare_lists(template: Template) -> dict[str, object]:
    """One element in each list, of which only the first value is known."""
    lists = {name: value for name, value in template.optional.items() if isinstance(value, list)}
    return {f"{name}.0.{key}": one for name, value in lists.items() for key, one in list(value[0].items())[:1]}
