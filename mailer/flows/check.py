"""Are the flows fit to run? Every mistake of every file with its line, unknown mails, and what their own tests say."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mailer.config import Settings
from mailer.errors import InputError
from mailer.flows.definition import Flow, Step
from mailer.flows.form import meant
from mailer.flows.lines import lines_of
from mailer.flows.own_tests import failures
from mailer.flows.parse import parse_flow, read_flows
from mailer.rendering.catalog import LIFECYCLE, Catalog


@dataclass(frozen=True)
class Surroundings:
    """What flows name and do not hold: mails by key with their kind, senders, pools of coupons. None: not known."""

    mails: Mapping[str, str]
    senders: Collection[str] | None = None
    pools: Collection[str] | None = None


@dataclass(frozen=True)
class Checked:
    """What a look at a folder of flows found; each problem begins with file and line."""

    flows: Mapping[str, Flow] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def cases(self) -> int:
        """How many tests the flows have of their own."""
        return sum(len(flow.tests) for flow in self.flows.values())


@dataclass(frozen=True)
class Finding:
    """One mistake of a text; `test` is the number of the flow's own test that it fails, 0 for any other."""

    line: int
    words: str
    test: int = 0


@dataclass(frozen=True)
class Look:
    """What a text of one flow is: the flow when it can be read, what is wrong with it, and what it lacks to run."""

    flow: Flow | None
    findings: tuple[Finding, ...] = ()
    notes: tuple[Finding, ...] = ()


def look_at(flow_id: str, text: str, named: Surroundings) -> Look:
    """Every mistake of one text at once, as `mailer flows check` tells them of files."""
    try:
        flow = parse_flow(flow_id, text)
    except InputError as error:
        return Look(None, tuple(_finding(words) for words in error.problems))
    failed = [Finding(case.line, f'[[test]] "{case.name}": {words}', number) for number, case, words in failures(flow)]
    lacking = tuple(_finding(words) for words in _lacking(flow, named))
    own = tuple(_finding(words) for words in _mails(flow, named))
    if flow.status == "draft":
        return Look(flow, (*own, *failed), lacking)
    return Look(flow, (*own, *lacking, *failed))


def check_flows(directory: Path, named: Surroundings) -> Checked:
    """Read every file of the folder, and let every flow's own tests run."""
    if not directory.is_dir():
        return Checked(problems=(f"{directory}: no such folder; `mailer init` writes one",))
    flows, broken = read_flows(directory)
    problems = [_placed(directory, flow_id, words) for flow_id, all_words in broken.items() for words in all_words]
    notes: list[str] = []
    for flow in flows.values():
        problems += [_placed(directory, flow.id, words) for words in (*_mails(flow, named), *_failures(flow))]
        # What config.toml lacks is missing only once the flow runs.
        lacking = [_placed(directory, flow.id, words) for words in _lacking(flow, named)]
        (notes if flow.status == "draft" else problems).extend(lacking)
        if not flow.tests:
            notes.append(
                f"{directory / flow.id}.toml: it has no [[test]]; `mailer flows simulate {flow.id}` writes one"
            )
    return Checked(flows, tuple(problems), tuple(notes))


def around(settings: Settings | None, catalog: Catalog) -> Surroundings:
    """What there is for flows to name: the mails of a catalog, senders and pools of config.toml where there is one."""
    mails = {name.rpartition(LIFECYCLE)[2].partition(".")[0]: catalog.read(name).kind for name in catalog.lifecycle()}
    if settings is None:
        return Surroundings(mails)
    return Surroundings(mails, set(settings.senders), set(settings.offers.coupons))


def in_words(checked: Checked) -> str:
    """How a folder without mistakes is told."""
    live = sum(flow.status != "draft" for flow in checked.flows.values())
    return f"{len(checked.flows)} flows ({live} of them not draft) do what their {checked.cases} tests say"


def _mails(flow: Flow, named: Surroundings) -> list[str]:
    """Steps whose mail is not there, or of another kind."""
    return [
        f"{_line(flow, f'step.{number}.send')}: [[step]] {number} send: {words}"
        for number, step in enumerate(flow.steps, 1)
        for words in _mail(flow, step, named.mails)
    ]


def _lacking(flow: Flow, named: Surroundings) -> list[str]:
    """Senders and coupons that config.toml does not have."""
    found = [
        f"{_line(flow, f'step.{number}.coupon')}: [[step]] {number} coupon: "
        f"there is no [offers.coupons.{step.coupon}] in config.toml"
        for number, step in enumerate(flow.steps, 1)
        if step.coupon and named.pools is not None and step.coupon not in named.pools
    ]
    if flow.sender and named.senders is not None and flow.sender not in named.senders:
        found.append(f"{_line(flow, 'sender')}: sender: there is no [senders.{flow.sender}] in config.toml")
    return found


def _line(flow: Flow, key: str) -> str:
    return f"line {lines_of(flow.text).get(key, 1)}"


def _mail(flow: Flow, step: Step, mails: Mapping[str, str]) -> list[str]:
    kind = mails.get(step.send)
    if kind is None:
        hint = meant(step.send, mails) if mails else "there is none at all"
        return [f"there is no mail templates/lifecycle/{step.send}; {hint}"]
    if kind != flow.kind:
        return [f'"{step.send}" is a {kind} mail, and this flow is {flow.kind}; make both say the same kind']
    return []


def _failures(flow: Flow) -> list[str]:
    return [f'line {case.line}: [[test]] "{case.name}": {words}' for _, case, words in failures(flow)]


def _finding(words: str) -> Finding:
    line, _, rest = words.removeprefix("line ").partition(": ")
    return Finding(int(line), rest)


def _placed(directory: Path, flow_id: str, words: str) -> str:
    """`line 7: ...` of a file, as editors and people find it."""
    line, _, rest = words.removeprefix("line ").partition(": ")
    return f"{directory / flow_id}.toml:{line}: {rest}"
