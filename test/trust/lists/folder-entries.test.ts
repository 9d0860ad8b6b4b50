import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { demoIssuer, demoTrustFolder } from '../../../src/demo/demo-issuer.ts'
import type { TrustSource } from '../../../src/trust/lists/trust-source.ts'
import { loadTrustLists } from '../../../src/trust/trust.ts'
import { frameworks } from '../../support/frameworks.ts'
import { testIssuer } from '../../support/issuer.ts'
import { memoryReaders } from '../../support/memory-readers.ts'

const now = () => new Date('2022-06-01T00:00:00Z')
const issuer = testIssuer({ country: 'XA' })
const keyId = issuer.keyId.toString('base64')
const pem = issuer.dsc.toString()
const revoked = JSON.stringify([{ file: 'dsc.pem', status: 'revoked' }])
const own: TrustSource = { name: 'own', kind: 'certificates', location: '/own' }
const network: TrustSource = { name: 'network', kind: 'certificates', location: '/network' }

/** The status of the key, and of the folder, beside another list that holds the same key. */
async function standing(files: Record<string, string>, location = '/own') {
  const readers = memoryReaders({ '/network/dsc.pem': pem, '/own/dsc.pem': pem, ...files })
  const trust = await loadTrustLists([network, { ...own, location }], { readers, now })
  const statuses = trust.keys().find({ framework: frameworks.hcert, keyId, issuer: 'XA' })
  return { statuses: statuses.map(({ status }) => status), list: trust.status()[1] }
}

describe('what stands beside certificates in their folder', () => {
  for (const name of [
    'Trust.json',
    'trust.JSON',
    'TRUST.JSON',
    'trusts.json',
    'trust.json.txt',
    'trust.json.md',
    'trust.json.pem',
    'trust.json~',
    'trust.json ',
    ' trust.json',
    'trust.jsonc',
    'trust.json5',
    'trust',
    'trust.txt',
    'dsc.pem.txt',
    'trust.yaml',
    'trust (1).json',
    '.trust.json',
    'revoked.json',
    'dsc.pem.old',
    'dsc.p7b',
    'dsc.key',
    'sub/trust.json',
    'sub/dsc.pem',
  ]) {
    it(`${name}: may withdraw keys, so the folder is not used and its certificates count nowhere`, async () => {
      for (const files of [{}, { '/own/trust.json': '[]' }]) {
        const { statuses, list } = await standing({ ...files, [`/own/${name}`]: revoked })
        assert.deepEqual(statuses, [])
        assert.equal(list?.usable, false)
        const told = `${name.split('/')[0]} is neither a certificate (.pem, .der, .cer, .crt) nor named exactly trust.json`
        assert.ok(list?.failure?.startsWith(told), list?.failure)
      }
    })
  }

  for (const name of [
    'README',
    'notes.txt',
    'README.md',
    'origin.md',
    '.gitkeep',
    '..data',
    '.trust.json.swp',
    'cards.jwks.json',
  ]) {
    it(`${name}: cannot be meant as a sidecar`, async () => {
      const { statuses, list } = await standing({ [`/own/${name}`]: 'x' })
      assert.deepEqual([statuses, list?.failure], [['current'], undefined])
    })
  }

  it('is looked at for a single file only as far as it resembles a sidecar', async () => {
    const file = '/own/dsc.pem'
    assert.deepEqual((await standing({ '/own/lists.json': '[]', '/own/dsc.key': 'x' }, file)).statuses, ['current'])
    for (const name of ['Trust.json', 'trusts.json', 'trust.json.txt']) {
      const { statuses, list } = await standing({ [`/own/${name}`]: revoked }, file)
      assert.deepEqual([statuses, list?.usable], [[], false], name)
    }
    assert.deepEqual((await standing({ '/own/trust.json': revoked }, file)).statuses, ['revoked'])
  })

  it('turns up after a good reading: the keys of that reading count no longer', async () => {
    const readers = memoryReaders({ '/own/dsc.pem': pem })
    const trust = await loadTrustLists([own], { readers, now })
    assert.equal(trust.keys().keys.length, 1)
    readers.files['/own/trust.json.txt'] = revoked
    await trust.reload()
    assert.equal(trust.keys().keys.length, 0)
    assert.match(trust.status()[0]?.failure ?? '', /trust\.json\.txt/)
  })

  it('is in order in the folder that the demonstration makes', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vidimus-demo-'))
    try {
      demoIssuer(folder, new Date())
      const source = { ...own, location: demoTrustFolder(folder) }
      const [list] = (await loadTrustLists([source], { now: () => new Date() })).status()
      assert.deepEqual([list?.usable, list?.failure, list?.keys], [true, undefined, 2])
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
