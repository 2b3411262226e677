"""The next version of asyncchat, as an exam needs it: this one, and a command that only it has.

``python -m tests.server.cluster.next_version serve …`` is ``asyncchat serve …`` of that version.
"""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from asyncchat import version

FEATURE = "asyncchat.core.features.applause"
VERSION = "99.0"


def run() -> None:
    """Runs it with the arguments of the process."""
    version.__version__ = VERSION
    # Before the features are imported: they are looked through then, once.
    spec = spec_from_file_location(FEATURE, Path(__file__).with_name("applause.py"))
    assert spec is not None
    assert spec.loader is not None
    feature = sys.modules[FEATURE] = module_from_spec(spec)
    spec.loader.exec_module(feature)
    from asyncchat.core.features import levels

    vars(levels)["LEVEL"] = feature.NEXT_LEVEL
    from asyncchat.cli import main
    from asyncchat.server.cluster import node
    from tests.server.cluster.next_version import applause_irc

    node.COMPARE_EVERY = 3.0
    applause_irc.register(feature)
    sys.argv[0] = "asyncchat"
    main()


run()
