import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { credentialFormats } from '../../../src/credentials/credentials.ts'
import { parseStrictJson } from '../../../src/credentials/encoding/strict-json.ts'
import { type CardOptions, cardKeyId, issueCard, sampleCard } from '../../../src/demo/issue-shc.ts'
import { verifyCredential } from '../../../src/evaluate/verify/verify.ts'
import { anchorKeySource } from '../../../src/trust/keys/anchors.ts'
import { keyPairFor } from '../../support/issuer.ts'
import { cardDose, card as cardOf, cardPatient, cardResult } from '../../support/map-samples.ts'

const iss = 'https://issuer.example/cards'
const pair = keyPairFor('ES256')
const jwk = { ...pair.publicKey.export({ format: 'jwk' }), kid: cardKeyId(pair.publicKey), iss }
const card = sampleCard({ issuer: iss, issuedAt: new Date('2022-01-01'), expires: new Date('2023-01-01') })
const verify = (texts: string[], anchor: object = jwk, clock = '2022-06-01T00:00:00Z') =>
  verifyCredential(texts, {
    formats: credentialFormats,
    keys: anchorKeySource([Buffer.from(JSON.stringify(anchor))]),
    clock: new Date(clock),
  })
const issue = (options: CardOptions = {}, content = card) => issueCard(content, pair, options)

describe('SMART Health Cards', () => {
  it('certify to rules what happened: a test that is not final is told, and rules about tests are not asked', async () => {
    const { status: _, ...more } = cardResult()
    const bundle = (result: object) => cardOf(cardPatient(), cardDose(), result as never)
    const kindsOf = async (result: object) => {
      const content = { ...card, vc: bundle(result).vc ?? null }
      const { status, events } = await verify(issue({}, content))
      assert.equal(status, 'VERIFIED')
      return events
    }
    assert.deepEqual(await kindsOf({ ...more, status: 'final' }), ['v', 't'])
    assert.deepEqual(await kindsOf({ ...more, status: 'preliminary' }), ['v'])
  })

  it('verify, in one text or in chunks of any order', async () => {
    const verdict = await verify(issue())
    assert.equal(verdict.status, 'VERIFIED')
    assert.equal(verdict.format, 'shc')
    assert.deepEqual(verdict.content, card)
    assert.deepEqual(verdict.events, ['v'])
    assert.equal((await verify(issue({ chunks: 5 }).reverse())).status, 'VERIFIED')
    assert.equal((await verify(issue({ chunks: 5 }).slice(1))).status, 'INVALID_ENCODING')
  })

  it('are refused when forged, expired, early, or of another issuer', async () => {
    const forged = sampleCard({ issuer: iss, issuedAt: new Date('2021-01-01') })
    assert.equal((await verify(issue({ replacedPayload: forged }))).status, 'INVALID_SIGNATURE')
    assert.equal((await verify(issue(), jwk, '2024-01-01T00:00:00Z')).status, 'EXPIRED')
    assert.equal((await verify(issue(), jwk, '2020-01-01T00:00:00Z')).status, 'NOT_YET_VALID')
    assert.equal((await verify(issue(), { ...jwk, iss: `${iss}/` })).status, 'ISSUER_NOT_TRUSTED')
    const { iss: _, ...unbound } = jwk
    const http = sampleCard({ issuer: 'http://issuer.example/cards', issuedAt: new Date('2022-01-01') })
    assert.equal((await verify(issue({}, http), unbound)).status, 'ISSUER_NOT_TRUSTED')
  })

  it('with a bad header skip the compression, which was never reached', async () => {
    const { status, checks } = await verify(issue({ header: { alg: 'none' } }))
    assert.equal(status, 'INVALID_SIGNING_FORMAT')
    assert.deepEqual(
      checks.slice(0, 4).map(({ outcome }) => outcome),
      ['pass', 'pass', 'skipped', 'fail'],
    )
  })

  it('are refused when header or payload is not UTF-8', async () => {
    const withBadByte = (at: 0 | 1) => {
      const inflated = [
        Buffer.from(JSON.stringify({ zip: 'DEF', alg: 'ES256', kid: 'k' })),
        Buffer.from(JSON.stringify(card)),
      ]
      const damaged = inflated.map((bytes, part) =>
        part === at ? Buffer.from(bytes.map((each) => (each === (part === 0 ? 107 : 65) ? 0xff : each))) : bytes,
      )
      const [header = Buffer.alloc(0), payload = Buffer.alloc(0)] = damaged
      const jws = [header, deflateRawSync(payload), Buffer.alloc(64)]
        .map((part) => part.toString('base64url'))
        .join('.')
      return `shc:/${[...jws].map((each) => String(each.charCodeAt(0) - 45).padStart(2, '0')).join('')}`
    }
    assert.equal((await verify([withBadByte(0)])).status, 'INVALID_SIGNING_FORMAT')
    assert.equal((await verify([withBadByte(1)])).status, 'UNSUPPORTED_CONTENT')
  })

  it('are revoked by rid, or by rid and time', async () => {
    const listed = { ...card, vc: { ...(card.vc as object), rid: 'abc_1' } }
    const against = async (rids: string[], more: object = {}) => {
      const verdict = await verify(issue({}, listed), {
        ...jwk,
        crlVersion: 1,
        crl: { kid: jwk.kid, method: 'rid', ctr: 1, rids, ...more },
      })
      return [verdict.status, verdict.checks.at(-1)?.outcome]
    }
    const issued = Date.parse('2022-01-01') / 1000
    assert.deepEqual(await against(['abc_1']), ['REVOKED', 'fail'])
    assert.deepEqual(await against([`abc_1.${issued + 1}`]), ['REVOKED', 'fail'])
    assert.deepEqual(await against([`abc_1.${issued}`]), ['VERIFIED', 'pass'])
    assert.deepEqual(await against(['abc_2']), ['VERIFIED', 'pass'])
    assert.deepEqual(await against(['abc_2', '!']), ['VERIFIED', 'warn'])
    assert.deepEqual(await against([], { ctr: 0 }), ['VERIFIED', 'warn'])
    assert.deepEqual(await against([], { kid: 'x' }), ['VERIFIED', 'warn'])
    // A list that is at fault still revokes what it lists.
    for (const fault of [{ kid: 'x' }, { method: 'y' }, { ctr: 0 }]) {
      assert.deepEqual(await against(['abc_1'], fault), ['REVOKED', 'fail'])
    }
  })

  it('are never VERIFIED with one digit changed', async () => {
    const [text = ''] = issue()
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 5, max: text.length - 1 }), fc.nat(9), async (at, digit) => {
        fc.pre(text[at] !== String(digit))
        const damaged = text.slice(0, at) + digit + text.slice(at + 1)
        const verdict = await verify([damaged])
        // The last character of a base64url part has bits that mean nothing; then nothing that was signed has changed.
        if (verdict.status === 'VERIFIED') assert.deepEqual(verdict.content, card)
      }),
      { numRuns: 300 },
    )
  })
})

describe('strict JSON', () => {
  it('is JSON.parse for what has no member twice', () => {
    fc.assert(fc.property(fc.json(), (text) => assert.deepEqual(parseStrictJson(text, 64), JSON.parse(text))))
  })
  it('refuses a member twice, however it is written, and too deep nesting', () => {
    for (const wrong of [
      '{"a":1,"a":2}',
      '{"a":1,"\\u0061":2}',
      '{"x":[{"a":1,"b":{},"a":[]}]}',
      '{"__proto__":1,"__proto__":2}',
      '{',
      '',
    ]) {
      assert.equal(parseStrictJson(wrong, 64), undefined, wrong)
    }
    assert.ok(parseStrictJson('['.repeat(64) + ']'.repeat(64), 64))
    assert.equal(parseStrictJson('['.repeat(65) + ']'.repeat(65), 64), undefined)
    assert.deepEqual(parseStrictJson('{"a":{"a":"{\\"a\\":1,"},"b":["a","a"]}', 64), {
      a: { a: '{"a":1,' },
      b: ['a', 'a'],
    })
  })
})
