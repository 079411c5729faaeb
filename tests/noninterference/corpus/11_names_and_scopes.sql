-- Spelling of names, scopes, joins.

-- case: upper_case | equal | case folding
SELECT SUSPECT_NAME FROM CASES ORDER BY 1

-- case: quoted | equal | quoted lower-case name
SELECT suspect_name FROM "cases" ORDER BY 1

-- case: schema_qualified_spaces_comments | equal | white space and comments between the parts
SELECT suspect_name FROM agency /*x*/ . -- y
 cases ORDER BY 1

-- case: quoted_schema | equal | both quoted
SELECT suspect_name FROM "agency"."cases" ORDER BY 1

-- case: unicode_escape_uescape | parsers-disagree | UESCAPE
SELECT suspect_name FROM U&"c!0061ses" UESCAPE '!' ORDER BY 1

-- case: catalog_qualified | unsupported-syntax | database.schema.table
SELECT suspect_name FROM {database}.agency.cases ORDER BY 1

-- case: only_parens | parsers-disagree | ONLY (cases)
SELECT suspect_name FROM ONLY (cases) ORDER BY 1

-- case: star_suffix | equal | cases *
SELECT suspect_name FROM cases * ORDER BY 1

-- case: table_command_parens_limit | equal | (TABLE cases) LIMIT
(TABLE cases ORDER BY id LIMIT 3) UNION ALL (TABLE cases ORDER BY id OFFSET 199)

-- case: alias_hides | equal | alias of another table's name
SELECT courts.suspect_name FROM cases AS courts ORDER BY 1

-- case: alias_column_list_hides_flag | equal | column alias renames the predicate columns
SELECT x.a FROM cases AS x(seal_flag, b, a, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, real_flag) ORDER BY 1

-- case: cte_same_name | equal | CTE named like the protected table, body reads it
WITH cases AS (SELECT * FROM cases) SELECT suspect_name FROM cases ORDER BY 1

-- case: cte_scope_sibling | equal | inner CTE name is out of scope outside
SELECT suspect_name FROM (WITH cases AS (SELECT 1) SELECT 1) q, cases ORDER BY 1

-- case: cte_scope_forward | equal | non-recursive CTE: forward reference reads the real table
WITH a AS (SELECT suspect_name FROM cases), cases AS (SELECT 1) SELECT suspect_name FROM a ORDER BY 1

-- case: cte_recursive_same_name | equal | RECURSIVE shadows inside its own body
WITH RECURSIVE cases(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM cases WHERE n < 3) SELECT n FROM cases

-- case: cte_nested_scope | equal | CTE defined in a nested WITH does not cover the outer query
WITH o AS (WITH cases AS (SELECT 'x' AS suspect_name) SELECT * FROM cases) SELECT o.suspect_name, c.suspect_name FROM o, cases c ORDER BY 2

-- case: cte_case_folding | equal | CASES folds to the CTE name
WITH cases AS (SELECT 'cte' AS suspect_name) SELECT suspect_name FROM CASES

-- case: cte_in_insert | equal | WITH before INSERT, inner WITH
WITH cases AS (SELECT 1 AS a) INSERT INTO public_log (msg) SELECT suspect_name FROM agency.cases WHERE id = 3 RETURNING msg

-- case: natural_join | equal | NATURAL JOIN must see the same columns
SELECT count(*) FROM cases NATURAL JOIN (SELECT id, case_no FROM cases) q

-- case: using_join | equal | USING merges columns
SELECT id FROM cases JOIN (SELECT id FROM persons) p USING (id) ORDER BY 1

-- case: paren_join_alias | equal | (a JOIN b) AS j hides inner aliases
SELECT j.suspect_name FROM (cases c JOIN courts k ON k.code = c.court_code) AS j ORDER BY 1

-- case: nested_paren_joins | equal | deep parentheses
SELECT c.suspect_name FROM ((courts k JOIN (cases c JOIN evidence e ON e.case_id = c.id) ON k.code = c.court_code)) ORDER BY 1

-- case: lateral_values | equal | LATERAL VALUES
SELECT v.n FROM cases c CROSS JOIN LATERAL (VALUES (c.suspect_name)) v(n) ORDER BY 1

-- case: full_join_nulls | equal | FULL JOIN exposes unmatched sealed derivative rows
SELECT c.id, e.title FROM cases c FULL JOIN evidence e ON e.case_id = c.id ORDER BY 2, 1

-- case: not_exists_complement | equal | complement counting
SELECT count(*) FROM generate_series(1,200) g WHERE NOT EXISTS (SELECT 1 FROM cases c WHERE c.id = g)

-- case: union_except | equal | set operations
SELECT case_id FROM evidence EXCEPT SELECT id FROM cases ORDER BY 1

-- case: subquery_in_every_clause | equal | SELECT list, FROM, WHERE, GROUP, HAVING, ORDER, LIMIT
SELECT (SELECT max(suspect_name) FROM cases), count(*) FROM courts WHERE code IN (SELECT court_code FROM cases) GROUP BY (SELECT max(id) FROM cases) HAVING count(*) > (SELECT 0 FROM cases LIMIT 1) ORDER BY (SELECT max(id) FROM cases) LIMIT (SELECT count(*) FROM cases)

-- case: array_subquery | equal | ARRAY(SELECT)
SELECT ARRAY(SELECT suspect_name FROM cases ORDER BY id)

-- case: quantified_subquery | equal | ANY/ALL
SELECT 'SEALED-NAME-0003' = ANY (SELECT suspect_name FROM cases), 0 < ALL (SELECT fine_cents - 770000003 FROM cases)

-- case: window_frame_subquery | equal | subquery inside OVER
SELECT code, sum(1) OVER (ORDER BY (SELECT count(*) FROM cases WHERE court_code = code)) FROM courts ORDER BY 1

-- case: values_subquery | equal | standalone VALUES
VALUES ((SELECT suspect_name FROM cases WHERE id = 3)), ('x')

-- case: tablesample | sampled-protected | sample depends on pages/ctids of sealed rows; not applicable to a subquery
SELECT count(*) FROM cases TABLESAMPLE BERNOULLI (50) REPEATABLE (1)

-- case: for_update | equal | row locks
SELECT id FROM cases WHERE id = 3 FOR UPDATE

-- case: for_update_of_alias | equal | FOR UPDATE OF alias must survive the rewrite
SELECT c.id FROM cases c JOIN courts k ON k.code = c.court_code WHERE c.id = 1 FOR UPDATE OF c NOWAIT

-- case: qualified_star | equal | agency.cases.*
SELECT agency.cases.* FROM agency.cases ORDER BY 1

-- case: self_join | equal | two references, two aliases
SELECT a.suspect_name, b.suspect_name FROM cases a JOIN cases b ON a.court_code = b.court_code AND a.id < b.id ORDER BY 1, 2

-- case: jsonb_to_recordset_source | equal | column definition list
SELECT r.* FROM (SELECT jsonb_agg(to_jsonb(c)) j FROM cases c) s, jsonb_to_recordset(s.j) AS r(suspect_name text) ORDER BY 1

-- case: recursive_cte_walk | equal | recursion through the table
WITH RECURSIVE r AS (SELECT id, suspect_name FROM cases WHERE id = 1 UNION ALL SELECT c.id, c.suspect_name FROM cases c JOIN r ON c.id = r.id + 1) SELECT suspect_name FROM r ORDER BY id

-- case: long_identifier_truncation | equal | identifiers are truncated at 63 bytes: CTE name longer than 63
WITH cases_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx AS (SELECT 1) SELECT suspect_name FROM cases ORDER BY 1

-- case: homoglyph | unknown-relation | Cyrillic a: not the protected table (server error either way)
SELECT suspect_name FROM cаses

-- case: anti_join_keyword_alias | equal | ANTI is a plain alias in PostgreSQL
SELECT anti.id FROM cases ANTI JOIN courts k ON k.code = anti.court_code ORDER BY 1 LIMIT 5

-- case: pivot_alias | equal | alias named pivot/final/sample
SELECT final.id FROM cases final ORDER BY 1 LIMIT 2

-- case: join_alias_shadows | equal | the alias of a join has the relation's name
SELECT cases.name FROM courts AS cases ORDER BY 1

-- case: join_using_alias | parsers-disagree | JOIN ... USING (...) AS
SELECT j.id, count(*) FROM cases JOIN persons USING (id) AS j GROUP BY 1 ORDER BY 1

-- case: subquery_same_alias | equal | a subquery with the relation's name
SELECT cases.x FROM (SELECT suspect_name AS x FROM cases) AS cases ORDER BY 1

-- case: cte_columns | equal | a CTE with a list of columns
WITH c(a, b) AS (SELECT id, suspect_name FROM cases) SELECT b FROM c ORDER BY a

-- case: cte_used_twice | equal | a CTE that two subqueries read
WITH c AS (SELECT * FROM cases) SELECT (SELECT count(*) FROM c), (SELECT max(suspect_name) FROM c)

-- case: cte_recursive_mutual | equal | a recursion that starts from everything
WITH RECURSIVE t(id, n) AS (SELECT id, 1 FROM cases UNION SELECT c.id, n + 1 FROM t JOIN cases c ON c.id = t.id + 3 WHERE n < 3) SELECT count(*) FROM t

-- case: cte_search | unsupported-syntax | SEARCH and CYCLE
WITH RECURSIVE t(id) AS (SELECT 1 UNION ALL SELECT c.id FROM cases c JOIN t ON c.id = t.id + 1) SEARCH DEPTH FIRST BY id SET o SELECT count(*) FROM t

-- case: cte_shadows_view | equal | a CTE with a view's name
WITH v_case_list AS (SELECT 1 AS id) SELECT * FROM v_case_list

-- case: cte_shadows_in_view | equal | a CTE does not shadow inside a view
WITH cases AS (SELECT 1 AS id) SELECT count(*) FROM v_case_list

-- case: cte_shadows_courts_in_view | equal | nor what the view joins
WITH courts AS (SELECT 'C1' AS code, 'x' AS name) SELECT count(*) FROM v_nested, courts

-- case: values_alias | equal | VALUES with the relation's name
SELECT * FROM (VALUES (1, 'x')) AS cases(id, suspect_name)

-- case: function_alias | equal | a function with the relation's name
SELECT cases FROM generate_series(1, 2) AS cases

-- case: set_operation_names | equal | names of the first arm
SELECT id AS a, suspect_name AS b FROM cases INTERSECT SELECT id, full_name FROM persons ORDER BY b

-- case: except_all | equal | EXCEPT ALL
SELECT court_code FROM cases EXCEPT ALL SELECT code FROM courts ORDER BY 1

-- case: intersect_sealed | equal | INTERSECT with what one looks for
SELECT suspect_name FROM cases INTERSECT VALUES ('SEALED-NAME-0003')

-- case: lateral_correlated | equal | a correlated subquery in FROM
SELECT k.code, q.n FROM courts k, LATERAL (SELECT count(*) n FROM cases c WHERE c.court_code = k.code) q ORDER BY 1

-- case: correlated_not_in | equal | NOT IN of visible rows
SELECT g FROM generate_series(1, 12) g WHERE g NOT IN (SELECT id FROM cases) ORDER BY 1

-- case: natural_full | equal | NATURAL FULL JOIN
SELECT count(*) FROM cases NATURAL FULL JOIN courts

-- case: cross_join_sides | equal | commas and joins mixed
SELECT count(*) FROM courts k, cases c LEFT JOIN evidence e ON e.case_id = c.id WHERE k.code = c.court_code

-- case: right_join_evidence | equal | rows without a partner
SELECT e.title FROM cases c RIGHT JOIN evidence e ON e.case_id = c.id WHERE c.id IS NULL

-- case: exists_in_select | equal | a truth value
SELECT EXISTS (SELECT FROM cases WHERE id = 3)

-- case: select_nothing | equal | no columns at all
SELECT FROM cases

-- case: fetch_first_ties | equal | FETCH FIRST WITH TIES
SELECT court_code FROM cases ORDER BY court_code FETCH FIRST 3 ROWS WITH TIES

-- case: limit_all | equal | LIMIT ALL
SELECT count(*) FROM (SELECT * FROM cases LIMIT ALL) q

-- case: offset_zero | equal | an own fence
SELECT count(*) FROM (SELECT * FROM cases OFFSET 0) q WHERE suspect_name LIKE 'SEALED%'

-- case: order_by_position | equal | by place
SELECT suspect_name, id FROM cases ORDER BY 2 DESC LIMIT 3

-- case: order_by_output_name | equal | by output name that is also a column
SELECT id AS suspect_name FROM cases ORDER BY suspect_name LIMIT 3

-- case: group_by_all_columns | equal | grouped by a key
SELECT c.*, count(e.id) FROM cases c JOIN evidence e ON e.case_id = c.id GROUP BY c.id ORDER BY c.id

-- case: window_named | equal | a named window
SELECT id, sum(fine_cents) OVER w FROM cases WINDOW w AS (PARTITION BY court_code ORDER BY id) ORDER BY id

-- case: very_long_alias | equal | two aliases that are one after truncation
SELECT aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab.id FROM cases aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac ORDER BY 1

-- case: fullwidth_name | unknown-relation | full-width letters are other letters
SELECT * FROM ｃａｓｅｓ

-- case: turkish_i | unknown-relation | folding is of ASCII only
SELECT * FROM CASEſ

-- case: quoted_mixed_case | unknown-relation | a quoted name is another one
SELECT * FROM "Cases"

-- case: keyword_columns | equal | unreserved keywords as aliases
SELECT value.id AS key, value.case_no AS name FROM cases value ORDER BY 1 LIMIT 2
