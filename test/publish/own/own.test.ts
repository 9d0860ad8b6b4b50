import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { commonGrant, narrowed, principalOf } from '../../../src/authority/principals.ts'
import { readScopes } from '../../../src/authority/scopes.ts'
import { FhirError } from '../../../src/fhir/error.ts'
import { asResource } from '../../../src/fhir/json.ts'
import type { Principal } from '../../../src/fhir/principal.ts'
import { ownWrites } from '../../../src/publish/own/own.ts'
import { openStorage } from '../../../src/storage/open.ts'
import type { Write } from '../../../src/storage/storage.ts'
import { readCases } from '../../support/read-cases.ts'

interface Case {
  name: string
  /** Of the principal; `system/*.cruds`, http://a.org/x and AT where it is not said. */
  scopes?: string
  prefixes?: string[]
  jurisdictions?: string[]
  /** What is stored before. */
  stored?: Record<string, unknown>[]
  writes: { method: Write['method']; resource?: Record<string, unknown>; type?: string; id?: string }[]
  status?: number
  told?: string
}

const principal = ({
  scopes = 'system/*.cruds',
  prefixes = ['http://a.org/x'],
  jurisdictions = ['AUT'],
}: Case): Principal =>
  principalOf(
    { id: 'client:a', kind: 'client', name: 'A' },
    { scopes: readScopes(scopes), canonicalPrefixes: prefixes, jurisdictions },
  )

const writesOf = ({ writes }: Case): Write[] =>
  writes.map(({ method, resource, type, id }) => ({
    method,
    type: String(resource?.resourceType ?? type),
    ...(resource ? { resource: asResource(resource) } : {}),
    ...((resource?.id ?? id) === undefined ? {} : { id: String(resource?.id ?? id) }),
  }))

describe('who may write what', () => {
  for (const each of readCases<Case>(import.meta.url, 'cases/own.json'))
    it(`${each.name}: ${each.status ?? 'done'}`, async () => {
      const storage = await openStorage('sqlite::memory:', { dataDir: '.' })
      try {
        const before = (each.stored ?? []).map(asResource)
        await storage.write(
          before.map((resource) => ({
            method: 'PUT',
            type: resource.resourceType,
            id: String(resource.id),
            resource,
          })),
        )
        const revision = storage.revision()
        const write = async () => storage.write(await ownWrites(writesOf(each), principal(each), storage))
        if (each.status === undefined) {
          await write()
          assert.ok(storage.revision() > revision)
          return
        }
        await assert.rejects(write(), (error) => {
          assert.ok(error instanceof FhirError)
          assert.equal(error.status, each.status)
          if (each.told !== undefined) assert.match(error.message, new RegExp(each.told))
          return true
        })
        assert.equal(storage.revision(), revision)
      } finally {
        await storage.close()
      }
    })

  it('nobody: 401', async () => {
    await assert.rejects(
      ownWrites([], undefined, { read: async () => undefined, readVersion: async () => undefined }),
      (error) => error instanceof FhirError && error.status === 401,
    )
  })

  it('what was changed between look and write is not written: 409', async () => {
    const storage = await openStorage('sqlite::memory:', { dataDir: '.' })
    const set = asResource({ resourceType: 'ValueSet', id: 's', status: 'draft', url: 'http://a.org/x/s' })
    const other = asResource({ resourceType: 'ValueSet', id: 'o', status: 'draft', url: 'http://b.org/s' })
    const basic = (subject: string) =>
      asResource({ resourceType: 'Basic', id: 'b', code: { text: 'note' }, subject: { reference: subject } })
    const put = (resource: ReturnType<typeof asResource>): Write => {
      return { method: 'PUT', type: resource.resourceType, id: String(resource.id), resource }
    }
    try {
      await storage.write([put(set), put(other), put(basic('ValueSet/s'))])
      const mine = principal({ name: '', writes: [] })
      const judged = await ownWrites([{ method: 'DELETE', type: 'Basic', id: 'b' }], mine, storage)
      await storage.write([put(basic('ValueSet/o'))])
      await assert.rejects(storage.write(judged), (error) => error instanceof FhirError && error.status === 409)
      assert.ok((await storage.read('Basic', 'b'))?.resource)
    } finally {
      await storage.close()
    }
  })

  it('two grants give what both give', () => {
    const grant = (scopes: string, prefix: string) => ({
      scopes: readScopes(scopes),
      canonicalPrefixes: [prefix],
      jurisdictions: ['*'],
    })
    const both = commonGrant(grant('system/*.cruds', 'http://a.org'), grant('system/ValueSet.c', 'http://a.org/x'))
    assert.deepEqual(both.canonicalPrefixes, ['http://a.org/x'])
    assert.equal(principalOf({ id: 'x', kind: 'client', name: 'x' }, both).permits('delete', 'ValueSet'), false)
    assert.deepEqual(narrowed(both, readScopes('system/CodeSystem.c')).scopes, [])
    const all = principalOf({ id: 'x', kind: 'client', name: 'x' }, { ...both, canonicalPrefixes: ['*'] })
    assert.equal(all.ownership, 'all')
  })
})
