import assert from 'node:assert/strict'
import type { JsonObject } from '../../src/base/json-value.ts'
import { issueHcert } from '../../src/demo/issue-hcert.ts'
import type { SampleKind } from '../../src/demo/samples.ts'
import { textParameter } from '../../src/fhir/operation.ts'
import type { Parameter, Parameters } from '../../src/fhir/types.ts'
import { type Change, changedSpecimen } from '../support/changed-specimen.ts'
import { testIssuer } from '../support/issuer.ts'
import { walkSections } from '../support/sections.ts'
import { openVerdicts } from '../support/verdicts.ts'

const { ask } = await openVerdicts()
const issuer = testIssuer({ notBefore: new Date('1980-01-01'), notAfter: new Date('2049-12-31') })

interface InternationalCase extends Change {
  kind: SampleKind
  /** The clock; default noon of 1 June 2026, UTC. */
  at?: string
  /** Day of issue, on which the specimen's dates are reckoned; default 31 May 2026. */
  issued?: string
  /** Parameters of the rules. */
  rules?: (Parameter & JsonObject)[]
  planDefinition?: string
  decision: string
  /** Result of every rule by the id of its rule set; absent: whatever they are. */
  results?: Record<string, boolean | null>
  /** Part of the reply. */
  says?: string
  format?: string
  /** What the reply does not show. */
  never?: string
}

walkSections<InternationalCase>('international.json', import.meta.url, async (each) => {
  const issuedAt = new Date(`${each.issued ?? '2026-05-31'}T12:00:00Z`)
  const sample = { issuer: 'XA', issuedAt, expires: new Date('2049-01-01T00:00:00Z') }
  const payload = changedSpecimen(each.kind, each, sample)
  const parameter: Parameter[] = [
    { name: 'credential', valueString: issueHcert(payload, issuer.signer) },
    { name: 'evaluationDateTime', valueDateTime: each.at ?? '2026-06-01T12:00:00Z' },
    { name: 'trustAnchor', valueBase64Binary: issuer.anchor },
  ]
  const asked: Parameters = { resourceType: 'Parameters', parameter: each.rules ?? [] }
  if (each.rules) parameter.push({ name: 'parameters', resource: asked })
  if (each.planDefinition)
    parameter.push({
      name: 'planDefinition',
      valueCanonical: `http://vidimus.org/fhir/PlanDefinition/${each.planDefinition}`,
    })
  const { http, decision, status, rules, text, body } = await ask({ resourceType: 'Parameters', parameter })
  assert.equal(http, 200, text)
  assert.equal(status, 'VERIFIED', text)
  const results = Object.fromEntries(
    rules.map(({ planDefinition, result }) => [planDefinition.replace(/^.*\/|\|.*$/g, ''), result]),
  )
  if (each.results !== undefined) assert.deepEqual(results, each.results, text)
  assert.equal(decision, each.decision, text)
  if (each.format !== undefined) assert.equal(textParameter(body, 'format'), each.format, text)
  if (each.says !== undefined) assert.ok(text.includes(each.says), text)
  if (each.never !== undefined) assert.ok(!text.includes(each.never), text)
})
