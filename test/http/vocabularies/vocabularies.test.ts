/** SNOMED CT, LOINC and ICD-11 as a client asks them: imported releases, over HTTP. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { hostileVocabularies } from '../../support/hostile-requests.ts'
import { smallVersion, withIds } from '../../support/snomed/small-release.ts'
import { query, type Reply, vocabularyServer } from './support.ts'

const SCT = 'http://snomed.info/sct'
const LOINC = 'http://loinc.org'
const MMS = 'http://id.who.int/icd/release/11/mms'

let served: Awaited<ReturnType<typeof vocabularyServer>>
before(async () => {
  served = await vocabularyServer()
})
after(() => served.close())

/** What is asked, and the answer: its status, what stands in it, and what does not (with a leading `-`). */
type Question = [name: string, ask: () => Promise<Reply>, status: number, ...says: string[]]

const get = (path: string, values: Record<string, string>) => () => served.ask(query(path, values))
const lookup = (system: string, code: string, more = {}) => get('CodeSystem/$lookup', { system, code, ...more })
const validate = (url: string, code: string, more = {}) => get('CodeSystem/$validate-code', { url, code, ...more })
const isIn = (url: string, system: string, code: string) => get('ValueSet/$validate-code', { url, system, code })
const subsumes = (system: string, codeA: string, codeB: string) => get('CodeSystem/$subsumes', { system, codeA, codeB })
const expand = (url: string, more = {}) => get('ValueSet/$expand', { url, ...more })
const translate = (values: Record<string, string>) => get('ConceptMap/$translate', values)

interface Clause {
  system: string
  filter?: { property: string; op: string; value: string }[]
  concept?: { code: string }[]
}
const by = (system: string, property: string, op: string, value: string): Clause => ({
  system,
  filter: [{ property, op, value }],
})
const valueSet = (include: Clause[], exclude?: Clause[]) => ({
  resourceType: 'ValueSet',
  status: 'active',
  compose: { include, ...(exclude && { exclude }) },
})
const checkOf = (expression: string, more = {}) => get('ValueSet/$check-ecl', { expression, ...more })
const post =
  (path: string, set: object, values: Record<string, string> = {}) =>
  () =>
    served.ask(path, {
      resourceType: 'Parameters',
      parameter: [
        { name: 'valueSet', resource: set },
        ...Object.entries(values).map(([name, value]) => ({
          name,
          ...(name === 'system' ? { valueUri: value } : { valueCode: value }),
        })),
      ],
    })
const isInSet = (include: Clause[], exclude: Clause[] | undefined, code: string) =>
  post('ValueSet/$validate-code', valueSet(include, exclude), { system: include[0]?.system ?? '', code })
const expandSet = (include: Clause[], exclude?: Clause[]) => post('ValueSet/$expand', valueSet(include, exclude))

const yes = '"name":"result","valueBoolean":true'
const no = '"name":"result","valueBoolean":false'
const untold = 'cannot be told'
const torn = '{disorder}:{site}={wingtip}'
const disorders = by(SCT, 'concept', 'is-a', '{disorder}')
const ecl = (value: string) => by(SCT, 'constraint', '=', value)
const implied = (text: string) => `${SCT}?fhir_vs=ecl/${encodeURIComponent(withIds(text))}`

const snomed: Question[] = [
  ['a look-up of a concept', lookup(SCT, '{wing}'), 200, 'Wing structure', smallVersion],
  ['a look-up of an expression', lookup(SCT, torn), 200, '|Gryph disorder|:'],
  ['an expression that does not hold', lookup(SCT, '{disorder}:{site}=404684003'), 404, 'Concept 404684003 not found'],
  ['an expression is valid', validate(SCT, torn), 200, yes],
  ['an expression in an implied set by ECL', isIn(implied('<< {wingdisorder}'), SCT, torn), 200, yes],
  ['which is not in another one', isIn(implied('<< {inflamed}'), SCT, torn), 200, no],
  [
    'of a filter nobody can tell',
    isIn(implied('<< {disorder} {{ C active = 1 }}'), SCT, torn),
    422,
    untold,
    `-${yes}`,
    `-${no}`,
  ],
  [
    'of what a filter leaves neither',
    isIn(implied('<< {disorder} MINUS (<< {disorder} {{ term = "x" }})'), SCT, torn),
    422,
    untold,
  ],
  [
    'unless the other operand decides',
    isIn(implied('<< {inflamed} MINUS (<< {disorder} {{ term = "x" }})'), SCT, torn),
    200,
    no,
  ],
  ['or one of several', isIn(implied('<< {wingdisorder} OR ^ {flock}'), SCT, torn), 200, yes],
  ['of a reference set in ECL nobody can tell', isIn(implied('^ {flock}'), SCT, torn), 422, untold],
  ['an implied set by a reference set has none', isIn(`${SCT}?fhir_vs=refset/{flock}`, SCT, torn), 200, no],
  ['excluded by a filter', isInSet([disorders], [ecl('* {{ C active = 1 }}')], torn), 422, untold],
  ['excluded by a reference set', isInSet([disorders], [by(SCT, 'concept', 'in', '{flock}')], torn), 422, untold],
  ['excluded by something else', isInSet([disorders], [ecl('<< {inflamed} {{ C active = 1 }}')], torn), 200, yes],
  [
    'listed, and excluded by a filter',
    expandSet([{ system: SCT, concept: [{ code: torn }] }], [ecl('* {{ C active = 1 }}')]),
    422,
    untold,
  ],
  [
    'listed, and excluded by what it is',
    expandSet([{ system: SCT, concept: [{ code: torn }] }], [ecl('<< {wingdisorder}')]),
    200,
    '"total":0',
  ],
  ['subsumption of an expression', subsumes(SCT, '{wingdisorder}', torn), 200, '"subsumes"'],
  [
    'a map of an expression has nothing for it',
    translate({ url: `${SCT}?fhir_cm=900000000000526001`, system: SCT, code: torn }),
    200,
    no,
  ],
  ['an ECL expression that is wrong', expand(implied('<< {wing} AND')), 422, 'Syntax error'],
  [
    'a check of one that holds',
    checkOf('<< {wing} MINUS {wing}'),
    200,
    '"result","valueBoolean":true',
    smallVersion,
    '-"remark"',
  ],
  [
    'of one that cannot be read',
    checkOf('<<\n {wing} AND'),
    200,
    '"result","valueBoolean":false',
    '"line","valuePositiveInt":2',
  ],
  [
    'of one that names what is not there, with its place',
    checkOf('<< {wing} OR\n  << 404684003'),
    200,
    '"result","valueBoolean":false',
    '"severity","valueCode":"error"},{"name":"line","valuePositiveInt":2},{"name":"column","valuePositiveInt":6}',
    'unknown concept 404684003',
  ],
  [
    'of one with a wrong term',
    checkOf('<< {wing} |Claw|'),
    200,
    '"result","valueBoolean":true',
    'warning',
    'term mismatch',
  ],
  ['of no expression', checkOf(' '), 400, 'expression'],
  [
    'of a text that is too long',
    () =>
      served.ask('ValueSet/$check-ecl', {
        resourceType: 'Parameters',
        parameter: [{ name: 'expression', valueString: `${' '.repeat(20_000)}<<` }],
      }),
    400,
    'too-long',
  ],
  ['by a version that is not here', checkOf('<< {wing}', { version: 'http://snomed.info/sct/1' }), 422, 'not-found'],
]

const fevers = by(MMS, 'concept', 'is-a', '9A00')
const icd: Question[] = [
  ['a look-up of a code', lookup(MMS, '9A01'), 200, 'Griffin pox'],
  [
    'in another language',
    lookup(MMS, '9A01', { displayLanguage: 'fr', version: '2031-01' }),
    200,
    'Variole du griffon',
  ],
  ['of an older release', lookup(MMS, '9A01', { version: '2031-01' }), 200, '2031-01'],
  [
    'of a cluster',
    lookup(MMS, '9A00.0&XQ10/9N10'),
    200,
    'Dragon fever of the wing & Mild as a fable / Fall from a beanstalk',
  ],
  ['of a cluster with a code that is not known', lookup(MMS, '9A01&XQ99'), 404, "'XQ99' at column 6 is not known"],
  ['a cluster is valid', validate(MMS, '9A01&XQ90'), 200, yes],
  [
    'an extension on the wrong axis is not',
    validate(MMS, '9A01&XQ10', { version: '2031-01' }),
    200,
    no,
    'does not extend',
  ],
  ['subsumption of clusters', subsumes(MMS, '9A00', '9A00.0&XQ90'), 200, '"subsumes"'],
  ['subsumption is by the first stem', subsumes(MMS, '9N10', '9A01/9N10'), 200, '"not-subsumed"'],
  ['a filter of the hierarchy', expandSet([fevers]), 200, '"total":5', '-9A01'],
  ['a filter of a property', expandSet([by(MMS, 'chapterNo', '=', '22')]), 200, '9N10'],
  ['a filter that nobody knows', expandSet([by(MMS, 'colour', '=', 'red')]), 422, 'colour'],
  ['a code means that code alone', isInSet([by(MMS, 'code', '=', '9A01')], undefined, '9A01&XQ90'), 200, no],
  [
    'whether it is meant where it is excluded nobody can tell',
    isInSet([{ system: MMS }], [by(MMS, 'code', '=', '9A01')], '9A01&XQ90'),
    422,
    untold,
  ],
  ['nor of another stem', isInSet([{ system: MMS }], [by(MMS, 'concept', 'is-a', '9N10')], '9A01/9N10'), 422, untold],
  [
    'an expansion says the same',
    expandSet([{ system: MMS, concept: [{ code: '9A01/9N10' }] }], [by(MMS, 'concept', 'is-a', '9N10')]),
    422,
    untold,
  ],
  ['what is no part of it takes nothing away', isInSet([{ system: MMS }], [fevers], '9A01/9N10'), 200, yes],
  [
    'a map from ICD-10',
    translate({ system: 'http://hl7.org/fhir/sid/icd-10', code: 'Z00', targetsystem: MMS }),
    200,
    '9A00',
  ],
  [
    'a map of a cluster has nothing for it',
    translate({ system: MMS, code: '9A00&XQ90', targetsystem: 'http://hl7.org/fhir/sid/icd-10' }),
    200,
    no,
  ],
]

const loinc: Question[] = [
  ['a look-up', lookup(LOINC, '90000001-1'), 200, 'Moonlight [Mass/volume] in Pond', '"2.83"'],
  ['of an older version', lookup(LOINC, '90000001-1', { version: 'LOINC_2.82' }), 200, '"2.82"'],
  ['in another language', lookup(LOINC, '90000001-1', { displayLanguage: 'de' }), 200, 'Mondlicht'],
  ['of a part', lookup(LOINC, 'LP90000001-1'), 200, 'Moonlight'],
  ['of nothing', lookup(LOINC, '90000009-9'), 404],
  ['a code is valid', validate(LOINC, '90000001-1'), 200, yes],
  ['a display is not', validate(LOINC, '90000001-1', { display: 'Sunlight' }), 200, no],
  ['another one is not', validate(LOINC, "90000001-1' OR 1=1"), 200, no],
  ['an answer list', expand(`${LOINC}/vs/LL90000002-2`), 200, '"total":2', 'LA90000001-1'],
  ['an answer list that nobody knows', expand(`${LOINC}/vs/LL99999999-9`), 422, 'is not known'],
  ['a filter by a part', expandSet([by(LOINC, 'COMPONENT', '=', 'Moonlight')]), 200, '90000002-2'],
  ['a filter by an expression', expandSet([by(LOINC, 'CLASS', 'regex', '(')]), 422, 'regular expression'],
  ['subsumption by part', subsumes(LOINC, 'LP90000001-1', '90000001-1'), 200, '"subsumes"'],
  ['subsumption of nothing', subsumes(LOINC, 'LP90000001-1', '90000009-9'), 404],
]

const hostileCodes = [
  '&',
  '/',
  '9A01&'.repeat(600),
  '\u0000',
  '../../etc/passwd',
  '🜁',
  '%',
  "';--",
  '('.repeat(1500),
  ' 9A01',
  '9A01 ',
]

for (const [title, questions] of [
  ['SNOMED CT', snomed],
  ['ICD-11', icd],
  ['LOINC', loinc],
] as const)
  describe(`${title} over HTTP`, () => {
    for (const [name, ask, status, ...says] of questions)
      it(name, async () => {
        const reply = await ask()
        assert.equal(reply.status, status, reply.text)
        for (const each of says) {
          const isWanted = !each.startsWith('-')
          const text = isWanted ? each : each.slice(1)
          assert.equal(
            reply.text.includes(text) || reply.text.includes(JSON.stringify(text).slice(1, -1)),
            isWanted,
            `${each} in ${reply.text}`,
          )
        }
      })
  })

describe('hostile codes', () => {
  for (const system of [SCT, LOINC, MMS])
    it(`are no codes of ${system}`, async () => {
      for (const code of hostileCodes) {
        const asked = [lookup(system, code), validate(system, code), subsumes(system, code, code)]
        for (const ask of asked) {
          const { status, text } = await ask()
          assert.ok([200, 400, 404, 422].includes(status), `${status} for ${code.slice(0, 40)}: ${text.slice(0, 300)}`)
          assert.ok(status !== 200 || text.includes(no), `${code.slice(0, 40)}: ${text.slice(0, 300)}`)
        }
      }
    })

  for (const { name, path, body, statuses, slow } of hostileVocabularies)
    it(name, async () => {
      const order: string[] = []
      const asked = served.ask(path, body === undefined ? undefined : JSON.parse(body())).then((reply) => {
        order.push('hostile')
        return reply
      })
      const other = fetch(`${served.url}/health`).then((reply) => {
        order.push('health')
        return reply
      })
      const [reply, health] = await Promise.all([asked, other])
      assert.equal(health.status, 200)
      if (slow) assert.equal(order[0], 'health', 'who asks meanwhile is answered meanwhile')
      assert.ok(statuses.includes(reply.status), `${reply.status} ${reply.text.slice(0, 500)}`)
      if (reply.status >= 400) assert.match(reply.text, /OperationOutcome/)
      assert.doesNotMatch(reply.text, /\bat .*\.ts:\d/, 'no stack')
    })
})

describe('several versions of one vocabulary', () => {
  it('are all found by url, each with its version, none with its concepts', async () => {
    for (const [url, versions] of [
      [LOINC, ['2.82', '2.83']],
      [MMS, ['2031-01', '2032-01']],
    ] as const) {
      const { status, text } = await served.ask(`CodeSystem?url=${encodeURIComponent(url)}`)
      assert.equal(status, 200)
      const found: { resource: Record<string, unknown> }[] = JSON.parse(text).entry
      const systems = found.map(({ resource }) => resource).filter((each) => typeof each.version === 'string')
      const held = systems.filter(({ version }) => (versions as readonly unknown[]).includes(version))
      assert.deepEqual(held.map(({ version }) => version).sort(), [...versions])
      for (const each of held) assert.deepEqual([each.content, each.concept], ['not-present', undefined])
      for (const version of versions) {
        const one = JSON.parse((await served.ask(`CodeSystem?url=${encodeURIComponent(url)}&version=${version}`)).text)
        assert.deepEqual(
          one.entry.map(({ resource }: { resource: { version?: string } }) => resource.version),
          [version],
        )
        const named = JSON.parse((await served.ask(`CodeSystem?url=${encodeURIComponent(url)}%7C${version}`)).text)
        assert.ok(
          (named.entry ?? []).every(({ resource }: { resource: { version?: string } }) => resource.version === version),
        )
      }
    }
  })

  it('are told in TerminologyCapabilities with their languages', async () => {
    const { text } = await served.ask('metadata?mode=terminology')
    const told: { uri: string; version?: { code?: string; isDefault?: boolean; language?: string[] }[] }[] =
      JSON.parse(text).codeSystem
    const of = (uri: string) => told.find((each) => each.uri === uri)?.version ?? []
    assert.deepEqual(
      of(LOINC)
        .map(({ code }) => code)
        .sort(),
      ['2.82', '2.83'],
    )
    assert.equal(of(LOINC).find(({ isDefault }) => isDefault)?.code, '2.83')
    for (const { language } of of(LOINC)) assert.deepEqual(language, ['en-US', 'de-AT', 'de-DE', 'fr-FR'])
    assert.deepEqual(
      of(MMS)
        .map(({ code, language }) => [code, language])
        .sort(),
      [
        ['2031-01', ['en', 'fr']],
        ['2032-01', ['en']],
      ],
    )
  })
})
