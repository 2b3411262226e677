"""Which passwords are too easy to guess.

Owns the rule for new passwords. Must not know whose they are, nor how they are kept.
"""

from __future__ import annotations

import string
from typing import Final

from asyncchat.core.names import fold

LETTERS: Final = 8
"""Shortest new password (NIST SP 800-63B, 5.1.1.2)."""

_DISTINCT: Final = 4
"""Fewest different characters: fewer are a repeated key."""

# Written for this project: words that people take first, in the languages of its users, and names of keys.
_TEXT = """
abcd access account admin administrator adobe alexander alexandra amanda america andrea andrew android angel
angela anthony apple arsenal ashley asshole austin azerty babygirl badboy bailey banana barcelona baseball
basketball batman beautiful beauty benjamin biteme blahblah blink bond brandon buster butterfly cameron
carlos carolina changeme charles charlie charlotte cheese chelsea chester chicago chicken chocolate chris
christian christopher classroom coffee computer cookie corvette cowboys crystal daniel daniela david default
diamond dolphin dragon eagle eminem elephant elizabeth everton facebook falcon ferrari fishing flower
football forever france frankie freedom friend friends fuck fuckyou gabriel garfield george ginger google
gordon guest guitar hammer hannah happy harley heather hello helloworld hockey horse hottie house hunter
iceman iloveu iloveyou inter internet isabella jackson jasmine jasper jennifer jessica jesus jonathan jordan
joseph joshua justin killer kitty ladybug letmein linkedin liverpool login london love lovely loveme loveyou
lucky maggie manager manchester marina martin marvin master matrix matthew maverick melissa mercedes merlin
michael michelle mickey midnight minecraft money monica monkey monster morgan mother mustang mypassword
myspace nicholas nicole ninja nirvana orange pakistan panther parola pass passport passw password passwort
patrick peanut pepper phoenix pikachu please pokemon popcorn porsche prince princess private purple qazwsx
qwer qwert qwerty rachel rainbow ranger real realmadrid rebecca robert root samantha samsung scooter
sebastian secret security senha server shadow shannon sherlock silver simple slipknot snoopy soccer sophie
spiderman spring starwars steelers stephanie student summer sunflower sunshine super superman superstar
surfer sweet sweetie system taylor teacher temp tennis test testing thomas thunder tigger tinkerbell trustno
tweety unknown user valentina vanessa veronica victoria welcome whatever william willow windows winner
winter wizard wordpass yankees yellow zaq zxcvbn chat chatroom asyncchat anastasia andrey dmitry ekaterina
gfhjkm klaster ljubov lubov lyubov marusya moskva natasha nastya parol privet qwertz ghbdtn rossiya solnce
solnyshko sergey spartak svetlana tatiana vladimir zenit пароль привет любовь солнце солнышко наташа настя
анастасия екатерина сергей андрей владимир москва россия йцукен йцукенг марина максим спартак секрет школа
ученик учитель contraseña contrasena bonjour motdepasse azertyuiop soleil doudou loulou hallo schatz
passwort geheim tequiero teamo princesa estrella alejandro mariposa
"""
_WORDS = frozenset(_TEXT.split())

_ROWS = (
    "01234567890123456789",
    string.ascii_lowercase,
    "1234567890-=",
    "qwertyuiop[]",
    "asdfghjkl;'",
    "zxcvbnm,./",
    "qwertyuiopasdfghjklzxcvbnm",
    "azertyuiopqsdfghjklm",
    "qwertzuiopasdfghjklyxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
    "qazwsxedcrfvtgbyhnujmikolp",
    "zaq12wsxcde34rfvbgt56yhn",
    "йцукенгшщзхъфывапролджэячсмитьбю",
    "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
)
_WALKS = " ".join((*_ROWS, *(row[::-1] for row in _ROWS)))

_AROUND = string.digits + string.punctuation + " "
_LIKE = str.maketrans("013457@$!", "oieastasi")

_COMMON = "it is one that many people take: take several words that do not belong together"


def password_fault(password: str, name: str = "") -> str | None:
    """Why nobody should have this password, as half a sentence, or None.

    Args:
        password: as typed.
        name: the name of its account.
    """
    if len(password) < LETTERS:
        return f"it needs {LETTERS} characters or more"
    key = fold(password)
    if name and key.strip(_AROUND) == fold(name).strip(_AROUND) != "":
        return "it is the account's name: take several words that do not belong together"
    if len(set(key)) < _DISTINCT or key in _WALKS or not key.strip(_AROUND):
        return _COMMON
    forms = (key, key.translate(_LIKE), key.strip(_AROUND).translate(_LIKE))
    return _COMMON if any(map(_is_common, forms)) else None


def _is_common(key: str) -> bool:
    """Whether that is one of the words, alone or twice, perhaps with digits and signs around it."""
    word = key.strip(_AROUND)
    half = word[: len(word) // 2]
    return word in _WORDS or (half * 2 == word and half in _WORDS) or (len(word) >= 4 and word in _WALKS)
