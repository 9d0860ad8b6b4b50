/** Copies of what other participants publish, where the engine itself knows what their url means. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { mirroredTag } from '../../src/fhir/artefact.ts'
import { firstParameter } from '../../src/fhir/operation.ts'
import type { CodeSystem } from '../../src/fhir/types.ts'
import { createTerminology } from '../../src/terminology/terminology.ts'
import { memorySource } from './support.ts'

const concept = Array.from({ length: 300 }, (_, index) => ({ code: `Z${index}`, display: `Z${index}` }))

/** Systems that are computed, with a code that each has. */
const computed = [
  ['urn:iso:std:iso:3166', 'AT'],
  ['urn:iso:std:iso:4217', 'EUR'],
  ['urn:ietf:bcp:13', 'text/plain'],
  ['http://unitsofmeasure.org', 'mg'],
] as const

describe('a copy of a system that is computed', () => {
  for (const [url, code] of computed)
    it(`adds no code to ${url}`, async () => {
      const copy: CodeSystem = {
        resourceType: 'CodeSystem',
        id: 'copy',
        meta: { tag: [mirroredTag('XXA')] },
        url,
        version: '2099',
        status: 'active',
        content: 'complete',
        concept,
      }
      const terminology = createTerminology(memorySource([copy]), { now: () => new Date(0), uuid: () => 'x' })
      const isKnown = async (valueCode: string, ...more: { name: string; valueString: string }[]) => {
        const parameter = [{ name: 'url', valueUri: url }, { name: 'code', valueCode }, ...more]
        const answer = await terminology.validateCode(
          { resourceType: 'Parameters', parameter },
          { resourceType: 'CodeSystem' },
        )
        return firstParameter(answer, 'result')?.valueBoolean
      }
      const inVersion = await isKnown('Z1', { name: 'version', valueString: '2099' })
      assert.deepEqual([await isKnown('Z1'), inVersion, await isKnown(code)], [false, false, true])
    })
})
