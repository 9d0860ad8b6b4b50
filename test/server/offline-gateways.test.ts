import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, it } from 'node:test'
import type { Config } from '../../src/config.ts'
import { offlineGateways } from '../../src/server/offline-gateways.ts'
import { testPki } from '../support/pki/pki.ts'

const folder = mkdtempSync(join(tmpdir(), 'vidimus-offline-'))
after(() => rmSync(folder, { recursive: true, force: true }))

it('a gateway that is not asked has its anchors, and nothing to download', async () => {
  const pki = testPki({ countries: [] })
  const file = join(folder, 'anchors.pem')
  writeFileSync(file, pki.anchor.pem + pki.tls.pem)
  const gateways = [{ id: 'main', country: 'XA', anchors: [file] }] as unknown as Config['gateways'] // no other member is read
  const find = offlineGateways({ gateways })
  const found = find('main')
  assert.deepEqual(
    found?.anchors.map(({ raw }) => raw),
    [pki.anchor.certificate.raw, pki.tls.certificate.raw],
  )
  await assert.rejects(found?.certificates() ?? Promise.resolve(), /the network is off/)
  await assert.rejects(found?.revocationBatch('x') ?? Promise.resolve(), /the network is off/)
  assert.equal(find('other'), undefined)
})
