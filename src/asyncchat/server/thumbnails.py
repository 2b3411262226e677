"""Thumbnails: small pictures of images, where Pillow is installed (``asyncchat[images]``).

Owns which images are decoded at all. Must not know where they are kept. For a thread: it takes up to a
second.
"""

import io
import logging
import threading
import warnings
from pathlib import Path
from typing import Final

_logger = logging.getLogger("asyncchat.files")

BOX: Final = (720, 480)
"""The largest thumbnail: twice what the page shows, for screens with small pixels."""

_FORMATS: Final = ("PNG", "JPEG", "GIF", "WEBP")
"""What Pillow may decode: not the forty others that it knows, among them PostScript."""

_MOST_PIXELS: Final = 25_000_000
"""Pixels of an image that is decoded: they take 100 MB for a moment."""

_MOST_JPEG_PIXELS: Final = 120_000_000
"""The same of a JPEG, which is decoded at a fraction of its size. Telephones make 12 to 108 million."""

_MOST_SIDE: Final = 20_000
"""The longest side of such an image."""

_MOST_RATIO: Final = 50
"""How often the longer side may have the shorter one: of a line there is nothing to see."""

_one_at_a_time = threading.Lock()


def thumbnail(path: Path) -> bytes | None:
    """A small picture of an image, without what else is in its file; None: it is not decoded, or can't be."""
    try:
        from PIL import Image, ImageOps
    except ImportError:
        return None
    with _one_at_a_time, warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            with Image.open(path, formats=_FORMATS) as image:
                width, height = image.size
                most = _MOST_JPEG_PIXELS if image.format == "JPEG" else _MOST_PIXELS
                if width * height > most or max(width, height) > _MOST_SIDE:
                    return None
                if max(width, height) > _MOST_RATIO * min(width, height):
                    return None
                image.draft("RGB", (2 * BOX[0], 2 * BOX[1]))
                if image.size[0] * image.size[1] > _MOST_PIXELS:
                    return None
                image.thumbnail((2 * max(BOX), 2 * max(BOX)))
                shown = ImageOps.exif_transpose(image)
                shown.thumbnail(BOX)
                made = io.BytesIO()
                shown.convert("RGBA" if shown.has_transparency_data else "RGB").save(made, "WEBP", quality=80)
                return made.getvalue()
        except Exception as error:  # noqa: BLE001 - decoders raise anything at what is no image
            _logger.info("There is no thumbnail of an image: %s", error)
            return None
