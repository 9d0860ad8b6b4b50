import assert from 'node:assert/strict'
import { generateKeyPairSync, type X509Certificate } from 'node:crypto'
import { describe, it } from 'node:test'
import type { CertificateContent, CertificateIssuer } from '../../../src/demo/certificate-writer.ts'
import { checkTrustList } from '../../../src/trust/lists/check-list.ts'
import type { TrustSource } from '../../../src/trust/lists/trust-source.ts'
import { loadTrustLists } from '../../../src/trust/trust.ts'
import { keyPairFor, testIssuer } from '../../support/issuer.ts'
import { memoryReaders } from '../../support/memory-readers.ts'
import { certificateUnder, type ListObject, listItem, pinnedKey, signedList } from '../../support/trust-list.ts'

const now = () => new Date('2022-06-01T00:00:00Z')
const network: TrustSource = { name: 'network', kind: 'did-v2', location: '/did.json', key: ['/key.json'] }
const issuer = testIssuer({ country: 'XA' })
const sca = (options = {}) => listItem(issuer.sca, { usage: 'CSCA', ...options })
const freshKey = () => keyPairFor('ES256').publicKey

/** An SCA of its own key, with what is wrong about it. */
function authority(
  content: Partial<CertificateContent>,
  keys = keyPairFor('ES256'),
  name = { commonName: 'Test SCA of XA', country: 'XA' },
): { certificate: X509Certificate; signer: CertificateIssuer } {
  const signer = { name, ...keys }
  const subject = content.subject ?? name
  return {
    certificate: certificateUnder(signer, { publicKey: keys.publicKey, isAuthority: true, ...content, subject }),
    signer: { ...signer, name: subject },
  }
}

async function load(items: ListObject[], source: Partial<TrustSource> = {}, created?: string) {
  const list = await signedList(items, created === undefined ? {} : { created })
  const readers = memoryReaders({ '/did.json': JSON.stringify(list), '/key.json': pinnedKey })
  const trust = await loadTrustLists([{ ...network, ...source }], { readers, now, check: checkTrustList })
  const [status] = trust.status()
  return {
    status,
    usages: trust.keys().keys.map(({ usage }) => usage),
    reasons: (status?.leftOut ?? []).map(({ reason }) => reason),
    warnings: status?.warnings ?? [],
  }
}

describe('a signer of a network’s list', () => {
  it('counts when an SCA of its participant signed it, in whatever domain that one is listed', async () => {
    for (const domain of ['DCC', 'PH4H']) {
      const { usages, reasons, warnings } = await load([sca({ domain }), listItem(issuer.dsc)])
      assert.deepEqual([usages, reasons, warnings], [['SCA', 'DSC'], [], []])
    }
  })

  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 })
  const oddCurve = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
  const other = authority({})
  const noAuthority = authority({ isAuthority: false })
  const foreign = authority({ subject: { commonName: 'SCA', country: 'DE' } })
  const homeless = authority({ subject: { commonName: 'SCA' } })
  const weakAuthority = authority({}, weak)
  const under = (signer: CertificateIssuer) => listItem(certificateUnder(signer, { publicKey: freshKey() }))
  const misled = certificateUnder({ ...issuer.authority, publicKey: other.signer.publicKey }, { publicKey: freshKey() })
  const cases: [string, ListObject[], RegExp][] = [
    ['no SCA is listed', [listItem(issuer.dsc)], /no SCA of the name of its issuer/],
    ['the SCA is of another participant', [sca({ participant: 'XXB' }), listItem(issuer.dsc)], /no SCA of the name/],
    ['the SCA of its issuer’s name did not sign it', [sca(), under(other.signer)], /not signed by the listed SCA/],
    ['it names the key of another SCA', [sca(), listItem(misled)], /authority key id is not that of the SCA/],
    [
      'what signed it is no certificate authority',
      [listItem(noAuthority.certificate, { usage: 'CSCA' }), under(noAuthority.signer)],
      /no SCA of the name/,
    ],
    [
      'the SCA is of another country',
      [listItem(foreign.certificate, { usage: 'CSCA' }), under(foreign.signer)],
      /no SCA of the name/,
    ],
    [
      'the SCA is of no country',
      [listItem(homeless.certificate, { usage: 'CSCA' }), under(homeless.signer)],
      /no SCA of the name/,
    ],
    ['the SCA is only a DSC by its listing', [listItem(issuer.sca), listItem(issuer.dsc)], /no SCA of the name/],
    [
      'the key of the SCA is too weak',
      [listItem(weakAuthority.certificate, { usage: 'CSCA' }), under(weakAuthority.signer)],
      /no SCA of the name/,
    ],
    [
      'its own key is too weak',
      [sca(), listItem(certificateUnder(issuer.authority, { publicKey: weak.publicKey }))],
      /RSA of 1024 bits is too weak/,
    ],
    [
      'its curve is not used',
      [sca(), listItem(certificateUnder(issuer.authority, { publicKey: oddCurve.publicKey }))],
      /its curve \(secp256k1\) is not used/,
    ],
  ]
  for (const [name, items, reason] of cases) {
    it(`is left out and named when ${name}`, async () => {
      const { status, reasons, usages } = await load(items)
      assert.ok(
        reasons.some((each) => reason.test(each)),
        reasons.join('; '),
      )
      assert.ok(!usages.includes('DSC'))
      assert.match(status?.warnings.join('\n') ?? '', reason)
    })
  }

  it('is left out alone: the others count', async () => {
    const { usages, reasons } = await load([sca(), listItem(issuer.dsc), under(other.signer)])
    assert.deepEqual([usages, reasons.length], [['SCA', 'DSC'], 1])
  })
})

describe('authorities of a network’s list', () => {
  it('that are none, or of another country, are left out', async () => {
    const { certificate } = authority({ isAuthority: false })
    assert.match(
      (await load([sca(), listItem(certificate, { usage: 'CSCA' })])).reasons[0] ?? '',
      /no certificate authority/,
    )
    const german = authority({ subject: { commonName: 'SCA', country: 'DE' } }).certificate
    assert.match((await load([sca(), listItem(german, { usage: 'CSCA' })])).reasons[0] ?? '', /country of its subject/)
  })

  it('are of a country in the network’s own spelling', async () => {
    for (const [country, participant] of [
      ['XL', 'XCL'],
      ['XT', 'XT'],
      ['XK', 'XXK'],
      ['XK', 'XKX'],
      ['DE', 'DEU'],
    ] as const) {
      const { certificate } = authority({ subject: { commonName: 'SCA', country } })
      assert.deepEqual((await load([listItem(certificate, { usage: 'CSCA', participant })])).usages, ['SCA'], country)
    }
  })

  it('are reported when two of a participant have one name, or one key id', async () => {
    const twin = authority({}).certificate
    const { warnings } = await load([sca(), listItem(twin, { usage: 'CSCA' })])
    assert.match(warnings.join(), /2 SCAs of XXA have the name/)
    const renewed = certificateUnder(
      { ...issuer.authority, name: { commonName: 'Renewed', country: 'XA' } },
      { publicKey: issuer.sca.publicKey, isAuthority: true, subject: { commonName: 'Renewed', country: 'XA' } },
    )
    assert.match(
      (await load([sca(), listItem(renewed, { usage: 'CSCA' })])).warnings.join(),
      /2 SCAs .* subject key id/,
    )
  })
})

describe('a network’s list', () => {
  it('is not used when it was made in the future, of another DID, or refers to other lists', async () => {
    const items = [sca(), listItem(issuer.dsc)]
    assert.equal((await load(items, {}, '2022-06-01T00:59:00Z')).status?.usable, true)
    assert.match((await load(items, {}, '2022-06-01T01:00:01Z')).status?.failure ?? '', /in the future/)
    assert.equal((await load(items, { id: 'did:web:lists.example:v2:trustlist' })).status?.usable, true)
    const { status } = await load(items, { id: 'did:web:lists.example:v2:trustlist:DCC' })
    assert.match(status?.failure ?? '', /the list is did:web:lists\.example:v2:trustlist, and .* is configured/)
    const reference = await load(['did:web:lists.example:v2:trustlist:DCC'] as unknown as ListObject[])
    assert.match(reference.status?.failure ?? '', /a reference list stands below/)
  })

  it('gives a source that is bound what belongs to it, and names the rest', async () => {
    const items = [sca(), listItem(issuer.dsc), sca({ participant: 'XA', domain: 'PH4H' })]
    assert.deepEqual((await load(items, { participant: 'XXA', domain: 'DCC' })).usages, ['SCA', 'DSC'])
    const { usages, reasons } = await load(items, { participant: 'XXB' })
    assert.deepEqual([usages, reasons.length], [[], 3])
  })

  it('with more than eight keys under one id says so', async () => {
    const many = (count: number) =>
      Array.from({ length: count }, (_, at) =>
        listItem(certificateUnder(issuer.authority, { publicKey: freshKey() }), { keyId: 'QQ==', domain: `D${at}` }),
      )
    assert.match((await load([sca(), ...many(9)])).warnings.join(), /9 keys stand under the key id QQ==/)
    assert.doesNotMatch((await load([sca(), ...many(8)])).warnings.join(), /stand under/)
  })
})

describe('a folder of one’s own', () => {
  const folder: TrustSource = { name: 'own', kind: 'certificates', location: '/own' }
  const loadFolder = async (files: Record<string, X509Certificate>) => {
    const pem = Object.entries(files).map(([name, certificate]) => [`/own/${name}.pem`, certificate.toString()])
    const trust = await loadTrustLists([folder], { readers: memoryReaders(Object.fromEntries(pem)), now })
    return { keys: trust.keys().keys.map(({ usage }) => usage), status: trust.status()[0] }
  }

  it('may hold a signer without its authority: that is a remark', async () => {
    const { keys, status } = await loadFolder({ dsc: issuer.dsc })
    assert.deepEqual(keys, ['DSC'])
    assert.match(status?.warnings.join() ?? '', /no SCA of the name/)
  })

  it('holds no signer that another than its listed authority signed', async () => {
    const { keys, status } = await loadFolder({ sca: issuer.sca, dsc: testIssuer({ country: 'XA' }).dsc })
    assert.deepEqual(keys, ['SCA'])
    assert.match(status?.leftOut?.[0]?.reason ?? '', /not signed by the listed SCA/)
  })
})
