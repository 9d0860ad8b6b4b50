/** Laws of what is told of expressions: no doubt about a set lets anything into what is left when the set is taken away. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { FhirError } from '../../../../src/fhir/error.ts'
import { takesAway } from '../../../../src/terminology/code-system/selection.ts'
import { eclSet } from '../../../../src/terminology/vocabularies/snomed/ecl/ecl.ts'
import { withExpressions } from '../../../../src/terminology/vocabularies/snomed/expression/with-expressions.ts'
import { snomedProvider } from '../../../../src/terminology/vocabularies/snomed/provider/provider.ts'
import { naiveContent } from '../../../support/snomed/naive-content.ts'
import { smallRelease, withIds } from '../../../support/snomed/small-release.ts'
import { releaseResource } from './engine.ts'

const content = naiveContent(smallRelease())
const provider = withExpressions(
  snomedProvider(releaseResource(content), content, undefined),
  content,
  (constraint, subject, use) => eclSet(content, constraint)[use](subject),
)

const concept = fc.constantFrom(
  ...['disorder', 'wingdisorder', 'inflamed', 'wingitis', 'tornwing', 'wing', 'leftwing', 'leg', 'tear', 'flock'].map(
    (key) => `{${key}}`,
  ),
)
const attribute = fc.constantFrom('{site}', '{morphology}', '{dueto}')
const operator = fc.constantFrom('', '< ', '<< ', '> ', '>> ', '<! ', '<<! ', '>! ', '>>! ', '!!> ', '!!< ', '^ ')
const filter = fc.constantFrom('{{ C active = 1 }}', '{{ term = "wing" }}', '{{ + HISTORY }}')
const cardinality = fc.constantFrom('', 'R ', '[0..0] ', '[0..1] ', '[0..*] R ', '[0..1] R ')
const { whole: constraints } = fc.letrec<{ part: string; whole: string }>((tie) => ({
  part: fc.oneof(
    { maxDepth: 4 },
    fc.tuple(operator, concept).map((all) => all.join('')),
    fc.constant('*'),
    fc.tuple(operator, tie('whole')).map(([before, inner]) => `${before}(${inner})`),
    fc.tuple(tie('part'), filter).map(([inner, behind]) => `(${inner}) ${behind}`),
  ),
  whole: fc.oneof(
    { maxDepth: 4 },
    tie('part'),
    fc
      .tuple(tie('part'), fc.constantFrom('AND', 'OR', 'MINUS'), tie('part'))
      .map(([a, by, b]) => `(${a}) ${by} (${b})`),
    fc
      .tuple(tie('part'), cardinality, attribute, fc.constantFrom('=', '!='), tie('part'))
      .map(([focus, before, type, is, value]) => `(${focus}) : ${before}${type} ${is} (${value})`),
    fc.tuple(tie('part'), attribute).map(([focus, type]) => `(${focus}) . ${type}`),
  ),
}))
const expressions = fc.constantFrom(
  '{disorder}:{site}={leftwing}',
  '{wingdisorder}:{morphology}={tear}',
  '{disorder}:{dueto}=({disorder}:{site}={wing})',
  '{wing}:{laterality}={left}',
  '{inflamed}:{site}={leg}',
)

/** What is told; undefined where that is an error of the request. */
function told(ask: () => boolean | undefined): boolean | undefined {
  try {
    return ask()
  } catch (error) {
    if (error instanceof FhirError && error.status === 422) return undefined
    throw error
  }
}

const selection = (constraint: string) =>
  provider.filter?.('constraint', '=', constraint, (reason) => new Error(reason)) ?? assert.fail('no filter')

describe('an expression and a constraint', () => {
  it('what cannot be told is in no complement, and what is told is its contrary there', () => {
    const answers = { told: 0, open: 0 }
    fc.assert(
      fc.property(constraints, expressions, (constraint, text) => {
        const ref = provider.locate(withIds(text))
        assert.equal(typeof ref, 'string')
        if (ref === undefined) return
        const ecl = withIds(constraint)
        const brought = told(() => selection(ecl).has(ref))
        const taken = told(() => takesAway(selection(ecl), ref))
        const left = told(() => selection(`* MINUS (${ecl})`).has(ref))
        assert.equal(left, taken === undefined ? undefined : !taken)
        // What a set brings it takes away; what it is not known to take away it does not bring.
        if (taken !== undefined) assert.equal(brought, taken)
        else assert.notEqual(brought, true)
        answers[taken === undefined ? 'open' : 'told']++
      }),
      { numRuns: 1_000 },
    )
    assert.ok(answers.told > 100 && answers.open > 100, JSON.stringify(answers))
  })
})
