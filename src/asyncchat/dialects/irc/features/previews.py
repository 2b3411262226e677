"""Link previews: where the page asks for them. No message has one in it."""

from asyncchat.dialects.irc.capabilities import session_token
from asyncchat.dialects.irc.session import IrcSession


@session_token
def _previews(session: IrcSession) -> str | None:
    link = session.context.previews_link(session.id, session.session)
    return f"asyncchat/PREVIEWS={link}" if link and session.entered else None
