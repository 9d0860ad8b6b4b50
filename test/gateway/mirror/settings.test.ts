import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readConfig } from '../../../src/config.ts'
import { contentHash, hashExtension } from '../../../src/gateway/mirror/content-hash.ts'
import { type MirrorSettings, parseMirror } from '../../../src/gateway/mirror/mirror-settings.ts'
import { resourceContent } from '../../../src/provenance/content.ts'
import { hashExtension as hashExtensionOfManifests } from '../../../src/provenance/manifest-content.ts'
import { ruleSuppliers } from '../../../src/server/mirror.ts'
import { readCases } from '../../support/read-cases.ts'

interface Case extends Partial<MirrorSettings> {
  name: string
  text: string
  refused?: string
}

describe('the setting MIRROR', () => {
  const readFile = (path: string) => {
    if (path === 'mirror.json') return '[{"participant":"WHO"}]'
    throw new Error(`there is no ${path}`)
  }
  for (const { name, text, refused, ...wanted } of readCases<Case>(import.meta.url, 'cases/settings.json'))
    it(`${name}${refused ? ' is refused' : ''}`, () => {
      if (refused) assert.throws(() => parseMirror(text, readFile), new RegExp(refused))
      else assert.deepEqual(parseMirror(text, readFile), { graceDays: 7, refreshSeconds: 900, ...wanted })
    })
  it('is nothing by default, and names who supplies rules', () => {
    assert.equal(readConfig({}).mirror, undefined)
    assert.equal(ruleSuppliers(readConfig({})), undefined)
    const entries = [
      { participant: 'XA', runRules: true },
      { participant: 'XXB' },
      { participant: 'who', runRules: true },
    ]
    assert.deepEqual(ruleSuppliers(readConfig({ MIRROR: JSON.stringify(entries) })), new Set(['XXA', 'WHO']))
    assert.throws(() => readConfig({ MIRROR: '[{}]' }), /MIRROR: entry 1/)
  })
})

describe('a manifest of this software', () => {
  it('is read by the names that it is written with', () => {
    assert.equal(hashExtension, hashExtensionOfManifests)
    const meta = { versionId: '7', lastUpdated: '2026-11-29T12:00:00Z', profile: ['https://a.example/p'] }
    for (const resource of [
      { resourceType: 'ValueSet' as const, status: 'active' as const, meta },
      { resourceType: 'ValueSet' as const, status: 'active' as const, meta: { versionId: '7' }, title: 'é' },
    ])
      assert.equal(contentHash(resource), resourceContent(resource).hash)
    assert.equal(contentHash({ resourceType: 'ValueSet', status: 'active', title: '\ud800' }), undefined)
  })
})
