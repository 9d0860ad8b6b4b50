import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createKeySet, readKeySet } from '../../src/authority/tokens/key-set.ts'
import { FhirError } from '../../src/fhir/error.ts'
import { clock, ecKey, rsaKey, type TestKey } from './support/bed.ts'

const [a, b] = [ecKey('a'), ecKey('b')]
const setOf = (...keys: (TestKey | { jwk: unknown })[]) =>
  Buffer.from(JSON.stringify({ keys: keys.map(({ jwk }) => jwk) }))

const bed = (first: Buffer) => {
  const state = { content: first as Buffer | Error, seconds: clock, reads: 0 }
  const told: unknown[] = []
  const keys = createKeySet({
    read: async () => {
      state.reads += 1
      if (state.content instanceof Error) throw state.content
      return state.content
    },
    now: () => new Date(state.seconds * 1000),
    report: (error) => void told.push(error),
  })
  return { state, keys, told }
}
const settle = () => new Promise((done) => setImmediate(done))

describe('keys of an issuer', () => {
  it('are read when they are first asked for, and once for many', async () => {
    const { state, keys } = bed(setOf(a))
    assert.equal(state.reads, 0)
    const found = await Promise.all([keys.find('a', 'ES256'), keys.find('a', 'ES256'), keys.find('a', 'ES384')])
    assert.deepEqual(
      found.map((each) => each !== undefined),
      [true, true, false],
    )
    assert.equal(state.reads, 1)
  })

  it('are read again for a kid that is not there, not more often than every 30 seconds', async () => {
    const { state, keys } = bed(setOf(a))
    await keys.find('a', 'ES256')
    state.content = setOf(a, b)
    for (let each = 0; each < 100; each++) assert.equal(await keys.find(`${each}`, 'ES256'), undefined)
    assert.equal(await keys.find('b', 'ES256'), undefined)
    assert.equal(state.reads, 1)
    state.seconds += 31
    assert.ok(await keys.find('b', 'ES256'))
    assert.equal(state.reads, 2)
  })

  it('are good while the issuer cannot be reached, and for a day only', async () => {
    const { state, keys, told } = bed(setOf(a))
    await keys.find('a', 'ES256')
    const before = keys.generation()
    state.content = new Error('unreachable')
    state.seconds += 86_000
    assert.ok(await keys.find('a', 'ES256'))
    await settle()
    assert.equal(told.length, 1)
    state.seconds += 500
    await assert.rejects(keys.find('a', 'ES256'), (error) => error instanceof FhirError && error.status === 503)
    assert.notEqual(keys.generation(), before)
    state.seconds += 31
    state.content = setOf(a)
    assert.ok(await keys.find('a', 'ES256'))
  })

  it('are 503 where they were never read', async () => {
    const { state, keys } = bed(setOf(a))
    state.content = Buffer.from('<html>')
    await assert.rejects(keys.find('a', 'ES256'), (error) => error instanceof FhirError && error.status === 503)
    await assert.rejects(keys.find('a', 'ES256'), (error) => error instanceof FhirError && error.status === 503)
    assert.equal(state.reads, 1)
  })

  it('that are gone verify nothing, and what they verified is verified anew', async () => {
    const { state, keys } = bed(setOf(a, b))
    await keys.find('a', 'ES256')
    const before = keys.generation()
    state.content = setOf(b)
    state.seconds += 601
    keys.refresh()
    await settle()
    assert.notEqual(keys.generation(), before)
    assert.equal(await keys.find('a', 'ES256'), undefined)
  })

  it('of a set that is broken do not replace good ones', async () => {
    const { state, keys } = bed(setOf(a))
    await keys.find('a', 'ES256')
    for (const broken of ['', '{}', '{"keys":[]}', '[]', '{"keys":[{}]}', '{"keys":[],"keys":[]}']) {
      state.content = Buffer.from(broken)
      state.seconds += 601
      keys.refresh()
      await settle()
      assert.ok(await keys.find('a', 'ES256'), broken)
    }
  })

  it('that are of no use are left out', () => {
    const odd = [
      { ...a.jwk, kid: undefined },
      { ...a.jwk, kid: 'enc', use: 'enc' },
      { ...a.jwk, kid: 'ops', key_ops: ['sign'] },
      { ...a.jwk, kid: 'x', x: 'AAAA' },
      { kty: 'oct', kid: 'oct', k: 'AAAA' },
      { ...a.jwk, kid: 'alg', alg: 'HS256' },
      { ...a.jwk, kid: 'curve', crv: 'P-521' },
      'text',
    ].map((jwk) => ({ jwk }))
    assert.deepEqual(
      readKeySet(setOf(a, ...odd)).map(({ keyId }) => keyId),
      ['a'],
    )
    assert.throws(() => readKeySet(setOf(...odd)), /no key for/)
    assert.throws(() => readKeySet(setOf(...Array.from({ length: 101 }, () => a))), /at most 100/)
    assert.throws(() => readKeySet(Buffer.alloc(1_000_001)), /JWK Set/)
    assert.deepEqual(
      readKeySet(setOf(rsaKey('r'))).map(({ algorithms }) => algorithms),
      [['RS256', 'RS384', 'PS256']],
    )
  })
})
