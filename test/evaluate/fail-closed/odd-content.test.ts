import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Json, JsonObject } from '../../../src/base/json-value.ts'
import { mapContent } from '../../../src/evaluate/map/map-content.ts'
import type { Mapped } from '../../../src/evaluate/map/mapped.ts'
import { checkResource } from '../../../src/fhir/check/resource.ts'
import { FhirError } from '../../../src/fhir/error.ts'
import { dcc, inputOf, recovery, testEvent, vaccination } from '../../support/map-samples.ts'
import { ownMapping } from '../../support/own-mapping.ts'

describe('whatever stands in a certificate', () => {
  const odd: fc.Arbitrary<Json> = fc.oneof(
    fc.constantFrom<Json[]>(
      '2026-01-15',
      '2021-13-01',
      '01.06.2021',
      '2026-01-15T10:00:00',
      'XXXX-XX-XX',
      '',
      ' a',
      'a  b',
      '\ud800',
      2,
      0,
      1.5,
      true,
      null,
      20260115,
    ),
    fc.string(),
    fc.integer(),
  )
  const event = (members: JsonObject) =>
    fc.record(
      Object.fromEntries(
        Object.entries(members).map(([name, value]) => [
          name,
          fc.oneof({ weight: 3, arbitrary: fc.constant(value) }, { weight: 1, arbitrary: odd }),
        ]),
      ),
      { requiredKeys: [] },
    )
  const content = fc.record({
    nam: fc.record(
      { fn: fc.oneof(fc.constant('Beispiel'), fc.string()), gn: fc.oneof(fc.constant('Aoife'), fc.string()) },
      { requiredKeys: [] },
    ),
    dob: odd,
    v: fc.array(event(vaccination), { maxLength: 2 }),
    t: fc.array(event(testEvent), { maxLength: 2 }),
    r: fc.array(event(recovery), { maxLength: 2 }),
  })

  it('content without an obstacle is whole: R4, one person, every event with what its model requires', async () => {
    const mapping = ownMapping()
    let clean = 0
    await fc.assert(
      fc.asyncProperty(content, async (given) => {
        const events = given.v.length + given.t.length + given.r.length
        let mapped: Mapped
        try {
          mapped = await mapContent([inputOf('hcert-dcc', dcc(given as JsonObject))], [], mapping)
        } catch (error) {
          // An answer, too: nothing is judged.
          assert.ok(error instanceof FhirError && error.status === 422, String(error))
          return
        }
        if (mapped.obstacles.length > 0) return
        clean++
        assert.deepEqual(checkResource(mapped.bundle), [])
        assert.equal(mapped.coreDataSets.length, events)
        assert.ok(events > 0)
        for (const data of mapped.coreDataSets) {
          const { date } = (data.vaccination ?? data.test ?? data.recovery) as JsonObject
          assert.ok(typeof data.name === 'string' && typeof date === 'string')
        }
      }),
      { numRuns: 400, seed: 20_261_125 },
    )
    assert.ok(clean > 20, `${clean} without an obstacle`)
  })
})
