'use strict'
// What applications do with node-postgres. Where the database is, the variables of libpq say.

const fs = require('fs')
const pg = require('pg')
const { Log } = require('./log')

// Dates as the server writes them: a Date has milliseconds only.
for (const oid of [1082, 1083, 1114, 1184, 1266, 1186]) pg.types.setTypeParser(oid, (text) => text)

function options (more) {
  const verified = process.env.PGSSLROOTCERT && { ca: fs.readFileSync(process.env.PGSSLROOTCERT) }
  return { ssl: verified || false, ...more }
}

async function connected (more) {
  const client = new pg.Client(options(more))
  // What the server says to an idle connection; a tour reads it where it looks for it.
  client.said = []
  client.on('error', (error) => client.said.push(error.code || 'connection ended'))
  await client.connect()
  return client
}

async function main () {
  const log = new Log(process.argv[2] === 'protected')
  if (process.argv[2] === 'protected') {
    await require('./protected').walk(log, connected)
  } else {
    await require('./queries').walk(log, connected)
    await require('./transfers').walk(log, connected, options)
  }
  process.stdout.write('the end: reached\n')
}

main()
