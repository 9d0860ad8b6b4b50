import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it, test } from 'node:test'
import { ConfigError, publicAddress, readConfig } from '../../src/config.ts'
import { readCases } from '../support/read-cases.ts'

const folder = mkdtempSync(join(tmpdir(), 'vidimus-listeners-'))
after(() => rmSync(folder, { recursive: true, force: true }))

/** A file whose content nobody looks at here. */
function file(name: string, mode: number): string {
  const path = join(folder, name)
  writeFileSync(path, name, { mode })
  return path
}

const files: Record<string, string> = {
  '{cert}': file('cert.pem', 0o644),
  '{key}': file('key.pem', 0o600),
  '{open key}': file('open-key.pem', 0o644),
}
const filled = (text: string) => text.replace(/\{[a-z ]+\}/g, (name) => files[name] ?? name)
const settingsOf = (set: Record<string, string>) =>
  Object.fromEntries(Object.entries(set).map(([name, value]) => [name, filled(value)]))

describe('settings of the listeners', () => {
  const cases = readCases<{ name: string; set: Record<string, string>; problems: string[] }>(
    import.meta.url,
    'cases/listener-settings.json',
  )
  for (const { name, set, problems } of cases)
    it(name, () => {
      let found: string[] = []
      try {
        readConfig({ DATA_DIR: folder, ...settingsOf(set) })
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error
        found = error.problems
      }
      assert.deepEqual(found, problems.map(filled))
    })
})

test('the public address is the one of TLS where there is no other', () => {
  const tls = { TLS_PORT: '8443', TLS_CERTIFICATE: '{cert}', TLS_KEY: '{key}' }
  const address = (more: Record<string, string>) =>
    publicAddress(readConfig({ DATA_DIR: folder, ...settingsOf({ ...tls, ...more }) }))
  assert.equal(address({}), 'http://127.0.0.1:8080')
  assert.equal(address({ PLAIN_HTTP: 'off' }), 'https://127.0.0.1:8443')
  assert.equal(address({ BASE_URL: 'https://vidimus.example/' }), 'https://vidimus.example')
})
