"""How the page draws a text: the marks it knows, and texts made to be slow or to be taken for markup.

The work is counted, not timed: each search and each copy of a string counts the characters it passes over.
"""

import pytest

from tests.server.harness import serving

SIZE = 8192
"""The longest message, in bytes."""

DRAW = """async (texts) => {
  const { rich, clean, mentioned } = await import("/js/text.js");
  const kept = {};
  let work = 0;
  const count = (owner, name, cost) => {
    const own = owner[name];
    kept[name] = [owner, own];
    owner[name] = function (...given) {
      const before = this.lastIndex ?? 0;
      const result = own.apply(this, given);
      work += cost(this, given, result, before);
      return result;
    };
  };
  const passed = (text, from, to) => 1 + (to < 0 ? text.length : to) - from;
  count(String.prototype, "indexOf", (text, [, from = 0], at) => passed(text, from, at));
  count(String.prototype, "slice", (text, given, result) => 1 + result.length);
  for (const name of ["split", "includes", "trim"]) count(String.prototype, name, (text) => 1 + text.length);
  count(RegExp.prototype, "exec", (pattern, [text], match, before) => {
    const from = pattern.global || pattern.sticky ? before : 0;
    if (!match && pattern.sticky) return 1;
    return passed(text, from, match ? match.index + match[0].length : -1);
  });
  try {
    return texts.map((text) => {
      work = 0;
      const box = document.createElement("div");
      box.append(rich(text, "anna"));
      mentioned(text, "anna");
      const cost = work;
      const tags = [...box.querySelectorAll("*")].map((node) => node.localName);
      const { textContent, innerHTML } = box;
      return { cost, tags, text: textContent, html: innerHTML, clean: clean(text) };
    });
  } finally {
    for (const [name, [owner, own]] of Object.entries(kept)) owner[name] = own;
  }
}"""


@pytest.fixture(scope="module")
def draw(browser):
    """Draws texts in a page, and gives what they became and how much work it was."""
    with serving() as server:
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{server.port}/")
        yield lambda *texts: page.evaluate(DRAW, list(texts))
        page.close()


LINK = '<a href="{0}" target="_blank" rel="noopener noreferrer nofollow ugc">{0}</a>'

DRAWN = {
    "a `code` b": "a <code>code</code> b",
    "**bold** *it* _it_ ~~gone~~": "<strong>bold</strong> <em>it</em> <em>it</em> <s>gone</s>",
    "**bold _and `code`_**": "<strong>bold <em>and <code>code</code></em></strong>",
    "snake_case_name and 2*3*4 and * a *": "snake_case_name and 2*3*4 and * a *",
    "*a\nb* `a\nb`": "*a\nb* `a\nb`",
    "***": "***",
    "``": "``",
    "```py\nx = 1\n```\nafter": '<pre tabindex="0"><code>x = '
    '<span class="code-number">1</span></code></pre>after',
    "```a\n```": '<pre tabindex="0"><code>a</code></pre>',
    "```py\nif x: # no\n  return 'a\\'b' + 1.5\n```": (
        '<pre tabindex="0"><code><span class="code-word">if</span> x: '
        '<span class="code-comment"># no</span>\n  '
        '<span class="code-word">return</span> <span class="code-string">\'a\\\'b\'</span> + '
        '<span class="code-number">1.5</span></code></pre>'
    ),
    "```js\n/* a\nb */ let c\n```": (
        '<pre tabindex="0"><code><span class="code-comment">/* a\nb */</span> '
        '<span class="code-word">let</span> c</code></pre>'
    ),
    "```text\nif 1\n```": '<pre tabindex="0"><code>if 1</code></pre>',
    "Do:\n- *one*\n- two\n\nthen": "Do:<ul><li><em>one</em></li><li>two</li></ul>then",
    "3. three\n4) four": '<ol start="3"><li>three</li><li>four</li></ol>',
    "> so `it`\n> > is\nno": "<blockquote>so <code>it</code><blockquote>is</blockquote></blockquote>no",
    "# Head\n## Two\n#tea #": (
        '<div class="heading">Head</div><div class="heading">Two</div>'
        '<a class="room-link" href="#tea">#tea</a> #'
    ),
    ">:( -1 2.5 a - b\n-x\n1.x\n#1": "&gt;:( -1 2.5 a - b\n-x\n1.x\n#1",
    "www.a.example/b, www. x.www.a": (
        f"{LINK.format('https://www.a.example/b').replace('>https://', '>')}, www. x.www.a"
    ),
    "see https://a.example/b.": f"see {LINK.format('https://a.example/b')}.",
    "(https://a.example/b_(c))": f"({LINK.format('https://a.example/b_(c)')})",
    "https://a.example/x).)": f"{LINK.format('https://a.example/x')}).)",
    "https:// and http://[": "https:// and http://[",
    "javascript:alert(1)": "javascript:alert(1)",
    "join #tea. or a#b or #1": 'join <a class="room-link" href="#tea">#tea</a>. or a#b or #1',
    "anna: and @Anna, not joanna": (
        '<span class="mention">anna</span>: and <span class="mention">@Anna</span>, not joanna'
    ),
    "<b>&amp;</b>": "&lt;b&gt;&amp;amp;&lt;/b&gt;",
    "\x02bold\x02 \x0304,01red\x03 \x1b[31m": "bold red [31m",
    "a\u202eb\u2066c\u061cd\u2028e": "abcd\ne",
    "e" + "\u0301" * 100: "e" + "\u0301" * 8,
    "e" + "\u0301\u200d" * 100: "e" + "\u0301\u200d" * 4,
}


def test_marks_become_elements_of_the_page_and_nothing_else(draw):
    for drawn, (text, html) in zip(draw(*DRAWN), DRAWN.items(), strict=True):
        assert drawn["html"] == html, text


ALPHABETS = {
    "quote": "> ",
    "point": "- ",
    "number": "1. ",
    "heading": "# ",
    "www": "www.a",
    "python": "```py\n'a' 1 # ",
    "code": "`",
    "bold": "**",
    "italic": "*",
    "under": "_",
    "struck": "~~",
    "block": "```",
    "link": "https://a/",
    "bracket": ")",
    "opening": "(",
    "trailing": ".,:;!?'\"]}*_~)",
    "room": "#a",
    "dots": "#a.-",
    "mention": "@anna",
    "format": "\x03",
    "colour": "\x0304,01\x02",
    "hex": "\x04ff0000",
    "control": "\x1b\u202e",
    "mark": "e\u0301",
    "marks": "\u0301",
    "joined": "\u0301\u200d",
    "line": "\n",
    "separator": "\u2028",
    "space": " ",
    "markup": "<img src=x onerror=alert(1)>",
    "entity": "&lt;",
    "emoji": "👩‍👩‍👧‍👦",
}


NESTED = {"code", "bold", "italic", "under", "struck", "block", "link", "room", "mention"}


def fitting(text, size):
    return (text * (size // len(text.encode()) + 1)).encode()[:size].decode(errors="ignore")


def hostile(size):
    """Texts of this size: each alphabet alone, between letters, unclosed before a long run, in others."""
    for name, marks in ALPHABETS.items():
        yield name, fitting(marks, size)
        yield f"{name}, spaced", fitting(f"{marks} ", size)
        yield f"{name}, in words", fitting(f"a{marks}", size)
        yield f"{name}, opened", fitting(f" {marks}a", size)
        yield f"{name}, in lines", fitting(f"{marks}a\n", size)
        for run in ("a", " ", ")", "."):
            yield f"{name}, before {run!r}", marks + "a" + run * (size - len(marks.encode()) - 1)
            yield (
                f"{name}, in a link before {run!r}",
                f"https://a/{marks}" + run * (size - 10 - len(marks.encode())),
            )
        for other, inner in ALPHABETS.items() if name in NESTED else ():
            if other in NESTED and other != name:
                yield f"{name} around {other}", fitting(f"{marks} {inner}", size)
                half = fitting(marks, size // 3)
                yield f"{name} nesting {other}", f"{half}{fitting(f'{inner}a', size // 3)}{half}"


ALLOWED = {"a", "blockquote", "code", "div", "em", "li", "ol", "pre", "s", "span", "strong", "ul"}

MARKS = set("`*_~\n ->#.0123456789")
"""What marks are made of, which are not shown as text where they mean something."""


def test_hostile_texts_are_drawn_in_linear_work(draw):
    names, texts = zip(*hostile(SIZE), strict=True)
    quarters = [text for _, text in hostile(SIZE // 4)]
    for name, text, whole, quarter in zip(names, texts, draw(*texts), draw(*quarters), strict=True):
        # Four times the text is four times the work, and no character is passed over more than some 30 times.
        assert whole["cost"] <= 5 * quarter["cost"] + 1000, name
        assert whole["cost"] <= 40 * len(text) + 1000, name
        assert set(whole["tags"]) <= ALLOWED, name
        assert len(whole["tags"]) <= 2 * 300 + 1500, name  # a block of code is two, and has its colours
        if "python" in name:
            continue  # the name of a language is not shown
        letters = [char for char in whole["clean"] if char not in MARKS]
        assert [char for char in whole["text"] if char not in MARKS] == letters, name
