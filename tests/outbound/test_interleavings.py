"""Workers die, agents undo, customers write again, in any order: no mail is handed over twice unless a person asked."""

from collections import Counter
from datetime import timedelta

from hypothesis import Phase, given, note, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from mailer.db import Database
from mailer.errors import Conflict
from mailer.model import Conversation, Delivery, DeliveryState, Draft, DraftState, Message
from mailer.outbound.deliver import Claimed, Result, claim, mark_handing_over, record, rescue
from mailer.outbound.smtp import Accepted, Deferred, Outcome, Refused, Unknown
from mailer.outbound.unknown import decide, settle_unknown
from mailer.replies.approve import undo, write_own
from tests import build
from tests.conftest import NOW, EmptySqlite

LEASE = timedelta(seconds=30)
OUTCOMES: dict[str, Outcome] = {
    "accepted": Accepted("250"),
    "deferred": Deferred("451", 451),
    "refused": Refused("554", 554),
    "unknown": Unknown("silence"),
}
STEPS = ["one goes on", "one goes on", "two goes on", "one dies", "time passes", "leases end", "look for unknown"]
PEOPLE = ["approve", "undo", "customer writes", "own words", "it arrived", "send it again"]


class World:
    """One conversation, two workers, and a relay that remembers each body that it may have taken."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.now = NOW
        self.case = db.run_here(build.asked, NOW)
        self.claimed: dict[str, Claimed | None] = {"one": None, "two": None}
        self.marked: dict[str, bool] = {"one": False, "two": False}
        self.may_have_arrived: Counter[str] = Counter()
        self.asked_for_again: Counter[str] = Counter()
        self.outcome: Outcome = Accepted("250")

    def do(self, step: str) -> None:
        who, _, what = step.partition(" ")
        match what if who in self.claimed else step:
            case "goes on":
                self.go_on(who)
            case "dies":
                self.claimed[who], self.marked[who] = None, False
            case "time passes":
                self.now += timedelta(seconds=13)
            case "leases end":
                self.now += LEASE + timedelta(seconds=1)
                self.db.run_here(rescue, now=self.now)
            case "look for unknown":
                self.db.run_here(settle_unknown, sightings_complete=False, now=self.now)
            case decision:
                self.decide(decision)

    def go_on(self, who: str) -> None:
        mine = self.claimed[who]
        if mine is None:
            self.claimed[who] = self.db.run_here(claim, owner=who, lease=LEASE, now=self.now)
        elif not self.marked[who]:
            self.marked[who] = self.db.run_here(mark_handing_over, [(mine, self.now)])[0]
            if not self.marked[who]:
                self.claimed[who] = None
            elif not isinstance(self.outcome, Deferred | Refused):
                # From here on the relay has it, whether or not the worker lives to record it.
                self.may_have_arrived[self.db.read_here(key_of, mine.delivery_id)] += 1
        else:
            self.db.run_here(record, [Result(mine, self.outcome, self.now)])
            self.claimed[who], self.marked[who] = None, False

    def decide(self, what: str) -> None:
        try:
            match what:
                case "approve":
                    if self.db.read_here(live_drafts, self.case.conversation):
                        self.db.run_here(build.approve_again, self.case, self.now)
                case "undo":
                    for one in self.db.read_here(in_state, DeliveryState.UNDOABLE)[-1:]:
                        self.db.run_here(undo, one, agent_id=self.case.agent, now=self.now)
                case "customer writes":
                    self.db.run_here(
                        build.customer_mail, self.now, conversation=self.case.conversation, order=self.case.order
                    )
                    self.db.run_here(build.draft_all, self.now)
                case "own words":
                    self.db.run_here(
                        write_own, self.case.conversation, text="Mine.", agent_id=self.case.agent, now=self.now
                    )
                case _:
                    for one in self.db.read_here(in_state, DeliveryState.UNKNOWN)[:1]:
                        self.say(one, arrived=what == "it arrived")
        except Conflict as conflict:
            note(f"{what}: {conflict}")

    def say(self, delivery_id: int, *, arrived: bool) -> None:
        self.db.run_here(decide, delivery_id, arrived=arrived, agent_id=self.case.agent, now=self.now)
        if not arrived:
            self.asked_for_again[self.db.read_here(key_of, delivery_id)] += 1

    def check(self) -> None:
        """What must hold after every step."""
        for key, count in self.may_have_arrived.items():
            assert count <= 1 + self.asked_for_again[key], f"{key} was handed over {count} times"
        assert len(self.db.read_here(live_drafts, self.case.conversation)) <= 1
        ids = self.db.read_here(message_ids)
        assert len(ids) == len(set(ids))

    def let_it_rest(self) -> None:
        """Let the workers finish all that can be finished."""
        self.outcome = Accepted("250")
        for who in self.claimed:
            self.claimed[who], self.marked[who] = None, False
        for _ in range(6):
            self.now += timedelta(hours=5)
            self.db.run_here(rescue, now=self.now)
            for _ in range(6):
                self.go_on("one")
        self.check()
        moving = [DeliveryState.UNDOABLE, DeliveryState.QUEUED, DeliveryState.SENDING, DeliveryState.HANDING_OVER]
        assert [one for state in moving for one in self.db.read_here(in_state, state)] == []


def key_of(session: Session, delivery_id: int) -> str:
    return session.get_one(Delivery, delivery_id).key


def in_state(session: Session, state: DeliveryState) -> list[int]:
    return [
        one or 0 for one in session.exec(select(Delivery.id).where(Delivery.state == state).order_by(col(Delivery.id)))
    ]


def live_drafts(session: Session, conversation: int) -> list[Draft]:
    wanted = select(Draft).where(Draft.conversation_id == conversation, Draft.state == DraftState.PENDING)
    return list(session.exec(wanted))


def message_ids(session: Session) -> list[str]:
    return list(session.exec(select(Message.internet_message_id).join(Conversation)))


# No shrinking: it would take minutes, and the failing steps can be read as they are.
@settings(max_examples=20, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(STEPS * 4 + PEOPLE), st.sampled_from(sorted(OUTCOMES))), min_size=20, max_size=60
    )
)
def test_no_interleaving_hands_a_mail_over_twice_unless_a_person_asked(
    empty_sqlite: EmptySqlite, steps: list[tuple[str, str]]
) -> None:
    with empty_sqlite() as db:
        world = World(db)
        for step, outcome in [("approve", "accepted"), ("time passes", "accepted"), *steps]:
            # What a relay does with a body is settled when it takes it.
            if not any(world.marked.values()):
                world.outcome = OUTCOMES[outcome]
            world.do(step)
            world.check()
        world.let_it_rest()
