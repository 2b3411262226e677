"""Names that look like other names (UTS #39), and names with several scripts in a word.

Owns the skeleton of a name. Must not decide who may have a name: ``features.connect`` does.
"""

import unicodedata
from functools import lru_cache

from asyncchat.core.names import fold
from asyncchat.core.normalization import normalize

# fmt: off
_LIKE = {
    "2": "ᒿꛯ", "3": "𑣊𖼻", "4": "Ꮞ", "6": "бᏮ𑣕", "7": "𑣆", "8": "ȣ৪੪𐌚", "9": "৭੧୨൭𑣌𑣖",
    "a": "ɑαаᎪᗅꓮ𐊠𖽀", "b": "вβᏏᏴᑲᖯᗷꓐ𐊂𐊡𐌁", "c": "сᏟᴄⲥꓚ𐊢𐌂𐐽𐔜𑣩𑣲", "d": "ԁᎠᏧᑯᗞᗪꓒꓓ",
    "e": "еεҽᎬⴹꓰꬲ𐊆", "f": "քᖴẝꓝꞙꬵ𐊇𐊥𐔥𑣂", "g": "ƍɡցᏀᏳᶃꓖ", "h": "нηһհᎻᏂᕼꓧ𐋏", "i": "ıɩɪιіӏᎥꙇ𑣃",
    "j": "ϳјᎫᒍꓙ", "k": "кκᏦᛕꓗ𐔘", "l": "ǀ۱Ꮮᒪᛁⵏꓡꓲ𐊊𐌉𐌠𐔦𖼖𖼨", "m": "мμᎷᗰᛖꓟ𐊰𐌑", "n": "ոռꓠ𐔓",
    "o": "οσоօ۵०০੦૦ଠ୦௦౦೦ഠ൦๐໐ဝ၀ჿዐᴏᴑⲟⵔ〇ꓳꬽ𐊒𐊫𐐬𐓪𐔖𑓐𑣈𑣗𑣠", "p": "ρрᏢᑭⲣꓑ𐊕", "q": "ԛգզⵕ",
    "r": "гᎡᏒᖇᴦⲅꓣꭇꭈ𖼵", "s": "ƽѕᏕᏚꓢꜱ𐊖𐑈𑣁𖼺", "t": "тτᎢꓔ𐊗𐊱𐌕𖼊", "u": "ʋυսሀᑌᴜꓴꞟꭎꭒ𐓶𑣘𖽂",
    "v": "νѵ۷Ꮩᐯᴠⴸꓦꛟ𐔝𑜆𑣀𖼈", "w": "ɯѡԝաᎳᏔᴡꓪ𑜊𑜎𑜏𑣦𑣯", "x": "хχᕁᕽᚷⵝꓫ𐊐𐊴𐌗𐌢𐔧𑣬",
    "y": "ɣʏγуүყᎩᎽᶌỿꓬꭚ𐊲𑣜𖽃", "z": "ζᏃᴢꓜ𐋵𑣄𑣥",
}
# fmt: on
_TABLE = str.maketrans({like: letter for letter, alike in _LIKE.items() for like in alike})


_SCRIPTS = frozenset(("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU"))
"""Scripts that share letter shapes: a word may have letters of only one of them."""


@lru_cache(maxsize=1024)
def skeleton(name: str) -> str:
    """What a name looks like: two names look alike if this is equal. For most names it is the folded name."""
    key = fold(name)
    return key if key.isascii() else key.translate(_TABLE)


_DRAWN_ALIKE = (str.maketrans("I1|0", "lllo"), str.maketrans("1|0", "iio"))
"""Letters and digits of ASCII that one takes for others: ``1`` and ``|`` for ``l`` and for ``i``."""


@lru_cache(maxsize=1024)
def shapes(name: str) -> tuple[str, ...]:
    """What a name may be taken for, also within ASCII (``aIice``, ``rn`` for ``m``): one or two keys.

    Stricter than ``skeleton``, so it is for names whose imitation does harm. Ordinary people may be ``al``
    and ``a1`` together.
    """
    if not name.isascii():
        name = normalize("NFKC", name)
    made = (skeleton(name.translate(table)) for table in _DRAWN_ALIKE)
    return tuple(dict.fromkeys(shape.replace("rn", "m").replace("vv", "w") for shape in made))


def is_mixed_script(name: str) -> bool:
    """Whether a word of the name has letters of several scripts that share letter shapes."""
    if name.isascii():
        return False
    script = ""
    for char in normalize("NFKC", name):
        category = unicodedata.category(char)
        if category[0] == "M":
            continue
        if category[0] != "L":
            script = ""
            continue
        of = unicodedata.name(char, "").partition(" ")[0]
        if of not in _SCRIPTS:
            continue
        if script and of != script:
            return True
        script = of
    return False
