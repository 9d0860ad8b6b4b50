/** A directory over the keys of a gateway: what it published, and the upload keys at their own addresses. */
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { it } from 'node:test'
import { signingKey } from '../../src/provenance/signing-key.ts'
import { keyDirectory } from '../../src/server/directory.ts'
import { checkTrustList, isRefused } from '../../src/trust/lists/check-list.ts'
import { memoryRecords } from '../support/directory.ts'
import { testPki } from '../support/pki/pki.ts'
import { fakeGateway, gatewaySource, loadNetwork } from '../support/trust-network/gateway-list.ts'

const pki = testPki({ countries: ['XA', 'XB'] })
const signer = signingKey({ ...generateKeyPairSync('ec', { namedCurve: 'P-256' }), chain: [] }, 'current')

it('what a gateway vouches for is published, its upload keys at their own addresses alone', async () => {
  const trust = await loadNetwork([gatewaySource()], { gateways: { main: fakeGateway(pki) } })
  const directory = keyDirectory({
    config: { keyDirectoryEnvironment: 'dev' },
    storage: { records: memoryRecords() },
    trust,
    keys: { current: () => signer },
    baseUrl: () => 'https://directory.example',
    now: () => new Date(),
    tell: () => {},
  })
  const state = await directory.make()
  assert.deepEqual(state.usages, { DECA: 2, DESC: 2, DSC: 2, SCA: 2, UP: 2 })
  const itemsAt = async (path: string) => {
    const found = await directory.find({ path, accept: undefined })
    const checked = await checkTrustList(found?.body ?? Buffer.alloc(0), [signer.publicKey])
    assert.ok(!isRefused(checked), JSON.stringify(checked))
    assert.deepEqual(
      checked.items.flatMap(({ fault }) => fault ?? []),
      [],
    )
    return checked.items
  }
  const root = await itemsAt('/v2/trustlist/did.json')
  assert.deepEqual(root.map(({ usage }) => usage).sort(), ['DECA', 'DECA', 'DESC', 'DESC', 'DSC', 'DSC', 'SCA', 'SCA'])
  assert.ok(root.every(({ controller }) => controller === 'did:web:directory.example:v2:trustlist'))
  const uploads = await itemsAt('/v2/trustlist/-/XXA/UP/did.json')
  assert.deepEqual(
    uploads.map(({ usage, participant, certificates }) => [usage, participant, Buffer.from(certificates[0] ?? [])]),
    [['UP', 'XXA', pki.of('XA').up.certificate.raw]],
  )
  assert.equal((await itemsAt('/v2/trustlist/-/-/UP/did.json')).length, 2)
  await directory.close()
})
