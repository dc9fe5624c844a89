"""What a shop tells is read whole, or refused with every mistake and its place."""

from datetime import UTC, datetime

import pytest

from mailer.errors import InputError
from mailer.orders.source import UNTRACKED, FulfillmentIn, OrderIn, ScanIn, parse_moment, parse_payload
from tests.orders.payloads import a_parcel, a_scan, an_order


def problems_of(data: object) -> tuple[str, ...]:
    with pytest.raises(InputError) as caught:
        parse_payload(data)
    return caught.value.problems


def test_one_order_or_a_list_is_read() -> None:
    assert [order.name for order in parse_payload(an_order())] == ["#1001"]
    assert [order.name for order in parse_payload([an_order(), an_order(name="#1002")])] == ["#1001", "#1002"]
    assert parse_payload([]) == []


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (820982911946154508, "820982911946154508"),
        ("5001", "5001"),
        (5001.0, "5001"),
        (None, ""),
        (True, "true"),
        ({"gid": 1}, '{"gid": 1}'),
        (" 77 \x00", "77"),
        ("a\ud800b", "ab"),
    ],
)
def test_an_id_of_any_type_becomes_text(value: object, text: str) -> None:
    assert parse_payload(an_order(id=value))[0].id == text


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"name": None}, "name: missing"),
        ({"name": " # "}, 'name: "#" is not an order number'),
        ({"email": ""}, "email: missing"),
        ({"email": "ana"}, 'email: "ana" is not a mail address'),
        ({"email": "a@b.example, c@d.example"}, 'email: "a@b.example, c@d.example" is not a mail address'),
        ({"created_at": None}, "created_at: missing"),
        (
            {"created_at": "2026-11-02T09:00:00"},
            'created_at: "2026-11-02T09:00:00" has no time zone; write it as in 2026-11-02T09:00:00+01:00',
        ),
        ({"created_at": "soon"}, 'created_at: "soon" is not a time; write it as in 2026-11-02T09:00:00+01:00'),
        ({"created_at": 20261102}, 'created_at: "20261102" is not a time; write it as in 2026-11-02T09:00:00+01:00'),
        ({"updated_at": "0001-01-01T00:00:00+14:00"}, 'updated_at: "0001-01-01T00:00:00+14:00" is out of range'),
        ({"name": "9" * 101}, "name: String should have at most 100 characters"),
        ({"email": f"{'a' * 250}@b.example"}, "email: String should have at most 254 characters"),
        ({"fulfillments": [a_parcel(id="8" * 201)]}, "fulfillments[0].id: String should have at most 200 characters"),
        ({"line_items": {}}, "line_items: Input should be a valid tuple"),
        ({"line_items": ["shirt"]}, "line_items[0]: is not an object with fields"),
        (
            {"fulfillments": [a_parcel({"id": 1, "status": "delivered"})]},
            "fulfillments[0].events[0].happened_at: missing",
        ),
        (
            {"fulfillments": [a_parcel(a_scan(1, "", "05T10:00"))]},
            "fulfillments[0].events[0].status: String should have at least 1 character",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place(changes: dict[str, object], problem: str) -> None:
    assert problems_of(an_order(**changes)) == (problem,)


def test_all_mistakes_are_told_at_once() -> None:
    second = an_order(email="nobody", line_items=[{"title": "Hat"}, {"title": "Shirt", "quantity": -1}])
    assert problems_of([an_order(created_at=""), second, "third"]) == (
        "[0].created_at: missing",
        '[1].email: "nobody" is not a mail address',
        "[1].line_items[1].quantity: Input should be greater than or equal to 0",
        "[2]: is not an object with fields",
    )


@pytest.mark.parametrize("data", [None, 1, "order", True])
def test_what_is_no_order_is_refused(data: object) -> None:
    assert problems_of(data) == ("payload: is not an object with fields",)


def test_what_is_nested_without_end_is_refused() -> None:
    nested: list[object] = []
    for _ in range(500):
        nested = [nested]
    assert len(problems_of(an_order(note=nested))) == 1


def test_the_original_is_kept_with_its_unknown_fields() -> None:
    told = an_order(tags="vip", fulfillments=[a_parcel(a_scan(1, "in_transit", "06T10:00", zip="10115"))])
    order = parse_payload(told)[0]
    assert order.raw == told
    assert order.fulfillments[0].events[0].raw["zip"] == "10115"


def test_what_json_lets_in_and_databases_refuse_is_made_storable() -> None:
    assert parse_payload(an_order(weight=float("nan")))[0].raw["weight"] is None


@pytest.mark.parametrize(
    ("payload", "number", "email"),
    [
        (an_order(name=None, order_number=1001), "1001", "ana@example.com"),
        (an_order(name="", number="R77"), "R77", "ana@example.com"),
        (an_order(email=None, contact_email="bo@example.com"), "#1001", "bo@example.com"),
        (an_order(email="", customer={"email": "cy@example.com"}), "#1001", "cy@example.com"),
    ],
)
def test_number_and_address_are_found_where_a_platform_puts_them(
    payload: dict[str, object], number: str, email: str
) -> None:
    order = parse_payload(payload)[0]
    assert (order.name, order.email) == (number, email)


@pytest.mark.parametrize(
    ("changes", "name", "country"),
    [
        ({}, "Ana Silva", "DE"),
        ({"customer": None}, "", "DE"),
        ({"customer": {}, "shipping_address": {"name": "B. Silva", "country_code": "pt"}}, "B. Silva", "PT"),
        ({"customer": {}, "shipping_address": None, "billing_address": {"first_name": "C"}}, "C", None),
        ({"shipping_address": {"country_code": "Germany"}}, "Ana Silva", None),
    ],
)
def test_name_and_country_are_read_from_what_there_is(
    changes: dict[str, object], name: str, country: str | None
) -> None:
    order = parse_payload(an_order(**changes))[0]
    assert (order.customer_name, order.country) == (name, country)


@pytest.mark.parametrize(
    ("changes", "day"),
    [
        ({}, 2),
        ({"cancelled_at": "2026-11-04T10:00:00Z"}, 4),
        ({"cancelled_at": "2026-11-04T10:00:00Z", "updated_at": "2026-11-03T10:00:00Z"}, 3),
    ],
)
def test_when_the_shop_changed_it_is_its_own_word_else_the_latest_that_it_tells(
    changes: dict[str, object], day: int
) -> None:
    assert parse_payload(an_order(**changes))[0].changed_at.day == day


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-05-14 11:23:45 +0100", datetime(2026, 5, 14, 10, 23, 45, tzinfo=UTC)),
        ("2026-05-14T11:23:45Z", datetime(2026, 5, 14, 11, 23, 45, tzinfo=UTC)),
        ("2026-05-14 11:23:45 UTC", datetime(2026, 5, 14, 11, 23, 45, tzinfo=UTC)),
        ("2026-05-14T11:23:45.250-05:00", datetime(2026, 5, 14, 16, 23, 45, 250_000, tzinfo=UTC)),
        ("", None),
        (None, None),
    ],
)
def test_moments_are_read_in_the_forms_that_shops_use(text: object, moment: datetime | None) -> None:
    assert parse_moment(text) == moment


@pytest.mark.parametrize(
    ("parcel", "key"),
    [
        ({"id": 88, "tracking_number": "JD014"}, "88"),
        ({"tracking_numbers": ["JD014", "JD015"]}, "JD014"),
        ({"status": "success"}, UNTRACKED),
    ],
)
def test_a_parcel_is_known_by_its_id_else_by_its_number(parcel: dict[str, object], key: str) -> None:
    assert FulfillmentIn.model_validate(parcel).key == key


@pytest.mark.parametrize(
    ("status", "gone", "shipped"),
    [
        ("success", False, True),
        ("", False, True),
        ("pending", False, False),
        ("open", False, False),
        ("cancelled", True, False),
        ("ERROR", True, False),
        ("failure", True, False),
        ("something_new", False, True),
    ],
)
def test_the_status_of_a_fulfillment_says_whether_there_is_a_parcel(status: str, gone: bool, shipped: bool) -> None:
    parcel = FulfillmentIn(status=status)
    assert (parcel.gone, parcel.shipped) == (gone, shipped)


def test_a_scan_without_id_is_known_by_its_word_and_moment() -> None:
    scans = [
        ScanIn.model_validate({"status": "delivered", "happened_at": "2026-11-09T12:20:00+01:00"}),
        ScanIn.model_validate({"status": "delivered", "created_at": "2026-11-09T11:20:00Z"}),
    ]
    assert {scan.key for scan in scans} == {"delivered@2026-11-09T11:20:00+00:00"}


def test_orders_can_be_made_in_code() -> None:
    order = OrderIn(name="1", email="a@b.example", created_at=datetime(2026, 11, 2, tzinfo=UTC))
    assert order.raw["created_at"] == "2026-11-02T00:00:00Z"
