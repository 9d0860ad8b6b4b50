import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Resource } from '../../src/fhir/types.ts'
import { shapeIssues, structureIssues } from '../../src/http/structure.ts'

/** What is wrong with a ValueSet of those members, and where. */
const faults: [members: object, expression: string | undefined][] = [
  [{ status: 'active', title: 'x', _title: { extension: [{ url: 'http://x', valueString: 'y' }] } }, undefined],
  [
    {
      extension: [
        { url: 'http://x', valueDecimal: 1.5 },
        { url: 'http://y', valueCoding: { code: 'x' } },
      ],
    },
    undefined,
  ],
  [{ contained: [{ resourceType: 'CodeSystem', content: 'complete', concept: [{ code: 'a' }] }] }, undefined],
  [{ expansion: { timestamp: '2020', contains: [{ code: 'a', contains: [{ code: 'b' }] }] } }, undefined],
  [{ text: { status: 'generated', div: '<div/>' }, meta: { profile: ['http://x', null] } }, undefined],
  [{ nonsense: 1 }, 'ValueSet.nonsense'],
  [{ title: 1 }, 'ValueSet.title'],
  [{ title: null }, 'ValueSet.title'],
  [{ title: '' }, 'ValueSet.title'],
  [{ title: ['x'] }, 'ValueSet.title'],
  [{ identifier: {} }, 'ValueSet.identifier'],
  [{ identifier: [] }, 'ValueSet.identifier'],
  [{ identifier: [{}] }, 'ValueSet.identifier[0]'],
  [{ identifier: [null] }, 'ValueSet.identifier[0]'],
  [{ meta: 'x' }, 'ValueSet.meta'],
  [{ experimental: 'true' }, 'ValueSet.experimental'],
  [{ expansion: { timestamp: '2020', total: 1.5 } }, 'ValueSet.expansion.total'],
  [{ extension: [{ url: 'http://x', value: 'y' }] }, 'ValueSet.extension[0].value'],
  [{ extension: [{ url: 'http://x', valueNonsense: 'y' }] }, 'ValueSet.extension[0].valueNonsense'],
  [{ compose: { include: [{ concept: [{ kode: 'x' }] }] } }, 'ValueSet.compose.include[0].concept[0].kode'],
  [
    { expansion: { timestamp: '2020', contains: [{ contains: [{ code: 1 }] }] } },
    'ValueSet.expansion.contains[0].contains[0].code',
  ],
  [{ contained: [{ resourceType: 'Nonsense' }] }, 'ValueSet.contained[0]'],
  [{ _compose: {} }, 'ValueSet._compose'],
]

for (const [members, expression] of faults) {
  test(`${JSON.stringify(members)} has ${expression ? `a fault at ${expression}` : 'no fault'}`, () => {
    const resource = { resourceType: 'ValueSet', ...members } as unknown as Resource
    assert.deepEqual(
      structureIssues(resource).map((each) => each.expression?.[0]),
      expression === undefined ? [] : [expression],
    )
  })
}

test('a hopeless resource does not give endless issues', () => {
  const members = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`x${index}`, 1]))
  assert.equal(structureIssues({ resourceType: 'ValueSet', ...members } as unknown as Resource).length, 20)
})

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
