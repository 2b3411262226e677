"""The form of all that nodes say to each other, kept for each level.

``python -m tests.server.cluster.forms`` writes that of this code to the file of its level.
"""

import json
from pathlib import Path
from typing import Any

import msgspec

from asyncchat.core.features import levels
from asyncchat.core.replies import Fault
from asyncchat.server.cluster.wire import Alive, Asked, Message, Wanted

FOLDER = Path(__file__).parent / "levels"

MANY = 20
"""A union of more is one of all kinds, to which a level adds."""

Forms = dict[str, dict[str, str]]
"""By the name of a type the types of its fields, which end with ``?`` where they have a default. What an
enumeration has is under ``""``."""


def file_of(level: int) -> Path:
    """Where the forms of a level are."""
    return FOLDER / f"{level}.json"


def forms() -> Forms:
    """Those of this code."""
    kinds = (Message, Asked, Alive, Wanted)
    _, schemas = msgspec.json.schema_components(kinds, schema_hook=lambda _: {"type": "kept"})
    found = {name: _form(schema) for name, schema in schemas.items()}
    for kind in Fault.__subclasses__():
        found[kind.__name__] = {"": " ".join(kind.__members__)}
    return found


def _form(schema: dict[str, Any]) -> dict[str, str]:
    if schema["type" if "type" in schema else "enum"] == "array":  # its fields have no names on the wire
        given = schema["minItems"]
        return {
            str(at): _type(one) + ("" if at < given else "?") for at, one in enumerate(schema["prefixItems"])
        }
    if "properties" in schema:
        needed = schema["required"]
        return {
            name: _type(one) + ("" if name in needed else "?") for name, one in schema["properties"].items()
        }
    return {"": _type(schema)}


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "enum" in schema:
        return " ".join(map(json.dumps, schema["enum"]))
    if "anyOf" in schema:
        kinds = sorted(map(_type, schema["anyOf"]))
        return "any" if len(kinds) > MANY else "|".join(kinds)
    if "prefixItems" in schema:
        return f"({', '.join(map(_type, schema['prefixItems']))})"
    if "items" in schema:
        return f"[{_type(schema['items'])}]"
    if "additionalProperties" in schema:
        return f"{{{_type(schema['additionalProperties'])}}}"
    return str(schema["type"]) + (f"/{schema['contentEncoding']}" if "contentEncoding" in schema else "")


def main() -> None:
    """Writes them."""
    lines = [f"{json.dumps(name)}: {json.dumps(form)}" for name, form in sorted(forms().items())]
    file_of(levels.LEVEL).write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
