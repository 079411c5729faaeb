-- Whole rows, row types, system columns.

-- case: whole_row | equal | SELECT c FROM cases c
SELECT c FROM cases c ORDER BY c.id

-- case: whole_row_table_name | equal | the table name itself as a column
SELECT cases FROM cases ORDER BY id

-- case: whole_row_star_expand | equal | (c).*
SELECT (c).* FROM cases c ORDER BY 1

-- case: row_to_json | equal | row_to_json(c)
SELECT row_to_json(c) FROM cases c ORDER BY c.id

-- case: array_agg_row | equal | array_agg of rows
SELECT array_agg(c ORDER BY c.id)::text FROM cases c

-- case: row_comparison | equal | row compare as oracle
SELECT count(*) FROM cases c WHERE ROW(c.id, c.suspect_name) = ROW(3, 'SEALED-NAME-0003')

-- case: hstore_like_each | equal | jsonb_each over a row
SELECT e.value FROM cases c, LATERAL jsonb_each_text(to_jsonb(c)) e WHERE e.key = 'suspect_name' ORDER BY 1

-- case: functional_notation_column | unvetted-function | suspect_name(c) is a column reference
SELECT suspect_name(c) FROM cases c ORDER BY 1

-- case: composite_cast_notation | equal | text(c)
SELECT text(c) FROM cases c ORDER BY c.id

-- case: ctid | system-column | physical position reveals gaps of sealed rows
SELECT ctid, id FROM cases ORDER BY id

-- case: ctid_gap_count | system-column | gaps in ctid sequence count sealed rows
SELECT max((ctid::text::point)[1]) - count(*) FROM cases

-- case: xmin | system-column | transaction ids of other rows
SELECT count(DISTINCT xmin::text) AS n, count(*) FROM cases

-- case: row_number_gap | equal | row_number is computed after the filter
SELECT id, row_number() OVER (ORDER BY id) FROM cases ORDER BY id

-- case: composite_in_values | equal | row constructor around whole row
SELECT ROW(c.*) FROM cases c ORDER BY c.id

-- case: is_null_on_row | equal | row IS NULL
SELECT count(*) FROM courts k LEFT JOIN cases c ON c.id = 3 AND k.code='C4' WHERE c IS NULL

-- case: count_whole_row | equal | count(c)
SELECT count(c), count(DISTINCT c) FROM cases c

-- case: record_text | equal | a row as text
SELECT c::text FROM cases c WHERE c::text LIKE '%SEALED%'

-- case: record_hash | equal | a row hashed
SELECT count(*) FROM cases c WHERE hash_record(c) = 0

-- case: record_order | equal | rows in order
SELECT id FROM cases c ORDER BY c

-- case: record_distinct | equal | rows made distinct
SELECT count(*) FROM (SELECT DISTINCT c FROM cases c) q

-- case: record_max | equal | the largest row, by a comparison of rows
SELECT id FROM cases c WHERE NOT EXISTS (SELECT 1 FROM cases d WHERE d > c)

-- case: record_nested | equal | a row inside a row
SELECT ROW(1, c) FROM cases c ORDER BY c.id

-- case: record_array_compare | equal | arrays of rows
SELECT count(*) FROM cases c WHERE ARRAY[c] @> ARRAY[c]

-- case: record_is_distinct | equal | compared with NULL
SELECT count(*) FROM courts k LEFT JOIN cases c ON c.court_code = k.code WHERE c IS DISTINCT FROM NULL

-- case: json_agg_row | equal | aggregated as JSON
SELECT json_agg(c) FROM (SELECT id, suspect_name FROM cases ORDER BY id) c

-- case: xmlforest_row | equal | as XML
SELECT xmlforest(suspect_name) FROM cases ORDER BY id

-- case: hstore_row | equal | as hstore, where installed
SELECT hstore(c) FROM cases c

-- case: cmin | system-column | a system column
SELECT cmin, cmax FROM cases

-- case: tableoid | system-column | one that tells nothing
SELECT DISTINCT tableoid::regclass::text FROM cases

-- case: ctid_join | system-column | in a join
SELECT count(*) FROM cases a JOIN cases b ON a.ctid = b.ctid

-- case: ctid_quoted | system-column | quoted
SELECT "ctid" FROM cases

-- case: ctid_unicode | system-column | U&"" spelling
SELECT U&"\0063tid" FROM cases

-- case: ctid_range | system-column | a range of places
SELECT count(*) FROM cases WHERE ctid < '(1,0)'

-- case: ctid_current | system-column | of a subquery that passes it on
SELECT q.ctid FROM (SELECT * FROM cases) q

-- case: ctid_order | system-column | as an order
SELECT id FROM cases ORDER BY ctid LIMIT 3

-- case: xmin_returning | system-column | from a write
UPDATE evidence SET weight = weight WHERE id = 11 RETURNING xmin

-- case: ctid_of_public | equal | of an unprotected relation
SELECT count(ctid) FROM courts

-- case: star_of_alias | equal | everything of an alias
SELECT c.*, k.* FROM cases c JOIN courts k ON k.code = c.court_code ORDER BY c.id
