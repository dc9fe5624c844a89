"""What config.toml may say of customers' links and answers."""

import pytest
from pydantic import TypeAdapter, ValidationError

from mailer.feedback_config import FeedbackConfig
from mailer.sections import PublicUrl

_URL: TypeAdapter[str] = TypeAdapter(PublicUrl)


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("", ""),
        ("https://mail.shop.example", "https://mail.shop.example"),
        ("https://mail.shop.example:8443/", "https://mail.shop.example:8443"),
        ("http://127.0.0.1:8026", "http://127.0.0.1:8026"),
        ("http://localhost:8026/", "http://localhost:8026"),
    ],
)
def test_an_address_for_customers(value: str, kept: str) -> None:
    assert _URL.validate_python(value) == kept


@pytest.mark.parametrize(
    "value",
    [
        *("http://mail.shop.example", "mail.shop.example", "https://", "javascript:alert(1)", "ftp://shop.example"),
        *("https://shop.example/mail", "https://ana@shop.example"),
        *("https://shop.example/?a=1", "https://shop.example/#x", "https://shop.example/ x", 'https://a"b.example'),
    ],
)
def test_what_no_customer_should_open(value: str) -> None:
    with pytest.raises(ValidationError, match="is not an address for customers"):
        _URL.validate_python(value)


def test_nothing_is_agreed_on_unless_the_shop_says_so() -> None:
    assert FeedbackConfig().agree_below == "0.00"


@pytest.mark.parametrize("wrong", [{"agree_below": "-1"}, {"photos": 21}, {"photo_bytes": 1}, {"photo": 1}])
def test_limits_that_make_no_sense(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        FeedbackConfig.model_validate(wrong)
