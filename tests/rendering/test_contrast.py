"""Words that are hard to read are found in both colour schemes."""

import pytest

from mailer.rendering.catalog import Catalog
from mailer.rendering.contrast import faint, ratio
from mailer.rendering.show import About, show
from tests.build import TEMPLATES

DARK = "<style>@media (prefers-color-scheme: dark) { .card { background-color: #111111 !important; } }</style>"


def test_black_on_white_is_as_far_as_it_gets() -> None:
    assert ratio((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert ratio((10, 20, 30), (10, 20, 30)) == 1


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ('<p style="color: #777777">grey</p>', [("light", "grey", 4.5)]),
        ('<p style="color: #767676">grey</p>', []),
        ('<p style="color:#999; font-size: 24px">large</p>', [("light", "large", 2.8)]),
        ('<p style="color:#949494; font-size: 24px">large</p>', []),
        ('<div style="background-color: #000000"><p>black on black</p></div>', [("light", "black on black", 1.0)]),
        ('<p style="color: white"><span style="display: none">hidden</span></p>', []),
        ('<p style="color: inherit">x</p>', []),
        (f'{DARK}<div class="card"><p style="color: #222222">dim</p></div>', [("dark", "dim", 1.2)]),
        (f'{DARK}<div><p style="color: #222222">fine</p></div>', []),
    ],
)
def test_faint_words_are_found(html: str, found: list[tuple[str, str, float]]) -> None:
    assert [(one.scheme, one.words, one.ratio) for one in faint(html)] == found


def test_our_own_mails_can_be_read() -> None:
    catalog = Catalog(TEMPLATES)
    for name in catalog.lifecycle():
        assert faint(show(catalog, name, About()).html) == [], name
