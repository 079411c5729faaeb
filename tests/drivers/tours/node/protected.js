'use strict'
// The protected schema: the same on a database without the sealed rows, and through the proxy.

const Cursor = require('pg-cursor')
const QueryStream = require('pg-query-stream')
const { result, rows } = require('./log')

const QUESTIONS = [
  'SELECT * FROM base.person ORDER BY person_id',
  'SELECT * FROM base.case_person ORDER BY cp_id',
  'SELECT * FROM base.victim ORDER BY victim_id',
  'SELECT * FROM base.document ORDER BY doc_id',
  'SELECT case_id, label FROM base.case_file ORDER BY case_id',
  'SELECT count(*), max(cp_id), min(offence_first) FROM base.case_person',
  'SELECT p.name, c.case_no FROM base.person AS p JOIN base.case_person AS cp USING (person_id)' +
    ' JOIN base.case_file AS c USING (case_id) ORDER BY c.case_no, p.name',
  'SELECT count(*) FROM base.seal_notice'
]

async function walk (log, connected) {
  const client = await connected()
  for (const [i, text] of QUESTIONS.entries()) {
    await log.step(`simple/${i}`, async () => result(await client.query(text)))
    await log.step(`extended/${i}`, async () => result(await client.query({ text, values: [] })))
    await log.step(`binary/${i}`, async () => result(await client.query({ text, values: [], binary: true })))
    for (const again of [1, 2]) {
      await log.step(`named/${i}/${again}`, async () => result(await client.query({ name: `q${i}`, text })))
    }
    await log.step(`stream/${i}`, async () => {
      const all = []
      for await (const row of client.query(new QueryStream(text, [], { batchSize: 2 }))) all.push(row)
      return rows(all)
    })
  }
  await log.step('several', async () => result(await client.query(QUESTIONS.slice(0, 2).join('; '))))
  await log.step('by-key', async () => {
    const asked = Array.from({ length: 29 }, (_, i) => client.query({
      name: 'by-key', text: 'SELECT role, offence_first FROM base.case_person WHERE person_id = $1', values: [i + 1]
    }))
    return (await Promise.all(asked)).map((one) => one.rows)
  })
  await client.query('BEGIN')
  await log.step('cursor', async () => {
    const cursor = client.query(new Cursor(QUESTIONS[1]))
    const all = [await cursor.read(3), await cursor.read(3)]
    await cursor.close()
    return all
  })
  await log.step('written', async () => {
    const counts = []
    for (let i = 1; i <= 29; i++) {
      counts.push((await client.query('UPDATE base.case_person SET role = $1 WHERE cp_id = $2', ['SUSPECT', i])).rowCount)
    }
    return counts
  })
  await log.step('deleted', async () => result(await client.query(
    'DELETE FROM base.sentence WHERE term_months < $1 AND sent_id = 17 RETURNING sent_id', [40])))
  await log.step('inserted', async () => result(await client.query(
    'INSERT INTO base.person (person_id, name) VALUES ($1, $2) RETURNING *', [900, '新人'])))
  await client.query('ROLLBACK')
  await log.step('error', async () => result(await client.query('SELECT 1 / (cp_id - cp_id) FROM base.case_person')))
  await client.end()
}

module.exports = { walk }
