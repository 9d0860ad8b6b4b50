/**
 * What a search finds, sentence by sentence (cases/*.json): by the store, which has an index, and by the evaluation of what is in no
 * store. Two ways that must find the same.
 */
import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { FhirError } from '../../../src/fhir/error.ts'
import { asResource } from '../../../src/fhir/json.ts'
import { meetsConditions } from '../../../src/fhir/search/evaluate.ts'
import { parseSearch } from '../../../src/fhir/search/parse-search.ts'
import type { Resource } from '../../../src/fhir/types.ts'
import { parseQuery } from '../../../src/http/message/head.ts'
import { openStorage } from '../../../src/storage/open.ts'
import { readCases } from '../../support/cases.ts'

interface Case {
  name: string
  query: string
  /** Ids, in alphabetical order. */
  found?: string[]
  /** Said of a search that is refused. */
  refused?: string
  /** Joins other types, which only a store can do. */
  joins?: boolean
  /** The type that is searched, by default that of the first resource. */
  type?: string
}

for (const { file, source, cases, ...more } of readCases<Case>(new URL('cases/', import.meta.url)))
  describe(`${file} (${source})`, async () => {
    const resources: Resource[] =
      'resources' in more && Array.isArray(more.resources) ? more.resources.map(asResource) : []
    const storage = await openStorage('sqlite::memory:', { dataDir: '.' })
    after(() => storage.close())
    await storage.write(
      resources.map((resource) => ({ method: 'PUT', type: resource.resourceType, id: resource.id ?? '', resource })),
    )
    const first = resources[0]?.resourceType ?? assert.fail('no resources')
    const options = { base: 'http://vidimus.test/fhir', onlyNamed: ['AuditEvent'] }

    for (const { name, query, found, refused, joins, type = first } of cases)
      it(`${name}: ${query.slice(0, 120)}`, async () => {
        if (refused !== undefined) {
          assert.throws(
            () => parseSearch(type, parseQuery(query), options),
            (error) => error instanceof FhirError && error.status === 400 && error.message.includes(refused),
          )
          return
        }
        const { conditions, unknown } = parseSearch(type, parseQuery(query), options)
        assert.deepEqual(
          unknown.filter((each) => each !== '_contained'),
          [],
        )
        const { matches } = await storage.search({ type, conditions, sort: [], count: 100, total: 'none' })
        assert.deepEqual(matches.map(({ id }) => id).sort(), found, 'the store')
        if (joins) return
        const candidate = (resource: Resource) => ({
          resource,
          id: resource.id ?? '',
          lastUpdated: '2024-01-01T00:00:00Z',
          now: 0,
        })
        const met = resources.filter(
          (each) => each.resourceType === type && meetsConditions(candidate(each), conditions),
        )
        assert.deepEqual(
          met.map(({ id }) => id),
          found,
          'without a store',
        )
      })
  })
