"""Words of enums and sentences of rooms, in both languages."""

import string
from enum import StrEnum

import pytest

from mailer import model
from mailer.insight.timeline import HappeningKind
from mailer.web.languages import translations
from mailer.web.names import NAMES
from mailer.web.sayings import Sayings
from mailer.web.sentences import FACTS, SENTENCES

SHOWN: tuple[type[StrEnum], ...] = (
    model.ConversationState,
    model.DeliveryState,
    model.DraftState,
    model.EnrollmentState,
    model.Fault,
    model.HoldScope,
    model.IncidentKind,
    model.IncidentState,
    model.Intent,
    model.Level,
    model.ReturnState,
    model.Role,
    model.StepOutcome,
    model.Stream,
    model.SuppressionCause,
    model.TemplateState,
    HappeningKind,
)


@pytest.mark.parametrize("kind", SHOWN, ids=lambda kind: kind.__name__)
def test_every_member_of_an_enum_that_pages_show_has_a_word(kind: type[StrEnum]) -> None:
    say, words = Sayings("zh-Hans"), translations("zh-Hans").gettext
    for member in kind:
        read = member.value.replace("_", " ")
        assert words(read) != read, read
        assert say(member) == words(read)


def test_english_reads_values_aloud_and_leaves_sentences_alone() -> None:
    say = Sayings("en")
    assert say(model.ConversationState.NEEDS_ANSWER) == "needs answer"
    assert say("the file a_b.txt is gone") == "the file a_b.txt is gone"
    assert say("draft 7 is approved") == "draft 7 is approved"


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ("", ""),
        ("needs_answer", "需答复"),
        ("there is no conversation 12", "没有会话 12"),
        ("draft 12 is approved", "草稿 12 状态为已批准"),
        ("delivery 5 is withheld: the customer wrote again before it left", "投递 5 状态为已拦下：发出前客户再次来信"),
        ("reply: there is no text", "回复：没有文字"),
        ("Needs facts: order number; parcel 1 tracking number", "缺少信息：订单号；包裹 1 运单号"),
        ("Your role is marketer: this is for admins.", "您的角色是营销：此功能仅限管理员。"),
        # What somebody wrote stays as it is, and is no format.
        ("held by Bo: wait for {name} & 50 %", "由 Bo 暂停：wait for {name} & 50 %"),
        ("Where is my order?", "Where is my order?"),
        ("quick brown s", "quick brown s"),
    ],
)
def test_sentences_of_rooms_in_chinese(told: str, said: str) -> None:
    assert Sayings("zh-Hans")(told) == said


def test_a_language_without_words_says_what_the_room_said() -> None:
    assert Sayings("tlh")("there is no conversation 12") == "there is no conversation 12"


def test_no_text_stands_twice_and_every_hole_has_a_name() -> None:
    assert len({*NAMES}) == len(NAMES)
    assert len({*SENTENCES, *FACTS}) == len(SENTENCES) + len(FACTS)
    for sentence in (*SENTENCES, *FACTS):
        holes = [hole for _, hole, _, _ in string.Formatter().parse(sentence) if hole is not None]
        assert len(holes) == len(set(holes)) and all(hole.isidentifier() for hole in holes), sentence
