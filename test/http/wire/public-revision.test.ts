import assert from 'node:assert/strict'
import { test } from 'node:test'
import { publicRevision } from '../../../src/http/wire/reply-cache.ts'

test('the revision of what is public ignores AuditEvents', () => {
  const store: Record<string, number> = { ValueSet: 1, AuditEvent: 2 }
  const revision = publicRevision({
    revision: (types = []) => Math.max(...types.map((type) => store[type] ?? 0)),
  })
  assert.equal(revision(), 1)
  store.AuditEvent = 3
  assert.equal(revision(), 1)
  store.ValueSet = 4
  assert.equal(revision(), 4)
})
