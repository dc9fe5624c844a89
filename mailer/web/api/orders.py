"""POST /api/orders: the shop tells an order, or several; telling it again changes nothing."""

import asyncio
import json
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import JSONResponse, Response

from mailer.errors import InputError
from mailer.orders.ingest import ingest
from mailer.orders.source import OrderIn, parse_payload
from mailer.sources_config import SourceBook
from mailer.web.door import Door, door
from mailer.web.tokens import Scope, allows, is_use_worth_noting, note_use

router = APIRouter()

Here = Annotated[Door, Depends(door)]

# The source of orders that name none; a section of this name says more of it.
PLAIN = "api"


class WrongToken(Exception):
    """The request carries no token of the scope that it needs."""


async def ordering(request: Request, here: Here) -> None:
    """Only a system with a token of scope `orders`; asked before the body is read. Raises WrongToken."""
    authorization, now = request.headers.get("authorization", ""), here.clock.now()
    if not await here.db.read(allows, authorization, Scope.ORDERS, now=now):
        raise WrongToken
    if await here.db.read(is_use_worth_noting, authorization, now=now):
        await here.db.run(note_use, authorization, now=now)


@router.post("/api/orders", dependencies=[Depends(ordering)])
async def post_orders(
    request: Request,
    here: Here,
    storefront: Annotated[str, Query(min_length=1, max_length=40)] = "",
    source: Annotated[str, Query(min_length=1, max_length=40)] = PLAIN,
) -> Response:
    """One order or a list; 201 when one was new, 200 when none was. It answers after the commit."""
    named = here.settings.sources.get(source)
    if source != PLAIN and (named is None or named.kind != PLAIN):
        problem = f'source: there is no [sources.{source}] with kind = "api" in config.toml'
        return JSONResponse({"problems": [problem]}, 400)
    try:
        orders = await asyncio.to_thread(read_orders, await request.body())
    except InputError as error:
        return JSONResponse({"problems": list(error.problems)}, 400)
    book = SourceBook(here.settings.sources, here.settings.inbound.relays)
    brand = storefront or book.of(source).storefront
    done = await here.db.run(ingest, orders, source=source, storefront=brand, book=book, now=here.clock.now())
    here.wake()
    return JSONResponse(asdict(done), 201 if done.created else 200)


def read_orders(body: bytes) -> list[OrderIn]:
    """The orders in a body. Raises InputError with every mistake."""
    try:
        data: object = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InputError("body", [f"not valid JSON: {error}"]) from None
    return parse_payload(data)
