import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { JsonObject } from '../../../src/base/json-value.ts'
import { credentialFormats } from '../../../src/credentials/credentials.ts'
import {
  type HealthLink,
  hasLapsed,
  isListSearch,
  whatIsBehind,
} from '../../../src/credentials/health-link/health-link.ts'
import { openFile } from '../../../src/credentials/health-link/open-file.ts'
import { readLink } from '../../../src/credentials/health-link/read-link.ts'
import { issueHealthLink, sealFile } from '../../../src/demo/issue-health-link.ts'
import { verifyCredential } from '../../../src/evaluate/verify/verify.ts'
import { anchorKeySource } from '../../../src/trust/keys/anchors.ts'
import { walkSections } from '../../support/sections.ts'

const url = 'https://files.example/secret-address'
const key = Buffer.alloc(32, 7)

interface Case {
  text?: string
  prefix?: string
  payload?: JsonObject
  urlLength?: number
  padded?: true
  signed?: true
  fault?: 'encoding' | 'envelope'
  link?: Record<string, unknown>
  remarks?: string[]
}

walkSections<Case>('links.json', import.meta.url, (each) => {
  const read = readLink(each.text ?? textOf(each), each.signed)
  if (each.fault !== undefined) {
    assert.ok('of' in read)
    assert.equal(read.of, each.fault)
    return
  }
  assert.ok('link' in read, JSON.stringify(read))
  for (const [name, value] of Object.entries(each.link ?? {}))
    assert.deepEqual(Object(read.link)[name] ?? 'absent', value, name)
  const { remarks = [] } = each
  assert.equal(read.remarks.length, remarks.length, read.remarks.join())
  for (const remark of remarks) assert.ok(read.remarks.some((text) => text.includes(remark)))
})

function textOf({ prefix = 'shlink:/', payload = {}, urlLength, padded }: Case): string {
  const whole: JsonObject = { url, key: key.toString('base64url'), ...payload }
  for (const name of Object.keys(whole)) if (whole[name] === 'absent') delete whole[name]
  if (urlLength !== undefined) whole.url = String(whole.url).padEnd(urlLength, 'x')
  const bytes = Buffer.from(JSON.stringify(whole))
  return `${prefix}${padded ? `${bytes.toString('base64url')}${'='.repeat((3 - (bytes.length % 3)) % 3)}` : bytes.toString('base64url')}`
}

const clock = new Date('2026-01-01T00:00:00Z')
const verify = (text: string) =>
  verifyCredential([text], { formats: credentialFormats, keys: anchorKeySource([]), clock })
const failed = async (text: string) => {
  const { status, checks, links } = await verify(text)
  const check = checks.find(({ outcome }) => outcome === 'fail')
  return { status, name: check?.name, detail: check?.detail ?? '', links: links.length }
}

describe('a bare health link', () => {
  const recognised: [text: string, is: boolean][] = [
    ['shlink:/e30', true],
    ['vhlink:/e30', true],
    ['https://viewer.example/#shlink:/e30', true],
    ['HTTPS://VIEWER.EXAMPLE/a#b#shlink:/e30', false],
    ['SHLINK:/e30', false],
    ['shlink:e30', false],
    [' shlink:/e30', false],
    ['see shlink:/e30', false],
    ['{"a":"#shlink:/e30"}', false],
    ['HC1:#shlink:/', false],
  ]
  for (const [text, is] of recognised)
    it(`${is ? 'is' : 'is not'} ${text}`, async () => {
      const { format } = await verify(text)
      assert.equal(format === 'smart-health-link', is)
    })
  it('is no credential, and says what is behind it without saying where', async () => {
    const text = issueHealthLink({ url, key, flag: 'LP', label: 'Ada Specimen' }, 'shlink')
    const { status, name, detail, links } = await failed(text)
    assert.deepEqual([status, name, links], ['UNSUPPORTED_CONTENT', 'payload', 1])
    assert.match(detail, /SMART Health Link to a list of files \(a passcode is needed, its content may change\)/)
    assert.doesNotMatch(detail, /Ada|files\.example|secret|BwcH/)
  })
  it('whose life has ended is expired, and not there to be followed', async () => {
    const seconds = clock.getTime() / 1000
    for (const exp of [seconds - 1, 0, -1]) {
      const { status, name, links } = await failed(issueHealthLink({ url, key, exp }, 'shlink'))
      assert.deepEqual([status, name, links], ['EXPIRED', 'validity-period', 0])
    }
    assert.equal((await failed(issueHealthLink({ url, key, exp: seconds }, 'shlink'))).status, 'UNSUPPORTED_CONTENT')
    const unreadable = `shlink:/${Buffer.from(JSON.stringify({ url, key: key.toString('base64url'), exp: 'x' })).toString('base64url')}`
    assert.equal((await failed(unreadable)).status, 'EXPIRED')
  })
  it('is one text', async () => {
    const text = issueHealthLink({ url, key }, 'shlink')
    const { status } = await verifyCredential([text, text], {
      formats: credentialFormats,
      keys: anchorKeySource([]),
      clock,
    })
    assert.equal(status, 'INVALID_ENCODING')
  })
  it('of any text gives a verdict that quotes nothing', async () => {
    const payload = fc.record(
      {
        url: fc.webUrl(),
        key: fc.string(),
        exp: fc.anything(),
        flag: fc.string(),
        label: fc.string(),
        v: fc.anything(),
      },
      { requiredKeys: [] },
    )
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json(),
      payload.map((each) => JSON.stringify(each)),
      fc.base64String(),
    )
    await fc.assert(
      fc.asyncProperty(texts, fc.boolean(), async (text, isEncoded) => {
        const body = isEncoded ? Buffer.from(text).toString('base64url') : text
        const { status, detail } = await failed(`shlink:/${body}`)
        assert.notEqual(status, 'VERIFIED')
        if (text.length > 12) assert.ok(!detail.includes(text))
      }),
    )
  })
})

describe('what is behind a link', () => {
  const link = (more: Partial<HealthLink>): HealthLink => ({ scheme: 'vhlink', url, flags: '', ...more })
  const searches: [url: string, is: boolean][] = [
    ['https://s.example/fhir/List?_id=1&code=folder', true],
    ['https://s.example/List?_id=1', true],
    ['https://s.example/fhir/List/_search?_id=1', true],
    ['https://s.example/fhir/List', false],
    ['https://s.example/fhir/List?', false],
    ['https://s.example/fhir/List/1?x=1', false],
    ['https://s.example/fhir/MyList?_id=1', false],
    ['https://s.example/m?List=1', false],
  ]
  for (const [address, is] of searches)
    it(`${is ? 'is a folder' : 'is no folder'} at ${address}`, () => {
      assert.equal(isListSearch(link({ url: address })), is)
      assert.equal(whatIsBehind(link({ url: address })).includes('folder'), is)
    })
  it('is told by its flags', () => {
    assert.equal(whatIsBehind(link({ flags: 'U' })), 'a verifiable health link to one file')
    assert.equal(hasLapsed(link({ expires: 'not-a-number' }), clock), true)
    assert.equal(hasLapsed(link({}), clock), false)
  })
})

describe('a sealed file', () => {
  const nonce = Buffer.alloc(12, 1)
  const bytes = Buffer.from('{"a":1}')
  it('opens with its key alone, packed or not', () => {
    for (const isCompressed of [false, true]) {
      const sealed = sealFile(bytes, { key, nonce, contentType: 'application/fhir+json; x=1', isCompressed })
      const opened = openFile(`${sealed}\n`, key)
      assert.deepEqual(opened, { bytes, contentType: 'application/fhir+json' })
      assert.ok('status' in openFile(sealed, Buffer.alloc(32, 8)))
      for (const length of [0, 16, 31, 33, 64]) assert.ok('status' in openFile(sealed, Buffer.alloc(length, 7)))
    }
  })
  it('may name its type in the short spelling (RFC 7516, 4.1.12)', () => {
    const sealed = sealFile(bytes, { key, nonce, contentType: 'smart-health-card' })
    assert.deepEqual(openFile(sealed, key), { bytes, contentType: 'application/smart-health-card' })
  })
  it('that was changed anywhere does not open', () => {
    const sealed = sealFile(bytes, { key, nonce, contentType: 'application/json', isCompressed: true })
    fc.assert(
      fc.property(fc.nat(sealed.length - 1), fc.constantFrom(...'Ab1-_.= '), (at, character) => {
        fc.pre(sealed[at] !== character)
        assert.ok('status' in openFile(sealed.slice(0, at) + character + sealed.slice(at + 1), key))
      }),
    )
  })
  it('of any text is opened or refused, and nothing else', () => {
    const header = Buffer.from('{"alg":"dir","enc":"A256GCM"}').toString('base64url')
    const any = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(fc.base64String(), { minLength: 5, maxLength: 5 }).map((parts) => parts.join('.')),
      fc
        .tuple(fc.base64String(), fc.base64String(), fc.base64String())
        .map((parts) => [header, '', ...parts].join('.')),
    )
    fc.assert(fc.property(any, (text) => assert.ok('status' in openFile(text, key))))
  })
})
