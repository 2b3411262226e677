"""The page over compressed WebSocket messages, which a browser inflates."""

from tests.server.harness import serving
from tests.web.conftest import say, sees, texts

EXTENSIONS = """async () => {
  const socket = new WebSocket(`ws://${location.host}/`);
  await new Promise((opened) => { socket.onopen = opened; });
  const agreed = socket.extensions;
  socket.close();
  return agreed;
}"""


def test_a_browser_reads_what_is_compressed_for_all(visits):
    with serving(compression="always", limits=False) as server:
        anna = visits.join(server.port, "anna")
        assert anna.evaluate(EXTENSIONS) == "permessage-deflate; client_no_context_takeover"
        iris = server.irc("iris")
        first = [f"line {number} of what iris pastes into the room" for number in range(60)]
        iris.send("".join(f"PRIVMSG #lobby :{text}\r\n" for text in first))
        sees(anna, first[-1])
        ben = visits.join(server.port, "ben")  # he has been told other things than anna
        second = [f"and {text}" for text in first]
        iris.send("".join(f"PRIVMSG #lobby :{text}\r\n" for text in second))
        for page in (anna, ben):
            sees(page, second[-1])
            assert texts(page)[-60:] == second
        say(ben, "tea " * 60 + "is ready")
        sees(anna, "is ready")
