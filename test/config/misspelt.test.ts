import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { misspeltSettings } from '../../src/config/misspelt.ts'
import { settings } from '../../src/config/settings.ts'

describe('a variable that is nearly a setting', () => {
  for (const [name, meant] of [
    ['NETWROK', 'NETWORK'],
    ['TRUST_LIST', 'TRUST_LISTS'],
    ['GATEWAY_UPLOAD_CERTIFICAT', 'GATEWAY_UPLOAD_CERTIFICATE'],
    ['KEYDIRECTORY', 'KEY_DIRECTORY'],
    ['SIGNING_CERTIFCIATE', 'SIGNING_CERTIFICATE'],
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

describe('nothing is said of', () => {
  it('settings, and files of settings', () => {
    const names = settings.flatMap(({ variable }) => [variable, `${variable}_FILE`])
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
  ])
    it(name, () => assert.deepEqual(misspeltSettings({ [name]: 'x' }), []))
})
