import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { CmsError, cmsFromText, openCms, signCms } from '../../src/cms/cms.ts'
import { der, explicit, objectIdentifier, octetString, sequence, time } from '../../src/cms/der.ts'
import {
  attribute,
  goodAttributes,
  issuerAndSerialNumber,
  type MessageChanges,
  writeMessage,
} from '../support/cms-message.ts'
import { testSigner } from '../support/cms-signer.ts'
import { withoutEnd } from '../support/issuer.ts'

const content = Buffer.from('{"url":"https://a.example/r/1"}')
const other = Buffer.from('{"url":"https://evil.example/1"}')
const signer = testSigner('P-256')
const stranger = testSigner('P-256', 'a stranger')
const rsa = testSigner('RSA-2048')
const own = signer.certificate.raw
const [type, at, digest] = goodAttributes(content) as [Buffer, Buffer, Buffer]
const contentTypeOf = (oid: string) => attribute('1.2.840.113549.1.9.3', objectIdentifier(oid))
const algorithm = (oid: string, ...parameters: Buffer[]) => sequence(objectIdentifier(oid), ...parameters)
const pss = (hash: string, mask = hash) => {
  const hashes = [explicit(0, algorithm(hash)), explicit(1, algorithm('1.2.840.113549.1.1.8', algorithm(mask)))]
  return algorithm('1.2.840.113549.1.1.10', sequence(...hashes))
}
const nested = (depth: number) => {
  let value = octetString(content)
  for (let level = 0; level < depth; level++) value = der(0x24, value)
  return value
}

const refused: [what: string, reason: 'malformed' | 'signature', changes: MessageChanges, signedBy?: typeof signer][] =
  [
    ['another type of message', 'malformed', { outerType: '1.2.840.113549.1.7.3' }],
    ['no certificate', 'malformed', { certificates: [] }],
    ['two certificates', 'malformed', { certificates: [own, stranger.certificate.raw] }],
    ['the same certificate twice', 'malformed', { certificates: [own, own] }],
    ['the certificate of somebody else', 'malformed', { certificates: [stranger.certificate.raw] }],
    ['a certificate that is none', 'malformed', { certificates: [sequence(octetString(own))] }],
    ['a certificate of another format', 'malformed', { certificates: [der(0xa2, own)] }],
    ['a certificate whose end is no time', 'malformed', { certificates: [withoutEnd(own)] }],
    ['a certificate with bytes after it', 'malformed', { certificates: [Buffer.concat([own, Buffer.from([5, 0])])] }],
    ['the name of the signer of another key', 'malformed', { sid: issuerAndSerialNumber(stranger.certificate.raw) }],
    ['a key identifier of another key', 'malformed', { sid: der(0x80, Buffer.alloc(20)) }],
    ['no signer', 'malformed', { signers: 0 }],
    ['two signers', 'malformed', { signers: 2 }],
    ['content of another type', 'malformed', { contentType: '1.2.840.113549.1.9.16.1.4' }],
    ['two contents', 'malformed', { inside: [octetString(content), octetString(other)] }],
    ['content that is no OCTET STRING', 'malformed', { inside: [sequence(octetString(content))] }],
    ['content in pieces too deep in each other', 'malformed', { inside: [nested(40)] }],
    ['a field that is not known', 'malformed', { after: [octetString(content)] }],
    ['a field of the signer that is not known', 'malformed', { unsigned: [der(0xa2, type)] }],
    ['other content inside', 'signature', { inside: [octetString(other)] }],
    ['a signed type that is another', 'signature', { attributes: [contentTypeOf('1.2.840.113549.1.7.5'), at, digest] }],
    ['no signed type', 'malformed', { attributes: [at, digest] }],
    ['no signed digest', 'malformed', { attributes: [type, at] }],
    ['the signed digest twice', 'malformed', { attributes: [type, at, digest, digest] }],
    [
      'the signed digest of two contents',
      'malformed',
      {
        attributes: [
          type,
          at,
          attribute('1.2.840.113549.1.9.4', octetString(Buffer.alloc(32)), octetString(Buffer.alloc(32, 1))),
        ],
      },
    ],
    ['the signed digest of other content', 'signature', { attributes: goodAttributes(other) }],
    [
      'a signing time that does not exist',
      'malformed',
      {
        attributes: [type, digest, attribute('1.2.840.113549.1.9.5', der(0x17, Buffer.from('260230120000Z')))],
      },
    ],
    [
      'a signing time of another zone',
      'malformed',
      {
        attributes: [type, digest, attribute('1.2.840.113549.1.9.5', der(0x17, Buffer.from('260220120000+0100')))],
      },
    ],
    ['a signature over other attributes', 'signature', { signed: Buffer.concat(goodAttributes(other)) }],
    ['a signature over the content, though there are attributes', 'signature', { signed: content }],
    [
      'a signature over the attributes as they stand',
      'signature',
      {
        signed: der(0xa0, ...goodAttributes(content)),
      },
    ],
    ['a signature by a stranger', 'signature', {}, { ...stranger, certificate: signer.certificate }],
    ['SHA-1 as the digest', 'signature', { digestAlgorithm: '1.3.14.3.2.26' }],
    ['another digest than was signed with', 'signature', { digestAlgorithm: '2.16.840.1.101.3.4.2.2' }],
    ['ECDSA with SHA-1', 'signature', { signatureAlgorithm: algorithm('1.2.840.10045.4.1') }],
    ['RSA with a key on a curve', 'signature', { signatureAlgorithm: algorithm('1.2.840.113549.1.1.11') }],
    ['ECDSA with an RSA key', 'signature', {}, rsa],
    ['RSA with MD5', 'signature', { signatureAlgorithm: algorithm('1.2.840.113549.1.1.4') }, rsa],
    ['RSASSA-PSS without parameters', 'malformed', { signatureAlgorithm: algorithm('1.2.840.113549.1.1.10') }, rsa],
    [
      'RSASSA-PSS with the parameters that are SHA-1',
      'signature',
      { signatureAlgorithm: algorithm('1.2.840.113549.1.1.10', sequence()) },
      rsa,
    ],
    [
      'RSASSA-PSS with another mask',
      'signature',
      { signatureAlgorithm: pss('2.16.840.1.101.3.4.2.1', '2.16.840.1.101.3.4.2.2') },
      rsa,
    ],
    ['RSASSA-PSS that is RSA', 'signature', { signatureAlgorithm: pss('2.16.840.1.101.3.4.2.1') }, rsa],
  ]

describe('a message', () => {
  it('as this file writes it is opened', async () => {
    assert.ok((await openCms(writeMessage(content, signer))).content.equals(content))
    const pieces = { inside: [der(0x24, octetString(content.subarray(0, 5)), nested(2))] }
    const whole = Buffer.concat([content.subarray(0, 5), content])
    assert.ok((await openCms(writeMessage(whole, signer, pieces))).content.equals(whole))
    const bare = writeMessage(content, signer, { attributes: 'none' })
    assert.equal((await openCms(bare)).signingTime, undefined)
    const late = time(new Date('2051-01-01T00:00:00Z'))
    const later = { attributes: [type, digest, attribute('1.2.840.113549.1.9.5', late)] }
    assert.equal((await openCms(writeMessage(content, signer, later))).signingTime?.getUTCFullYear(), 2051)
  })
  for (const [what, reason, changes, by = signer] of refused)
    it(`with ${what} is ${reason}`, () =>
      assert.rejects(openCms(writeMessage(content, by, changes)), (error) => {
        assert.ok(error instanceof CmsError, String(error))
        assert.equal(error.reason, reason, error.message)
        assert.doesNotMatch(error.message, /evil|a\.example|stranger/)
        return true
      }))
  it('whose signature is one over attributes gives these out as content to nobody', async () => {
    const attributes = der(0x31, ...goodAttributes(content).toSorted(Buffer.compare))
    await openCms(writeMessage(content, signer, { signed: attributes }))
    const replayed = writeMessage(attributes, signer, { attributes: 'none' })
    await assert.rejects(openCms(replayed), { reason: 'signature' })
    // A text that only begins with the same octet is content like another.
    const text = Buffer.from('1 reference')
    assert.ok((await openCms(writeMessage(text, signer, { attributes: 'none' }))).content.equals(text))
  })
  it('beside which other content stands is refused, even when its own is good', async () => {
    const message = writeMessage(content, signer)
    await assert.rejects(openCms(message, { detached: other }), { reason: 'signature' })
    assert.ok((await openCms(message, { detached: content })).content.equals(content))
  })
})

describe('bytes that are no message', () => {
  const good = writeMessage(content, signer)
  const bad: [what: string, bytes: Buffer][] = [
    ['nothing', Buffer.alloc(0)],
    ['text', Buffer.from('garbage')],
    ['bytes after the message', Buffer.concat([good, Buffer.from([0])])],
    ['two messages', Buffer.concat([good, good])],
    ['a message that is cut off', good.subarray(0, -1)],
    ['a length of more than there is', Buffer.from([0x30, 0x84, 0x7f, 0xff, 0xff, 0xff, 0x30])],
    ['a length of many bytes', Buffer.from([0x30, 0x88, 0, 0, 0, 0, 0, 0, 0, 1, 5])],
    ['a value without end', Buffer.from([0x30, 0x80, 0x05, 0x00])],
    ['a primitive value without length', Buffer.from([0x04, 0x80, 0, 0])],
    ['an end mark', Buffer.from([0, 0])],
    ['a tag of many bytes', Buffer.from([0x3f, 0x81, 0x01, 0x00])],
    ['100,000 values in each other', Buffer.alloc(200_000, Buffer.from([0x30, 0x80]))],
    [
      'a million values',
      Buffer.concat([Buffer.from([0x30, 0x84, 0, 0x1e, 0x84, 0x80]), Buffer.alloc(2_000_000, Buffer.from([5, 0]))]),
    ],
    ['a certificate', own],
  ]
  for (const [what, bytes] of bad)
    it(what, () => assert.rejects(openCms(bytes), { name: 'CmsError', reason: 'malformed' }))
})

describe('the text of a message', () => {
  const text = Buffer.from('any message').toString('base64')
  it('is base64 on one line, with or without its padding', () => {
    assert.equal(cmsFromText(text).toString(), 'any message')
    assert.equal(cmsFromText(text.replace(/=+$/, '')).toString(), 'any message')
  })
  const bad: [what: string, text: string][] = [
    ['empty', ''],
    ['in lines', `${text.slice(0, 4)}\n${text.slice(4)}`],
    ['with a line end', `${text}\n`],
    ['with a space', ` ${text}`],
    ['base64url', `-_${text.slice(2)}`],
    ['PEM', `-----BEGIN CMS-----\n${text}\n-----END CMS-----`],
    ['padded too much', `${text}=`],
    ['padded in the middle', `YQ==${text}`],
    ['padded by half', 'YQ='],
    ['of one character', 'Y'],
    ['with bits that mean nothing', 'YR=='],
    ['with a byte order mark', `\ufeff${text}`],
  ]
  for (const [what, each] of bad)
    it(`is not ${what}`, () => assert.throws(() => cmsFromText(each), { reason: 'malformed' }))
})

describe('signing', () => {
  const at = new Date('2026-11-29T12:00:00Z')
  it('wants the key of the certificate', () =>
    assert.rejects(signCms(content, { ...signer, privateKey: stranger.privateKey, at }), /not that of the certificate/))
  it('says after 2049 what time it is', async () => {
    const der = await signCms(content, { ...signer, at: new Date('2050-02-01T00:00:00Z') })
    assert.equal((await openCms(der)).signingTime?.toISOString(), '2050-02-01T00:00:00.000Z')
  })
})

describe('whatever is changed in a message', () => {
  const messages = [
    writeMessage(content, signer),
    writeMessage(content, signer, { attributes: 'none' }),
    writeMessage(content, signer, { inside: [der(0x24, octetString(content))] }),
  ]
  const change = fc.record({
    at: fc.nat(3_000),
    kind: fc.constantFrom('set', 'insert', 'remove', 'swap'),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 4 }),
  })
  it('it never says other content, and never anything but a plain refusal', () =>
    fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...messages),
        fc.array(change, { minLength: 1, maxLength: 3 }),
        async (message, changes) => {
          let bytes = Buffer.from(message)
          for (const { at: place, kind, bytes: piece } of changes) {
            const from = place % (bytes.length + 1)
            const to = kind === 'insert' ? from : Math.min(bytes.length, from + piece.length)
            const between =
              kind === 'remove'
                ? Buffer.alloc(0)
                : kind === 'swap'
                  ? Buffer.from(bytes.subarray(from, to)).reverse()
                  : piece
            bytes = Buffer.concat([bytes.subarray(0, from), between, bytes.subarray(to)])
          }
          await openCms(bytes).then(
            (opened) => {
              assert.ok(opened.content.equals(content))
              assert.ok(opened.signer.publicKey.equals(signer.certificate.publicKey))
            },
            (error) => assert.ok(error instanceof CmsError, String(error)),
          )
        },
      ),
      { numRuns: 3_000 },
    ))
  it('bytes at random are refused', () =>
    fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), (bytes) => assert.rejects(openCms(bytes), CmsError)),
      { numRuns: 2_000 },
    ))
})
