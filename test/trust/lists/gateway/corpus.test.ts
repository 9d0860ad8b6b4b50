/** Records that the anchor of the network's development environment signed, and altered copies of them. */
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { testPki } from '../../../support/pki/pki.ts'
import { isShared, overShared, sharedPath } from '../../../support/shared.ts'
import { fakeGateway, gatewaySource, loadNetwork } from '../../../support/trust-network/gateway-list.ts'

interface Expected {
  file: string
  role?: string
  accepted: boolean
  country?: string | null
}

const at = (file: string) => sharedPath(`corpora/trust/${file}`)
const read = (file: string) => JSON.parse(readFileSync(at(file), 'utf8'))
const { files, trustAnchor }: { files: Expected[]; trustAnchor: string } = isShared
  ? read('expectations.json').onboarding
  : { files: [], trustAnchor: '' }
const groups: Record<string, string> = { SCA: 'CSCA', UP: 'UPLOAD', TLS: 'AUTHENTICATION', DECA: 'DECA' }

overShared.describe('onboarding records of the network', () => {
  const anchored = (answers: Parameters<typeof fakeGateway>[1]) => {
    const anchors = [new X509Certificate(readFileSync(at(trustAnchor)))]
    return { gateways: { main: fakeGateway(testPki({ countries: [] }), { anchors, ...answers }) } }
  }

  for (const { file, role = 'UP', accepted, country } of files.filter(({ role }) => role !== 'ISSUER'))
    overShared.it(`${file}: ${accepted ? 'counts' : 'is left out'}`, async () => {
      const record = read(file)
      const row = {
        certificate: record.certificateRawData ?? record.rawData ?? '',
        signature: record.trustAnchorSignature ?? record.signature ?? '',
        thumbprint: record.certificateThumbprint ?? null,
        country: record.country ?? country ?? 'NL',
        group: groups[role] ?? role,
        domain: 'DCC',
      }
      const trust = await loadNetwork([gatewaySource()], anchored({ certificates: async () => [row] }))
      assert.equal(trust.keys().keys.length, accepted ? 1 : 0, JSON.stringify(trust.status()[0]?.leftOut))
      assert.equal(trust.status()[0]?.leftOut?.length ?? 0, accepted ? 0 : 1)
    })

  overShared.it('a genuine signature over four empty fields vouches for no issuer', async () => {
    const { signature } = read('onboarding/XYK-DDCC-ISSUER.json')
    const row = {
      country: 'XK',
      name: 'x',
      url: 'https://keys.example/keys',
      type: 'HTTP',
      keyStorageType: 'JWKS',
      signature,
    }
    const trust = await loadNetwork(
      [{ name: 'issuers', kind: 'issuers', location: 'main' }],
      anchored({ issuers: async () => [row, { ...row, country: null, name: null, url: null, type: null }] }),
    )
    assert.equal(trust.keys().keys.length, 0)
    assert.match(trust.status()[0]?.leftOut?.[1]?.reason ?? '', /content inside the message is another/)
  })
})
