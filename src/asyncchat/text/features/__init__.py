"""What people type and read of each feature: one module a feature, which declares it as ``TEXT``.

Owns the collection: a module that is here is in the tables of ``text.sentences`` and ``text.slash``.
"""

import pkgutil

from asyncchat.text import sentences

for _module in pkgutil.iter_modules(__path__):
    sentences.register(pkgutil.resolve_name(f"{__name__}.{_module.name}:TEXT"))
