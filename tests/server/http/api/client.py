"""A program that speaks the API of a running server, and tokens for it."""

import http.client
import json
from typing import Any

from asyncchat.core.features.accounts import AccountMade
from asyncchat.core.features.bots import TokenMade, digest_of
from asyncchat.core.features.login_tokens import LoginTokenMade
from tests.server.harness import PATIENCE, ServerThread


def give_token(server: ServerThread, secret: str, *actions: str, rooms: tuple[str, ...] = ("*",)) -> str:
    """Makes a token whose name is its secret."""
    made = TokenMade(secret, digest_of(secret), rooms, actions, 0)
    server.call(server.server.hub.declare, [made])
    return secret


def give_login(server: ServerThread, account: str, secret: str = "aclogin_x") -> str:  # noqa: S107  # a test's
    """Makes an account with a login token."""
    now = server.call(server.server.hub.now)
    made = [AccountMade(account, "v", now), LoginTokenMade(account, digest_of(secret), "shell", now)]
    server.call(server.server.hub.declare, made)
    return secret


class Answer:
    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def ask(
    server: ServerThread, method: str, path: str, body: Any = None, bearer: str = "", **headers: str
) -> Answer:
    """One request to the API."""
    return request(server, method, f"/api/v1{path}", body, bearer, **headers)


def request(
    server: ServerThread, method: str, path: str, body: Any = None, bearer: str = "", **headers: str
) -> Answer:
    """One request; a dict is sent as JSON, a str as plain text."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if bearer:
        sent["Authorization"] = f"Bearer {bearer}"
    if isinstance(body, dict):
        body = json.dumps(body)
        sent.setdefault("Content-Type", "application/json")
    elif isinstance(body, str):
        sent.setdefault("Content-Type", "text/plain; charset=utf-8")
        body = body.encode()
    try:
        connection.request(method, path, body, sent)
        return Answer(connection.getresponse())
    finally:
        connection.close()
