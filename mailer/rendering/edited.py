"""The templates as they would be if one of them read otherwise: for previews and checks of what is being written."""

from hashlib import sha256

from mailer.rendering.catalog import Catalog, Template, _parsed


class EditedCatalog(Catalog):
    """A catalog in which one file, that need not exist yet, has this text."""

    def __init__(self, catalog: Catalog, name: str, text: str) -> None:
        super().__init__(catalog.directory)
        self._name, self._text = name, text

    def _file(self, stem: str, storefront: str) -> str:
        return self._name if self._name.rpartition(".")[0] == stem else super()._file(stem, storefront)

    def read(self, name: str) -> Template:
        """The edited text under its name, the files under theirs. Raises InputError with line and reason."""
        if name != self._name:
            return super().read(name)
        return _parsed(name, self._text, self.sha256(name))

    def sha256(self, name: str) -> str:
        """Of the text that it would be made from."""
        return sha256(self._text.encode()).hexdigest() if name == self._name else super().sha256(name)
