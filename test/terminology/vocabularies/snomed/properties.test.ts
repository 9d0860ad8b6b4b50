/** SNOMED CT over releases of any shape: the compiled file answers as plain loops do, and a page is a part of the whole. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { FhirError } from '../../../../src/fhir/error.ts'
import type { Ref } from '../../../../src/terminology/code-system/code-system.ts'
import { openCodeSystem } from '../../../../src/terminology/vocabularies/open.ts'
import { snomedProvider } from '../../../../src/terminology/vocabularies/snomed/provider/provider.ts'
import { SNOMED } from '../../../../src/terminology/vocabularies/snomed/version-uri.ts'
import { compiledRelease } from '../../../support/snomed/compiled-release.ts'
import { naiveContent } from '../../../support/snomed/naive-content.ts'
import { anyRelease, attributeIds, conceptId, refsetId } from '../../../support/snomed/release-arbitrary.ts'
import type { Rf2Rows } from '../../../support/snomed/rf2-rows.ts'
import { parameters } from '../../support.ts'
import { engineOver, releaseResource } from './engine.ts'

function providersOf(rows: Rf2Rows) {
  const content = naiveContent(rows)
  const { resource, file } = compiledRelease(rows)
  return {
    plain: snomedProvider(releaseResource(content), content, undefined),
    compiled: openCodeSystem(resource, file),
    resource,
    codes: rows.concepts.map(({ id }) => id),
  }
}

/** A filter, with a concept of the release by its place. */
const filters = fc.oneof(
  fc.record({
    property: fc.constant('concept'),
    op: fc.constantFrom('is-a', 'descendent-of', 'is-not-a', 'generalizes', 'child-of', 'descendent-leaf', '='),
    value: fc.nat({ max: 100 }),
  }),
  fc.record({
    property: fc.constantFrom(...attributeIds),
    op: fc.constantFrom('=', 'in', 'not-in', 'is-a', 'descendent-of'),
    value: fc.nat({ max: 100 }),
  }),
  fc.record({
    property: fc.constantFrom(...attributeIds),
    op: fc.constant('='),
    value: fc.constantFrom('#1', '#2.50', 'true'),
  }),
  fc.record({
    property: fc.constantFrom(...attributeIds, 'parent', 'child'),
    op: fc.constant('exists'),
    value: fc.constant('true'),
  }),
  fc.record({
    property: fc.constantFrom('parent', 'child'),
    op: fc.constantFrom('=', 'in'),
    value: fc.nat({ max: 100 }),
  }),
  fc.record({ property: fc.constant('concept'), op: fc.constantFrom('in', 'not-in'), value: fc.constant(refsetId) }),
  fc.record({
    property: fc.constantFrom('inactive', 'sufficientlyDefined'),
    op: fc.constant('='),
    value: fc.constantFrom('true', 'false'),
  }),
  fc.record({
    property: fc.constant('moduleId'),
    op: fc.constantFrom('=', 'not-in'),
    value: fc.constant('900000000000207008'),
  }),
)

const fail = (reason: string) => new FhirError(422, { severity: 'error', code: 'invalid', details: { text: reason } })

describe('SNOMED CT over any release', () => {
  it('the compiled file answers as plain loops do: relations, texts, properties', () => {
    fc.assert(
      fc.property(anyRelease, ({ rows }) => {
        const { plain, compiled, codes } = providersOf(rows)
        const inCodes = (refs: Ref[], of: typeof plain) => refs.map((ref) => of.code(ref)).sort()
        for (const code of codes) {
          const [a, b] = [plain.locate(code) ?? -1, compiled.locate(code) ?? -1]
          assert.equal(compiled.display(b), plain.display(a))
          assert.equal(compiled.displayLanguage?.(b), plain.displayLanguage?.(a))
          assert.deepEqual(compiled.designations(b), plain.designations(a))
          assert.equal(compiled.isInactive(b), plain.isInactive(a))
          const properties = (of: typeof plain, ref: Ref) =>
            of
              .properties(ref)
              .map(({ code: name, value }) => `${name} ${value}`)
              .sort()
          assert.deepEqual(properties(compiled, b), properties(plain, a))
          assert.deepEqual(inCodes(compiled.parents(b), compiled), inCodes(plain.parents(a), plain))
          assert.deepEqual(inCodes(compiled.children(b), compiled), inCodes(plain.children(a), plain))
          for (const other of codes)
            assert.equal(
              compiled.subsumes(b, compiled.locate(other) ?? -1),
              plain.subsumes(a, plain.locate(other) ?? -1),
              `${code} above ${other}`,
            )
        }
      }),
      { numRuns: 60 },
    )
  })

  it('filters: members, their number and their membership', () => {
    fc.assert(
      fc.property(anyRelease, fc.array(filters, { minLength: 1, maxLength: 12 }), ({ rows, count }, all) => {
        const { plain, compiled, codes } = providersOf(rows)
        for (const { property, op, value: given } of all) {
          const value = typeof given === 'number' ? conceptId(given % count) : given
          const found = [plain, compiled].map((provider) => {
            const selection = provider.filter?.(property, op, value, fail)
            assert.ok(selection)
            const listed = Array.from({ length: selection.size() }, (_, index) => provider.code(selection.at(index)))
            const tested = codes.filter((code) => selection.has(provider.locate(code) ?? -1))
            assert.deepEqual([...listed].sort(), [...tested].sort(), `${property} ${op} ${value}: listed, tested`)
            return listed.sort()
          })
          assert.deepEqual(found[1], found[0], `${property} ${op} ${value}`)
        }
      }),
      { numRuns: 80 },
    )
  })

  it('words find the same concepts', () => {
    const text = fc.array(fc.constantFrom('w', 'wing', 'so', 'elan', 'él', 'burn', '2', 'thing', 'x'), {
      minLength: 1,
      maxLength: 3,
    })
    fc.assert(
      fc.property(anyRelease, text, ({ rows }, words) => {
        const { plain, compiled } = providersOf(rows)
        const [first, second] = [plain, compiled].map((provider) => {
          const found = provider.search(words.join(' '))
          return Array.from({ length: found.size() }, (_, index) => provider.code(found.at(index))).sort()
        })
        assert.deepEqual(second, first)
      }),
      { numRuns: 60 },
    )
  })

  it('a page is a part of the whole, with one total', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyRelease,
        filters,
        fc.nat({ max: 12 }),
        fc.nat({ max: 12 }),
        async ({ rows, count }, each, from, size) => {
          const { compiled, resource } = providersOf(rows)
          const engine = engineOver(new Map([[resource, compiled]]))
          const value = typeof each.value === 'number' ? conceptId(each.value % count) : each.value
          const filter = [{ property: each.property, op: each.op, value }]
          const valueSet = {
            resourceType: 'ValueSet',
            status: 'active',
            compose: { include: [{ system: SNOMED, filter }] },
          }
          const whole = (await engine.expand(parameters({ valueSet }))).expansion
          const page = (await engine.expand(parameters({ valueSet, offset: from, count: size }))).expansion
          assert.equal(page?.total, whole?.total)
          assert.equal(whole?.total, whole?.contains?.length ?? 0)
          assert.deepEqual(page?.contains ?? [], (whole?.contains ?? []).slice(from, from + size))
        },
      ),
      { numRuns: 60 },
    )
  })
})
