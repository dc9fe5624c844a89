"""What was published over the files: the texts in service by name, and those that are compared with them.

A value that never changes: the next publication is another one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from mailer.rendering.attachment import MOST_IN_A_MAIL, Attachment
from mailer.rendering.environment import Texts
from mailer.rendering.picture import Picture
from mailer.signing import Keys, digest


@dataclass(frozen=True)
class Challenger:
    """A text that a share of the mails is made from, in percent. `comparison` is the row's id."""

    comparison: int
    text: str
    share: int

    @cached_property
    def sha256(self) -> str:
        """Of its bytes."""
        return digest(self.text.encode())

    def gets(self, keys: Keys, subject: str) -> bool:
        """Whether this conversation or passage is among its share: the same answer at every time."""
        signed = keys.sign("comparison", f"{self.comparison}:{subject}")
        return int(digest(signed.encode())[:8], 16) % 100 < self.share


@dataclass(frozen=True, eq=False)
class Published:
    """One picture of what is in service. `edition` is the number under which the database knows it."""

    texts: Mapping[str, str] = field(default_factory=dict)
    challengers: Mapping[str, Challenger] = field(default_factory=dict)
    edition: int = 0
    # By name, as templates call them.
    images: Mapping[str, Picture] = field(default_factory=dict)
    # By hash, as texts name them; and how many bytes of them go within one mail.
    files: Mapping[str, Attachment] = field(default_factory=dict)
    most_attached: int = MOST_IN_A_MAIL

    @cached_property
    def included(self) -> Texts:
        """The texts that templates may include; the same value for the same texts, so that what is compiled is kept."""
        return tuple(sorted((name, text) for name, text in self.texts.items() if "blocks/" in name))

    def with_text(self, name: str, text: str) -> "Published":
        """The same with another text of one template."""
        return replace(self, texts={**self.texts, name: text})

    def chosen(self, keys: Keys | None, subject: str) -> "Published":
        """What this conversation or passage gets."""
        if keys is None:
            return self
        given = {name: one.text for name, one in self.challengers.items() if one.gets(keys, subject)}
        return replace(self, texts={**self.texts, **given}, challengers={}) if given else self


FILES_ONLY = Published()
