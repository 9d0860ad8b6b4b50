import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { misspeltSettings } from '../../src/config/misspelt.ts'
import type { Setting } from '../../src/config/setting.ts'
import { settings } from '../../src/config/settings.ts'

describe('a variable that is nearly a setting', () => {
  for (const [name, meant] of [
    ['NETWROK', 'NETWORK'],
    ['TRUST_LIST', 'TRUST_LISTS'],
    ['GATEWAY_UPLOAD_CERTIFICAT', 'GATEWAY_UPLOAD_CERTIFICATE'],
    ['KEYDIRECTORY', 'KEY_DIRECTORY'],
    ['SIGNING_CERTIFCIATE', 'SIGNING_CERTIFICATE'],
    ['VIDIMUS_JURISDICTION', 'JURISDICTION'],
    ['VIDIMUS_HOST', 'HOST'],
    ['network', 'NETWORK'],
    ['trust_lists', 'TRUST_LISTS'],
    ['WORKER', 'WORKERS'],
    ['MIRRORS', 'MIRROR'],
    ['METRIC', 'METRICS'],
  ] as const)
    it(`${name} is told`, () =>
      assert.deepEqual(misspeltSettings({ [name]: 'x' }), [`${name} is no setting; is ${meant} meant?`]))

  it('each is told, by name, and never its value', () => {
    const told = misspeltSettings({ NETWROK: 'secret', DATA_DIRS: 'secret', DEVELOPMENT_TOKE: 'secret' })
    assert.deepEqual(
      told.map((text) => text.split(' ')[0]),
      ['DATA_DIRS', 'DEVELOPMENT_TOKE', 'NETWROK'],
    )
    assert.doesNotMatch(told.join(), /secret/)
  })
})

it('the file of a setting that is read from none is told', () =>
  assert.deepEqual(misspeltSettings({ CLIENTS_FILE: 'x', METRICS_TOKEN_FILE: 'x' }), [
    'CLIENTS_FILE is no setting: nothing reads the value of CLIENTS from a file',
  ]))

describe('nothing is said of', () => {
  it('settings, and files of settings that are read from one', () => {
    const all: readonly Setting[] = settings
    const names = all.flatMap(({ variable, secret }) => (secret ? [variable, `${variable}_FILE`] : [variable]))
    assert.deepEqual(misspeltSettings(Object.fromEntries(names.map((name) => [name, 'x']))), [])
  })

  for (const name of [
    'POST',
    'PORTS',
    'HOSTNAME',
    'PATH',
    'npm_config_network',
    'NODE_OPTIONS',
    'HOME',
    'LANG',
    'BASE',
    'VIDIMUS_FUZZ_RUNS',
    'VIDIMUS_PORT',
    'host',
    'SIGNER_HOME',
  ])
    it(name, () => assert.deepEqual(misspeltSettings({ [name]: 'x' }), []))
})
