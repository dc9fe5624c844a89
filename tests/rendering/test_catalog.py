"""The file of a key in the best language; a mistake is told with file and line."""

from pathlib import Path

import pytest

from mailer.errors import InputError
from mailer.rendering.catalog import Catalog, chain

FRONT = "+++\n[needs]\n+++\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def write(folder: Path, name: str, text: str = f"{FRONT}words") -> Catalog:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return Catalog(folder)


@pytest.mark.parametrize(
    ("locales", "asked"),
    [
        (["en"], ["en"]),
        (["pt-BR", "en"], ["pt-BR", "pt", "en"]),
        (["zh-Hans-CN", "zh"], ["zh-Hans-CN", "zh-Hans", "zh"]),
        ([], []),
    ],
)
def test_each_language_is_followed_by_its_parents(locales: list[str], asked: list[str]) -> None:
    assert chain(locales) == asked


@pytest.mark.parametrize(
    ("locales", "storefront", "found"),
    [
        (["en"], "main", "replies/x.en.md"),
        (["de", "en"], "main", "replies/x.de.md"),
        (["de-AT"], "main", "replies/x.de.md"),
        (["fr", "en"], "main", "replies/x.en.md"),
        (["en"], "nordic", "storefronts/nordic/replies/x.en.md"),
        (["de", "en"], "nordic", "replies/x.de.md"),
    ],
)
def test_the_best_language_is_taken_and_a_storefronts_own_file_first(
    folder: Path, locales: list[str], storefront: str, found: str
) -> None:
    for name in ("replies/x.en.md", "replies/x.de.md", "storefronts/nordic/replies/x.en.md"):
        write(folder, name)
    assert Catalog(folder).find("replies/x", locales, storefront).name == found


def test_a_key_without_a_file_says_what_was_looked_for(folder: Path) -> None:
    with pytest.raises(InputError, match="de-AT, de, en"):
        Catalog(folder).find("replies/x", ["de-AT", "en"])


def test_a_template_knows_its_name_language_values_and_bytes(folder: Path) -> None:
    text = '+++\nkind = "reply"\n[needs]\norder.number = "#1"\n[optional]\na = 1\n+++\nwords'
    template = write(folder, "replies/x.pt-BR.md", text).read("replies/x.pt-BR.md")
    assert (template.name, template.locale) == ("replies/x.pt-BR.md", "pt-BR")
    assert (template.needs, template.optional) == ({"order": {"number": "#1"}}, {"a": 1})
    assert template.body.endswith("#}\nwords")
    assert template.body.split("\n").index("words") + 1 == text.split("\n").index("words") + 1
    changed = write(folder, "replies/x.pt-BR.md", f"{text}!").read("replies/x.pt-BR.md")
    assert changed.sha256 != template.sha256


def test_an_edit_counts_at_once(folder: Path) -> None:
    catalog = write(folder, "x.en.md")
    assert catalog.read("x.en.md").body.endswith("\nwords")
    write(folder, "x.en.md", f"{FRONT}other words")
    assert catalog.read("x.en.md").body.endswith("\nother words")


def test_blocks_are_no_mails(folder: Path) -> None:
    for name in ("blocks/a.en.md", "replies/x.en.md", "storefronts/nordic/blocks/b.en.md", "notes.txt"):
        write(folder, name)
    assert list(Catalog(folder).names()) == ["replies/x.en.md"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("words", "line 1: front matter is missing"),
        ("", "line 1: front matter is missing"),
        ("+++\n[needs]\nwords", "line 1: front matter is missing"),
        ("+++\nnot toml\n+++\nwords", "front matter: Expected '='"),
        ("+++\nneeds = 3\n+++\nwords", "front matter: [needs] must be a table"),
        ("+++\noptional = []\n+++\nwords", "front matter: [optional] must be a table"),
        ("+++\n[optional]\nparcels = []\n+++\nwords", "front matter: optional.parcels needs one element"),
    ],
)
def test_front_matter_with_a_mistake_is_told(folder: Path, text: str, said: str) -> None:
    with pytest.raises(InputError) as raised:
        write(folder, "replies/x.en.md", text).read("replies/x.en.md")
    assert f"templates/replies/x.en.md: {said}" in str(raised.value)


def test_a_file_in_another_encoding_is_told(folder: Path) -> None:
    (folder / "x.en.md").write_bytes(FRONT.encode() + "Grüße".encode("latin-1"))
    with pytest.raises(InputError, match="save the file as UTF-8"):
        Catalog(folder).read("x.en.md")
