"""What people read and type, once for all surfaces: clean text, times, sentences, slash commands.

Importing any part of it fills the tables with the texts of all features.
"""

from asyncchat.text import features as features
