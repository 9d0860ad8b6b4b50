/** Signed rules: taken under the signature of an upload key of their country, and under no other. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { FhirError } from '../../../../src/fhir/error.ts'
import { readSigners, uploadKeys } from '../../../../src/publish/import/eu-rules/upload-keys.ts'
import type { ImportReport } from '../../../../src/publish/import/report.ts'
import { type CmsOptions, makeCms } from '../../../support/pki/cms.ts'
import { type PkiKey, testPki } from '../../../support/pki/pki.ts'
import { openImports, wholeRule } from './support.ts'

const { load, options, stored } = await openImports()
const pki = testPki({ countries: ['XY', 'XZ'] })
const own = pki.of('XY').up
// Later than everything that is signed here.
const now = new Date(Date.now() + 3_600_000)
const trusted = (keys: Record<string, PkiKey[]>) => ({
  euRules: {
    uploadKeys: (country: string) => (keys[country] ?? []).map(({ certificate }) => certificate),
    now,
    hasValueSet: async () => true,
  },
})
const trust = trusted({ XY: [own], XZ: [pki.of('XZ').up] })
const signed = (content: unknown, key = own, more: CmsOptions = {}) =>
  makeCms(Buffer.from(typeof content === 'string' ? content : JSON.stringify(content)), key, more)
const base64 = (message: Buffer) => message.toString('base64')
const states = (report: ImportReport) => report.entries.map(({ status }) => status)
const reasons = (report: ImportReport) => report.entries.map(({ reason = '' }) => reason).join('; ')
const rule = (number: number, change = {}) =>
  wholeRule({ Identifier: `VR-XY-${String(number).padStart(4, '0')}`, ...change })
const row = (cms: string, change: object = {}) => ({
  version: '1.0.0',
  validFrom: '2021-06-01T02:00:00+02:00',
  validTo: '2099-06-01T00:00:00Z',
  cms,
  ...change,
})

describe('signed rules', () => {
  it('come in, as one and as list, in every form of a message', async () => {
    const lines = (base64(signed(rule(3))).match(/.{1,64}/g) ?? []).join('\n')
    const forms: [name: string, bytes: Buffer][] = [
      ['list.der', signed([rule(1), rule(2)])],
      ['list.b64', Buffer.from(`${lines}\r\n`)],
      ['list.pem', Buffer.from(`-----BEGIN CMS-----\n${lines.replaceAll('\n', '\r\n')}\n-----END CMS-----\n`)],
      ['indefinite.p7m', signed(rule(4), own, { isIndefinite: true })],
      ['rule', Buffer.from(base64(signed(rule(5))))],
    ]
    for (const [name, bytes] of forms) {
      const report = await load(bytes, name, trust)
      assert.ok(
        states(report).every((each) => each === 'loaded' || each === 'unchanged'),
        `${name}: ${reasons(report)}`,
      )
      assert.match(report.entries[0]?.signedBy ?? '', /C=XY.*SHA-256/)
    }
    assert.equal((await stored('Library')).length, 5)
  })

  it("come in as a gateway's answer, each message for itself", async () => {
    const answer = {
      'VR-XY-0010': [row(base64(signed(rule(10))))],
      'VR-XY-0011': [
        row(base64(signed(rule(11)))),
        row(base64(signed(rule(11, { Version: '1.1.0' }))), { version: '1.1.0' }),
      ],
    }
    const report = await load(answer, 'XY.json', trust)
    assert.deepEqual(states(report), Array(6).fill('loaded'), reasons(report))
  })

  const message = signed(rule(20))
  const forged = Buffer.from(message)
  forged[forged.indexOf('Acceptance')] = 'B'.charCodeAt(0)
  const future = new Date(now.getTime() + 86_400_000 * 30)
  const refused: [name: string, bytes: Buffer, says: RegExp, change?: object][] = [
    ['without anybody whose signatures count', message, /no trusted upload certificate of XY/, trusted({})],
    ['signed by another country', signed(rule(20), pki.of('XZ').up), /C=XZ.*no trusted upload certificate of XY/],
    [
      'signed by a key of the country for other things',
      signed(rule(20), pki.of('XY').sca),
      /no trusted upload certificate of XY/,
    ],
    [
      'signed by a stranger who calls himself so',
      signed(rule(20), testPki({ countries: ['XY'] }).of('XY').up),
      /no trusted upload certificate of XY/,
    ],
    [
      'of another country',
      signed(rule(20, { Country: 'XZ', Identifier: 'VR-XZ-0020' })),
      /no trusted upload certificate of XZ/,
    ],
    [
      'of two countries',
      signed([rule(20), rule(20, { Country: 'XZ', Identifier: 'VR-XZ-0020' })]),
      /no trusted upload certificate of XZ/,
    ],
    ['of no country', signed([rule(20), { Logic: 1 }]), /Country is missing/],
    ['tampered with', forged, /forged or damaged/],
    ['without the content', signed(rule(20), own, { isDetached: true }), /cannot be read: the message has no content/],
    ['signed by nobody', signed(rule(20), own, { isUnsigned: true }), /cannot be read/],
    ['signed in the future', signed(rule(20), own, { at: future }), /not signed within the period/],
    [
      'signed before the certificate was',
      signed(rule(20), own, { at: new Date('2001-01-01T00:00:00Z') }),
      /not signed within the period/,
    ],
    ['with nothing inside', signed([]), /what is signed holds no rule/],
    ['with a message inside', signed({ 'VR-XY-0020': [row(base64(message))] }), /inside of a signed message/],
    ['with a text inside', signed('no rules'), /not valid JSON/],
    ['with a rule that is refused inside', signed([rule(20), rule(21, { Engine: 'CQL' })]), /only CERTLOGIC is run/],
    ['cut', message.subarray(0, 400), /cannot be read/],
    ['cut, as text', Buffer.from(base64(message).slice(0, 400)), /cannot be read/],
    ['broken, as text', Buffer.from(`${base64(message).slice(0, 400)}é`), /cannot be read/],
    ['with something behind', Buffer.concat([message, Buffer.from('x')]), /cannot be read/],
    ['in PEM without end', Buffer.from(`-----BEGIN CMS-----\n${base64(message)}`), /cannot be read/],
  ]
  for (const [name, bytes, says, change = trust] of refused)
    it(`${name}: refused, and the rest of the folder with it`, async () => {
      const before = (await stored('Library')).length
      const report = await load(bytes, 'rules.cms', change)
      assert.match(reasons(report), says)
      assert.ok(
        states(report).every((each) => each === 'failed' || each === 'skipped'),
        reasons(report),
      )
      assert.ok(states(report).includes('failed'))
      assert.equal((await stored('Library')).length, before)
    })

  it('are refused where the import knows nobody at all', async () => {
    const { euRules: _, ...nobody } = options
    const report = await load(message, 'rules.cms', { ...nobody, euRules: undefined as never })
    assert.match(reasons(report), /signed, and nobody said whose signatures count/)
  })

  const others: [name: string, identifier: string, change: object, says: RegExp][] = [
    ['identifier', 'VR-XY-0099', {}, /Identifier is another than the list says/],
    ['version', 'VR-XY-0020', { version: '2.0.0' }, /Version is another than the list says/],
    ['beginning', 'VR-XY-0020', { validFrom: '2020-06-01T00:00:00Z' }, /ValidFrom is another than the list says/],
    ['end', 'VR-XY-0020', { validTo: '2098-06-01T00:00:00Z' }, /ValidTo is another than the list says/],
    ['end that is no instant', 'VR-XY-0020', { validTo: 'never' }, /ValidTo is another than the list says/],
  ]
  for (const [name, identifier, change, says] of others)
    it(`under another ${name} in the answer of a gateway: refused`, async () => {
      const report = await load({ [identifier]: [row(base64(message), change)] }, 'XY.json', trust)
      assert.match(reasons(report), says)
      assert.ok(!states(report).includes('loaded'))
    })

  it('no byte of a message can be another one', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: message.length - 1 }), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const bytes = Buffer.from(message)
        bytes[at] = (bytes[at] ?? 0) ^ change
        const report = await load(bytes, 'rules.cms', { ...trust, dryRun: true })
        // What a byte of the wrapping says may be said in two ways; the rule is then the one that was signed.
        for (const each of report.entries) assert.ok(each.status !== 'loaded' || each.rule === 'VR-XY-0020 1.0.0')
      }),
      { numRuns: 150 },
    )
  })
})

describe('whose signatures count', () => {
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-signers-'))
  const file = (name: string, content: string | Buffer) => {
    writeFileSync(join(folder, name), content)
    return join(folder, name)
  }
  const listed = (keys: { certificate: PkiKey['certificate']; status: string }[]) => ({
    keys: () => ({ find: () => keys }) as never,
  })
  const raw = (certificates: readonly { raw: Buffer }[]) => certificates.map((each) => each.raw.toString('hex'))

  it('certificates that the operator names, in PEM and DER, for the country that they name', () => {
    try {
      const der = file('up.der', own.certificate.raw)
      const pem = file('up.pem', `${own.certificate}\n${pki.of('XZ').up.certificate}`)
      const keys = uploadKeys(listed([]), readSigners([der, pem]))
      assert.deepEqual(raw(keys('XY')), raw([own.certificate, own.certificate]))
      assert.deepEqual(raw(keys('XZ')), raw([pki.of('XZ').up.certificate]))
      assert.deepEqual(raw(keys('DE')), [])
      for (const bad of [
        file('none.pem', 'no certificate'),
        file('anchor.pem', String(pki.make({ name: 'stateless', subject: { commonName: 'x' } as never }).certificate)),
      ])
        assert.throws(() => readSigners([bad]), FhirError)
      assert.throws(() => readSigners([join(folder, 'nowhere')]), /ENOENT/)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('upload keys of the trust lists; what one of them withdraws counts no more, whoever names it', () => {
    const { certificate } = own
    const named = [{ country: 'XY', certificate }]
    assert.deepEqual(raw(uploadKeys(listed([{ certificate, status: 'current' }]), [])('XY')), raw([certificate]))
    assert.deepEqual(raw(uploadKeys(listed([{ certificate, status: 'revoked' }]), named)('XY')), [])
  })
})
