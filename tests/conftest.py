"""What all tests share: how hypothesis runs, and that signals end what they should."""

import os
import signal
import sys

from hypothesis import settings

# How long one example takes says something of the machine's other work, nothing of the property. The examples
# are the same each time: what fails is what a change broke, and never fails by chance.
settings.register_profile("default", deadline=None, print_blob=True, derandomize=True)
# HYPOTHESIS_PROFILE=thorough tox: a long look, by hand, at other examples each time.
settings.register_profile("thorough", settings.get_profile("default"), max_examples=5_000, derandomize=False)
# HYPOTHESIS_PROFILE=quick pytest tests/core: while one writes.
settings.register_profile("quick", settings.get_profile("default"), max_examples=5)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

# Started in the background by a script (nohup), pytest and all that it starts would ignore these.
signal.signal(signal.SIGINT, signal.default_int_handler)
if sys.platform != "win32":
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
