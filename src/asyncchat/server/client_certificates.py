"""Asking clients over TLS for a certificate, whoever signed it.

Owns a call of OpenSSL that Python's ``ssl`` does not offer: it can only refuse a certificate for which no
authority vouches, and here nobody vouches for any: an account knows its own by their fingerprints. Must not
know accounts. That a client has the key of what it shows, OpenSSL verifies all the same (RFC 8446, 4.4.3).
"""

import ctypes
import ssl
import sys
from typing import Any

NEWEST = (3, 14)
"""The newest Python of which it is known that an ``SSLContext`` begins with the pointer to OpenSSL's."""

_Verifier = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)


def ask_for_certificates(context: ssl.SSLContext) -> bool:
    """Has a server's context ask clients for a certificate, which they need not have.

    Returns:
        Whether that is possible with this Python; else nothing is changed.
    """
    library = _library()
    if library is None:
        return False
    pointer = ctypes.c_void_p.from_address(id(context) + object.__basicsize__)
    library.SSL_CTX_set_cert_verify_callback(pointer, _ACCEPT, None)
    context.verify_mode = ssl.CERT_OPTIONAL
    return True


_ACCEPT = _Verifier(lambda _store, _argument: 1)  # OpenSSL keeps it for ever


def _library() -> Any:
    """OpenSSL as Python's ``ssl`` has loaded it; None: it can't be reached."""
    if sys.implementation.name != "cpython" or sys.version_info[:2] > NEWEST:
        return None
    try:
        library = ctypes.CDLL(getattr(sys.modules["_ssl"], "__file__", None))
        function = library.SSL_CTX_set_cert_verify_callback
    except (AttributeError, OSError):  # another program's, or linked in without its names
        return None
    function.argtypes, function.restype = (ctypes.c_void_p, _Verifier, ctypes.c_void_p), None
    return library
