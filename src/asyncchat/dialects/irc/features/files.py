"""Files: where a client uploads them (soju.im/FILEHOST). A message has the link that it is given there."""

from asyncchat.dialects.base import ServerInfo
from asyncchat.dialects.irc.capabilities import session_token, token
from asyncchat.dialects.irc.session import IrcSession


@session_token
def _filehost(session: IrcSession) -> str | None:
    """The link is the session's own, so guests can upload too. A client may send its password as well."""
    if not session.entered:
        return None
    link = session.context.upload_link(session.id, session.session, session.reached_at)
    return f"soju.im/FILEHOST={link}" if link else None


def _file_bytes(server: ServerInfo) -> str | None:
    return str(server.file_bytes) if server.file_bytes else None


token("asyncchat/FILESIZE", _file_bytes)
