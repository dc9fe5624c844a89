"""Every mistake of every template is found before the first mail, with its line and what to do."""

from pathlib import Path

import pytest

from mailer.rendering.catalog import Catalog
from mailer.rendering.check import SHIPPED, check_templates, missing_locales

HEAD = '+++\nopening = "Thank you."\n[needs]\norder.number = "#1"\n[optional]\norder.total = "1.00"\n+++\n'
FIRST = HEAD.count("\n") + 1


def problems(folder: Path, **templates: str) -> list[str]:
    for name, text in templates.items():
        key, _, locale = name.rpartition("__")
        path = folder / f"{key or name}.{locale if key else 'en'}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return check_templates(Catalog(folder))


def test_a_template_that_declares_what_it_reads_is_fine(tmp_path: Path) -> None:
    text = """+++
opening = "Thank you{% if order.total %} for {{ order.total | money(order.currency) }}{% endif %}."
before = "Look at {{ order.number }}."
asks = "{% if not order.total %}yes{% endif %}"
[needs]
order.number = "#1"
[optional]
customer.first_name = "Ana"
order.total = "1.00"
order.currency = "EUR"
[[optional.parcels]]
number = "1"
url = "https://track.example/1"
+++
{{ shop.name }} {{ order.number }} {{ customer.first_name or "you" }} {{ "Ihr" | informal("dein") }}
{% for parcel in parcels if parcel.number %}{{ parcel.number }}{% if parcel.url %}{{ parcel.url }}{% endif %}
{% if not loop.last %}and{% endif %}{% endfor %}
"""
    assert problems(tmp_path, x=text) == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("{{ order.country }}", f"line {FIRST}: order.country is read, but declared neither"),
        ("one\n{{ order.nubmer }}", f"line {FIRST + 1}: order.nubmer is read, but declared neither"),
        ("{{ order.nubmer }}", "did you mean order.number?"),
        ("{% for one in order.total %}{{ one.carier }}{% endfor %}", "order.total.*.carier is read"),
        ("{{ order.number", "line "),
        ("{% if %}", f"line {FIRST}: "),
        ("{{ order.number | nosuch }}", "nosuch"),
        ("{{ order.total }}", f"line {FIRST}: it prints a value that is not known here; put {{% if %}} around it"),
        ("{% if order.number %}{{ order.total | money('EUR') }}{% endif %}", "is not known"),
        ("{{ order.number | day }}", "`day` needs a date"),
        ("{{ order.number + 1 }}", "works on numbers only"),
        ("{% include 'blocks/none.en.md' %}", f"line {FIRST}: there is no block blocks/none.en.md"),
        ("{% include 'x.en.md' %}", ""),
        ("{% include order.number %}", f"line {FIRST}: name a block as in"),
        ("XXX here", f'line {FIRST}: "XXX" is left over'),
        ("one\n\nTODO: ask Mia", f'line {FIRST + 2}: "TODO" is left over'),
        ("Dear [NAME],", '"[NAME]" is left over'),
        ("Dear <NAME>,", '"<NAME>" is left over'),
        ("Dear {name},", '"{name}" is left over'),
        ("Lorem ipsum dolor", "is left over"),
        ("You must pay {{ order.number }}.", f'line {FIRST}: "You must": It gives orders.'),
        ("one\nWe will write soon.", f'line {FIRST + 1}: "soon": It promises without a date.'),
    ],
)
def test_a_mistake_is_told_with_its_file_line_and_what_to_do(tmp_path: Path, body: str, said: str) -> None:
    found = problems(tmp_path, x=f"{HEAD}{body}\n")
    assert len(found) == 1
    assert found[0].startswith("templates/x.en.md: ")
    assert said in found[0]


@pytest.mark.parametrize(
    ("front", "said"),
    [
        ("", "line 1: front matter: opening is missing"),
        ('opening = ""\n', "line 1: front matter: opening is missing"),
        ('opening = "Thank you. I look."\n', "line 2: the opening is one short sentence"),
        (f'opening = "{"long " * 40}."\n', "line 2: the opening is one short sentence"),
        ('opening = "You should know."\n', 'line 2: "You should": It gives orders.'),
        ('opening = "Hm."\nbefore = "{{ order.number }}"\n', "line 3: order.number is read, but declared neither"),
        ('opening = "Hm."\nasks = "{% if order.late %}yes{% endif %}"\n', "line 3: order.late is read"),
        ('opening = "Hm."\n[needs]\norder.nubmer = "1"\n', "line 4: order.nubmer is no fact that a template may read"),
        ('opening = "Hm."\n[needs]\nnonsense.x = "1"\n', "line 4: nonsense.x is no fact"),
        ('opening = "Hm."\n[[optional.parcels]]\ncarier = "1"\n', "line 4: parcels.*.carier is no fact"),
        ('opening = "Hm."\nhoding = true\n', "line 3: front matter: hoding is no key"),
        ('opening = "Hm."\nholding = 3\n', "front matter: holding must be true or false or a text"),
        ('opening = "Hm."\nkind = "letter"\n', "front matter: kind 'letter' is none of reply, acknowledgement"),
    ],
)
def test_front_matter_is_checked_with_its_lines(tmp_path: Path, front: str, said: str) -> None:
    found = problems(tmp_path, x=f"+++\n{front}+++\nwords\n")
    assert len(found) == 1
    assert said in found[0]


def test_what_stumbles_only_in_one_state_is_found(tmp_path: Path) -> None:
    text = """+++
opening = "Thank you."
[needs]
order.state = "in_transit"
[optional]
order.canceled_on = 2026-11-05
+++
{% if order.state == "canceled" %}on {{ order.canceled_on | day }}{% endif %}
"""
    (found,) = problems(tmp_path, x=text)
    assert "line 8: `day` needs a date, not None" in found
    guarded = text.replace('== "canceled" %}', '== "canceled" and order.canceled_on %}')
    assert problems(tmp_path, x=guarded) == []


def test_a_template_that_stumbles_over_what_a_list_lacks_is_found(tmp_path: Path) -> None:
    head = '+++\nopening = "Hm."\n[[optional.parcels]]\nnumber = "1"\nstate = "lost"\n+++\n'
    assert problems(tmp_path, x=head + "{{ parcels[0].number }}\n")
    assert len(problems(tmp_path, x=head + "{% for one in parcels %}{{ one.number }}{% endfor %}")) == 1
    assert problems(tmp_path, x=head + "{% for one in parcels if one.number %}{{ one.number }}{% endfor %}") == []


def test_a_block_is_checked_as_well_and_its_facts_count_for_the_mail(tmp_path: Path) -> None:
    block = '+++\n[optional]\norder.total = "1.00"\n+++\n'
    mail = '+++\nopening = "Hm."\n+++\n{% include "blocks/a.en.md" %}\n'
    assert (
        problems(tmp_path, **{"blocks/a": block + "{% if order.total %}{{ order.total }}{% endif %}", "x": mail}) == []
    )
    (found,) = problems(tmp_path, **{"blocks/a": block + "\n{{ order.total }}"})
    assert found.startswith("templates/blocks/a.en.md: line 6: it prints a value")
    found = problems(tmp_path, **{"blocks/a": block + "{{ order.number }}"})[0]
    assert found.startswith("templates/blocks/a.en.md: line 5: order.number is read")


def test_a_block_of_another_language_is_told(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        **{"blocks/a": "+++\n+++\nwords\n", "x__de": '+++\nopening = "Hm."\n+++\n{% include "blocks/a.en.md" %}\n'},
    )
    assert found == [
        "templates/x.de.md: line 4: blocks/a.en.md is in another language; include the one that ends with .de.md"
    ]


@pytest.mark.parametrize(
    ("front", "said"),
    [
        ("asks = false\nbefore = 'Do it.'\n[needs]\norder.number = '#2'\n", "asks is another than in x.en.md"),
        ("asks = true\nbefore = 'Tu es.'\n[needs]\norder.number = '#2'\n", "before is another than in x.en.md"),
        ("asks = true\nbefore = 'Do it.'\n", "[needs] holds other values than x.en.md"),
    ],
)
def test_what_a_mail_means_for_us_does_not_depend_on_its_language(tmp_path: Path, front: str, said: str) -> None:
    english = "+++\nopening = 'Hm.'\nasks = true\nbefore = 'Do it.'\n[needs]\norder.number = '#1'\n+++\nwords\n"
    (found,) = problems(tmp_path, x=english, x__de=f"+++\nopening = 'Hm.'\n{front}+++\nWorte\n")
    assert said in found


def test_every_mistake_of_every_file_is_told_at_once(tmp_path: Path) -> None:
    found = problems(tmp_path, a="no front matter", b=f"{HEAD}{{{{ one }}}} TODO\n{{{{ two }}}}", c=f"{HEAD}ok")
    assert [each.split(":")[0] for each in found] == ["templates/a.en.md", *["templates/b.en.md"] * 3]


def test_a_folder_without_templates_is_told(tmp_path: Path) -> None:
    assert "there is no template" in check_templates(Catalog(tmp_path))[0]
    assert "mailer init" in check_templates(Catalog(tmp_path / "none"))[0]


def test_languages_that_are_missing_are_noted_and_no_mistake(tmp_path: Path) -> None:
    assert problems(tmp_path, x=f"{HEAD}ok", x__de=f"{HEAD}gut") == []
    assert missing_locales(Catalog(tmp_path)) == [
        f"not in {locale}, so such a mail goes out in another language: x"
        for locale in SHIPPED
        if locale not in ("en", "de")
    ]
