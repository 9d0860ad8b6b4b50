import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readiness } from '../../src/http/readiness-parts.ts'
import type { TrustListStatus } from '../../src/trust/trust.ts'

const list = (name: string, members: Partial<TrustListStatus> = {}): TrustListStatus => ({
  name,
  kind: 'jwks',
  location: `/secret/${name}`,
  usable: true,
  state: 'ok',
  keys: 1,
  expired: 0,
  warnings: [],
  ...members,
})
const partOf = (lists: TrustListStatus[]) =>
  readiness({ maintenance: false, content: { status: 'none' }, lists }).find(({ name }) => name === 'trust lists')

test('readiness names the trust lists that failed, and no path', () => {
  assert.deepEqual(partOf([list('a')]), { name: 'trust lists', ready: true, state: '1 of 1 usable' })
  const failure = '/secret/b does not exist'
  const failed = [list('a'), list('b', { usable: false, failure }), list('c', { failure })]
  assert.deepEqual(partOf(failed), {
    name: 'trust lists',
    ready: true,
    state: '2 of 3 usable',
    detail: 'b: not usable, c: old copy',
  })
})

test('a server of whose configured lists none gives keys is not ready: it would call every genuine credential untrusted', () => {
  const bad = { usable: false, failure: 'gone' }
  assert.equal(partOf([list('a', bad)])?.ready, false)
  assert.equal(partOf([list('a', bad), list('b', bad)])?.ready, false)
  assert.equal(partOf([list('a', bad), list('b', { failure: 'gone' })])?.ready, true, 'an old copy is one')
  assert.equal(partOf([list('a', bad), list('b', { kind: 'distrusted' })])?.ready, false, 'it only withdraws keys')
  assert.equal(partOf([list('b', { kind: 'distrusted' })])?.ready, true)
  assert.equal(partOf([])?.ready, true, 'none is configured, so none is missing')
})

test('a server is not ready while a list that withdraws keys, or that is required, cannot be read', () => {
  const unavailable = 'b, which is required, cannot be read'
  const parts = readiness({ maintenance: false, content: { status: 'none' }, lists: [list('a')], unavailable })
  assert.equal(parts.find(({ name }) => name === 'trust lists')?.ready, false)
  assert.ok(!JSON.stringify(parts).includes('required, cannot'))
})
