"""Every mistake of every template is found before the first mail."""

from pathlib import Path

import pytest

from mailer.rendering.catalog import Catalog
from mailer.rendering.check import check_templates


def problems(folder: Path, **templates: str) -> list[str]:
    for name, text in templates.items():
        (folder / f"{name}.en.md").write_text(text, encoding="utf-8")
    return check_templates(Catalog(folder))


def test_a_template_that_declares_what_it_reads_is_fine(tmp_path: Path) -> None:
    text = """+++
[needs]
order.number = "#1"
[optional]
customer.first_name = "Ana"
[[optional.parcels]]
number = "1"
url = "https://track.example/1"
+++
{{ shop.name }} {{ order.number }} {{ customer.first_name or "you" }}
{% for parcel in parcels %}{{ parcel.number }}{% if parcel.url %}{{ parcel.url }}{% endif %}{% endfor %}
"""
    assert problems(tmp_path, x=text) == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("{{ order.total }}", "order.total is used but declared neither in [needs] nor in [optional]"),
        ("{{ order.number", "line "),
        ("{% if %}", "line 6: "),
        ("{{ order.number | nosuch }}", "nosuch"),
        ("{{ order.placed_on | day }}", "order.placed_on is used but declared"),
        ("{{ sure | upper | day }}", "`day` needs a date"),
        ("{{ sure + 1 }}", "can only concatenate"),
        ("{% include 'blocks/none.en.md' %}", "blocks/none.en.md"),
        ("{% include 'x.en.md' %}", ""),
    ],
)
def test_a_mistake_is_told_with_its_file(tmp_path: Path, body: str, said: str) -> None:
    found = problems(tmp_path, x=f'+++\n[needs]\norder.number = "#1"\nsure = "x"\n+++\n{body}\n')
    assert len(found) == 1
    assert found[0].startswith("templates/")
    assert said in found[0]


def test_a_template_that_stumbles_over_what_is_optional_is_found(tmp_path: Path) -> None:
    text = '+++\n[optional]\n[[optional.parcels]]\nnumber = "1"\nstate = "x"\n+++\n{{ parcels[0].number }}\n'
    assert len(problems(tmp_path, x=text)) == 1
    text = text.replace("{{ parcels[0].number }}", "{% for one in parcels %}{{ one.number + one.state }}{% endfor %}")
    assert len(problems(tmp_path, x=text)) == 1


def test_every_mistake_of_every_file_is_told_at_once(tmp_path: Path) -> None:
    found = problems(
        tmp_path, a="no front matter", b="+++\n[needs]\n+++\n{{ one }} {{ two }}", c="+++\n[needs]\n+++\nok"
    )
    assert [each.split(":")[0] for each in found] == ["templates/a.en.md", "templates/b.en.md", "templates/b.en.md"]


def test_a_folder_without_templates_is_told(tmp_path: Path) -> None:
    assert "there is no template" in check_templates(Catalog(tmp_path))[0]
    assert "mailer init" in check_templates(Catalog(tmp_path / "none"))[0]
