import assert from 'node:assert/strict'
import { test } from 'node:test'
import { publicRevision } from '../../src/http/public-revision.ts'

test('a revision is asked of the store once in a while, at once after a write here, and ignores AuditEvents', () => {
  const store = { ValueSet: 1, AuditEvent: 2 }
  let asked = 0
  let clock = 0
  const storage = {
    revision: (types?: readonly string[]) => {
      asked += 1
      if (!types) return Math.max(store.ValueSet, store.AuditEvent)
      assert.ok(types.includes('ValueSet') && !types.includes('AuditEvent'))
      return store.ValueSet
    },
  }
  const revision = publicRevision(storage, () => clock)
  assert.equal(revision.current(), 1)
  assert.equal(revision.current(), 1)
  assert.equal(asked, 2)
  store.AuditEvent = 3
  revision.forget()
  assert.equal(revision.current(), 1)
  store.ValueSet = 4
  revision.forget()
  assert.equal(revision.current(), 4)
  store.ValueSet = 5
  assert.equal(revision.current(), 4)
  clock += 2
  assert.equal(revision.current(), 5)
})
