"""What a route of the console stands on, and who may use it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Annotated

from fastapi import Depends, Request, Response

from mailer.clock import Clock
from mailer.config import Settings
from mailer.db import Database
from mailer.errors import MailerError
from mailer.inbound.child import Reader as MailReader
from mailer.rendering.catalog import Catalog
from mailer.rendering.press import Press
from mailer.rendering.renderer import Renderer
from mailer.rendering.shelf import TemplateShelf
from mailer.replies.approve import Terms
from mailer.replies.case import House
from mailer.web import auth
from mailer.web.auth import SignedIn
from mailer.web.looks import Looks
from mailer.web.newest import Newest
from mailer.web.pages import Pages
from mailer.web.passwords import Passwords
from mailer.web.showcase import Showcase
from mailer.web.throttle import Throttle


class NotSignedIn(MailerError):
    """Nobody is signed in in this browser."""


class NeedsSecondFactor(MailerError):
    """Everybody needs a second factor here, and this person has none yet."""


class NotAllowed(MailerError):
    """The role of this person does not let them do this."""


# When a browser was last seen is written no oftener than this.
_SEEN_EVERY = timedelta(minutes=5)


@dataclass(frozen=True)
class Desk:
    """Handed to each route of one console."""

    db: Database
    settings: Settings
    clock: Clock
    terms: Terms
    wake: Callable[[], None]
    pages: Pages
    # The templates in service, and where texts that people write are filled and checked.
    templates: TemplateShelf
    renderer: Renderer = field(default_factory=Renderer)
    # Previews and checks: a person has one at a time, so that nobody takes all of the renderer.
    previews: Newest = field(default_factory=Newest)
    passwords: Passwords = field(default_factory=Passwords)
    throttle: Throttle = field(default_factory=Throttle)
    # Hostile mail is read in a process of its own, which is started when somebody first asks for HTML or a file.
    reader: MailReader = field(default_factory=MailReader)
    showcase: Showcase = field(default_factory=Showcase)
    # What mails show from elsewhere is fetched when somebody asks, and never before.
    looks: Looks = field(default_factory=Looks)
    # The time in which orders and flows live, where it is not the machine's.
    story: Clock | None = None

    @property
    def story_now(self) -> datetime:
        """Now, as orders and flows count it."""
        return (self.story or self.clock).now()

    @property
    def catalog(self) -> Catalog:
        """The templates in service as this process knows them; `newest_templates` looks for newer ones."""
        return self.templates.catalog

    @property
    def press(self) -> Press:
        """What puts texts into service."""
        return Press(self.db, self.clock, self.templates, self.renderer)

    @cached_property
    def house(self) -> House:
        """What the shop itself brings to a reply."""
        return House.of(self.settings, self.terms.keys)

    @property
    def is_https(self) -> bool:
        """Whether agents' browsers reach us over TLS."""
        return self.settings.web.console_url.startswith("https://")

    @property
    def cookie(self) -> str:
        """The session cookie's name; the prefix makes browsers refuse it from a subdomain (RFC 6265bis, 4.1.3.2)."""
        return "__Host-mailer" if self.is_https else "mailer"

    def let_in(self, response: Response, token: str) -> None:
        """Give the browser its session."""
        lasts = int(self.settings.web.session.total_seconds())
        response.set_cookie(
            self.cookie, token, max_age=lasts, path="/", secure=self.is_https, httponly=True, samesite="lax"
        )

    def let_out(self, response: Response) -> None:
        """Take it back."""
        response.delete_cookie(self.cookie, path="/", secure=self.is_https, httponly=True, samesite="lax")


def desk(request: Request) -> Desk:
    """The console that this request came to."""
    found: Desk = request.app.state.desk
    return found


Here = Annotated[Desk, Depends(desk)]


async def newest_templates(here: Here) -> Catalog:
    """The templates as they are in service at this request."""
    await here.templates.read()
    return here.templates.catalog.still()


Templates = Annotated[Catalog, Depends(newest_templates)]


async def signed_in(request: Request, here: Here) -> SignedIn:
    """Whoever is signed in. Raises NotSignedIn."""
    token = request.cookies.get(here.cookie)
    person = await here.db.read(auth.who, token, now=here.clock.now()) if token else None
    if person is None:
        raise NotSignedIn("You are not signed in, or no longer.")
    request.state.person = person
    if person.seen_at is None or here.clock.now() - person.seen_at > _SEEN_EVERY:
        await here.db.run(auth.note_seen, person.session_id, now=here.clock.now())
    if here.settings.web.second_factor == "required" and not person.has_second_factor and not _is_own(request):
        raise NeedsSecondFactor("This shop asks everybody for a second factor; set yours up first.")
    return person


def _is_own(request: Request) -> bool:
    return request.url.path.startswith(("/account", "/session"))


def unnoted(request: Request) -> None:
    """For routes that are called again and again by themselves: the audit log leaves them out."""
    request.state.unnoted = True


Unnoted = Depends(unnoted)


Reader = Annotated[SignedIn, Depends(signed_in)]


def deciding(person: Reader) -> SignedIn:
    """Somebody who may decide what customers get. Raises NotAllowed."""
    if not person.may_decide:
        raise NotAllowed(f"Your role is {person.role.value}: you may read everything, and agents and admins decide.")
    return person


def publishing(person: Reader) -> SignedIn:
    """Somebody who may change what we write, and to whom. Raises NotAllowed."""
    if not person.may_publish:
        raise NotAllowed(f"Your role is {person.role.value}: marketers and admins change templates and flows.")
    return person


def releasing(person: Reader) -> SignedIn:
    """Somebody who may hold mails of flows and let them go. Raises NotAllowed."""
    if not person.may_release:
        raise NotAllowed(f"Your role is {person.role.value}: agents, marketers and admins let mails of flows go.")
    return person


def running(person: Reader) -> SignedIn:
    """Somebody who may change how this shop's Mailer is run. Raises NotAllowed."""
    if not person.may_run:
        raise NotAllowed(f"Your role is {person.role.value}: this is for admins.")
    return person


Decider = Annotated[SignedIn, Depends(deciding)]
Publisher = Annotated[SignedIn, Depends(publishing)]
Releaser = Annotated[SignedIn, Depends(releasing)]
Admin = Annotated[SignedIn, Depends(running)]
