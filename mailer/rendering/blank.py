"""What stands in a text where a fact is not known: `[order.number]`, until a person writes what is so."""


class Blank(str):
    """The place of one fact. Filters leave it as it is, so that it is found again in what was written."""

    __slots__ = ()

    @classmethod
    def of(cls, path: str) -> "Blank":
        """The blank of the fact of this path."""
        return cls(f"[{path}]")
