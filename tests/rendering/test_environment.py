"""Templates say what a mail needs, and nothing of the machine; one that runs wild is stopped with its name."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from mailer.clock import monotonic
from mailer.errors import InputError
from mailer.rendering.environment import MailEnvironment, mail_environment, pages_environment, render_text, variables

VALUES = {
    "name": "Ana",
    "order": {"number": "#1001", "placed_on": date(2026, 11, 2), "paid": True},
    "items": [{"title": "Shirt", "quantity": 2}, {"title": "Scarf", "quantity": 1}],
    "scan": datetime(2026, 11, 20, 8, 15, tzinfo=UTC),
    "nothing": None,
}


@pytest.fixture
def environment(tmp_path: Path) -> MailEnvironment:
    (tmp_path / "itself.md").write_text("{% include 'itself.md' %}")
    (tmp_path / "broken.md").write_text("fine\n{% if %}")
    (tmp_path.parent / "outside.md").write_text("secret")
    return mail_environment(tmp_path)


def fill(environment: MailEnvironment, source: str, locale: str = "en") -> str:
    return render_text(environment, "replies/x.en.md", source, VALUES, locale)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Hello {{ name }}", "Hello Ana"),
        ("{{ order.number }} {{ order['number'] }}", "#1001 #1001"),
        ("{% for item in items %}{{ item.quantity }} x {{ item.title }};{% endfor %}", "2 x Shirt;1 x Scarf;"),
        ("{{ items | map(attribute='title') | join(', ') }}", "Shirt, Scarf"),
        ("{{ items | sum(attribute='quantity') * 2 }} {{ 7 % 4 }}", "6 3"),
        ("{% if order.paid %}paid{% endif %}", "paid"),
        ("{% for key, value in order.items() %}{{ key }} {% endfor %}", "number placed_on paid "),
        ("{% macro greet(who) %}Hi {{ who }}{% endmacro %}{{ greet(name) }}", "Hi Ana"),
        ("{{ order.placed_on | day }}", "Monday, November 2, 2026"),
        ("{{ scan | moment }}", "20 November, 08:15"),
        ("{{ name | upper }} {{ nothing or 'none' }} {{ missing | default('-') }}", "ANA none -"),
        ("<b>{{ '<i>' }}</b>", "<b><i></b>"),
    ],
)
def test_a_template_says_what_a_mail_needs(environment: MailEnvironment, source: str, text: str) -> None:
    assert fill(environment, source) == text


def test_dates_speak_the_language_of_the_template(environment: MailEnvironment) -> None:
    assert fill(environment, "{{ order.placed_on | day }}", "de") == "Montag, 2. November 2026"
    assert fill(environment, "{{ order.placed_on | day }}", "pt-BR") == "segunda-feira, 2 de novembro de 2026"


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__ }}",
        "{{ ''['__class__'] }}",
        "{{ '' | attr('__class__') }}",
        "{{ ().__class__.__base__.__subclasses__() }}",
        "{{ items.__init__.__globals__ }}",
        "{{ self.__init__.__globals__ }}",
        "{{ self._TemplateReference__context }}",
        "{{ cycler.__init__.__globals__.os }}",
        "{{ lipsum.__globals__ }}",
        "{{ joiner }}{{ namespace() }}",
        "{{ config }}",
        "{{ request.application }}",
        "{{ '{0.__class__}'.format(1) }}",
        "{{ '{a.__class__}'.format_map({'a': 1}) }}",
        "{{ '%s' % 1 }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ 'a' * 10**9 }}",
        "{{ 'a' * 1000000000 }}",
        "{{ [1] * 1000000000 }}",
        "{{ 2 ** 100000000 }}",
        "{{ 'a'.ljust(1000000000) }}",
        "{{ 'a'.center(1000000000) }}",
        "{{ '1'.zfill(1000000000) }}",
        "{{ '\t'.expandtabs(1000000000) }}",
        "{{ '{:1000000000}'.format(1) }}",
        "{{ 'a\nb' | indent(1000000000) }}",
        "{{ 'a' | center(1000000000) }}",
        "{{ '%1000000000d' | format(1) }}",
        "{{ [1] | batch(1000000000, 'x') | list }}",
        "{{ [1] | slice(1000000000) | list }}",
        "{{ 1.5 | round(9999999, 'ceil') }}",
        "{{ order | tojson(indent=1000000000) }}",
        "{{ order | pprint }}",
        "{{ items | random }}",
        "{{ range(1000000000) | list }}",
        "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
        "{% for i in items recursive %}{{ loop(items) }}{% endfor %}",
        "{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}",
        "{% include 'itself.md' %}",
        "{% include '../outside.md' %}",
        "{% include '/etc/passwd' %}",
        "{% import 'os' as os %}",
        "{% do order.clear() %}",
        "{{ order.pop('number') }}",
        "{{ order.update({'number': 1}) }}",
        "{{ items.append(1) }}",
        "{{ items.clear() }}",
        "{{ missing }}",
        "{{ order.missing }}",
        "{{ items[7] }}",
        "{{ name() }}",
        "{{ 1 / 0 }}",
        "{{ name + 1 }}",
        "{{ name | nosuch }}",
        "{{ name | day }}",
        "{{ nothing | day }}",
        "{{ nothing | moment }}",
        "{{ order.placed_on | moment }}",
        "{% if %}",
        "{{ name",
        "{% include 'broken.md' %}",
        "{% include 'none.md' %}",
    ],
)
def test_what_a_mail_does_not_need_is_refused_at_once(environment: MailEnvironment, source: str) -> None:
    start = monotonic()
    with pytest.raises(InputError) as raised:
        fill(environment, source)
    assert monotonic() - start < 2
    assert str(raised.value).startswith("templates/")
    assert all(raised.value.problems)


def test_a_template_that_writes_without_end_is_stopped(environment: MailEnvironment) -> None:
    long = "{% for a in s %}{% for b in s %}{% for c in s %}{{ s }}{% endfor %}{% endfor %}{% endfor %}"
    start = monotonic()
    with pytest.raises(InputError, match="too much or runs too long"):
        fill(environment, f"{{% set s = '{'x' * 500}' %}}{long}")
    assert monotonic() - start < 3


def test_a_mistake_is_told_with_its_line_and_file(environment: MailEnvironment) -> None:
    with pytest.raises(InputError, match=r"templates/replies/x\.en\.md: line 3: "):
        fill(environment, "one\ntwo\n{% if %}")
    with pytest.raises(InputError, match=r"templates/broken\.md: line 2: "):
        fill(environment, "{% include 'broken.md' %}")


def test_an_unknown_language_is_a_mistake_and_no_crash(environment: MailEnvironment) -> None:
    with pytest.raises(InputError):
        fill(environment, "{{ order.placed_on | day }}", "zz")


def test_values_are_not_changed_by_a_template(environment: MailEnvironment) -> None:
    before = repr(VALUES)
    fill(environment, "{% set name = 'Eve' %}{% set order = 1 %}{{ name }}")
    assert repr(VALUES) == before


@pytest.mark.parametrize(
    ("source", "read"),
    [
        ("{{ order.number }} {{ name }}", {"order.number", "name"}),
        ("{% for item in items %}{{ item.title }}{% endfor %}", {"items"}),
        ("{% set x = order.total %}{{ x }}", {"order.total"}),
        ("{% if a.b and not c %}{% endif %}", {"a.b", "c"}),
        ("{{ a | default(b.c) }}", {"a", "b.c"}),
        ("plain", set()),
    ],
)
def test_the_paths_that_a_template_reads_are_known(environment: MailEnvironment, source: str, read: set[str]) -> None:
    assert variables(environment, "x.md", source) == read


def test_pages_of_our_own_escape_everything(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("{{ words }}")
    page = pages_environment(tmp_path).get_template("page.html")
    assert page.render(words="<script>'\"&") == "&lt;script&gt;&#39;&#34;&amp;"
