"""Texts of people are filled within one second and 256 MB, whatever they do; the server goes on meanwhile."""

import asyncio
import os
import signal
from collections.abc import Iterator
from dataclasses import replace

import pytest

from mailer.clock import monotonic
from mailer.errors import InputError
from mailer.rendering.catalog import Catalog
from mailer.rendering.child import SECONDS
from mailer.rendering.known import SAMPLES
from mailer.rendering.published import Published
from mailer.rendering.render import MissingFacts
from mailer.rendering.renderer import Renderer
from mailer.rendering.revision import text_hash
from mailer.rendering.show import About, show
from tests.build import TEMPLATES
from tests.rendering.attacks import FRONT, REFUSED

CATALOG = Catalog(TEMPLATES)
NAME = "replies/order_status.en.md"
NOTICE = "lifecycle/shipping_notice.de.html"
MAIL = '+++\nopening = "Thank you for your question."\n{front}\n[needs]\norder.number = "#1"\n+++\n\n{words}\n'


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    made = Renderer(2)
    made.warm()
    yield made
    made.close()


def refused(renderer: Renderer, text: str) -> str:
    """Why it shows nothing; told within the limit, a fresh process is as quick as the last one."""
    start = monotonic()
    with pytest.raises(InputError) as raised:
        renderer.show_here(CATALOG, NAME, text, About())
    # A machine that is busy with other tests starts a process slowly; the question itself has its second.
    assert monotonic() - start < SECONDS + 5
    assert "/usr" not in str(raised.value)
    assert "root:" not in str(raised.value)
    return str(raised.value)


def test_there_are_many_attacks() -> None:
    assert len(REFUSED) + len(FRONT) >= 60


@pytest.mark.parametrize("name", REFUSED)
def test_words_that_attack_are_refused(renderer: Renderer, name: str) -> None:
    assert refused(renderer, MAIL.format(front="", words=REFUSED[name]))


@pytest.mark.parametrize("name", REFUSED)
def test_the_checks_say_so_too(renderer: Renderer, name: str) -> None:
    found, _ = renderer.check_here(CATALOG, NAME, MAIL.format(front="", words=REFUSED[name]))
    assert any(one.is_mistake for one in found)


@pytest.mark.parametrize("name", FRONT)
def test_front_matter_that_attacks_is_refused(renderer: Renderer, name: str) -> None:
    assert refused(renderer, f"+++\n{FRONT[name]}\n+++\n\nHello.\n")


@pytest.mark.parametrize("name", [NAME, NOTICE, "blocks/greeting.en.md", "kit.html", "words/fr.toml"])
def test_it_shows_what_is_sent(renderer: Renderer, name: str) -> None:
    assert renderer.show_here(CATALOG, name, CATALOG.text(name), About()) == show(CATALOG, name, About())


def test_what_is_published_counts_beside_it(renderer: Renderer) -> None:
    greeting = "+++\n+++\nWell hello,\n"
    catalog = Catalog(TEMPLATES, Published({"blocks/greeting.en.md": greeting}))
    assert "Well hello," in renderer.show_here(catalog, NAME, None, About()).text
    assert "Well hello," not in renderer.show_here(CATALOG, NAME, None, About()).text


def test_missing_facts_are_named(renderer: Renderer) -> None:
    with pytest.raises(MissingFacts) as raised:
        renderer.show_here(CATALOG, NAME, None, About({"shop.name": "Linen & Co"}))
    assert "order.number" in raised.value.paths


@pytest.mark.parametrize("name", [NAME, NOTICE, "blocks/greeting.en.md", "words/de.toml"])
async def test_a_verdict_is_of_this_text_in_this_edition(renderer: Renderer, name: str) -> None:
    catalog = Catalog(TEMPLATES, Published(edition=4))
    text = CATALOG.text(name)
    verdict = await renderer.judge(catalog, name, text.replace("\n", "\r\n"))
    assert (verdict.sha256, verdict.edition, verdict.mistakes) == (text_hash(text), 4, ())


async def test_a_block_is_judged_by_the_mails_that_it_would_spoil(renderer: Renderer) -> None:
    text = CATALOG.text("blocks/greeting.en.md") + "{{ 1 / (customer.first_name == 'x') }}\n"
    verdict = await renderer.judge(CATALOG, "blocks/greeting.en.md", text)
    assert verdict.mistakes


async def test_others_are_answered_while_one_is_stopped(renderer: Renderer) -> None:
    text = MAIL.format(front="", words=REFUSED["silent loops"])
    slow = asyncio.create_task(renderer.check(CATALOG, NAME, text))
    await asyncio.sleep(0)
    quick = await renderer.show(CATALOG, NAME, None, About(SAMPLES))
    assert quick.text
    assert not slow.done() or any(one.is_mistake for one in slow.result())
    assert any(one.is_mistake for one in await slow)


def test_one_that_was_killed_is_started_again(renderer: Renderer) -> None:
    for child in renderer._children:
        child.warm()
        assert child._child is not None
        os.kill(child._child.pid, signal.SIGKILL)
        child._child.wait()
    assert renderer.show_here(CATALOG, NAME, None, About()).text


def test_it_is_told_no_names_that_lead_elsewhere(renderer: Renderer) -> None:
    with pytest.raises(InputError, match="no name of a template"):
        renderer.show_here(CATALOG, "../config.toml", "x", About())


def test_a_gigabyte_is_not_even_sent(renderer: Renderer) -> None:
    with pytest.raises(InputError, match="longer than"):
        renderer.show_here(CATALOG, NAME, "x" * 1_000_000, About())


def test_facts_of_an_order_are_told(renderer: Renderer) -> None:
    about = replace(About(SAMPLES), state="delivered", formal=False)
    assert renderer.show_here(CATALOG, NAME, None, about) == show(CATALOG, NAME, about)
