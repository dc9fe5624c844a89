"""The flows that are shipped: none sends anything yet, each passes its own tests, and the rules hold in all of them."""

import pytest

from mailer.flows.check import Surroundings, check_flows
from mailer.flows.definition import Case, Flow
from mailer.flows.parse import parse_flow
from mailer.flows.simulate import failure
from mailer.rendering.catalog import Catalog
from tests.house.sources import ROOT

FOLDER = ROOT / "schedules" / "flows"
NAMES = (
    *("delay_notice", "delivered_check", "order_confirmation", "positive_thanks", "refund_paid", "return_received"),
    *("review_invitation", "satisfaction_survey", "service_survey", "shipping_notice", "vip_hundred_days", "vip_month"),
)
FLOWS = {name: parse_flow(name, (FOLDER / f"{name}.toml").read_text(encoding="utf-8")) for name in NAMES}
CASES = [(flow, case) for flow in FLOWS.values() for case in flow.tests]


def test_these_are_shipped() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.toml")) == sorted(NAMES)


@pytest.mark.parametrize(("flow", "case"), CASES, ids=[f"{flow.id}: {case.name}" for flow, case in CASES])
def test_each_flow_does_what_its_own_tests_say(flow: Flow, case: Case) -> None:
    assert failure(flow, case) == ""


@pytest.mark.parametrize("flow", FLOWS.values(), ids=list(FLOWS))
def test_each_flow_is_a_draft_with_tests_for_people_who_are_out_of_reach(flow: Flow) -> None:
    assert flow.status == "draft"
    assert len(flow.tests) >= 3
    assert "customer.mailable" in flow.only_if
    assert flow.timezone == "recipient"


@pytest.mark.parametrize("flow", FLOWS.values(), ids=list(FLOWS))
def test_what_is_no_receipt_is_capped_ended_and_kept_from_marketplaces(flow: Flow) -> None:
    if flow.kind == "transactional":
        assert flow.cap is None
        return
    assert flow.cap is not None
    assert flow.give_up_after is not None
    assert flow.window is not None
    assert "order.marketplace" in flow.skip_if
    assert flow.pause == {"conversation.open", "return.open", "delay.open"}
    assert all(not step.coupon for step in flow.steps) or flow.kind == "marketing"


@pytest.mark.parametrize("status", ["manual", "live"])
@pytest.mark.parametrize("name", ["shipping_notice", "delay_notice", "review_invitation", "satisfaction_survey"])
def test_one_word_switches_a_flow_on(name: str, status: str) -> None:
    text = FLOWS[name].text.replace('status = "draft"', f'status = "{status}"', 1)
    flow = parse_flow(name, text)
    assert flow.status == status
    assert flow.steps == FLOWS[name].steps


def test_every_mail_that_they_name_is_there_and_of_their_kind() -> None:
    catalog = Catalog(ROOT / "templates")
    mails = {name.split("/")[1].split(".")[0]: catalog.read(name).kind for name in catalog.lifecycle()}
    assert check_flows(FOLDER, Surroundings(mails, senders={"care"}, pools={"thanks"})).problems == ()
    assert {step.send for flow in FLOWS.values() for step in flow.steps} == set(mails)
