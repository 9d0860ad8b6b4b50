import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { FhirError } from '../../../../src/fhir/error.ts'
import type { ValueSet } from '../../../../src/fhir/types.ts'
import { icdSource } from '../../../../src/packages/vocabularies/icd-11/icd-source.ts'
import { isCluster, parseCluster } from '../../../../src/terminology/vocabularies/icd-11/cluster.ts'
import { answer, parameters } from '../../support.ts'
import { imported, memoryFiles, terminologyWith } from '../support.ts'
import { jsonFiles, sketches, tabulation } from './sample.ts'

interface Cases {
  good: { code: string; display: string; fr?: string }[]
  bad: { code: string; says: string }[]
  axes: { code: string; says: string }[]
  subsumption: { a: string; b: string; outcome: string }[]
  /** Whether a set by the filter has the code, and whether the filter takes it out of all codes; null: an error, nobody can tell. */
  membership: {
    property: string
    op: string
    value: string
    code: string
    included: boolean | null
    excluded: boolean | null
  }[]
}
const cases: Cases = JSON.parse(readFileSync(new URL('./clusters.json', import.meta.url), 'utf8'))

const MMS = 'http://id.who.int/icd/release/11/mms'
const NAMES = [MMS, 'http://id.who.int/icd11/mms', 'http://smart.who.int/ddcc/CodeSystem/DDCCICD11CodeSystem']
const texts = {
  'SimpleTabulation-ICD-11-MMS-en.txt': tabulation(),
  'SimpleTabulation-ICD-11-MMS-fr.txt': tabulation('fr'),
}
const byTable = imported(icdSource(memoryFiles(texts)))
const byJson = imported(icdSource(memoryFiles({ ...jsonFiles(), ...jsonFiles('fr') })))

const code = (value: string) => ({ url: MMS, code: value })

for (const [shape, release, hasAxes] of [
  ['a simple tabulation', byTable, false],
  ['entities in JSON', byJson, true],
] as const) {
  describe(`ICD-11 from ${shape}`, () => {
    const terminology = terminologyWith([release])
    const validate = async (values: Record<string, unknown>) =>
      terminology.validateCode(parameters(values), { resourceType: 'CodeSystem' })
    const messages = async (values: Record<string, unknown>): Promise<string> => {
      const reply = await validate(values)
      return JSON.stringify(answer(reply, 'issues') ?? '')
    }

    it('has every entity, once, under its code, block or chapter', () => {
      assert.equal(release.provider.all.size(), sketches.length)
      assert.deepEqual(release.problems, [])
      for (const each of sketches) {
        const ref = release.provider.locate(each.code ?? each.blockId ?? each.chapter ?? '')
        assert.ok(ref !== undefined)
        assert.equal(release.provider.display(ref), each.title)
        assert.equal(release.provider.isAbstract(ref), each.code === undefined)
      }
      assert.equal(release.resource.version, '2031-01')
      assert.equal(release.resource.url, MMS)
    })

    it('answers under each of the three names of the system', async () => {
      for (const url of NAMES) {
        const reply = await validate({ url, code: '9A00.0&XQ10/9N10' })
        assert.equal(answer(reply, 'result'), true, url)
      }
    })

    it('looks entities up by code, linearization URI with and without release, and foundation URI', async () => {
      for (const text of [
        '9A00',
        `${MMS}/9011`,
        'http://id.who.int/icd/release/11/2031-01/mms/9011',
        'http://id.who.int/icd/entity/9011',
      ]) {
        const reply = await terminology.lookup(parameters({ system: MMS, code: text }))
        assert.equal(answer(reply, 'code'), '9A00', text)
        assert.equal(answer(reply, 'display'), 'Dragon fever')
        assert.match(JSON.stringify(reply), /"codingNote"/)
        assert.match(JSON.stringify(reply), /http:\/\/id\.who\.int\/icd\/entity\/9011/)
      }
      for (const text of ['http://id.who.int/icd/entity/1', `${MMS}/9011/x`, 'http://id.who.int/'])
        await assert.rejects(terminology.lookup(parameters({ system: MMS, code: text })), FhirError)
    })

    it('has titles in every language it was given', async () => {
      const reply = await terminology.lookup(parameters({ system: MMS, code: '9A01', displayLanguage: 'fr-CA' }))
      assert.equal(answer(reply, 'display'), 'Variole du griffon')
    })

    for (const { code: text, display, fr } of cases.good) {
      it(`takes ${text}`, async () => {
        const reply = await validate(code(text))
        assert.equal(answer(reply, 'result'), true)
        assert.equal(answer(reply, 'display'), display)
        assert.equal(answer(reply, 'code'), text)
        assert.equal(answer(await validate({ ...code(text), display }), 'result'), true)
        assert.equal(answer(await validate({ ...code(text), display: 'Something else' }), 'result'), false)
        const looked = await terminology.lookup(
          parameters({ system: MMS, code: text, ...(fr && { displayLanguage: 'fr' }) }),
        )
        assert.equal(answer(looked, 'display'), fr ?? display)
      })
    }

    for (const { code: text, says } of [...cases.bad, ...(hasAxes ? cases.axes : [])]) {
      it(`refuses ${text} and says why`, async () => {
        assert.equal(answer(await validate(code(text)), 'result'), false)
        assert.ok((await messages(code(text))).includes(says), await messages(code(text)))
        for (const asked of [
          terminology.lookup(parameters({ system: MMS, code: text })),
          terminology.subsumes(parameters({ system: MMS, codeA: '9A01', codeB: text })),
        ])
          await assert.rejects(
            asked,
            (error: unknown) => error instanceof FhirError && error.status === 404 && error.message.includes(says),
          )
      })
    }

    for (const { a, b, outcome } of cases.subsumption) {
      it(`${a} and ${b}: ${outcome}`, async () => {
        const opposite = { subsumes: 'subsumed-by', 'subsumed-by': 'subsumes' }[outcome] ?? outcome
        for (const [codeA, codeB, expected] of [
          [a, b, outcome],
          [b, a, opposite],
        ])
          assert.equal(
            answer(await terminology.subsumes(parameters({ system: MMS, codeA, codeB })), 'outcome'),
            expected,
          )
      })
    }

    const isIn = async (compose: object, text: string): Promise<boolean | null> => {
      const valueSet = { resourceType: 'ValueSet', url: 'http://example.org/vs', status: 'active', compose }
      const asked = parameters({ valueSet, system: MMS, code: text })
      try {
        return answer(await terminology.validateCode(asked, { resourceType: 'ValueSet' }), 'result') === true
      } catch (error) {
        if (!(error instanceof FhirError)) throw error
        assert.equal(error.status, 422)
        assert.match(error.message, /cannot be told/)
        return null
      }
    }

    for (const { property, op, value, code: text, included, excluded } of cases.membership) {
      it(`${text} by ${property} ${op} ${value}: ${included}, taken away: ${excluded}`, async () => {
        const one = { system: MMS, filter: [{ property, op, value }] }
        assert.equal(await isIn({ include: [one] }, text), included)
        const whole = { system: MMS }
        const isTaken = excluded === null ? null : !excluded
        assert.equal(await isIn({ include: [whole], exclude: [one] }, text), isTaken)
        // Listed by name, and taken away: an expansion says the same as a question about one.
        const listed = { system: MMS, concept: [{ code: text }] }
        const valueSet = { resourceType: 'ValueSet', status: 'active', compose: { include: [listed], exclude: [one] } }
        const expanded = terminology.expand(parameters({ valueSet }))
        if (excluded === null) await assert.rejects(expanded, { status: 422 })
        else assert.equal((await expanded).expansion?.total, excluded ? 0 : 1)
      })
    }

    it('takes away again what cannot be told of what is taken away', async () => {
      const cluster = '9A01/9N10'
      const one = { system: MMS, filter: [{ property: 'concept', op: 'is-a', value: '9N10' }] }
      const other = { system: MMS, filter: [{ property: 'concept', op: 'is-a', value: '9A01' }] }
      const inner = {
        resourceType: 'ValueSet',
        url: 'http://example.org/inner',
        status: 'active',
        compose: { include: [{ system: MMS }], exclude: [one] },
      }
      const engine = terminologyWith([release], [inner as ValueSet])
      const ask = (compose: object) =>
        engine.validateCode(
          parameters({ valueSet: { resourceType: 'ValueSet', status: 'active', compose }, system: MMS, code: cluster }),
          { resourceType: 'ValueSet' },
        )
      // Of all but falls it may be one or not; what the set has is taken away, so that a no there is a yes here.
      const without = { include: [{ system: MMS }], exclude: [{ valueSet: ['http://example.org/inner'] }] }
      assert.equal(answer(await ask(without), 'result'), false)
      await assert.rejects(ask({ include: [{ valueSet: ['http://example.org/inner'] }] }), { status: 422 })
      // One filter that does not have it decides.
      const both = { system: MMS, filter: [...one.filter, { property: 'chapterNo', op: '=', value: 'X' }] }
      const neither = { system: MMS, filter: [...one.filter, { property: 'concept', op: 'is-a', value: '9A00' }] }
      assert.equal(answer(await ask({ include: [other], exclude: [neither] }), 'result'), true)
      assert.equal(answer(await ask({ include: [other], exclude: [both] }), 'result'), true)
    })

    it('has a cluster in the value sets that have its first stem, and expands none', async () => {
      const valueSet = (filter: object[]): ValueSet => ({
        resourceType: 'ValueSet',
        url: 'http://example.org/vs',
        status: 'active',
        compose: { include: [{ system: MMS, ...(filter.length > 0 && { filter }) } as never] },
      })
      const isIn = async (set: ValueSet, text: string) =>
        answer(
          await terminology.validateCode(parameters({ valueSet: set, system: MMS, code: text }), {
            resourceType: 'ValueSet',
          }),
          'result',
        )
      const all = valueSet([])
      const fevers = valueSet([{ property: 'concept', op: 'is-a', value: '9A00' }])
      const injuries = valueSet([{ property: 'chapterNo', op: '=', value: '22' }])
      const cluster = '9A00.0&XQ10/9N10'
      assert.equal(await isIn(all, cluster), true)
      assert.equal(await isIn(fevers, cluster), true)
      assert.equal(await isIn(injuries, cluster), false)
      assert.equal(await isIn(injuries, '9N10/9A01'), true)
      assert.equal(
        await isIn(
          valueSet([
            { property: 'concept', op: 'is-a', value: '9A00' },
            { property: 'chapterNo', op: '=', value: '22' },
          ]),
          cluster,
        ),
        false,
      )
      const expanded = await terminology.expand(parameters({ valueSet: fevers }))
      assert.deepEqual(
        expanded.expansion?.contains?.flatMap(({ code: one }) => one).filter((one) => isCluster(one ?? '')),
        [],
      )
      assert.equal(expanded.expansion?.total, 5)
    })
  })
}

describe('clusters', () => {
  const character = fc.constantFrom('9', 'A', '0', '1', '.', '/', '&', 'X', 'Q', ' ', '(', 'é', '\u0000')
  const text = fc.oneof(
    fc.string(),
    fc.array(character, { maxLength: 40 }).map((each) => each.join('')),
  )

  it('are read back as they were written, or refused with a reason, and never throw', () => {
    fc.assert(
      fc.property(text, (given) => {
        const parsed = parseCluster(given)
        if ('fault' in parsed) assert.ok(parsed.fault.length > 10)
        else
          assert.equal(
            parsed.stems
              .map(({ stem, extensions }) => [stem, ...extensions].map(({ code: one }) => one).join('&'))
              .join('/'),
            given,
          )
      }),
    )
  })

  it('are taken or explained, whatever the text', () => {
    for (const { provider } of [byTable, byJson]) {
      fc.assert(
        fc.property(text.filter(isCluster), (given) => {
          const ref = provider.locate(given)
          assert.equal(provider.explain?.(given) === undefined, ref !== undefined)
          if (ref !== undefined) assert.equal(provider.code(ref), given)
        }),
      )
    }
  })

  it('have an end', () => {
    for (const long of ['9A01&'.repeat(10_000), '9A01/'.repeat(100_000), '&'.repeat(1_000_000)])
      assert.match(byTable.provider.explain?.(long) ?? '', /longer than/)
    assert.match(
      byTable.provider.explain?.(Array.from({ length: 60 }, () => '9A01').join('/')) ?? '',
      /more than 50 codes|there twice/,
    )
  })
})
