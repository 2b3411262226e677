"""Search in a room's history.

Owns the answer; how many search at once, and what is found, ``server.search`` says.
"""

from __future__ import annotations

from asyncchat.core.features.bots import READ
from asyncchat.core.features.history import Window
from asyncchat.core.features.search import MOST_TERMS, Search, terms_of
from asyncchat.core.names import fold
from asyncchat.core.people import customer_of
from asyncchat.log.base import LogError, SearchQuery
from asyncchat.server.history import under_current_name
from asyncchat.server.http.api import schemas
from asyncchat.server.http.api.access import conversation_of, is_known, no_room
from asyncchat.server.http.api.routes import Answer, Call, Route, json
from asyncchat.server.http.messages import Response, problem
from asyncchat.server.search import first_page


async def search(call: Call) -> Response:
    """Searches a room."""
    context, asked = call.context, call.query
    before = None
    if asked.before:
        before = context.ids.number_of(asked.before)
        if before is None:
            return problem(404, f"There is no message {asked.before}.")
    terms = terms_of(asked.text)
    if not terms or len(terms) > MOST_TERMS:
        return problem(400, f"Search for 1 to {MOST_TERMS} words or phrases.")
    where = conversation_of(call)
    if where is None:
        return no_room()
    call.session.charge(Search.cost)
    room = context.chat.rooms.get(where.room)
    upto = context.sessions.delivery.delivered
    query = SearchQuery(
        (where.room,),
        upto,
        Window(before=before, limit=asked.limit),
        terms,
        fold(asked.name),
        room is not None and bool(room.renamed),
        ((where.room, where.since),) if where.since else (),
    )
    network = customer_of(call.session.address)
    found = await context.searcher.find(query, person_id=call.session.person_id, network=network)
    try:
        is_empty = found is not None and not found.records
        if is_empty and call.token is None and not await is_known(context.chat, context.log, where, upto):
            return no_room()
    except LogError:
        found = None
    if found is None:
        return problem(503, "No search is possible just now. Try again later.", (("Retry-After", "5"),))
    page = first_page(found, newest=True)
    records = (under_current_name(where, record) for record in page.records)
    messages = (schemas.message(record, context.ids) for record in records)
    following = "" if page.reached is None else context.ids.id_of(page.reached)
    return json(200, schemas.Found(tuple(one for one in messages if one is not None), following))


ROUTES = (
    Route(
        "GET", "/rooms/{room}/search", "searchMessages", search,
        "Searches a room's history. That of a public room needs no token.",
        {200: Answer("What was found.", schemas.Found)},
        action=READ, optional=True, query=schemas.SearchQuery,
        problems={404: "There is no such room, or it may not be read; or no such message."},
    ),
)  # fmt: skip
