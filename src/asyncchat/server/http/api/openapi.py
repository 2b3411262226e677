"""The OpenAPI document (3.1), made of the routes' tables.

Owns its form; what there is stands in the tables.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from asyncchat.core.features.bots import ACTIONS
from asyncchat.server.http.api import schemas
from asyncchat.server.http.api.routes import OPEN, Route
from asyncchat.server.http.messages import PROBLEM
from asyncchat.version import __version__

EVERYWHERE = {
    400: "The request can't be understood.",
    403: "A page of another origin asks, or the token does not allow this.",
    408: "The request did not come to its end in time.",
    413: "The body is too large.",
    414: "The target is too long.",
    417: "The request expects something else than 100-continue.",
    421: "The server does not answer to that host name.",
    429: "Too many requests; Retry-After says when to go on.",
    431: "The headers are too large.",
    500: "The server failed at that; it should not.",
    501: "The method or the transfer coding of the body is unknown.",
    503: "The history can't be read or written at the moment.",
    505: "The request is not of HTTP/1.1.",
}
"""Errors that every route may answer."""

_IN_PATHS = {
    "room": "A room's name; its # may be left out, or is written %23.",
    "token": "The secret of a token that allows to post.",
}

_REF = "#/components/schemas/{name}"


def document(routes: Iterable[Route]) -> dict[str, Any]:
    """The document as plain data."""
    routes = list(routes)
    kinds: list[Any] = [schemas.Problem]
    for route in routes:
        kinds += [answer.shape for answer in route.answers.values() if answer.shape is not None]
        kinds += [kind for kind in route.body.values() if kind is not str]
    _, components = msgspec.json.schema_components(dict.fromkeys(kinds), ref_template=_REF)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.prefix + route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "asyncchat",
            "version": __version__,
            "description": "Post into rooms, read them, follow them. Make a token with: asyncchat token add",
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token allows: "
                    + "; ".join(f"{action}: {what}" for action, what in ACTIONS.items()),
                }
            },
        },
    }


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "parameters": [*_path(route), *_query(route), *_headers(route)],
        "responses": _responses(route),
        "security": [],
    }
    if _needs_header(route):
        operation["security"] = [{}, {"token": []}] if route.optional else [{"token": []}]
    if route.body:
        operation["requestBody"] = {
            "required": True,
            "content": {media: {"schema": _schema(kind)} for media, kind in route.body.items()},
        }
    return operation


def _path(route: Route) -> list[dict[str, Any]]:
    schema = {"type": "string", "minLength": 1, "maxLength": 64}
    return [
        {"name": name, "in": "path", "required": True, "description": words, "schema": schema}
        for name, words in _IN_PATHS.items()
        if f"{{{name}}}" in route.path
    ]


def _needs_header(route: Route) -> bool:
    return route.action != OPEN and route.refused is None


def _query(route: Route) -> list[dict[str, Any]]:
    properties = msgspec.json.schema(route.query)["$defs"][route.query.__name__]["properties"]
    found = []
    for name, schema in properties.items():
        words = schema.pop("description", "")
        found.append({"name": name, "in": "query", "description": words, "schema": schema})
    return found


def _headers(route: Route) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "header", "description": words, "schema": {"type": "string", "maxLength": 200}}
        for name, words in route.headers.items()
    ]


def _responses(route: Route) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for status, answer in route.answers.items():
        schema = {"type": "string"} if answer.shape is None else _schema(answer.shape)
        found[str(status)] = {
            "description": answer.words,
            "headers": {
                name: {"description": words, "schema": {"type": "string"}}
                for name, words in answer.headers.items()
            },
            "content": {answer.kind: {"schema": schema}} if answer.kind else {},
        }
    problems = {**EVERYWHERE, **route.problems}
    if _needs_header(route):
        problems[401] = "A token is needed, or this is none."
    for status, words in sorted(problems.items()):
        if str(status) not in found:
            found[str(status)] = {
                "description": words,
                "content": {PROBLEM: {"schema": _schema(schemas.Problem)}},
            }
            if route.refused is not None and status in route.problems:
                found[str(status)]["content"]["text/plain"] = {"schema": {"type": "string"}}
    return found


def _schema(kind: Any) -> dict[str, Any]:
    if kind is str:
        return {"type": "string", "minLength": 1}
    return {"$ref": _REF.format(name=kind.__name__)}
