'use strict'
// Big results, COPY, notices and notifications; cancelled, timed out, ended by the server.

const QueryStream = require('pg-query-stream')
const copy = require('pg-copy-streams')
const pg = require('pg')
const { Readable } = require('stream')
const { pipeline } = require('stream/promises')
const { result, rows } = require('./log')

const PATH = { options: '-c search_path=tour' }
const BIG = "SELECT i, md5(i::text) AS m, repeat('汉', i % 9) AS r FROM generate_series(1, 100000) AS i"

async function walk (log, connected, options) {
  const client = await connected(PATH)
  await log.step('big/whole', async () => rows((await client.query(BIG)).rows))
  await log.step('big/stream', async () => {
    const all = []
    for await (const row of client.query(new QueryStream(BIG, [], { batchSize: 500 }))) all.push(row)
    return rows(all)
  })
  await log.step('big/stream-left-early', async () => {
    for await (const row of client.query(new QueryStream(BIG, [], { batchSize: 10 }))) return row
  })
  await log.step('wide', async () => {
    const wide = '汉'.repeat(1000000)
    const answer = await client.query('SELECT $1::text AS t, length($2::bytea) AS n', [wide, Buffer.alloc(3000000)])
    return [answer.rows[0].t === wide, answer.rows[0].n]
  })
  await copies(log, client)
  await messages(log, client, connected)
  await endings(log, client, connected, options)
}

async function copies (log, client) {
  for (const how of ['', ' WITH (FORMAT csv, HEADER)', ' WITH (FORMAT binary)']) {
    await log.step('copy-out' + how, async () => {
      const out = client.query(copy.to('COPY (SELECT id, name, doc FROM kind ORDER BY id) TO STDOUT' + how))
      const parts = []
      for await (const part of out) parts.push(part)
      return [Buffer.concat(parts), out.rowCount]
    })
  }
  await log.step('copy-out/failing', async () => {
    const out = client.query(copy.to('COPY (SELECT 1 / (5 - i) FROM generate_series(1, 10) AS i) TO STDOUT'))
    for await (const part of out) if (!part) return 'nothing'
  })
  await client.query('DELETE FROM written')
  const into = (name, text, chunks) => log.step(name, async () => {
    const stream = client.query(copy.from(text))
    await pipeline(Readable.from(chunks), stream)
    return stream.rowCount
  })
  await into('copy-in', 'COPY written FROM STDIN', ['1\t甲\t1\n2\t', '\\N\t\\N\n'])
  await into('copy-in/csv', 'COPY written FROM STDIN WITH (FORMAT csv)', ['3,"a""b,c",3\n4,,\n'])
  await into('copy-in/none', 'COPY written FROM STDIN', [])
  const many = Array.from({ length: 200 }, (_, i) => Array.from({ length: 100 }, (_, j) => `${1000 + i * 100 + j}\t第\t0\n`).join(''))
  await into('copy-in/many', 'COPY written FROM STDIN', many)
  await into('copy-in/bad-row', 'COPY written FROM STDIN', ['5\tx\t1\nsix\tx\t1\n'])
  await into('copy-in/no-table', 'COPY nowhere FROM STDIN', [])
  await log.step('copy-in/given-up', async () => {
    const stream = client.query(copy.from('COPY written FROM STDIN'))
    const failing = async function * () {
      yield '7\tx\t1\n'
      throw Object.assign(new Error('given up'), { code: 'GIVEN-UP' })
    }
    await pipeline(Readable.from(failing()), stream)
  })
  await log.step('copy-in/after', async () => result(await client.query('SELECT count(*), sum(id), count(body) FROM written')))
}

async function messages (log, client, connected) {
  const told = []
  client.on('notice', (notice) => told.push([notice.severity, notice.code, notice.message, notice.detail, notice.hint]))
  await log.step('notices', async () => [result(await client.query("SELECT said('甲')")), told.splice(0)])
  await log.step('notices/extended', async () => [result(await client.query('SELECT said($1)', ['乙'])), told.splice(0)])
  await log.step('notices/none', async () => {
    await client.query('SET client_min_messages = error')
    return [result(await client.query("SELECT said('丙')")), told.splice(0)]
  })
  await log.step('notifications', async () => {
    const heard = []
    const three = new Promise((resolve) => client.on('notification', (one) => {
      if (heard.push([one.channel, one.payload]) === 3) resolve(heard)
    }))
    await client.query('LISTEN "频道"')
    const other = await connected()
    await other.query("NOTIFY 频道, 'from another: 你好'")
    await other.query("SELECT pg_notify('频道', $1)", ['by a function'])
    await other.end()
    await client.query("NOTIFY 频道, 'from itself'")
    return three
  })
  await log.step('unlisten', async () => result(await client.query('UNLISTEN *')))
}

async function endings (log, client, connected, options) {
  await log.step('statement-timeout', async () => {
    const hasty = await connected({ statement_timeout: 200, application_name: '巡览', lock_timeout: 5000, idle_in_transaction_session_timeout: 60000 })
    try {
      return result(await hasty.query('SELECT pg_sleep(20)'))
    } finally {
      await log.step('settings', async () => result(await hasty.query(
        "SELECT name, setting FROM pg_settings WHERE name IN ('statement_timeout', 'application_name'," +
        " 'lock_timeout', 'idle_in_transaction_session_timeout', 'client_encoding', 'DateStyle') ORDER BY 1")))
      await hasty.end()
    }
  })
  await log.step('idle-in-transaction', async () => {
    const idle = await connected({ idle_in_transaction_session_timeout: 200 })
    const ended = new Promise((resolve) => idle.on('end', resolve))
    await idle.query('BEGIN')
    await ended
    return idle.said
  })
  await log.step('cancel', async () => {
    const { host, port, processID, secretKey } = { ...client, host: client.host, port: client.port }
    const asked = client.query('SELECT pg_sleep(20)')
    await new Promise((resolve) => setTimeout(resolve, 300))
    const con = new pg.Connection({ ssl: options().ssl })
    con.connect(port, host)
    con.on(options().ssl ? 'sslconnect' : 'connect', () => con.cancel(processID, secretKey))
    con.on('error', () => {})
    return result(await asked)
  })
  await log.step('cancel/after', async () => result(await client.query('SELECT 1')))
  await log.step('terminated', async () => {
    const victim = await connected()
    const ended = new Promise((resolve) => victim.on('end', resolve))
    const pid = (await victim.query('SELECT pg_backend_pid() AS p')).rows[0].p
    const answer = result(await client.query('SELECT pg_terminate_backend($1)', [pid]))
    await ended
    return [answer, victim.said]
  })
  await log.step('terminated/itself', async () => {
    const victim = await connected()
    return result(await victim.query('SELECT pg_terminate_backend(pg_backend_pid())'))
  })
  await log.step('discard', async () => result(await client.query('DISCARD ALL')))
  await client.end()
  await log.step('wrong-password', async () => connected({ password: 'wrong' }))
  await log.step('no-role', async () => connected({ user: 'nobody_of_this_name' }))
}

module.exports = { walk }
