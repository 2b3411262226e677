"""Where the file is in which clients remember something.

Owns the place alone: a short command looks whether there is a file, before it loads what reads it.
"""

import os
from collections.abc import Mapping
from pathlib import Path


def remembered_file(environment: Mapping[str, str] = os.environ) -> Path:
    """Where the file is (XDG Base Directory: a relative ``XDG_CONFIG_HOME`` is ignored)."""
    given = Path(environment.get("XDG_CONFIG_HOME", ""))
    folder = given if given.is_absolute() else Path("~/.config").expanduser()
    return folder / "asyncchat" / "client.toml"
