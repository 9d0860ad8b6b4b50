/** What holds of expressions whatever they are, over the small release. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { eclSet } from '../../../../src/terminology/vocabularies/snomed/ecl/ecl.ts'
import { parseEcl } from '../../../../src/terminology/vocabularies/snomed/ecl/syntax/parse.ts'
import {
  expressionsOf,
  type ReadExpression,
} from '../../../../src/terminology/vocabularies/snomed/expression/expressions.ts'
import { NotTold } from '../../../../src/terminology/vocabularies/snomed/expression/subsume-expression.ts'
import { normalForm } from '../../../../src/terminology/vocabularies/snomed/provider/normal-form.ts'
import { modelledRelease } from '../../../support/snomed/modelled-release.ts'
import { naiveContent } from '../../../support/snomed/naive-content.ts'
import { naiveEcl } from '../../../support/snomed/naive-ecl.ts'
import { type Rf2Rows, sct } from '../../../support/snomed/rf2-rows.ts'
import { madeUpId } from '../../../support/snomed/sctid.ts'
import { small, smallRelease, smallVersion, withIds } from '../../../support/snomed/small-release.ts'

const rows = smallRelease()
const content = naiveContent(rows)
const expressions = expressionsOf(content)
const modelled = naiveContent(modelledRelease(smallVersion))
/** Without axioms, and with them. */
const every = [
  { of: content, by: expressions },
  { of: modelled, by: expressionsOf(modelled) },
]

const focus = fc.constantFrom(
  'disorder',
  'finding',
  'wingdisorder',
  'wingitis',
  'inflamed',
  'tornburnt',
  'bothwingitis',
)
const places = ['limb', 'wing', 'leftwing', 'rightwing', 'leg', 'skin', 'feather']
const plain = fc.oneof(
  fc.tuple(fc.constantFrom('site', 'directsite', 'indirectsite'), fc.constantFrom(...places)),
  fc.tuple(fc.constant('morphology'), fc.constantFrom('change', 'inflammation', 'abscess', 'tear', 'burn')),
  fc.tuple(fc.constant('severity'), fc.constantFrom('mild', 'severe')),
  fc.tuple(fc.constantFrom('dueto', 'agent'), fc.constantFrom('wingitis', 'leftwingitis', 'due', 'fungus')),
)
const written = ([type, value]: readonly [string, string]) => `{${type}}={${value}}`
const nested = fc
  .tuple(fc.constantFrom(...places), fc.constantFrom('left', 'right'))
  .map(([place, side]) => `{site}=({${place}}:{laterality}={${side}})`)
const attribute = fc.oneof({ weight: 5, arbitrary: plain.map(written) }, { weight: 1, arbitrary: nested })
const parts = fc.record({
  focus: fc.uniqueArray(focus, { minLength: 1, maxLength: 2 }),
  ungrouped: fc.uniqueArray(attribute, { maxLength: 2 }),
  groups: fc.array(fc.uniqueArray(attribute, { minLength: 1, maxLength: 3 }), { maxLength: 2 }),
})
type Parts = typeof parts extends fc.Arbitrary<infer Made> ? Made : never

function text({ focus: foci, ungrouped, groups }: Parts, { plus = '+', comma = ',', equals = '=' } = {}): string {
  const inGroups = groups.map((each) => `{${each.join(comma)}}`)
  const refined = [...ungrouped, ...inGroups].join(comma)
  const made = `${foci.map((each) => `{${each}}`).join(plus)}${refined === '' ? '' : `:${refined}`}`
  return withIds(made.replaceAll(/=(?=[{(])/g, equals))
}

/** An expression, or the concept that is all it says. */
function read(made: string, { of, by } = { of: content, by: expressions }): ReadExpression | number {
  const concept = of.ordinalOf(made.trim())
  return concept >= 0 ? concept : (by.read(made) ?? assert.fail(by.fault(made)))
}

describe('expressions, whatever they are', () => {
  it('each takes in itself, written in any way and in any order', () => {
    fc.assert(
      fc.property(parts, (made) => {
        const turned = {
          focus: made.focus.toReversed(),
          ungrouped: made.ungrouped.toReversed(),
          groups: made.groups.toReversed().map((each) => each.toReversed()),
        }
        const spaced = `=== ${text(turned, { plus: ' + ', comma: ' ,\n', equals: ' = ' })} `
        for (const { of, by } of every) {
          const [one, other] = [read(text(made), { of, by }), by.read(spaced) ?? assert.fail(by.fault(spaced))]
          assert.equal(by.subsumes(one, one), 'yes')
          assert.equal(by.subsumes(one, other), 'yes', spaced)
          assert.equal(by.subsumes(other, one), 'yes', spaced)
        }
      }),
    )
  })

  it('what takes in another takes in all that this one does', () => {
    let told = 0
    fc.assert(
      fc.property(fc.array(parts, { minLength: 4, maxLength: 7 }), (made) => {
        for (const { of, by } of every) {
          const all = [
            ...made.map((each) => read(text(each), { of, by })),
            ...['wingdisorder', 'leftwingitis', 'sadness', 'abscesswing'].map((key) => of.ordinalOf(small(key))),
          ]
          // Concepts are compared with expressions: what stands between concepts is the release's to say.
          for (const a of all)
            for (const b of all)
              for (const c of all) {
                if (typeof b === 'number' || by.subsumes(a, b) !== 'yes' || by.subsumes(b, c) !== 'yes') continue
                if (typeof a === 'number' && typeof c === 'number') continue
                assert.notEqual(
                  by.subsumes(a, c),
                  'no',
                  [a, b, c].map((each) => (typeof each === 'number' ? each : each.text)).join(' ∋ '),
                )
                told++
              }
        }
      }),
    )
    assert.ok(told > 1000)
  })

  it('a refinement never leads out of what was meant', () => {
    fc.assert(
      fc.property(parts, attribute, (made, more) => {
        const refined = text({ ...made, ungrouped: [...made.ungrouped, more] })
        const grouped = text({ ...made, groups: [...made.groups, [more]] })
        for (const { of, by } of every)
          for (const special of [refined, grouped])
            assert.equal(by.subsumes(read(text(made), { of, by }), read(special, { of, by })), 'yes', special)
      }),
    )
  })

  it('the normal form of a concept that is defined means that concept', () => {
    let count = 0
    for (const { of, by } of every)
      for (let concept = 0; concept < of.count; concept++) {
        if (!of.isDefined(concept) || !of.isActive(concept)) continue
        const form = by.read(normalForm(of, concept)) ?? assert.fail()
        assert.equal(by.subsumes(concept, form), 'yes', form.text)
        assert.equal(by.subsumes(form, concept), 'yes', form.text)
        assert.equal(by.subject(form).same, concept)
        count++
      }
    assert.ok(count > 20)
  })
})

/** The release with a concept that stands where an expression does. */
function withConcept(found: ReadExpression, id: string): Rf2Rows {
  const { same, subsumers, rows: own } = expressions.subject(found)
  assert.equal(same, -1)
  const status = { effectiveTime: '20270131', active: true, moduleId: small('module') }
  const row = (number: number, typeId: string, has: { destinationId?: string; value?: string; group?: number }) => ({
    ...status,
    id: madeUpId(5000 + number, 'relationship'),
    sourceId: id,
    destinationId: has.destinationId ?? '',
    value: has.value ?? '',
    relationshipGroup: has.group ?? 0,
    typeId,
    characteristicTypeId: sct.inferred,
  })
  return {
    ...rows,
    concepts: [...rows.concepts, { ...status, id, definitionStatusId: sct.defined }],
    relationships: [
      ...rows.relationships,
      ...[...subsumers].map((each, at) => row(at, sct.isA, { destinationId: content.idOf(each) })),
      ...own.map(({ type, group, value }, at) => {
        assert.ok(typeof value === 'number')
        return row(1000 + at, content.idOf(type), { destinationId: content.idOf(value), group })
      }),
    ],
  }
}

/** Whether the groups of an expression can be told: a refinement may belong to one or another. */
function isTold(found: ReadExpression): boolean {
  try {
    return expressions.subject(found).rows.length > 0
  } catch (error) {
    if (error instanceof NotTold) return false
    throw error
  }
}

describe('expressions in sets of concepts', () => {
  const concept = fc.constantFrom(
    'finding',
    'disorder',
    'wingdisorder',
    'inflamed',
    'wingitis',
    'leftwingitis',
    'tornburnt',
    'skinburn',
  )
  const simple = fc.tuple(fc.constantFrom('', '< ', '<< ', '>> ', '> '), concept).map(([op, key]) => `${op}{${key}}`)
  const value = fc.tuple(
    fc.constantFrom('', '<< ', '< '),
    fc.constantFrom(...places, 'inflammation', 'tear', 'burn', 'change', 'mild'),
  )
  const pair = fc
    .tuple(
      fc.constantFrom('', '[0..0] ', '[1..1] ', '[2..*] '),
      fc.constantFrom('site', 'directsite', 'morphology', 'severity'),
      fc.constantFrom('', '<< '),
      fc.constantFrom('=', '!='),
      value,
    )
    .map(([many, type, op, is, [below, of]]) => `${many}${op}{${type}} ${is} ${below}{${of}}`)
  const refined = fc
    .tuple(
      fc.constantFrom('*', '<< {disorder}', '< {finding}'),
      fc.array(pair, { minLength: 1, maxLength: 2 }),
      fc.boolean(),
    )
    .map(([of, pairs, isGrouped]) => `${of} : ${isGrouped ? `{ ${pairs.join(', ')} }` : pairs.join(', ')}`)
  const constraint = fc.oneof(
    simple,
    refined,
    fc.tuple(fc.constantFrom('MINUS', 'AND', 'OR'), simple, refined).map(([op, a, b]) => `(${a}) ${op} (${b})`),
  )
  const plainParts = fc.record({
    focus: fc.uniqueArray(fc.constantFrom('disorder', 'finding', 'wingdisorder', 'inflamed'), {
      minLength: 1,
      maxLength: 2,
    }),
    ungrouped: fc.uniqueArray(plain.map(written), { minLength: 1, maxLength: 2 }),
    groups: fc.array(fc.uniqueArray(plain.map(written), { minLength: 1, maxLength: 3 }), { maxLength: 2 }),
  })

  it('an expression is where a concept that means it would be', () => {
    const id = madeUpId(900)
    const found = { yes: 0, no: 0 }
    fc.assert(
      fc.property(plainParts, fc.array(constraint, { minLength: 10, maxLength: 20 }), (made, constraints) => {
        const each = expressions.read(text(made)) ?? assert.fail()
        if (!isTold(each) || expressions.subject(each).same >= 0) return
        const naive = naiveEcl(withConcept(each, id))
        for (const ecl of constraints.map(withIds)) {
          const is = eclSet(content, ecl).matches(expressions.subject(each))
          // What is above one of the release by its meaning is there, but not in the hierarchy.
          if (ecl.includes('>')) continue
          assert.equal(is, naive(parseEcl(ecl)).has(id), `${each.text} in ${ecl}`)
          found[is ? 'yes' : 'no']++
        }
      }),
    )
    assert.ok(found.yes > 50 && found.no > 50, JSON.stringify(found))
  })
})

describe('expressions that cost much', () => {
  const longest = (of: string, more: string) => {
    let made = withIds(of)
    while (made.length + withIds(more).length + 40 < 4_000) made += withIds(more)
    return made
  }
  it('many groups, many concepts, deep nesting: an answer, or none, in steps that are bounded', () => {
    const deep = (focusKey: string, times: number) =>
      withIds(`${`{${focusKey}}:{morphology}={abscess},{dueto}=(`.repeat(times)}{wingitis}${')'.repeat(times)}`)
    const texts = [
      longest('{tornburnt}:{site}={wing}', ',{morphology}={tear}'),
      longest(
        '{tornburnt}+{bothwingitis}+{abscesswing}:{{site}={leftwing}}',
        ',{{site}={wing},{morphology}={abscess}}',
      ),
      longest('{bothwingitis}', '+{tornburnt}+{tornfeather}'),
      deep('bothwingitis', 20),
      deep('tornburnt', 19),
    ]
    for (const { of, by } of every)
      for (const one of texts)
        for (const other of texts) {
          const [a, b] = [read(one, { of, by }), read(other, { of, by })]
          try {
            by.subsumes(a, b)
            if (typeof a !== 'number') void by.subject(a).rows
          } catch (error) {
            assert.ok(error instanceof NotTold, String(error))
          }
        }
  })
  it('a text that is too long is not kept', () => {
    const fault = expressions.fault(`${small('wing')}:${'x'.repeat(1_000_000)}`)
    assert.match(fault ?? '', /longer than 4000 characters/)
  })
})
