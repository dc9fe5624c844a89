"""Are the flows fit to run? Files with line numbers, names that stand elsewhere, and each flow's own tests."""

from pathlib import Path

import pytest

from mailer.flows.check import Surroundings, check_flows
from tests.flows.build import SMALL, text_with

MAILS = {"review_invitation": "feedback", "vip_month": "marketing"}
CASE = (
    '[[test]]\nname = "plain"\norder = { country = "DE" }\nevents = ["4d order.delivered"]\nexpect = ["7d send ask"]\n'
)


def checked(folder: Path, text: str, around: Surroundings | None = None) -> list[str]:
    (folder / "small.toml").write_text(text, encoding="utf-8")
    return [one.removeprefix(f"{folder}/") for one in check_flows(folder, around or Surroundings(MAILS)).problems]


def test_what_is_well_is_counted(tmp_path: Path) -> None:
    assert checked(tmp_path, SMALL + CASE) == []
    found = check_flows(tmp_path, Surroundings(MAILS))
    assert (list(found.flows), found.cases, found.notes) == (["small"], 1, ())


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            "review_invitation",
            "review_invitaton",
            "21: [[step]] 1 send: there is no mail templates/lifecycle/review_invitaton; "
            "did you mean review_invitation?",
        ),
        (
            "review_invitation",
            "vip_month",
            '21: [[step]] 1 send: "vip_month" is a marketing mail, and this flow is feedback; '
            "make both say the same kind",
        ),
        (
            'status = "live"',
            'status = "live"\nsender = "nobody"',
            "3: sender: there is no [senders.nobody] in config.toml",
        ),
        ('"live"', '"alive"', '2: status: "alive" is none; did you mean live?'),
    ],
)
def test_each_problem_begins_with_file_and_line(tmp_path: Path, old: str, new: str, problem: str) -> None:
    around = Surroundings(MAILS, senders={"care"}, pools=set())
    assert checked(tmp_path, text_with((old, new)) + CASE, around) == [f"small.toml:{problem}"]


def test_coupons_come_from_pools_that_are_there(tmp_path: Path) -> None:
    text = text_with(
        ('"feedback"', '"marketing"'), ("review_invitation", "vip_month"), ('if = "', 'coupon = "thanks"\nif = "')
    )
    (problem,) = checked(tmp_path, text, Surroundings(MAILS, pools={"other"}))
    assert problem == "small.toml:22: [[step]] 1 coupon: there is no [offers.coupons.thanks] in config.toml"
    assert checked(tmp_path, text, Surroundings(MAILS, pools={"thanks"})) == []
    # What a draft lacks hurts nobody yet.
    draft = text.replace('"live"', '"draft"')
    assert checked(tmp_path, draft, Surroundings(MAILS, pools=set())) == []
    assert check_flows(tmp_path, Surroundings(MAILS, pools=set())).notes[0].endswith("in config.toml")
    # Without a config.toml nobody knows.
    assert checked(tmp_path, text) == []


def test_a_test_that_fails_is_a_problem(tmp_path: Path) -> None:
    assert checked(tmp_path, SMALL + CASE.replace("7d", "6d")) == [
        'small.toml:23: [[test]] "plain": expected 6d send ask; it does 7d send ask'
    ]


def test_all_files_are_looked_at_and_one_without_tests_is_noted(tmp_path: Path) -> None:
    (tmp_path / "broken.toml").write_text("status = 3", encoding="utf-8")
    checked(tmp_path, SMALL)
    found = check_flows(tmp_path, Surroundings(MAILS))
    assert {one.split(":")[0] for one in found.problems} == {f"{tmp_path}/broken.toml"}
    assert found.notes == (f"{tmp_path}/small.toml: it has no [[test]]; `mailer flows simulate small` writes one",)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    found = check_flows(tmp_path / "gone", Surroundings({}))
    assert found.problems == (f"{tmp_path / 'gone'}: no such folder; `mailer init` writes one",)
