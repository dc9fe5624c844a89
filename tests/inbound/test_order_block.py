"""The block of an order in a mail: found however a mail program broke it, believed only under the shop's secret."""

import base64
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.errors import InputError
from mailer.inbound.order_block import OrderBlock, find_block, read_block, sign_block

SECRET = "s3cret"
PAYLOAD = b'{"name": "#1001", "email": "ana@customer.test"}'
BLOCK = sign_block("shop", PAYLOAD, SECRET)


def found(text: str) -> OrderBlock:
    block = find_block(text)
    assert block is not None
    return block


@pytest.mark.parametrize(
    "text",
    [
        BLOCK,
        f"A new order.\n\n{BLOCK}\n\nThe shop",
        BLOCK.replace(" ", "\n"),
        BLOCK.replace(" ", "  \r\n"),
        BLOCK.replace(" ", "\xa0"),
        "\n".join(textwrap.wrap(BLOCK, 60, break_long_words=True)),
        BLOCK[:-1] + " ]",
        BLOCK + BLOCK,
    ],
    ids=["alone", "within text", "on lines", "on lines with blanks", "hard blanks", "wrapped", "a blank more", "twice"],
)
def test_it_is_found_however_a_mail_program_broke_it(text: str) -> None:
    block = found(text)
    assert block.source == "shop"
    assert read_block(block, ["other", SECRET]) == PAYLOAD


@pytest.mark.parametrize(
    "text",
    ["", "[mailer-order-v1", "[mailer-order-v1 ]", "[mailer-order-v1 shop]", BLOCK[:-1], BLOCK[1:], f"> {BLOCK}",
     f"Hello\n>> {BLOCK}", BLOCK.replace("v1", "v2"), "[mailer-order-v1 " + "x" * 300_000 + "]"],
    ids=lambda text: text[:20],
)  # fmt: skip
def test_what_is_cut_or_quoted_is_no_block(text: str) -> None:
    assert find_block(text) is None


def test_the_signature_is_the_one_that_a_template_makes() -> None:
    # printf %s e30= | openssl dgst -sha256 -hmac s3cret
    by_openssl = "90f8368109cacffd6f1f4d33cba89f0c0c191597656da929c6f4a7334d24bb87"
    assert sign_block("shop", b"{}", SECRET) == f"[mailer-order-v1 shop e30= {by_openssl}]"


@pytest.mark.parametrize("secrets", [[], [""], ["wrong"], ["wrong", ""], [SECRET.upper()]])
def test_no_other_secret_proves_it(secrets: list[str]) -> None:
    with pytest.raises(InputError, match=r"signature is not that of \[sources.shop\]"):
        read_block(found(BLOCK), secrets)


def test_an_empty_secret_proves_nothing() -> None:
    with pytest.raises(InputError):
        read_block(found(sign_block("shop", PAYLOAD, "")), [""])


def test_what_is_signed_must_be_base64() -> None:
    import hashlib
    import hmac

    text = "not*base64"
    signature = hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()
    with pytest.raises(InputError, match="paste the template again"):
        read_block(found(f"[mailer-order-v1 shop {text} {signature}]"), [SECRET])


@given(st.binary(min_size=1, max_size=300), st.integers(0, 400), st.sampled_from("Aa0+/=z"))
def test_whoever_changes_a_letter_loses_the_signature(payload: bytes, place: int, letter: str) -> None:
    block = found(sign_block("shop", payload, SECRET))
    assert read_block(block, [SECRET]) == payload
    place %= max(len(block.payload), 1)
    forged = block.payload[:place] + letter + block.payload[place + 1 :]
    if forged != block.payload:
        with pytest.raises(InputError):
            read_block(OrderBlock("shop", forged, block.signature), [SECRET])


@given(st.text(max_size=300))
def test_any_text_can_be_looked_through(text: str) -> None:
    block = find_block(f"[mailer-order-v1 {text}]{text}")
    if block is not None:
        with pytest.raises(InputError):
            read_block(block, [SECRET])


def test_base64_of_any_alphabet_line_is_kept() -> None:
    payload = bytes(range(256)) * 20
    wrapped = "\n".join(textwrap.wrap(sign_block("shop", payload, SECRET), 76))
    assert base64.b64encode(read_block(found(wrapped), [SECRET])) == base64.b64encode(payload)
