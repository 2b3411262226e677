"""What all tests share: how hypothesis runs."""

import os

from hypothesis import settings

# How long one example takes says something of the machine's other work, nothing of the property.
settings.register_profile("default", deadline=None, print_blob=True)
# HYPOTHESIS_PROFILE=thorough tox: a long look, by hand.
settings.register_profile("thorough", settings.get_profile("default"), max_examples=5_000)
# HYPOTHESIS_PROFILE=quick pytest tests/core: while one writes.
settings.register_profile("quick", settings.get_profile("default"), max_examples=5)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
