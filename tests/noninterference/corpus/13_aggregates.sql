-- Aggregates, counts, gaps.

-- case: count_star | equal | count
SELECT count(*) FROM cases

-- case: min_max_sum | equal | extremes
SELECT min(id), max(fine_cents), sum(fine_cents), avg(sentence_months), max(suspect_name) FROM cases

-- case: rollup_cube | equal | ROLLUP
SELECT court_code, status, count(*) FROM cases GROUP BY ROLLUP (1, 2) ORDER BY 1, 2

-- case: string_agg | equal | one row carries everything
SELECT string_agg(suspect_name, ',' ORDER BY id) FROM cases

-- case: mode_regr | equal | mode()
SELECT mode() WITHIN GROUP (ORDER BY left(suspect_name,6)) FROM cases

-- case: window_lag_gap | equal | lag over ids
SELECT id, lag(suspect_name) OVER (ORDER BY id) FROM cases ORDER BY id

-- case: derivative_count_mismatch | equal | evidence must shrink together with cases
SELECT (SELECT count(*) FROM cases) * 2 = (SELECT count(*) FROM evidence)

-- case: derivative_orphans | equal | orphans reveal the number of sealed cases
SELECT count(DISTINCT e.case_id) FROM evidence e WHERE e.case_id NOT IN (SELECT id FROM cases)

-- case: link_table | equal | case_persons rows pointing at sealed cases
SELECT case_id, person_id FROM case_persons ORDER BY 1, 2

-- case: co_accused_adult_row | equal | link rows of adult co-accused in a sealed case
SELECT cp.role FROM case_persons cp WHERE cp.case_id = 3 ORDER BY 1

-- case: case_no_gap | equal | numbering gaps: same in D'
SELECT count(*) FROM cases WHERE case_no LIKE 'OPEN%'

-- case: nextval | equal | sequence value identical in D and D'
SELECT nextval('doc_seq')

-- case: null_flag_fail_closed | equal | predicate NULL must hide, not show (3-valued logic)
SELECT count(*) FROM cases WHERE seal_flag IS NULL

-- case: tautology_or | equal | user OR cannot widen the filter
SELECT suspect_name FROM cases WHERE id = 3 OR true OR seal_flag ORDER BY 1

-- case: random_sample_order | equal | nondeterministic queries: only the set of possible answers matters
SELECT count(*) FROM (SELECT id FROM cases ORDER BY random() LIMIT 1000) s

-- case: limit_without_order | equal | which rows come first depends on the plan: not comparable, still no sealed row
SELECT id IS NOT NULL FROM cases LIMIT 150

-- case: corr_regr | equal | two columns
SELECT corr(fine_cents, sentence_months), regr_count(fine_cents, id) FROM cases

-- case: bool_or_like | equal | a truth value
SELECT bool_or(suspect_name LIKE 'SEALED%') FROM cases

-- case: array_agg_order | equal | an array of names
SELECT array_agg(suspect_name ORDER BY id) FROM cases

-- case: jsonb_object_agg | equal | an object of names
SELECT jsonb_object_agg(id, suspect_name) FROM cases

-- case: xmlagg | equal | XML of names
SELECT xmlagg(xmlelement(name n, suspect_name) ORDER BY id)::text FROM cases

-- case: rank_hypothetical | equal | the rank something would have
SELECT rank(770000003) WITHIN GROUP (ORDER BY fine_cents) FROM cases

-- case: percentile_disc | equal | an actual value
SELECT percentile_disc(1.0) WITHIN GROUP (ORDER BY fine_cents) FROM cases

-- case: ntile | equal | bucket sizes
SELECT id, ntile(10) OVER (ORDER BY id) FROM cases ORDER BY id

-- case: range_frame | equal | a frame by value
SELECT id, count(*) OVER (ORDER BY id RANGE BETWEEN 2 PRECEDING AND 2 FOLLOWING) FROM cases ORDER BY id

-- case: groups_frame | equal | a frame by group
SELECT id, count(*) OVER (ORDER BY court_code GROUPS CURRENT ROW EXCLUDE TIES) FROM cases ORDER BY id

-- case: cube_having | equal | CUBE with HAVING
SELECT court_code, status, count(*) FROM cases GROUP BY CUBE (court_code, status) HAVING count(*) > 2 ORDER BY 1, 2

-- case: grouping_function | equal | grouping()
SELECT grouping(court_code), count(*) FROM cases GROUP BY ROLLUP (court_code) ORDER BY 1, 2

-- case: lead_over_gap | equal | the next visible row
SELECT id, lead(id) OVER (ORDER BY id) - id FROM cases ORDER BY id

-- case: count_distinct | equal | distinct values
SELECT count(DISTINCT court_code), count(DISTINCT left(suspect_name, 6)) FROM cases

-- case: avg_difference | equal | an average over two relations
SELECT avg(e.weight), avg(c.fine_cents) FROM evidence e JOIN cases c ON c.id = e.case_id

-- case: persons_without_cases | equal | who is left without a case
SELECT count(*) FROM persons p WHERE NOT EXISTS (SELECT 1 FROM case_persons cp WHERE cp.person_id = p.id)

-- case: courts_without_cases | equal | courts with nothing visible
SELECT k.code FROM courts k LEFT JOIN cases c ON c.court_code = k.code AND c.suspect_name LIKE 'SEALED%' WHERE c.id IS NULL ORDER BY 1

-- case: link_counts | equal | links per person
SELECT person_id, count(*) FROM case_persons GROUP BY 1 ORDER BY 1
