import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shapeIssues } from '../../../src/fhir/check/input-resource.ts'
import type { Resource } from '../../../src/fhir/types.ts'

/** Members of a ValueSet passed to an operation, and whether its readers would stumble. */
const shapes: [members: object, expression: string | undefined][] = [
  [{ nonsense: 1, 'title:en': 'x', title: '', experimental: 'true', compose: {} }, undefined],
  [{ contained: [{ resourceType: 'ActorDefinition', x: 1 }] }, undefined],
  [{ url: 5 }, 'ValueSet.url'],
  [{ url: null }, 'ValueSet.url'],
  [{ compose: { include: {} } }, 'ValueSet.compose.include'],
  [{ compose: { include: [null] } }, 'ValueSet.compose.include[0]'],
  [{ contained: [1] }, 'ValueSet.contained[0]'],
  [{ contained: [{}] }, 'ValueSet.contained[0]'],
]

for (const [members, expression] of shapes) {
  test(`${JSON.stringify(members)} as input has ${expression ? `a fault at ${expression}` : 'no fault'}`, () => {
    const found = shapeIssues({ resourceType: 'ValueSet', ...members } as unknown as Resource)
    assert.equal(found[0]?.expression?.[0], expression)
  })
}
