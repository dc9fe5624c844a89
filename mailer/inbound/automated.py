"""Was it a machine that wrote this, and which room is it for? By structure and headers only, never by words."""

from collections.abc import Mapping

from mailer.model import Route


def automation(headers: Mapping[str, str]) -> tuple[Route, str] | None:
    """The route of an automatic mail and the sign that gave it away; None for a person's mail.

    Keys of `headers` are in lower case. List headers are no sign: many shops read customers' mail through a group.
    """
    content_type = headers.get("content-type", "").lower()
    if content_type.startswith("multipart/report"):
        # RFC 5965 (feedback-report) and RFC 3464 (delivery-status).
        complaint = "feedback-report" in content_type
        return (Route.COMPLAINT if complaint else Route.BOUNCE), "Content-Type: multipart/report"
    if sign := _sign(headers):
        return Route.NONE, sign
    return None


def _sign(headers: Mapping[str, str]) -> str | None:
    # RFC 3834, 5: any value but "no" says that no person sent it; a keyword may be followed by parameters.
    submitted = headers.get("auto-submitted", "no").split(";")[0].strip().lower()
    if submitted not in ("", "no"):
        return f"Auto-Submitted: {submitted[:40]}"
    if headers.get("return-path", "").replace(" ", "") == "<>":
        return "Return-Path: <>"
    for name in ("x-autoreply", "x-autorespond", "x-autoresponder"):
        if headers.get(name, "no").strip().lower() != "no":
            return name
    if headers.get("precedence", "").strip().lower() in ("auto_reply", "auto-reply"):
        return "Precedence: auto_reply"
    return None
