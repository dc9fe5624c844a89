"""What was just done and can be taken back: the address of a page names it, as in `?back=snooze-12`."""

from typing import Annotated

from fastapi import Depends, Query

_ACTIONS = {
    "snooze": "/conversations/{}/snooze/end",
    "dismissal": "/dismissals/{}/undo",
    "regrouping": "/regroupings/{}/undo",
}


def way_back(back: Annotated[str, Query(pattern=r"^(snooze|dismissal|regrouping)-[1-9]\d{0,9}$")] = "") -> str:
    """The address that takes it back; "" when there is nothing."""
    kind, _, number = back.partition("-")
    return _ACTIONS[kind].format(int(number)) if back else ""


Back = Annotated[str, Depends(way_back)]
