/** Master lists of certificate authorities, and directories written out as LDIF. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { credentialFormats } from '../../../../src/credentials/credentials.ts'
import { issueSeal, sampleSeal, sealKeyUsage } from '../../../../src/demo/issue-icao-vds-nc.ts'
import { verifyCredential } from '../../../../src/evaluate/verify/verify.ts'
import { LdifError, readLdif } from '../../../../src/trust/lists/directories/ldif.ts'
import type { TrustSource } from '../../../../src/trust/lists/trust-source.ts'
import type { Trust } from '../../../../src/trust/trust.ts'
import type { Files } from '../../../support/memory-readers.ts'
import { openssl, withOpenssl } from '../../../support/openssl.ts'
import { testPki } from '../../../support/pki/pki.ts'
import { entryOf, folded, masterList, masterListContent } from '../../../support/trust-network/directories.ts'
import { loadNetwork } from '../../../support/trust-network/gateway-list.ts'

const pki = testPki({ countries: ['UT'] })
const authority = (country: string, more: object = {}) =>
  pki.make({
    name: `${country}_CSCA`,
    subject: { country, commonName: `CSCA ${country}` },
    keyUsage: ['keyCertSign', 'cRLSign'],
    authority: 0,
    ...more,
  })
const [csca, second] = [authority('UY'), authority('DE')]
const masterListUse = '2.23.136.1.1.3'
const listSigner = pki.make({
  name: 'UT_ML',
  subject: { country: 'UT', commonName: 'list signer' },
  issuer: pki.of('UT').sca,
  extendedKeyUsage: [masterListUse],
})
const content = masterListContent(csca.certificate.raw, second.certificate.raw)

const source = (more: Partial<TrustSource> = {}): TrustSource => ({
  name: 'icao',
  kind: 'icao-master-list',
  location: '/list.ml',
  key: ['/signer.pem'],
  ...more,
})
const load = (list: Buffer, pinned = listSigner.pem, more: Partial<TrustSource> = {}) =>
  loadNetwork([source(more)], { files: { '/list.ml': list, '/signer.pem': pinned } })

const failure = (trust: Trust) => trust.status()[0]?.failure ?? ''
const reasons = (trust: Trust) =>
  trust
    .status()[0]
    ?.leftOut?.map(({ reason }) => reason)
    .join('; ') ?? ''
const found = (trust: Trust) =>
  trust
    .keys()
    .keys.map(({ participant, usage, domain }) => `${usage} of ${participant} for ${domain}`)
    .sort()
const both = ['SCA of DEU for ICAO', 'SCA of URY for ICAO']

/** A seal under a signer that the authority of Uruguay issued. */
const seal = (() => {
  const signer = pki.make({
    name: 'UY_BCS',
    subject: { country: 'UY', commonName: 'seals' },
    issuer: csca,
    extendedKeyUsage: [sealKeyUsage],
  })
  return issueSeal(sampleSeal({ issuer: 'URY', issuedAt: new Date() }), {
    privateKey: signer.privateKey,
    certificate: signer.certificate.raw,
  })
})()
const verdictOn = async (trust: Trust) =>
  (await verifyCredential([seal], { formats: credentialFormats, keys: trust.keys(), clock: new Date() })).status

describe('a master list', () => {
  it('gives authorities of the countries of their subjects, under which seals are verified', async () => {
    const trust = await load(masterList(content, listSigner))
    assert.equal(failure(trust), '')
    assert.deepEqual(found(trust), both)
    assert.equal(await verdictOn(trust), 'VERIFIED')
    const without = await load(masterList(masterListContent(second.certificate.raw), listSigner))
    assert.equal(await verdictOn(without), 'ISSUER_NOT_TRUSTED')
  })

  it('with the certificates of its signer and of his authority', async () => {
    const certificates = [listSigner.certificate, pki.of('UT').sca.certificate]
    assert.deepEqual(found(await load(masterList(content, listSigner, { certificates }))), both)
    assert.deepEqual(found(await load(masterList(content, listSigner, { certificates }), pki.of('UT').sca.pem)), both)
  })

  it('at an address', async () => {
    const location = 'https://pkd.example/list.ml'
    const files: Files = { [location]: masterList(content, listSigner), '/signer.pem': listSigner.pem }
    const trust = await loadNetwork([source({ location })], { files })
    assert.deepEqual(found(trust), both)
    files[location] = Buffer.from('<html></html>')
    await trust.reload()
    assert.match(failure(trust), /not valid/)
    assert.deepEqual(found(trust), both)
    files[location] = masterList(masterListContent(), listSigner)
    await trust.reload()
    assert.match(failure(trust), /empty/)
    assert.deepEqual(found(trust), both)
  })

  const other = pki.make({
    name: 'UT_DS',
    subject: { country: 'UT', commonName: 'passports' },
    issuer: pki.of('UT').sca,
  })
  const bad: [what: string, list: () => Buffer, told: RegExp, pinned?: string][] = [
    ['of another signer', () => masterList(content, other), /another certificate than the pinned one/],
    [
      'of a signer of passports under the pinned authority',
      () => masterList(content, other),
      /another certificate/,
      pki.of('UT').sca.pem,
    ],
    [
      'of a signer under a namesake of the pinned authority',
      () =>
        masterList(
          content,
          pki.make({
            name: 'UT_ML2',
            subject: { country: 'UT', commonName: 'x' },
            issuer: authority('UT'),
            extendedKeyUsage: [masterListUse],
          }),
        ),
      /another certificate/,
      pki.of('UT').sca.pem,
    ],
    [
      'signed outside the period',
      () => masterList(content, listSigner, { at: new Date('2020-01-01') }),
      /outside the period/,
    ],
    [
      'of another type of content',
      () => masterList(content, listSigner, { contentType: '1.2.840.113549.1.7.1' }),
      /another type/,
    ],
    [
      'with another content inside',
      () => masterList(content, listSigner, { contentInside: masterListContent() }),
      /another content/,
    ],
    [
      'of two signers',
      () =>
        masterList(content, listSigner, {
          furtherSigners: [other],
          certificates: [listSigner.certificate, other.certificate],
        }),
      /exactly one signer/,
    ],
    ['that is empty', () => masterList(masterListContent(), listSigner), /is empty/],
    ['that is no list', () => masterList(Buffer.from('0000', 'hex'), listSigner), /not valid/],
    ['that is a certificate', () => masterList(csca.certificate.raw, listSigner), /no list of certificates/],
    ['that is a page', () => Buffer.from('<html></html>'), /not valid/],
    ['that is nothing', () => Buffer.alloc(0), /not valid/],
  ]
  for (const [what, list, told, pinned] of bad)
    it(`is refused: ${what}`, async () => {
      const trust = await load(list(), pinned)
      assert.match(failure(trust), told)
      assert.equal(trust.keys().keys.length, 0)
    })

  it('leaves out what is no authority, has no country, or cannot be read', async () => {
    const leaf = pki.make({ name: 'UY_LEAF', subject: { country: 'UY', commonName: 'leaf' } })
    const list = masterListContent(
      leaf.certificate.raw,
      authority('UY', { subject: { commonName: 'nobody' } }).certificate.raw,
      masterListContent(),
      csca.certificate.raw,
    )
    const trust = await load(masterList(list, listSigner))
    assert.deepEqual(found(trust), ['SCA of URY for ICAO'])
    assert.match(reasons(trust), /is listed as an authority and is none/)
    assert.match(reasons(trust), /country of its subject is not one/)
    assert.match(reasons(trust), /no certificate that can be read/)
  })

  it('may be bound to a participant and a domain', async () => {
    const trust = await load(masterList(content, listSigner), listSigner.pem, { participant: 'UY', domain: 'SEALS' })
    assert.deepEqual(found(trust), ['SCA of URY for SEALS'])
  })
})

withOpenssl('a master list that openssl signs', () => {
  it('is read', async () => {
    const args = [
      'cms',
      '-sign',
      '-binary',
      '-nodetach',
      '-md',
      'sha256',
      '-in',
      'content',
      '-signer',
      'cert',
      '-inkey',
      'key',
      '-certfile',
      'more',
      '-econtent_type',
      '2.23.136.1.1.2',
      '-outform',
      'DER',
      '-out',
      'out',
    ]
    const list = openssl(args, { content, cert: listSigner.pem, key: listSigner.keyPem, more: pki.of('UT').sca.pem })
    assert.deepEqual(found(await load(list)), both)
  })
})

const ldif = (...entries: string[]) => `version: 1\n\n${entries.join('\n\n')}\n`
const loadLdif = (text: string | Buffer, more: Partial<TrustSource> = {}, files: Files = {}) =>
  loadNetwork([{ name: 'directory', kind: 'ldif', location: '/keys.ldif', ...more }], {
    files: { '/keys.ldif': text, ...files },
  })
const signer = pki.make({ name: 'UY_DS', subject: { country: 'UY', commonName: 'signer' }, issuer: csca })
const authorityEntry = entryOf(csca.certificate, 'UY', 'cACertificate;binary')

describe('a directory', () => {
  it('gives signers, and the authorities that they are held against', async () => {
    const trust = await loadLdif(
      `# of today\n${ldif(authorityEntry, entryOf(signer.certificate, 'UY'), 'dn: o=x\nsn: x\ncertificateRevocationList;binary:: AAAA')}`,
    )
    assert.equal(failure(trust), '')
    assert.deepEqual(found(trust), ['DSC of URY for ICAO', 'SCA of URY for ICAO'])
    assert.match(trust.status()[0]?.warnings.join() ?? '', /1 revocation lists of certificates \(CRL\) are not used/)
  })

  it('with other line ends, capitals, a mark at its beginning, and comments that go on', async () => {
    const text = ldif(entryOf(signer.certificate, 'uy', 'USERCERTIFICATE;BINARY'), authorityEntry)
    const odd = `\ufeff# a comment\n  that goes on\n${text}`.replaceAll('\n', '\r\n')
    assert.equal((await loadLdif(odd)).keys().keys.length, 2)
  })

  it('with a master list, whose signature must be good, and of whom it is pinned', async () => {
    const entry = `dn: o=ml,c=UT,dc=data\n${folded('pkdMasterListContent', masterList(content, listSigner))}`
    assert.deepEqual(found(await loadLdif(ldif(entry))), both)
    const named = `dn: o=ml,c=UT,dc=data\n${folded('CscaMasterListData', masterList(content, listSigner))}`
    const pinned = { key: ['/signer.pem'] }
    assert.deepEqual(found(await loadLdif(ldif(named), pinned, { '/signer.pem': listSigner.pem })), both)
    const strange = await loadLdif(ldif(named), pinned, { '/signer.pem': second.pem })
    assert.match(reasons(strange), /another certificate than the pinned one/)
    const forged = `dn: o=ml,c=UT\n${folded('pkdMasterListContent', masterList(content, listSigner, { contentInside: masterListContent() }))}`
    assert.match(reasons(await loadLdif(ldif(forged))), /not valid/)
  })

  const leftOut: [what: string, entry: string, told: RegExp][] = [
    [
      'an authority that is none',
      entryOf(signer.certificate, 'UY', 'cACertificate;binary'),
      /listed as an authority and is none/,
    ],
    [
      'under another country',
      entryOf(signer.certificate, 'DE'),
      /stands in the directory under DE, and its subject is of URY/,
    ],
    [
      'a signer of a namesake',
      entryOf(
        pki.make({ name: 'UY_F', subject: { country: 'UY', commonName: 'f' }, issuer: authority('UY') }).certificate,
        'UY',
      ),
      /not signed by|authority key id/,
    ],
    [
      'no certificate',
      `dn: c=UY\n${folded('userCertificate;binary', Buffer.from('none'))}`,
      /no certificate that can be read/,
    ],
    ['base64 that is broken', 'dn: c=UY\nuserCertificate;binary:: AA=A', /not base64/],
    ['text in place of base64', 'dn: c=UY\nuserCertificate;binary: none', /no certificate that can be read/],
  ]
  for (const [what, entry, told] of leftOut)
    it(`leaves out ${what}, and names the line`, async () => {
      const trust = await loadLdif(ldif(authorityEntry, entry))
      assert.deepEqual(found(trust), ['SCA of URY for ICAO'])
      assert.match(reasons(trust), told)
      assert.match(trust.status()[0]?.leftOut?.[0]?.entry ?? '', /line \d+|DSC|SCA/)
    })

  const bad: [what: string, text: string, told: RegExp][] = [
    ['a record of a change', ldif('dn: c=UY\nchangetype: add\nsn: x'), /line 4: it describes changes/],
    ['a control', ldif('dn: c=UY\ncontrol: 1.2.3 true'), /line 4: it describes changes/],
    [
      'a value in another file',
      ldif('dn: c=UY\nuserCertificate;binary:< file:///etc/passwd'),
      /line 4: its value stands in another file/,
    ],
    ['no name', 'version: 1\nsn: x\n', /line 2: an entry does not begin with its name/],
    ['two names', 'dn: c=UY\ndn: c=DE\n', /line 2: two entries/],
    ['a line without colon', 'dn: c=UY\nnonsense\n', /line 2: it is no attribute/],
    ['a line that goes on from nothing', ' x\n', /line 1: a line goes on/],
    ['another version', 'version: 2\n', /line 1: it is of another version/],
    ['a name that is not base64', 'dn:: *\n', /line 1: the name of the entry is not base64/],
    ['a page', '<html></html>', /line 1/],
    ['nothing', '', /holds no certificate/],
    ['only comments', '# x\n'.repeat(2000), /holds no certificate/],
    [
      'a value without end',
      `dn: c=UY\nuserCertificate;binary:: ${'A'.repeat(13_000_000)}`,
      /line 2: the value is longer/,
    ],
    ['a value in pieces without end', `dn: c=UY\nsn: x${'\n x'.repeat(500_010)}`, /the value has more lines/],
    ['values without end', `dn: c=UY\n${'sn: x\n'.repeat(10_001)}`, /more than 10000 values/],
    ['entries without end', 'dn: c=UY\n\n'.repeat(200_001), /more than 200000 entries/],
  ]
  for (const [what, text, told] of bad)
    it(`is refused: ${what}`, async () => {
      const trust = await loadLdif(text)
      assert.match(failure(trust), told)
      assert.ok(failure(trust).length < 200)
    })
})

describe('LDIF', () => {
  const read = (text: string) => [...readLdif(Buffer.from(text))].filter((entry) => entry !== undefined)

  it('lets others have a turn by lines and by bytes: a few long lines take as long as many short ones', () => {
    const turns = (text: string) => [...readLdif(Buffer.from(text))].filter((entry) => entry === undefined).length
    const long = `userCertificate:: ${Buffer.alloc(900_000).toString('base64')}\n`
    assert.equal(turns(`dn: c=UT\n${long.repeat(8)}`), 8)
    assert.equal(turns(`dn: c=UT\n${'sn: a\n'.repeat(5000)}`), 10)
  })

  it('is read as it was written, however it is folded', () => {
    const attribute = fc
      .stringMatching(/^[a-z][a-z0-9]{1,8}$/)
      .filter((name) => !['dn', 'version', 'control', 'changetype'].includes(name))
    const value = fc.tuple(attribute, fc.uint8Array({ minLength: 1, maxLength: 200 }))
    fc.assert(
      fc.property(
        fc.array(fc.array(value, { minLength: 1, maxLength: 4 }), { maxLength: 4 }),
        fc.integer({ min: 2, max: 80 }),
        (entries, width) => {
          const fold = (line: string) =>
            line.slice(0, width) +
            (line.slice(width).match(new RegExp(`.{1,${width}}`, 'g')) ?? []).map((part) => `\n ${part}`).join('')
          const text = entries
            .map((values, at) =>
              [
                `dn: cn=${at}`,
                ...values.map(([name, bytes]) => fold(`${name}:: ${Buffer.from(bytes).toString('base64')}`)),
              ].join('\n'),
            )
            .join('\n\n')
          const back = read(text).map(({ values }) =>
            values.map(({ attribute: name, value: bytes }) => [name, bytes?.toString('hex')]),
          )
          assert.deepEqual(
            back,
            entries.map((values) => values.map(([name, bytes]) => [name, Buffer.from(bytes).toString('hex')])),
          )
        },
      ),
      { numRuns: 100 },
    )
  })

  it('or refused with its line, whatever it is', () => {
    const piece = fc.constantFrom(
      'dn: x',
      'sn:: AAAA',
      ' ',
      ':',
      '::',
      '#',
      'dn',
      '\n',
      '\r\n',
      'version: 1',
      'changetype: add',
      '\0',
      'é',
      'a;b;c: d',
      'sn:<',
    )
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string()), { maxLength: 12 }), (parts) => {
        try {
          read(parts.join('\n'))
        } catch (error) {
          assert.ok(error instanceof LdifError, String(error))
          assert.match(error.message, /^line \d+: /)
        }
      }),
      { numRuns: 300 },
    )
  })
})
