"""Errors that people read, and the one bit that programs need.

MailerError                 what went wrong, where, what to do
├── ConfigError             config.toml, the environment or a secret file is wrong
├── InputError              a file or payload handed to us cannot be read
├── Conflict                somebody or something was faster; nothing was changed
├── NotFound                no such row
└── Trouble                 a server did not do what we asked; `temporary` says whether to try again
"""

from collections.abc import Iterable


class MailerError(Exception):
    """What went wrong, where, and what to do; the text is shown to people as it is."""


class ConfigError(MailerError):
    """Every mistake of a configuration at once, each with its key."""

    def __init__(self, source: str, problems: Iterable[str]) -> None:
        self.source = source
        self.problems = tuple(problems)
        super().__init__("\n".join(f"{source}: {problem}" for problem in self.problems))


class InputError(MailerError):
    """Every mistake of a file or payload at once, each with its place."""

    def __init__(self, source: str, problems: Iterable[str]) -> None:
        self.source = source
        self.problems = tuple(problems)
        super().__init__("\n".join(f"{source}: {problem}" for problem in self.problems))


class Conflict(MailerError):
    """Somebody or something was faster; nothing was changed, and the text says what to look at."""


class NotFound(MailerError):
    """There is no such thing; the text names it."""


class Trouble(MailerError):
    """A server did not do what we asked. `temporary` says whether trying again can help."""

    def __init__(self, text: str, *, temporary: bool) -> None:
        self.temporary = temporary
        super().__init__(text)
