"""Templates say what a mail needs, and nothing of the machine; one that runs wild is stopped with its name."""

from datetime import UTC, date, datetime
from pathlib import Path
from time import process_time

import pytest

from mailer.errors import InputError
from mailer.rendering.environment import (
    MailEnvironment,
    html_environment,
    includes,
    macros,
    mail_environment,
    pages_environment,
    reads,
    render_text,
    written,
)

VALUES = {
    "name": "Ana",
    "order": {"number": "#1001", "placed_on": date(2026, 11, 2), "paid": True},
    "items": [{"title": "Shirt", "quantity": 2}, {"title": "Scarf", "quantity": 1}],
    "scan": datetime(2026, 11, 20, 8, 15, tzinfo=UTC),
    "nothing": None,
}


@pytest.fixture
def environment(tmp_path: Path) -> MailEnvironment:
    (tmp_path / "itself.md").write_text("+++\n+++\n{% include 'itself.md' %}")
    (tmp_path / "broken.md").write_text("+++\n+++\nfine\n{% if %}")
    (tmp_path / "bare.md").write_text("words without front matter")
    (tmp_path / "block.md").write_text("+++\n[optional]\nname = 'Ana'\n+++\nfor {{ name }}\n")
    (tmp_path / "prints.md").write_text("+++\n+++\n\n{{ nothing }}\n")
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
        ("{{ scan | moment }}", "November 20, 08:15"),
        ("{{ name | upper }} {{ nothing or 'none' }} {{ missing | default('-') }}", "ANA none -"),
        ("<b>{{ '<i>' }}</b>", "<b><i></b>"),
        ("a {% include 'block.md' %}b", "a for Ana\nb"),
        ("{{ '59.00' | money('EUR') }} {{ 1200 | number }} {{ 'DE' | country }}", "€59.00 1,200 Germany"),
        ("{{ 'Ihre' | informal('deine') }}", "Ihre"),
        ("{{ 'a-b' | replace('-', '+') }} {{ 'a' + 'b' }} {{ 'a' ~ 1 }} {{ 1 + 2 }}", "a+b ab a1 3"),
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
        "{% include 'bare.md' %}",
        "{{ nothing }}",
        "{{ order.paid }}",
        "{{ order.placed_on }}",
        "{{ items }}",
        "{{ 'a' ~ nothing }}",
        "{{ [name, nothing] | join(' ') }}",
        "{{ nothing | money('EUR') }}",
        "{{ [1] + [2] }}",
    ],
)
def test_what_a_mail_does_not_need_is_refused_at_once(environment: MailEnvironment, source: str) -> None:
    start = process_time()
    with pytest.raises(InputError) as raised:
        fill(environment, source)
    assert process_time() - start < 2
    assert str(raised.value).startswith("templates/")
    assert all(raised.value.problems)


def test_a_template_that_writes_without_end_is_stopped(environment: MailEnvironment) -> None:
    long = "{% for a in s %}{% for b in s %}{% for c in s %}{{ s }}{% endfor %}{% endfor %}{% endfor %}"
    start = process_time()
    with pytest.raises(InputError, match="too much or runs too long"):
        fill(environment, f"{{% set s = '{'x' * 500}' %}}{long}")
    assert process_time() - start < 3


def test_a_mistake_is_told_with_its_line_and_file(environment: MailEnvironment) -> None:
    with pytest.raises(InputError, match=r"templates/replies/x\.en\.md: line 3: "):
        fill(environment, "one\ntwo\n{% if %}")
    with pytest.raises(InputError, match=r"templates/broken\.md: line 4: "):
        fill(environment, "{% include 'broken.md' %}")


def test_an_unknown_language_never_fails_a_mail(environment: MailEnvironment) -> None:
    assert fill(environment, "{{ order.placed_on | day }}", "zz") == "Monday, November 2, 2026"


def test_a_mistake_while_it_is_filled_names_file_and_line_too(environment: MailEnvironment) -> None:
    with pytest.raises(InputError, match=r"templates/replies/x\.en\.md: line 2: it prints a value that is not known"):
        fill(environment, "one\n{{ nothing }}")
    with pytest.raises(InputError, match=r"templates/prints\.md: line 4: it prints a value"):
        fill(environment, "one\n{% include 'prints.md' %}")


@pytest.mark.parametrize(
    "doubling",
    [
        "{% set a = a ~ a %}",
        "{% set a = a + a %}",
        "{% set a = [a, a] | join %}",
        "{% set a = a | replace('x', 'xx') %}",
        "{% set a %}{{ a }}{{ a }}{% endset %}",
        "{% macro two(a) %}{{ a }}{{ a }}{% endmacro %}{% set a = two(a) %}",
    ],
)
def test_a_text_that_doubles_is_stopped_before_the_memory_is_full(environment: MailEnvironment, doubling: str) -> None:
    start = process_time()
    with pytest.raises(InputError):
        fill(environment, "{% set a = 'x' %}" + doubling * 40)
    assert process_time() - start < 2


def test_the_way_of_address_is_chosen_once_for_all(environment: MailEnvironment) -> None:
    for formal, said in ((True, "Ihre"), (False, "deine")):
        assert render_text(environment, "x.md", "{{ 'Ihre' | informal('deine') }}", {"formal": formal}, "de") == said


def test_values_are_not_changed_by_a_template(environment: MailEnvironment) -> None:
    before = repr(VALUES)
    fill(environment, "{% set name = 'Eve' %}{% set order = 1 %}{{ name }}")
    assert repr(VALUES) == before


@pytest.mark.parametrize(
    ("source", "read"),
    [
        ("{{ order.number }} {{ name }}", {"order.number", "name"}),
        ("{% for item in items %}{{ item.title }}{% endfor %}", {"items", "items.*.title"}),
        ("{% for a in b.c %}{% for d in a.e %}{{ d.f }}{% endfor %}{% endfor %}", {"b.c", "b.c.*.e", "b.c.*.e.*.f"}),
        ("{% for item in items if item.title %}{{ item }}{% endfor %}", {"items", "items.*", "items.*.title"}),
        ("{% for x in a | list %}{{ x.y }}{% endfor %}", {"a"}),
        ("{{ items[0].title }} {{ order['number'] }}", {"items.*.title", "order.number"}),
        ("{{ order.items() }} {{ name.upper() }}", {"order", "name"}),
        ("{% set x = order.total %}{{ x }}", {"order.total"}),
        ("{% if a.b and not c %}{% endif %}", {"a.b", "c"}),
        ("{{ a | default(b.c) }}", {"a", "b.c"}),
        ("plain", set()),
    ],
)
def test_the_paths_that_a_template_reads_are_known(environment: MailEnvironment, source: str, read: set[str]) -> None:
    assert set(reads(environment, "x.md", source)) == read


def test_a_path_is_known_with_its_first_line(environment: MailEnvironment) -> None:
    assert reads(environment, "x.md", "\n{{ a }}\n{{ b }}{{ a }}") == {"a": 2, "b": 3}


def test_blocks_are_named_as_literals(environment: MailEnvironment) -> None:
    source = "{% include 'a.md' %}{% if x %}{% include 'b.md' %}{% include 'a.md' %}{% endif %}"
    assert includes(environment, "x.md", source) == ("a.md", "b.md")
    for source in ("{% include name %}", "{% import 'a.md' as a %}", "{% extends 'a.md' %}"):
        with pytest.raises(InputError, match="line 1: name a block as in"):
            includes(environment, "x.md", source)


def test_a_storefronts_own_block_stands_in(tmp_path: Path) -> None:
    for folder, words in (("blocks", "all"), ("storefronts/nordic/blocks", "nordic")):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "a.en.md").write_text(f"+++\n+++\n{words}")
    source = "{% include 'blocks/a.en.md' %}"
    assert render_text(mail_environment(tmp_path), "x.md", source, {}, "en") == "all"
    assert render_text(mail_environment(tmp_path, "nordic"), "x.md", source, {}, "en") == "nordic"
    assert render_text(mail_environment(tmp_path, "other"), "x.md", source, {}, "en") == "all"


def test_pages_of_our_own_escape_everything(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("{{ words }}")
    page = pages_environment(tmp_path).get_template("page.html")
    assert page.render(words="<script>'\"&") == "&lt;script&gt;&#39;&#34;&amp;"


def test_a_value_comes_before_a_method_of_its_name(environment: MailEnvironment) -> None:
    values = {"shipment": {"items": [{"title": "Shirt"}], "carrier": "DHL"}, "order": {"number": "1"}}
    source = "{{ shipment.items[0].title }} {% for name, value in order.items() %}{{ name }}={{ value }}{% endfor %}"
    assert render_text(environment, "x.md", source, values, "en") == "Shirt number=1"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ a }}", "&lt;b&gt; &amp; &#34;c&#34;"),
        ('<i title="{{ a }}">', '<i title="&lt;b&gt; &amp; &#34;c&#34;">'),
        ("{{ a ~ '<i>' }}", "&lt;b&gt; &amp; &#34;c&#34;&lt;i&gt;"),
        ("{{ a | replace('b', '<i>') }}", "&lt;&lt;i&gt;&gt; &amp; &#34;c&#34;"),
        ("{{ [a, a] | join('<br>') }}", "&lt;b&gt; &amp; &#34;c&#34;&lt;br&gt;&lt;b&gt; &amp; &#34;c&#34;"),
        ("{{ a | upper }}", "&lt;B&gt; &amp; &#34;C&#34;"),
        ("{{ safe }}", "<hr>"),
        ("{{ kit.box(a) }}", "<p>&lt;b&gt; &amp; &#34;c&#34;</p>"),
        ("{% call kit.around() %}<b>{{ a }}</b>{% endcall %}", "<div><b>&lt;b&gt; &amp; &#34;c&#34;</b></div>"),
        ("{% set x %}<u>{{ a }}</u>{% endset %}{{ x }}", "<u>&lt;b&gt; &amp; &#34;c&#34;</u>"),
    ],
)
def test_in_html_every_value_is_escaped(tmp_path: Path, source: str, text: str) -> None:
    environment = html_environment(tmp_path)
    pieces = "{% macro box(x) %}<p>{{ x }}</p>{% endmacro %}{% macro around() %}<div>{{ caller() }}</div>{% endmacro %}"
    kit = macros(environment, "kit.html", pieces, {}, "en")
    values = {"a": '<b> & "c"', "safe": written("<hr>"), "kit": kit}
    assert render_text(environment, "x.html", source, values, "en") == text


def test_no_filter_lifts_the_escaping(tmp_path: Path) -> None:
    for name in ("safe", "forceescape", "xmlattr", "tojson"):
        with pytest.raises(InputError, match=name):
            render_text(html_environment(tmp_path), "x.html", f"{{{{ 'a' | {name} }}}}", {}, "en")


def test_what_a_macro_is_given_is_read_as_well(environment: MailEnvironment) -> None:
    source = "{{ kit.button(links.wait, words=order.number) }}"
    around = "{% call kit.box(order.total) %}{{ order.country }}{% endcall %}"
    found = set(reads(environment, "x.html", source + around))
    assert {"kit", "links.wait", "order.number", "order.total", "order.country"} <= found
