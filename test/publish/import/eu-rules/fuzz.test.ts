/** Mutants of rules: refused, or taken with exactly the meaning that they have for every other reader. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Json, JsonObject } from '../../../../src/base/json-value.ts'
import type { Library, PlanDefinition } from '../../../../src/fhir/types.ts'
import { euRuleForm } from '../../../../src/packages/eu-rules/form.ts'
import { createEuRuleReader } from '../../../../src/publish/import/eu-rules/read-rules.ts'
import { certLogicText } from '../../../../src/rules/certlogic/certlogic.ts'
import { wholeRule } from './support.ts'

const base = 'http://example.org/eu'

/** What a file comes to: pairs of artefacts, and how many faults. */
async function read(name: string, bytes: Uint8Array) {
  const form = euRuleForm(name, bytes)
  const made: { library: Library; plan: PlanDefinition }[] = []
  let faults = 0
  if (form === undefined) return { form, made, faults }
  const reader = createEuRuleReader({ canonical: base })
  let library: Library | undefined
  for await (const each of reader.read({ name, bytes }, form)) {
    if (!('resource' in each)) faults++
    else if (each.resource.resourceType === 'Library') library = each.resource
    else if (each.resource.resourceType === 'PlanDefinition' && library) made.push({ library, plan: each.resource })
  }
  return { form, made, faults }
}

/** Whether artefacts say what a rule says, read by JavaScript's own parser. */
function agrees({ library, plan }: { library: Library; plan: PlanDefinition }): boolean {
  const text = certLogicText(library)?.toString('utf8') ?? ''
  const rule: JsonObject = JSON.parse(text.replace(/^\uFEFF/, ''))
  // A member that stands there twice would be lost in this.
  const names = (value: Json): number =>
    typeof value === 'object' && value !== null
      ? Object.values(value).reduce(
          (sum: number, each) => sum + names(each),
          Array.isArray(value) ? 0 : Object.keys(value).length,
        )
      : 0
  const colons = text.replace(/"(?:[^"\\]|\\.)*"/g, '').split(':').length - 1
  assert.deepEqual(
    [
      plan.url,
      plan.version,
      plan.jurisdiction?.[0]?.coding?.[0]?.code,
      plan.effectivePeriod?.start,
      plan.effectivePeriod?.end,
      plan.useContext?.[0]?.valueCodeableConcept?.coding?.[0]?.display,
      plan.action?.[0]?.code?.[0]?.coding?.[0]?.display,
      plan.library?.[0],
      library.url,
      library.version,
      colons,
    ],
    [
      `${base}/PlanDefinition/${rule.Identifier}`,
      rule.Version,
      rule.Country,
      rule.ValidFrom,
      rule.ValidTo,
      rule.CertificateType,
      `${rule.Type} rule`,
      `${base}/Library/${rule.Identifier}|${rule.Version}`,
      `${base}/Library/${rule.Identifier}`,
      rule.Version,
      names(rule),
    ],
  )
  return rule.Engine === 'CERTLOGIC' && String(rule.Identifier).slice(3, 5) === rule.Country
}

const texts = [
  JSON.stringify(wholeRule()),
  JSON.stringify(wholeRule(), null, 2),
  JSON.stringify(wholeRule({ Identifier: 'IR-XY-0002', Type: 'Invalidation', Region: 'BW' })),
]
const pieces = [
  '"',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '\\',
  '0',
  '9',
  '-',
  ' ',
  'e',
  'true',
  'null',
  '"Version":"9.0.0",',
  '"Logic":{"!":[false]},',
  '"Country":"DE",',
  '\u0000',
  '😀',
  '__proto__',
  '1e400',
]

/** A text with some pieces put in, taken out or said twice. */
const mutant = fc
  .tuple(
    fc.constantFrom(...texts),
    fc.array(
      fc.record({
        at: fc.double({ min: 0, max: 1, noNaN: true }),
        cut: fc.constantFrom(0, 0, 1, 2, 12),
        piece: fc.constantFrom('', ...pieces),
        twice: fc.boolean(),
      }),
      { minLength: 1, maxLength: 4 },
    ),
  )
  .map(([text, changes]) =>
    changes.reduce((before, { at, cut, piece, twice }) => {
      const start = Math.floor(at * before.length)
      const out = before.slice(start, start + cut)
      return before.slice(0, start) + piece + (twice ? out + out : '') + before.slice(start + cut)
    }, text),
  )

/** A rule with members changed to anything. */
const changed = fc
  .tuple(fc.dictionary(fc.constantFrom(...Object.keys(wholeRule())), fc.jsonValue(), { minKeys: 1, maxKeys: 3 }))
  .map(([members]) => JSON.stringify({ ...wholeRule(), ...(members as JsonObject) }))

describe('mutants of rules', () => {
  for (const [name, texts] of [
    ['of the text', mutant],
    ['of the members', changed],
  ] as const)
    it(`${name}: as one rule, in a list, in a list with tests, as lines`, async () => {
      await fc.assert(
        fc.asyncProperty(texts, async (text) => {
          for (const [file, whole] of [
            ['one.json', text],
            ['list.json', `[${text}]`],
            ['tests.json', `[{"rule":${text},"tests":[]}]`],
            ['lines.ndjson', `${text}\n`],
          ] as const) {
            const { made, faults, form } = await read(file, Buffer.from(whole))
            if (form !== undefined) assert.ok(made.length + faults > 0, `${file} came to nothing: ${whole}`)
            for (const each of made) assert.ok(agrees(each))
          }
        }),
        { numRuns: 200 },
      )
    })

  it('any bytes: never an exception', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 200 }),
        fc.constantFrom('a.json', 'a.ndjson', 'a', 'a.cms'),
        async (bytes, name) => {
          for (const head of ['', '[{"Logic":', 'MIAGCSqGSIb3DQEHAqCA', '-----BEGIN CMS-----\n'])
            await read(name, Buffer.concat([Buffer.from(head), bytes]))
        },
      ),
      { numRuns: 200 },
    )
  })
})
