'use strict'
// Simple and extended queries, named statements, pipelining, cursors, transactions, kinds.

const Cursor = require('pg-cursor')
const pg = require('pg')
const { result, rows } = require('./log')

const PATH = { options: '-c search_path=tour' }

async function walk (log, connected) {
  const client = await connected(PATH)
  const ask = (name, ...query) => log.step(name, async () => result(await client.query(...query)))
  await ask('simple', "SELECT 1 AS 一, 'x'::text, NULL")
  await ask('several', 'SELECT 1; UPDATE staff SET salary = salary WHERE id < 4; SELECT 2 WHERE false;;')
  await ask('several-failing', 'SELECT 1; SELECT 1/0; SELECT 2')
  await ask('empty', '')
  await ask('empty-extended', { text: '', values: [] })
  await ask('syntax', 'SELEC 1')
  await ask('no-table', 'SELECT * FROM nowhere WHERE id = $1', [1])
  await ask('raised', "SELECT failed('甲')")
  await ask('parameters', 'SELECT id, name, joined FROM staff WHERE code = $1 AND id < $2 ORDER BY id', ['0002', 8])
  await ask('arrays', 'SELECT id FROM staff WHERE id = ANY ($1) ORDER BY id', [[1, 3, 5]])
  await ask('too-few-parameters', 'SELECT $1::int, $2::int', [1])
  await ask('bad-parameter', 'SELECT $1::int', ['abc'])
  await ask('row-mode', { text: 'SELECT 1 AS a, 2 AS a', rowMode: 'array' })
  await ask('multi-extended', { text: 'SELECT 1; SELECT 2', values: [] })
  await named(log, client)
  await kinds(log, client)
  await queued(log, client)
  await cursors(log, client)
  await transactions(log, client, connected)
  await client.end()
  await pipelined(log, connected)
}

async function named (log, client) {
  const query = (id) => ({ name: 'by-id', text: 'SELECT name FROM staff WHERE id = $1', values: [id] })
  for (const id of [1, 2, 3]) await log.step(`named/${id}`, async () => result(await client.query(query(id))))
  await log.step('named/other-text', async () => result(await client.query({ name: 'by-id', text: 'SELECT 2' })))
  await log.step('named/known', async () => result(await client.query(
    'SELECT name, statement, parameter_types::text FROM pg_prepared_statements ORDER BY 1')))
  await client.query('CREATE TABLE growing (a int); INSERT INTO growing VALUES (1)')
  const all = { name: 'all', text: 'SELECT * FROM growing', values: [] }
  await log.step('ddl/before', async () => result(await client.query(all)))
  await client.query("ALTER TABLE growing ADD b text DEFAULT '新'")
  await log.step('ddl/after', async () => result(await client.query(all)))
  await log.step('ddl/anew', async () => result(await client.query({ ...all, name: 'all again' })))
  await client.query('DEALLOCATE ALL')
  await log.step('deallocated', async () => result(await client.query(query(4))))
  await log.step('deallocated/other-name', async () => result(await client.query({ ...query(4), name: 'by id, again' })))
}

async function kinds (log, client) {
  const text = 'SELECT * FROM kind WHERE id < 4 ORDER BY id'
  await log.step('kinds/text', async () => result(await client.query(text)))
  await log.step('kinds/extended', async () => result(await client.query({ text, values: [], name: 'kinds' })))
  // The driver knows few types in binary: what it makes of the others is bytes read as text.
  const few = 'SELECT id, flag, small, int4, int8, float4, float8, body, raw FROM kind WHERE id < 4 ORDER BY id'
  await log.step('kinds/binary', async () => result(await client.query({ text: few, values: [], binary: true })))
  await log.step('kinds/columns', async () => (await client.query({ text, values: [] })).fields
    .map((f) => [f.name, f.columnID, f.dataTypeSize]))
  const written = [20, true, '12345678901234567890.5', "李四'\"\\%😀", new Date(Date.UTC(2024, 0, 2, 3, 4, 5, 678)),
    Buffer.from([0, 255, 92, 39]), { 姓名: ['王五', null] }, [1, null, 3], ['a,b', '引"', null, 'NULL'], null]
  await log.step('kinds/written', async () => result(await client.query(
    'INSERT INTO kind (id, flag, amount, name, moment, raw, docb, ints, texts, day)' +
    ' VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING *', written)))
  await client.query('DELETE FROM kind WHERE id = 20')
}

// Sent without waiting for each other: the driver keeps them in its queue.
async function queued (log, client) {
  await log.step('queued', async () => {
    const asked = Array.from({ length: 50 }, (_, i) => client.query('SELECT 100 / $1::int AS q', [i % 10]))
    const done = await Promise.allSettled(asked)
    return done.map((one) => one.status === 'fulfilled' ? one.value.rows[0].q : one.reason.code)
  })
}

// Sent in one write, where the driver can.
async function pipelined (log, connected) {
  const client = await connected({ ...PATH, pipelineMode: true, pipeline: true })
  await log.step('pipeline', async () => {
    const asked = Array.from({ length: 60 }, (_, i) => client.query(
      i % 7 ? { text: 'SELECT 100 / $1::int AS q', values: [i % 10], name: i % 3 ? 'divided' : undefined }
        : 'SELECT 7 AS q'))
    const done = await Promise.allSettled(asked)
    return done.map((one) => one.status === 'fulfilled' ? one.value.rows[0].q : one.reason.code)
  })
  await client.end()
}

async function cursors (log, client) {
  await client.query('BEGIN')
  for (const size of [1, 7, 1000]) {
    await log.step(`cursor/${size}`, async () => {
      const cursor = client.query(new Cursor("SELECT i, '行' || i AS r FROM generate_series(1, $1::int) AS i", [size === 1 ? 30 : 300]))
      const all = []
      const sizes = new Set()
      for (let some; (some = await cursor.read(size)).length;) {
        sizes.add(some.length)
        all.push(...some)
      }
      await cursor.close()
      return [rows(all), [...sizes]]
    })
  }
  await log.step('cursor/left-early', async () => {
    const cursor = client.query(new Cursor('SELECT i FROM generate_series(1, 100000) AS i'))
    const some = await cursor.read(2)
    await cursor.close()
    return some
  })
  await log.step('cursor/after', async () => result(await client.query('SELECT 1')))
  await log.step('cursor/failing', async () => {
    const cursor = client.query(new Cursor('SELECT 1 / (15 - i) AS q FROM generate_series(1, 100) AS i'))
    const counts = []
    for (;;) counts.push((await cursor.read(10)).length)
  })
  await log.step('cursor/aborted', async () => result(await client.query('SELECT 1')))
  await client.query('ROLLBACK')
}

async function transactions (log, client, connected) {
  const ask = (name, ...query) => log.step(name, async () => result(await client.query(...query)))
  await ask('begin', 'BEGIN')
  await ask('insert', 'INSERT INTO department VALUES ($1, $2) RETURNING *', ['0100', '一'])
  await ask('savepoint', 'SAVEPOINT kept')
  await ask('duplicate', 'INSERT INTO department VALUES ($1, $2)', ['0100', '二'])
  await ask('aborted', 'SELECT $1::int', [1])
  await ask('rollback-to', 'ROLLBACK TO kept')
  await ask('foreign-key', 'DELETE FROM department WHERE code = $1', ['0001'])
  await ask('commit-of-aborted', 'COMMIT')
  await ask('rolled-back', 'SELECT count(*) FROM department')
  await ask('commit-outside', 'COMMIT')
  await ask('serializable', 'BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY; SHOW transaction_isolation')
  await ask('read-only', 'DELETE FROM department')
  await ask('rollback', 'ROLLBACK')
  await ask('check', 'INSERT INTO written VALUES (1, NULL, -1)')
  await ask('implicit', "INSERT INTO written VALUES (1, 'x', 1); SELECT 1/0")
  await ask('implicit/after', 'SELECT count(*) FROM written')
  await log.step('pool', async () => {
    const pool = new pg.Pool({ max: 2, ...PATH, ssl: client.ssl })
    const asked = Array.from({ length: 20 }, (_, i) => pool.query('SELECT $1::int * 2 AS d', [i]))
    const all = (await Promise.all(asked)).map((one) => one.rows[0].d)
    await pool.end()
    return all
  })
  await log.step('no-wait', async () => {
    await client.query('BEGIN; SELECT 1 FROM staff WHERE id = 1 FOR UPDATE')
    const other = await connected(PATH)
    try {
      return result(await other.query('SELECT id FROM staff WHERE id = 1 FOR UPDATE NOWAIT'))
    } finally {
      await client.query('ROLLBACK')
      await other.end()
    }
  })
}

module.exports = { walk }
