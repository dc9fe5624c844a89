"""Which addresses can be written to, and how they stand on the envelope."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.errors import InputError
from mailer.outbound.address import domain_of, mailable


@pytest.mark.parametrize(
    ("address", "envelope", "utf8"),
    [
        ("ana@customer.test", "ana@customer.test", False),
        ("Ana.Costa+x@Customer.test", "Ana.Costa+x@Customer.test", False),
        ("ana@bücher.test", "ana@xn--bcher-kva.test", False),
        ("ana@BÜCHER.test", "ana@xn--bcher-kva.test", False),
        # IDNA 2008: ß is a letter of its own, and another domain than ss.
        ("ana@straße.test", "ana@xn--strae-oqa.test", False),
        ("ana@例え.テスト", "ana@xn--r8jz45g.xn--zckzah", False),
        ("ána@bücher.test", "ána@xn--bcher-kva.test", True),
        ("用户@例え.テスト", "用户@xn--r8jz45g.xn--zckzah", True),
    ],
)
def test_the_domain_is_put_into_ascii_and_the_name_is_left(address: str, envelope: str, utf8: bool) -> None:
    found = mailable(address)
    assert (str(found), found.needs_utf8) == (envelope, utf8)


@pytest.mark.parametrize(
    "address",
    ["", "ana", "@b.test", "ana@", "a b@c.test", "a@b c.test", "á b@c.test", "a@ü b.test", "a@b.test\r\nX: y",
     "á\u202e@b.test", "á,b@c.test", "á>@c.test", f"{'á' * 33}@c.test", "a@xn--\u0430.\u202etest"],
)  # fmt: skip
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(InputError, match="cannot be written to"):
        mailable(address)


@given(st.text(max_size=80), st.text(max_size=80))
def test_whatever_is_taken_cannot_end_the_command(local: str, domain: str) -> None:
    try:
        found = str(mailable(f"{local}@{domain}"))
    except InputError:
        return
    assert found.isprintable()
    assert not set(found) & set(' \r\n<>,;"\\()[]\t')


@pytest.mark.parametrize(
    ("address", "domain"), [("a@B.Test", "b.test"), ("a@bücher.test", "xn--bcher-kva.test"), ("", "")]
)
def test_the_pace_is_kept_by_one_spelling(address: str, domain: str) -> None:
    assert domain_of(address) == domain
