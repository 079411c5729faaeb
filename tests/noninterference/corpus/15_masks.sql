-- Masked columns: persons.phone reads as masked. A raw one is 138nnn.

-- case: mask_plain | equal | baseline
-- mask
SELECT id, phone, id_number FROM persons ORDER BY id LIMIT 5

-- case: mask_alias | equal | renamed column
-- mask
SELECT phone AS p FROM persons ORDER BY id LIMIT 5

-- case: mask_substr_pieces | equal | pieces
-- mask
SELECT left(phone,3), substr(phone,4) AS b, reverse(phone) FROM persons ORDER BY id LIMIT 5

-- case: mask_star_alias_list | equal | column alias list
-- mask
SELECT * FROM persons AS p(a,b,c,d,e,f) ORDER BY a LIMIT 5

-- case: mask_json | equal | row_to_json
-- mask
SELECT to_jsonb(p) FROM persons p ORDER BY id LIMIT 5

-- case: mask_json_get | equal | json extraction by name
-- mask
SELECT to_jsonb(p) ->> 'phone' FROM persons p ORDER BY id LIMIT 5

-- case: mask_agg | equal | string_agg
-- mask
SELECT string_agg(phone, ',') FROM persons

-- case: mask_minmax | equal | aggregates
-- mask
SELECT min(phone), max(id_number) FROM persons

-- case: mask_cte | equal | CTE column list
-- mask
WITH q(x) AS (SELECT phone FROM persons) SELECT x FROM q ORDER BY 1 LIMIT 5

-- case: mask_union_first_arm_name | equal | UNION takes the names of the first arm
-- mask
SELECT full_name FROM persons UNION ALL SELECT phone FROM persons ORDER BY 1 LIMIT 300

-- case: mask_where_equality | equal | predicate on a masked column is an oracle
-- mask
SELECT id FROM persons WHERE phone = '1385'

-- case: mask_where_like_binary_search | equal | LIKE search
-- mask
SELECT count(*) FROM persons WHERE phone LIKE '1385%'

-- case: mask_join_on | equal | join a VALUES dictionary on the masked column
-- mask
SELECT v.p, pe.id FROM (VALUES ('1381'),('1382'),('1385')) v(p) JOIN persons pe ON pe.phone = v.p ORDER BY 1

-- case: mask_group_by | equal | grouping
-- mask
SELECT length(phone), count(*) FROM persons GROUP BY 1 ORDER BY 1

-- case: mask_error_oracle | equal | cast error text shows the value
-- mask
SELECT id_number::int FROM persons WHERE id = 5

-- case: mask_returning | masked-column-in-write | RETURNING with alias
-- mask
UPDATE persons SET full_name = full_name WHERE id = 5 RETURNING phone AS x

-- case: mask_insert_select_unmasked_copy | equal | copy to a public table
-- mask
INSERT INTO public_log (msg) SELECT phone FROM persons WHERE id = 5 RETURNING msg

-- case: mask_quoted_case_alias | equal | "PHONE" alias differs by case
-- mask
SELECT phone AS "PHONE" FROM persons ORDER BY id LIMIT 5

-- case: mask_natural_join_key | equal | masking a join key breaks application joins: must compare masked with masked or deny
-- mask
SELECT c.id FROM cases c JOIN persons p USING (id_number) ORDER BY 1 LIMIT 3

-- case: mask_generate_binary_format | equal | bytea/encode
-- mask
SELECT encode(phone::bytea,'hex') = encode('1385','hex') FROM persons WHERE id = 5

-- case: mask_of_whole_row | equal | whole row
-- mask
SELECT p::text FROM persons p WHERE p::text LIKE '%138%'

-- case: mask_of_to_json | equal | to json
-- mask
SELECT to_json(p) FROM persons p ORDER BY id

-- case: mask_of_functional | equal | functional
-- mask
SELECT count(*) FROM persons p WHERE (p).phone LIKE '138%'

-- case: mask_of_distinct | equal | distinct
-- mask
SELECT count(DISTINCT phone) FROM persons

-- case: mask_of_distinct_on | equal | distinct on
-- mask
SELECT DISTINCT ON (phone) phone FROM persons ORDER BY phone, id

-- case: mask_of_order_by | equal | order by
-- mask
SELECT id FROM persons ORDER BY phone, id LIMIT 5

-- case: mask_of_order_by_expression | equal | order by expression
-- mask
SELECT id FROM persons ORDER BY reverse(phone) DESC, id DESC LIMIT 5

-- case: mask_of_partition_by | equal | partition by
-- mask
SELECT id, rank() OVER (PARTITION BY phone ORDER BY id) FROM persons ORDER BY id LIMIT 9

-- case: mask_of_window_order | equal | window order
-- mask
SELECT id, row_number() OVER (ORDER BY phone, id) FROM persons ORDER BY id LIMIT 9

-- case: mask_of_group_by_having | equal | group by having
-- mask
SELECT phone, count(*) FROM persons GROUP BY phone HAVING min(phone) > '138'

-- case: mask_of_case_when | equal | case when
-- mask
SELECT id, CASE WHEN phone = '1385' THEN 'hit' ELSE 'miss' END FROM persons WHERE id < 9 ORDER BY id

-- case: mask_of_coalesce | equal | coalesce
-- mask
SELECT coalesce(phone, 'none') FROM persons ORDER BY id LIMIT 3

-- case: mask_of_nullif | equal | nullif
-- mask
SELECT count(*) FROM persons WHERE nullif(phone, '1385') IS NULL

-- case: mask_of_in_list | equal | in list
-- mask
SELECT id FROM persons WHERE phone IN ('1385', '1381')

-- case: mask_of_any_array | equal | any array
-- mask
SELECT id FROM persons WHERE phone = ANY (ARRAY['1385', '1381'])

-- case: mask_of_between | equal | between
-- mask
SELECT count(*) FROM persons WHERE phone BETWEEN '1380' AND '1389'

-- case: mask_of_regex | equal | regex
-- mask
SELECT count(*) FROM persons WHERE phone ~ '^138'

-- case: mask_of_is_null | equal | is null
-- mask
SELECT count(*) FROM persons WHERE phone IS NULL

-- case: mask_of_self_join | equal | self join
-- mask
SELECT count(*) FROM persons a JOIN persons b ON a.phone = b.phone AND a.id < b.id

-- case: mask_of_using | equal | using
-- mask
SELECT count(*) FROM persons a JOIN persons b USING (phone)

-- case: mask_of_natural | equal | natural
-- mask
SELECT count(*) FROM persons a NATURAL JOIN persons b

-- case: mask_of_row_compare | equal | row compare
-- mask
SELECT id FROM persons WHERE (phone, id) = ('1385', 5)

-- case: mask_of_row_in | equal | row in
-- mask
SELECT id FROM persons WHERE (phone, id) IN (VALUES ('1385', 5))

-- case: mask_of_exists | equal | exists
-- mask
SELECT EXISTS (SELECT 1 FROM persons WHERE phone = '1385')

-- case: mask_of_scalar | equal | scalar
-- mask
SELECT (SELECT phone FROM persons WHERE id = 5)

-- case: mask_of_lateral | equal | lateral
-- mask
SELECT v.x FROM persons p, LATERAL (VALUES (p.phone)) v(x) ORDER BY p.id LIMIT 3

-- case: mask_of_union | equal | union
-- mask
SELECT phone FROM persons UNION SELECT code FROM courts ORDER BY 1

-- case: mask_of_except | equal | except
-- mask
SELECT phone FROM persons EXCEPT SELECT '***'

-- case: mask_of_intersect | equal | intersect
-- mask
SELECT phone FROM persons INTERSECT VALUES ('1385')

-- case: mask_of_array | equal | array
-- mask
SELECT ARRAY(SELECT phone FROM persons ORDER BY id LIMIT 3)

-- case: mask_of_json_agg | equal | json agg
-- mask
SELECT json_agg(p.phone ORDER BY p.id) FROM persons p

-- case: mask_of_filter | equal | filter
-- mask
SELECT count(*) FILTER (WHERE phone LIKE '138%') FROM persons

-- case: mask_of_update_other | equal | update other
-- mask
UPDATE public_log SET msg = (SELECT phone FROM persons WHERE id = 5) RETURNING msg

-- case: mask_of_delete_where | referenced-by-protected | delete where
-- mask
DELETE FROM persons WHERE phone = '1385'

-- case: mask_of_for_update | locking-protected | for update
-- mask
SELECT phone FROM persons WHERE id = 5 FOR UPDATE

-- case: mask_of_recursive | equal | recursive
-- mask
WITH RECURSIVE r(id, p) AS (SELECT id, phone FROM persons WHERE id = 1 UNION ALL SELECT q.id, q.phone FROM persons q JOIN r ON q.id = r.id + 1 AND q.phone = r.p) SELECT p FROM r

-- case: mask_of_subquery_alias | equal | subquery alias
-- mask
SELECT q.x FROM (SELECT phone AS x, id FROM persons) q WHERE q.x LIKE '138%' ORDER BY q.id

-- case: mask_of_alias_list_where | equal | alias list where
-- mask
SELECT count(*) FROM persons AS p(a, b, c, d, e, f) WHERE p.e LIKE '138%'

-- case: mask_of_concat | equal | concat
-- mask
SELECT id_number || phone FROM persons ORDER BY id LIMIT 3

-- case: mask_of_length_hash | equal | length hash
-- mask
SELECT md5(phone), length(phone) FROM persons ORDER BY id LIMIT 3

-- case: mask_of_cast_error | equal | cast error
-- mask
SELECT phone::int FROM persons WHERE id = 5

-- case: mask_of_xml | equal | xml
-- mask
SELECT xmlforest(phone) FROM persons ORDER BY id LIMIT 2

-- case: mask_of_percentile | equal | percentile
-- mask
SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY phone) FROM persons

-- case: mask_of_string_agg_order | equal | string agg order
-- mask
SELECT string_agg(id::text, ',' ORDER BY phone, id) FROM persons

-- case: mask_of_limit_by | equal | limit by
-- mask
SELECT count(*) FROM (SELECT 1 FROM persons LIMIT (SELECT length(phone) FROM persons WHERE id = 5)) q

-- case: mask_of_table | equal | table
-- mask
TABLE persons

-- case: mask_of_copy | equal | copy
-- mask
COPY (SELECT phone FROM persons) TO STDOUT

-- case: mask_of_view_like | equal | view like
-- mask
SELECT row_to_json(q) FROM (SELECT phone, id FROM persons ORDER BY id LIMIT 3) q

-- case: mask_of_stats | system-relation | stats
-- mask
SELECT most_common_vals::text FROM pg_stats WHERE tablename = 'persons'
