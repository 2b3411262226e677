"""What an operation is."""

from collections.abc import Awaitable, Callable
from typing import Any

from asyncchat.control.desk import Desk
from asyncchat.control.requests import Result

Operation = Callable[[Desk, Any], Awaitable[Result]]
"""(desk, request) -> result; raises Refused with one line of why not."""
