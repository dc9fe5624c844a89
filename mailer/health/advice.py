"""What to do about each kind of alarm."""

from mailer.wording import N_

_ADVICE = {
    "canary": N_("Look at the new edition's first mails and why they came back; then let the flow go on or roll back."),
    "clock": N_("Set the machine's clock (timedatectl set-ntp true), then let mails go out again."),
    "coupons": N_("Add coupon codes: mailer coupons import."),
    "disk": N_("Make room where the database lies, or move it; a full disk stops mail from being received."),
    "doctor": N_(
        "Read what `mailer doctor` finds and mend what it names: the relay's or the mailbox's login, or DNS entries."
    ),
    "event": N_("A developer should look at this event; it is kept, and the flow goes on without it."),
    "flow": N_("Mend the flow's file or its last edition; the last good one is in service meanwhile."),
    "job": N_("Read the error; the job runs again by its timetable."),
    "ledger": N_(
        "Wait for the next comparison (`mailer reconcile` asks for one); what is missing is fetched by itself."
    ),
    "mailbox": N_("See whether `mailer run` works and the mailbox's server answers: mailer check."),
    "mailbox_folder": N_("Name the folder that is watched in config.toml."),
    "mailbox_login": N_("Put a valid password or a new token into config.toml, then mailer check."),
    "mailbox_silent": N_(
        "Write a mail to the shop's address yourself; if it does not arrive, look at DNS and forwarding."
    ),
    "outage": N_("Read the plan and let it go: mailer outbox catch-up."),
    "overdue": N_("Answer the conversations at the top of the queue first."),
    "privacy": N_("Carry the request out under the customer's page, then settle this alarm."),
    "quarantine": N_("Read the reasons under the tab Quarantine, then try again or answer by hand."),
    "relay": N_("See whether the relay lets us in: mailer check. Mails wait meanwhile and nothing is lost."),
    "restore": N_("Compare the folder of sent mail with the console before you let mails go out again."),
    "stuck": N_("See whether `mailer run` works; mails wait meanwhile and nothing is lost."),
    "template": N_("Mend the template's last edition; the last good one is in service meanwhile."),
    "unknown": N_("Say whether these mails arrived, under the tab Failed."),
}
_ELSE = N_("Look at the health page of the console, or run mailer status.")


def advice(kind: str) -> str:
    """What a person can do about an alarm of this kind."""
    return _ADVICE.get(kind) or _ADVICE.get(kind.partition("_")[0], _ELSE)
