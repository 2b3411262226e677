"""What an operation is."""

from collections.abc import Awaitable, Callable
from typing import Any

from asyncchat.control.executor import CommandExecutor
from asyncchat.control.requests import Result

Operation = Callable[[CommandExecutor, Any], Awaitable[Result]]
"""(executor, request) -> result; raises Refused with one line of why not."""
