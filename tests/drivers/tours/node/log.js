'use strict'
// One line a step: its name, and what came of it in a form that two runs have alike.

const crypto = require('crypto')

const FIELDS = ['code', 'severity', 'message', 'detail', 'hint', 'position', 'where', 'schema',
  'table', 'column', 'constraint', 'routine']

class Log {
  // Error texts are not promised to be alike where rows are sealed: then SQLSTATE alone.
  constructor (statesOnly) {
    this.statesOnly = statesOnly
  }

  async step (name, run) {
    let shown
    try {
      shown = show(await run())
    } catch (error) {
      shown = this.error(error)
    }
    process.stdout.write(`${name}: ${shown}\n`)
  }

  error (error) {
    if (this.statesOnly) return `ERROR ${error.code}`
    const fields = FIELDS.filter((field) => error[field] !== undefined)
    return 'ERROR ' + fields.map((field) => `${field}=${error[field]}`).join(' | ')
  }
}

function show (value) {
  return JSON.stringify(value, (_, part) => {
    if (typeof part === 'bigint' || typeof part === 'number') return String(part)
    if (part && part.type === 'Buffer') return '\\x' + Buffer.from(part.data).toString('hex')
    return part === undefined ? 'undefined' : part
  })
}

// Labels, types and formats, the command and its count, then rows: all, or a digest of many.
function result (answer) {
  if (Array.isArray(answer)) return answer.map(result)
  const fields = answer.fields.map((f) => `${f.name}:${f.dataTypeID}:${f.dataTypeModifier}:${f.format}`)
  return [answer.command, answer.rowCount, fields, rows(answer.rows)]
}

function rows (all) {
  if (all.length <= 60) return all
  const digest = crypto.createHash('sha256')
  for (const row of all) digest.update(show(row))
  return `${all.length} rows ${digest.digest('hex').slice(0, 16)}`
}

module.exports = { Log, result, rows }
