"""[privacy] in config.toml: how long is kept what customers wrote."""

from datetime import timedelta

from pydantic import Field

from mailer.sections import Section, Span


class PrivacyConfig(Section):
    keep: Span | None = None
    keep_by_intent: dict[str, Span] = Field(default_factory=dict)


def privacy_problems(privacy: PrivacyConfig, intents: set[str]) -> list[str]:
    """What the section says against what there is: every mistake with its key."""
    unknown = sorted(set(privacy.keep_by_intent) - intents)
    problems = [f"privacy.keep_by_intent.{name}: there is no such intent" for name in unknown]
    spans = {"keep": privacy.keep, **{f"keep_by_intent.{name}": span for name, span in privacy.keep_by_intent.items()}}
    return problems + [
        f"privacy.{name}: shorter than 30 days; a chargeback comes later than that"
        for name, span in spans.items()
        if span is not None and span < timedelta(days=30)
    ]
