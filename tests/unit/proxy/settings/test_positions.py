"""Every key of a TOML text has the line it stands on."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.settings.positions import key_lines, nearest_line

TEXT = '''\
# a comment with [brackets] = and "quotes"
first = 1
[plain.table]
"quoted key" = "a # b"   # c
dotted.inner = { x = 1, y = [1, 2] }
text = """
fake = 1
[fake]
\\""" ""
"""
raw = \'\'\'
also = "fake"\'\'\'
list = [
  "a", # ] not the end
  { b = 1 },
]
[[many]]
name = "one"
[many.sub]
z = 1
[[many]]
name = 'two'
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("first",), 2),
        (("plain", "table"), 3),
        (("plain", "table", "quoted key"), 4),
        (("plain", "table", "dotted"), 5),
        (("plain", "table", "dotted", "inner"), 5),
        (("plain", "table", "text"), 6),
        (("plain", "table", "raw"), 11),
        (("plain", "table", "list"), 13),
        (("many", 0), 17),
        (("many", 0, "sub", "z"), 20),
        (("many", 1, "name"), 22),
    ],
    ids=str,
)
def test_a_key_has_its_line(path, line):
    tomllib.loads(TEXT)
    assert key_lines(TEXT)[path] == line


def test_text_inside_a_value_is_no_key():
    assert not any("fake" in path or "also" in path for path in key_lines(TEXT))


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("plain", "table", "list", 1, "b"), 13),
        (("plain", "table", "dotted", "inner", "y"), 5),
        (("nowhere",), None),
        ((), None),
    ],
    ids=str,
)
def test_what_has_no_line_of_its_own_has_that_of_what_holds_it(path, line):
    assert nearest_line(key_lines(TEXT), path) == line


keys = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=8)
strings = st.text("ab\"'#[]{}= \\é\n", max_size=12)


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


values = st.one_of(
    st.integers(-9, 9).map(str),
    strings.map(quoted),
    strings.map(lambda text: f'"""{quoted(text)[1:-1]}\n"""'),
    st.lists(strings.map(quoted), max_size=3).map(lambda items: f"[\n{', '.join(items)}]"),
    strings.map(lambda text: f"{{ inner = {quoted(text)} }}"),
)


@given(tables=st.dictionaries(keys, st.dictionaries(keys, values, max_size=4), max_size=4))
def test_all_keys_are_found_and_stand_on_their_lines(tables):
    text = ""
    for table, entries in tables.items():
        text += f"[{quoted(table)}] # {table!r}\n"
        text += "".join(f"{quoted(key)} = {value} # '\n" for key, value in entries.items())
    tomllib.loads(text)
    lines = key_lines(text)
    expected = {(table,) for table in tables} | {
        (table, key) for table, entries in tables.items() for key in entries
    }
    assert set(lines) == expected
    for path, line in lines.items():
        written = quoted(str(path[-1]))
        start = f"[{written}]" if len(path) == 1 else f"{written} ="
        assert text.split("\n")[line - 1].startswith(start)
