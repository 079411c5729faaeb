-- Texts that two parsers could read differently.

-- case: hash_dash_dash_comment | parsers-disagree | one parser lexes `#-` greedily, so `--` is not a comment and the quote opens a string: one parser sees NO table
SELECT id #-- '
 0 FROM cases --'

-- case: hash_dash_dash_comment_valid | parsers-disagree | valid in PostgreSQL: reads cases; one parser sees a single string literal (bypass when original bytes are relayed)
SELECT id #-- '
 0, suspect_name FROM cases --'

-- case: nested_hint_comment_where | parsers-disagree | same trick hides a UNION arm
SELECT code FROM courts WHERE code = 'C1' /*/*+*/ || ' */ UNION ALL SELECT suspect_name FROM cases --'

-- case: nested_comment_adjacent | parsers-disagree | `/*/*` with no character between: one parser does not count the inner comment
SELECT suspect_name /*/**/ || ' */ FROM cases --'

-- case: nested_comment | equal | properly nested comments
SELECT suspect_name /* a /* b */ ' */ FROM cases ORDER BY 1 --'

-- case: comment_carriage_return | equal | -- comment ends at CR
-- bytes: SELECT suspect_name --x\r FROM cases ORDER BY 1

-- case: operator_then_comment | parsers-disagree | ||/* must be || and a comment
SELECT 'x' ||/* ' */ suspect_name FROM cases ORDER BY 1 --'

-- case: operator_then_comment_div | equal | |//* is |/ and a comment
SELECT |//* ' */ fine_cents FROM cases ORDER BY 1 --'

-- case: ideographic_space | not-understood | U+3000 likewise
SELECT　suspect_name FROM cases

-- case: line_separator_in_name | parsers-disagree | U+2028 likewise
-- bytes: SELECT 1 FROM courts\xe2\x80\xa8cases

-- case: estring_hex | equal | E'\x27' is a quote inside the string
SELECT E'\x27', suspect_name FROM cases ORDER BY 2 --'

-- case: estring_double_backslash | equal | E'\\' ends
SELECT E'\\', suspect_name FROM cases --'

-- case: unicode_string | equal | U&'\0027'
SELECT U&'\0027', suspect_name FROM cases ORDER BY 2 --'

-- case: unicode_string_uescape | equal | UESCAPE ''''-like games
SELECT U&'!0027' UESCAPE '!', suspect_name FROM cases ORDER BY 2

-- case: dollar_tag_nested | equal | $a$ $b$ $a$
SELECT $a$ $b$ $a$, suspect_name FROM cases ORDER BY 2 -- $b$

-- case: dollar_in_identifier | equal | a$$b is one identifier
SELECT code AS a$$, 'x' AS b$$ FROM courts ORDER BY 1

-- case: adjacent_strings_newline | equal | 'a' newline 'b' is one literal
SELECT 'a'
'b', suspect_name FROM cases ORDER BY 2

-- case: bitstring_like | equal | B'' and X''
SELECT B'01', X'1F', suspect_name FROM cases ORDER BY 3

-- case: hex_integer | equal | 0x1F is `0 AS x1F` before PG16
SELECT 0x1F, suspect_name FROM cases ORDER BY 2

-- case: underscore_integer | equal | 1_000 is `1 AS _000` before PG16
SELECT 1_000, suspect_name FROM cases ORDER BY 2

-- case: param_junk | not-understood | $1abc
SELECT 1 FROM cases WHERE id = 1OR id = 3

-- case: at_operator | equal | @ x (absolute value) is a parameter for one parser
SELECT @ fine_cents FROM cases ORDER BY 1

-- case: double_bang | equal | !! prefix operator
SELECT !! suspect_name::tsquery FROM cases WHERE id = 1

-- case: question_mark_operator | equal | jsonb ? key
SELECT id FROM cases WHERE meta ? 'school' ORDER BY 1

-- case: mysql_executable_comment | equal | a plain comment in PostgreSQL
SELECT suspect_name /*! FROM courts */ FROM cases ORDER BY 1

-- case: hint_comment_position | equal | /*+ */ dropped or moved
SELECT /*+ SeqScan(cases) */ suspect_name FROM cases ORDER BY 1

-- case: jinja_block | not-understood | {{ }} is a syntax error for the server, one parser accepts
SELECT {{ 1 }} FROM cases

-- case: jinja_comment | not-understood | {# #} is a comment for one parser only
SELECT suspect_name {# FROM courts #} FROM cases

-- case: bracket_identifier | not-understood | not a quote in PostgreSQL
SELECT [suspect_name] FROM cases

-- case: keyword_statement_as_alias | unsupported-statement | `CLUSTER cases` parses as column CLUSTER AS cases: not a Command
CLUSTER cases

-- case: notify_as_alias | unsupported-statement | NOTIFY
NOTIFY cases, 'x'

-- case: checkpoint_as_column | unsupported-statement | CHECKPOINT parses as a column
-- role: postgres
CHECKPOINT

-- case: multi_statement_simple_query | equal | several statements in one Query message
SELECT 1; SELECT suspect_name FROM cases ORDER BY id; SELECT 2

-- case: multi_statement_hidden_by_set | unsettable-parameter | a SET in the same Query message does NOT change its own lexing (whole text is lexed first): inert, but changes the next message
SET standard_conforming_strings = off; SELECT '\'', suspect_name FROM cases --'

-- case: multi_statement_rename | unsupported-statement | rename then read in one message
ALTER TABLE cases RENAME TO z1; SELECT suspect_name FROM z1 ORDER BY 1

-- case: empty_statements | equal | ;; and comment-only
;; -- nothing

-- case: invalid_utf8 | text-encoding | must be refused, not replaced by U+FFFD
-- bytes: SELECT '\xff', suspect_name FROM cases

-- case: overlong_utf8 | text-encoding | overlong encoding of a quote
-- bytes: SELECT '\xc0\xa7, suspect_name FROM cases --'

-- case: gbk_backslash_estring | equal | client_encoding GBK: BF 5C is one character, so the quote ends the string
-- startup: client_encoding=GBK
-- bytes: SELECT E'\xbf\x5c', suspect_name FROM cases ORDER BY 2 --'

-- case: sjis_backslash_estring | equal | client_encoding SJIS: 95 5C is one character
-- startup: client_encoding=SJIS
-- bytes: SELECT E'\x95\x5c', suspect_name FROM cases ORDER BY 2 --'

-- case: gb18030_letter_trail | equal | trail byte 0x63 'c' belongs to the previous character
-- startup: client_encoding=GB18030
-- bytes: SELECT suspect_name AS \x81\x63ases FROM cases ORDER BY 1

-- case: set_client_encoding_sql | equal | SET client_encoding changes the bytes->text mapping mid-session
SET client_encoding = 'GBK'
-- step
-- bytes: SELECT E'\xbf\x5c', suspect_name FROM cases ORDER BY 2 --'

-- case: startup_option_scs_off | ended | startup packet parameter switches the lexer
-- startup: standard_conforming_strings=off
SELECT '\'', suspect_name FROM cases --'

-- case: startup_options_c_scs_off | ended | startup `options=-c ...`
-- startup: options=-c standard_conforming_strings=off
SELECT '\'', suspect_name FROM cases --'

-- case: block_comment_unterminated | not-understood | a comment without an end
SELECT 1 /* FROM cases

-- case: dollar_quote_unterminated | not-understood | a quote without an end
SELECT $a$ FROM cases

-- case: dollar_quote_after_identifier | equal | x$a$ is an identifier
SELECT code x$a$ FROM courts ORDER BY 1

-- case: estring_continuation | parsers-disagree | an escape string goes on after a newline
SELECT E'a'
'\'' || suspect_name FROM cases ORDER BY 1 --'

-- case: string_continuation_comment | not-understood | a comment between parts of a string
SELECT 'a' -- it's
'b', suspect_name FROM cases ORDER BY 2

-- case: national_string | equal | N''
SELECT N'x', suspect_name FROM cases ORDER BY 2

-- case: estring_octal | equal | \047 is a quote
SELECT E'\047', suspect_name FROM cases ORDER BY 2 --'

-- case: estring_unicode | equal | \u0027 is a quote
SELECT E'\u0027', suspect_name FROM cases ORDER BY 2 --'

-- case: string_doubled_quote | equal | '' inside a string
SELECT 'it''s', suspect_name FROM cases ORDER BY 2

-- case: identifier_doubled_quote | equal | "" inside an identifier
SELECT suspect_name AS "a""b" FROM cases ORDER BY 1

-- case: comment_in_operator | equal | a comment ends an operator
SELECT 1 +--x
2, suspect_name FROM cases ORDER BY 2

-- case: minus_minus_in_operator | equal | *-- is * and a comment
SELECT 2 *-- '
 3, suspect_name FROM cases ORDER BY 2 --'

-- case: form_feed | equal | white space of the server
-- bytes: SELECT\x0csuspect_name\x0bFROM cases ORDER BY 1

-- case: no_break_space | not-understood | white space of nobody
-- bytes: SELECT\xc2\xa0suspect_name FROM cases

-- case: zero_width_space | unknown-relation | a letter to the server
-- bytes: SELECT suspect_name FROM ca\xe2\x80\x8bses

-- case: byte_order_mark | not-understood | a letter to the server
-- bytes: \xef\xbb\xbfSELECT suspect_name FROM cases

-- case: surrogate_pair_utf8 | text-encoding | not UTF-8
-- bytes: SELECT '\xed\xa0\xbd', suspect_name FROM cases

-- case: nul_in_text | ended | what follows is not seen by the server
-- bytes: SELECT 1\x00; SELECT suspect_name FROM cases

-- case: parameter_in_simple | equal | a parameter where none can be
SELECT suspect_name FROM cases WHERE id = $1

-- case: colon_equals | unvetted-function | := in a call
SELECT f_case_name(i := 3)

-- case: fat_arrow | equal | => in a call of a built-in
SELECT make_interval(days => 1), count(*) FROM cases

-- case: scientific | equal | numbers
SELECT 1e3, .5, 1., suspect_name FROM cases ORDER BY 4

-- case: typed_literal | equal | type 'text'
SELECT date '2020-01-01', interval '1' day, suspect_name FROM cases ORDER BY 3

-- case: double_colon_spaces | equal | a cast with spaces
SELECT id :: text, suspect_name FROM cases ORDER BY 2

-- case: array_slices | equal | a slice
SELECT tags[1:2], suspect_name FROM cases ORDER BY 2

-- case: parens_everywhere | not-understood | many parentheses
SELECT ((((suspect_name)))) FROM (((cases))) ORDER BY 1

-- case: semicolon_in_string | equal | not a statement's end
SELECT ';', suspect_name FROM cases ORDER BY 2;

-- case: two_selects_error | equal | the second fails
SELECT suspect_name FROM cases ORDER BY id; SELECT nothing_like_it

-- case: begin_in_message | equal | a transaction in one message
BEGIN; SELECT count(*) FROM cases; COMMIT

-- case: transaction_by_parts | equal | ended in another message
BEGIN; SELECT count(*) FROM cases
-- step
COMMIT; SELECT count(*) FROM cases

-- case: hidden_second | equal | the second statement reads
SELECT 1; SELECT suspect_name FROM cases ORDER BY id

-- case: nested_dollar_body | unsupported-statement | a body that closes early
DO $x$ BEGIN END $x$ ; SELECT suspect_name FROM cases
