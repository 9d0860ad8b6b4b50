/** Rules do not run on content that is not whole, and are listed all the same. */
import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import supertest from 'supertest'
import { judge, type RuleSurroundings } from '../../../src/evaluate/run-rules.ts'
import { issue } from '../../../src/fhir/error.ts'
import type { Bundle } from '../../../src/fhir/types.ts'
import { openVerdicts, question, ruleLibrary, rulePlan, specimen } from '../../support/verdicts.ts'

const { ask, http, store, server } = await openVerdicts()
const vaccination = specimen('dcc-v')
const map = (name: string) => ({ name: 'structureMap', valueCanonical: `http://example.org/StructureMap/${name}` })
const library = { name: 'library', valueCanonical: 'http://example.org/Library/Rules' }
const plan = { name: 'planDefinition', valueCanonical: 'http://example.org/PlanDefinition/Named' }

const maps: Record<string, string> = {
  Nothing: 'src.absent -> bundle.type = \'collection\' "type";',
  Person: `src -> bundle.type = 'collection' "type";
    src -> bundle.entry as entry, entry.resource = create('Patient') as patient then { src -> patient.id = 'holder' "id"; } "patient";`,
  Nobody: `src -> bundle.type = 'collection' "type";
    src -> bundle.entry as entry, entry.resource = create('Immunization') as event then { src -> event.status = 'completed' "status"; } "event";`,
  Several: `src -> bundle.type = 'collection' "type";
    src -> bundle.entry as entry, entry.resource = create('Patient') as patient then { src -> patient.id = 'a' "id"; } "a";
    src -> bundle.entry as entry, entry.resource = create('Patient') as patient then { src -> patient.id = 'b' "id"; } "b";
    src -> bundle.entry as entry, entry.resource = create('Immunization') as event then { src -> event.status = 'completed' "status"; } "event";`,
  Breaks: 'src -> bundle.type = ((1 | 2).toInteger()) "type";',
}

before(async () => {
  for (const [name, rule] of Object.entries(maps)) {
    const fml = `map "http://example.org/StructureMap/${name}" = ${name}
      uses "http://hl7.org/fhir/StructureDefinition/Bundle" alias Bundle as target
      uses "http://hl7.org/fhir/StructureDefinition/Patient" alias Patient as produced
      uses "http://hl7.org/fhir/StructureDefinition/Immunization" alias Immunization as produced
      group ${name}(source src, target bundle : Bundle) { ${rule} }`
    const put = await supertest(http)
      .put(`/fhir/StructureMap/${name.toLowerCase()}`)
      .set({ Authorization: 'Bearer test', 'Content-Type': 'text/fhir-mapping' })
      .send(fml)
    assert.ok(put.status < 300, JSON.stringify(put.body))
  }
  await store(
    ruleLibrary('Rules', 'context Patient define Good: true define Bad: false define private Hidden: false'),
    rulePlan('Named', ['Good', 'Bad'], { useContext: [], jurisdiction: [{ coding: [{ code: 'CH' }] }] }),
  )
})

describe('a map that gives nothing to judge', () => {
  for (const name of Object.keys(maps))
    it(`${name}: every rule is listed without result`, async () => {
      for (const [more, expected] of [
        [[library], ['Good', 'Bad']],
        [[plan], ['Good', 'Bad']],
        [
          [plan, library],
          ['Good', 'Bad', 'Good', 'Bad'],
        ],
        [[], ['Complete Primary Series']],
      ] as const) {
        const { decision, status, rules, issues } = await ask(question(vaccination, map(name), ...more))
        assert.deepEqual([decision, status], ['undetermined', 'VERIFIED'])
        assert.deepEqual(
          rules.map((each) => each.expression),
          expected,
        )
        for (const { result, message, library: pinned } of rules) {
          assert.equal(result, null)
          assert.match(message, /^not determined: the rule was not run: /)
          assert.match(pinned, /\|1/)
        }
        assert.ok(issues.length > 0)
      }
    })

  it('by default the same certificate is accepted', async () => {
    assert.equal((await ask(question(vaccination))).decision, 'accepted')
  })
})

describe('a certificate whose content lies elsewhere', () => {
  it('lists whatever may apply, of every kind', async () => {
    const { decision, rules } = await ask(question(specimen('link')))
    assert.equal(decision, 'undetermined')
    assert.deepEqual(rules.map((each) => each.action).sort(), [
      'Complete primary series',
      'Poliomyelitis certificate',
      'Recovery in its window',
      'Valid negative test',
      'Yellow fever certificate',
    ])
    assert.ok(rules.every((each) => each.result === null && /link/.test(each.message)))
    const { rules: named } = await ask(question(specimen('link'), library))
    assert.deepEqual(
      named.map((each) => each.expression),
      ['Good', 'Bad'],
    )
  })
})

describe('judging', () => {
  const surroundings: RuleSurroundings = {
    rules: server.rules,
    plans: { select: async () => [], named: async () => [] },
    hasLibrary: async () => true,
  }
  const data: Bundle = { resourceType: 'Bundle', type: 'collection' }
  const request = {
    jurisdiction: undefined,
    clock: new Date('2026-06-01T12:00:00Z'),
    clockText: '2026-06-01T12:00:00Z',
  }
  const judged = (change: object) =>
    judge(surroundings, {
      request: request as never, // the rest of a request is not asked for
      verifications: [{ events: ['v'], period: {}, isIssuerUnknown: false, inputs: [] }],
      named: {
        sources: [{ library: 'http://example.org/Library/Rules', expressions: ['Good'] }],
        uses: new Set(),
        remarks: [],
      },
      content: data,
      coreDataSets: [],
      ...change,
    })

  it('a credential that certifies nothing known is no ground for accepting', async () => {
    assert.deepEqual((await judged({})).obstacles, [])
    const verifications = [{ isIssuerUnknown: false, events: [], period: {}, inputs: [] }]
    const { rules, obstacles } = await judged({ verifications })
    assert.equal(rules[0]?.result, true)
    assert.equal(obstacles.length, 1)
  })

  it('no rule at all is said', async () => {
    const { rules, issues } = await judged({ named: { sources: [], remarks: [] } })
    assert.deepEqual(rules, [])
    assert.match(issues[0]?.details?.text ?? '', /No rule of this server applies/)
  })

  it('what is not run is listed with why', async () => {
    const { rules } = await judged({ content: { notRun: issue('incomplete', 'the rule was not run: no birth date') } })
    assert.deepEqual(
      rules.map((each) => [each.result, each.message]),
      [[null, 'not determined: the rule was not run: no birth date']],
    )
  })
})
