import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readiness } from '../../src/http/readiness-parts.ts'
import type { TrustListStatus } from '../../src/trust/trust.ts'

const list = (name: string, members: Partial<TrustListStatus> = {}): TrustListStatus => ({
  name,
  kind: 'jwks',
  location: `/secret/${name}`,
  usable: true,
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
