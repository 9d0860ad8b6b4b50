import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createLog } from '../../../src/server/front/log.ts'

const levels = ['error', 'warn', 'info', 'debug'] as const

/** A log, and what it wrote. */
function logged(logLevel: (typeof levels)[number], logFormat: 'text' | 'json' = 'text', accessLog = true) {
  const lines: string[] = []
  const access: string[] = []
  const log = createLog({ logLevel, logFormat, accessLog }, () => new Date('2026-01-02T03:04:05Z'), {
    out: (text) => access.push(text),
    err: (text) => lines.push(text),
  })
  return { log, lines, access }
}

describe('the log', () => {
  for (const [index, level] of levels.entries())
    it(`at ${level} has what is as grave, and what is graver`, () => {
      const { log, lines } = logged(level)
      for (const each of levels) log.tell(`a ${each}`, each)
      assert.deepEqual(
        lines,
        levels.slice(0, index + 1).map((each) => `a ${each}\n`),
      )
    })

  it('takes a line of no level as information', () => {
    const { log, lines } = logged('warn')
    log.tell('all is well')
    assert.deepEqual(lines, [])
  })

  it('as JSON is one object a line, whatever is in it', () => {
    const { log, lines } = logged('info', 'json')
    log.tell('two\nlines "and" more', 'warn')
    log.error({ requestId: 'r-1', error: new Error('what\nfor') })
    assert.equal(lines.length, 2)
    assert.ok(lines.every((line) => line.indexOf('\n') === line.length - 1))
    const [first, second] = lines.map((line) => JSON.parse(line))
    assert.deepEqual(first, { time: '2026-01-02T03:04:05.000Z', level: 'warn', text: 'two\nlines "and" more' })
    assert.equal(second.level, 'error')
    assert.equal(second.requestId, 'r-1')
    assert.match(second.text, /^Error: what\nfor\n\s+at /)
  })

  it('always has errors that nobody expected, with the id of the request', () => {
    const { log, lines } = logged('error')
    log.error({ requestId: 'r-1', error: new Error('oh') })
    assert.match(lines.join(''), /^r-1 Error: oh\n/)
  })

  it('has lines of requests by their own setting alone', () => {
    const entry = { requestId: 'r', method: 'GET', route: '/', status: 200, durationMs: 1, bytes: 0 }
    const { log, access } = logged('error')
    log.access?.(entry)
    log.flush()
    assert.deepEqual(JSON.parse(access.join('')), { time: '2026-01-02T03:04:05.000Z', ...entry })
    assert.equal(logged('debug', 'text', false).log.access, undefined)
  })
})
