"""The full-screen terminal client: a Textual application on the threaded ``Client``.

``state`` has the rooms and what was said in them, ``layout`` makes lines of it, the other modules show them.
Only ``app`` and what it imports need Textual, which is an extra (``asyncchat[terminal]``).
"""
