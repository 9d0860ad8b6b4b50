import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, it, test } from 'node:test'
import { settingsTable } from '../../src/config/settings.ts'
import { ConfigError, readConfig } from '../../src/config.ts'
import { readCases } from '../support/read-cases.ts'

const root = resolve(import.meta.dirname, '../..')

describe('settings', () => {
  const cases = readCases<{ name: string; set: Record<string, string>; problems: string[]; needs?: string }>(
    import.meta.url,
    'cases/settings.json',
  )
  for (const { name, set, problems, needs = '/' } of cases)
    it(name, { skip: !existsSync(needs) && `there is no ${needs}` }, () =>
      assert.deepEqual(problemsOf(set), problems.map(inRoot)),
    )
})

const inRoot = (text: string) => text.replaceAll('{root}', root)

function problemsOf(set: Record<string, string>): string[] {
  try {
    readConfig(set)
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.problems
  }
}

const readme = new URL('../../README.md', import.meta.url)

test('an empty environment gives the documented defaults', () => {
  const config = readConfig({})
  assert.equal(config.port, 8080)
  assert.equal(config.host, '127.0.0.1')
  assert.equal(config.developmentToken, undefined)
  assert.equal(config.allowRequestTrustAnchors, false)
  assert.equal(config.network, false)
  assert.deepEqual(config.networkHosts, [])
  assert.match(config.storageUrl, /^sqlite:.*vidimus\.db$/)
})

test('every problem is listed at once', () => {
  const environment = {
    PORT: 'eighty',
    NETWORK: 'maybe',
    JURISDICTION: 'Utopia',
    BASE_URL: 'ftp://x',
    TRUST_LISTS: '[{"name":"a"}]',
    OPEN_OPERATIONS: 'everything',
    TRUSTED_PROXIES: '10.0.0.0/8, proxy.example.org',
    MAX_CONNECTIONS: '0',
  }
  assert.throws(
    () => readConfig(environment),
    (error: unknown) => {
      assert.ok(error instanceof ConfigError)
      for (const name of Object.keys(environment)) assert.ok(error.message.includes(name), name)
      assert.ok(error.problems.length >= 5)
      return true
    },
  )
})

test('development switches are refused in production', () => {
  for (const environment of [{ DEVELOPMENT_TOKEN: 'x' }, { ALLOW_REQUEST_TRUST_ANCHORS: 'true' }]) {
    assert.throws(() => readConfig({ NODE_ENV: 'production', ...environment }), ConfigError)
  }
  assert.equal(readConfig({ NODE_ENV: 'production' }).production, true)
})

test('a secret may stand in a file, and its value is never told', () => {
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-config-'))
  try {
    const file = join(folder, 'token')
    writeFileSync(file, 'secret\n')
    assert.equal(readConfig({ DEVELOPMENT_TOKEN_FILE: file }).developmentToken, 'secret')
    assert.throws(() => readConfig({ DEVELOPMENT_TOKEN_FILE: join(folder, 'absent') }), /DEVELOPMENT_TOKEN_FILE/)
    assert.throws(
      () => readConfig({ DEVELOPMENT_TOKEN: 'hush', DEVELOPMENT_TOKEN_FILE: file, NODE_ENV: 'production' }),
      (error: unknown) => {
        assert.ok(error instanceof ConfigError && !error.message.includes('hush'))
        return true
      },
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test("the README's table is the one that the settings generate", () => {
  const text = readFileSync(readme, 'utf8')
  const between = /<!-- settings:[^>]*-->\n([\s\S]*?)\n<!-- \/settings -->/.exec(text)?.[1]
  assert.equal(between, settingsTable())
})

describe('a source of a gateway', () => {
  const list = (location: string) => JSON.stringify([{ name: 'gw', kind: 'gateway', location }])

  it('names one that is configured', () => {
    assert.deepEqual(problemsOf({ TRUST_LISTS: list('main') }), [
      'TRUST_LISTS: source gw: there is no gateway main; none is configured (GATEWAY_URL, GATEWAYS)',
    ])
  })

  it('is not judged while gateways cannot be read', () => {
    const problems = problemsOf({ TRUST_LISTS: list('main'), GATEWAYS: '[{' })
    assert.ok(problems.length > 0)
    assert.ok(
      problems.every((each) => each.startsWith('GATEWAYS')),
      problems.join(),
    )
  })
})
