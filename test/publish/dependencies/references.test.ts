import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { elementInfo, resourceTypes, typeInfo } from '../../../src/fhir/elements.ts'
import type { Resource } from '../../../src/fhir/types.ts'
import { canonicalReferences } from '../../../src/publish/dependencies/references.ts'
import { readCases } from '../../support/cases.ts'

interface Case {
  name: string
  resource: Resource
  expected: string[]
}

for (const { file, cases } of readCases<Case>(new URL('cases/', import.meta.url)))
  describe(`canonical references: ${file}`, () => {
    for (const { name, resource, expected } of cases)
      it(name, () => {
        const told = canonicalReferences(resource).map(({ path, canonical, role, types, versionPath }) =>
          [path, canonical, role, types.join(), versionPath].filter((each) => each !== undefined).join(' '),
        )
        assert.deepEqual(told, expected)
      })
  })

describe('canonical references', () => {
  /** Every element of the type canonical alone, by the path at which it is declared. */
  function declaredCanonicals(type: string, seen = new Set<string>()): string[] {
    if (seen.has(type)) return []
    seen.add(type)
    return (typeInfo(type)?.elements ?? []).flatMap((element) => {
      const path = `${type}.${element.name}`
      if (element.types.includes('canonical') && !element.choice) return [path]
      const below = elementInfo(type, element.name)?.childType ?? ''
      return below.startsWith(`${type}.`) ? declaredCanonicals(below, seen) : []
    })
  }

  it('find every element of the type canonical that a resource type of R4 declares itself', () => {
    let count = 0
    for (const type of resourceTypes())
      for (const declared of declaredCanonicals(type)) {
        const [root = '', ...names] = declared.split('.')
        // One holder in the other, from the root to the element.
        const last = names.pop() ?? ''
        let value: object = {
          [last]: elementInfo([root, ...names].join('.'), last)?.isArray ? ['http://e/x'] : 'http://e/x',
        }
        while (names.length > 0) {
          const name = names.pop() ?? ''
          value = { [name]: elementInfo([root, ...names].join('.'), name)?.isArray ? [value] : value }
        }
        const resource = { resourceType: root, ...value } as Resource
        const found = canonicalReferences(resource)
        assert.ok(
          found.some(({ canonical, element }) => canonical === 'http://e/x' && element === declared),
          declared,
        )
        count++
      }
    assert.ok(count >= 60, `${count} elements`)
  })

  it('never fail, whatever stands in a resource', () => {
    fc.assert(
      fc.property(fc.constantFrom(...resourceTypes()), fc.jsonValue(), (type, content) => {
        const members = typeof content === 'object' && content !== null ? content : { library: content }
        const elements = typeInfo(type)?.elements ?? []
        const held = Object.fromEntries(elements.map(({ name }) => [name, content]))
        canonicalReferences({ ...members, ...held, resourceType: type } as unknown as Resource)
      }),
    )
  })
})
