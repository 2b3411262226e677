"""The features of the IRC dialect, a module for each: its commands, replies, refusals, events, both ways.

Importing this package imports all of them, and so fills the tables of ``registry``: to add a feature, add a
module.
"""

import pkgutil

for _module in pkgutil.iter_modules(__path__):
    __import__(f"{__name__}.{_module.name}")
