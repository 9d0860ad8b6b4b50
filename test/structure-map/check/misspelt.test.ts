/**
 * What `run` stumbles over because of the map, `check` has said before: every name and every text of a good map is misspelt in turn, and
 * the map is run on an instance on which the good one runs.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Json } from '../../../src/base/json-value.ts'
import { FhirError, isError, unprocessable } from '../../../src/fhir/error.ts'
import { tokenize } from '../../../src/structure-map/language/lexer.ts'
import { asAuthorSees, checkWithStore, createMaps, parseMap } from '../../../src/structure-map/maps.ts'
import { inlineTranslator } from '../../../src/structure-map/run/translate.ts'
import { byCanonical, content, projectText } from '../../content/own-content.ts'
import { memoryEnvironment } from '../../support/map-cases.ts'
import {
  card,
  cardDose,
  cardPatient,
  cardResult,
  claim6,
  dcc,
  divoc,
  flat,
  recovery,
  seal,
  sealDose,
  testEvent,
  vaccination,
} from '../../support/map-samples.ts'
import { mapCall, withRules } from '../../support/run-map.ts'

const maps = createMaps({
  ...memoryEnvironment(content),
  async translator(map) {
    const found = typeof map === 'string' ? byCanonical('ConceptMap', map)[0] : map
    if (!found) throw unprocessable(`There is no ConceptMap ${String(map)}`, 'not-found')
    return inlineTranslator(found)
  },
})

/** Why the map cannot be run on the instance; undefined when it can. A map that spells itself endless is another matter. */
async function failure(fml: string, source: Json): Promise<string | undefined> {
  try {
    const compiled = await maps.compile(parseMap(fml).map)
    compiled.run(structuredClone(source), mapCall())
    return undefined
  } catch (error) {
    if (!(error instanceof FhirError)) throw error
    return error.issues[0]?.code === 'too-costly' ? undefined : error.message
  }
}

/** What an author is told of a map. */
async function errorsOf(fml: string): Promise<string[]> {
  try {
    const { map, warnings } = parseMap(fml)
    const issues = asAuthorSees([...warnings, ...(await checkWithStore(map, [], { maps }))])
    return issues.filter(isError).map((each) => each.diagnostics ?? each.details?.text ?? '')
  } catch (error) {
    if (!(error instanceof FhirError)) throw error
    return [error.message]
  }
}

/** The map with one name or text misspelt, for each of them. */
function* misspellings(fml: string): Generator<{ fml: string; was: string; offset: number }> {
  for (const { kind, text, offset, end } of tokenize(fml).tokens) {
    const isQuoted = kind === 'string' || kind === 'double' || kind === 'delimited'
    if (kind !== 'identifier' && !isQuoted) continue
    const wrong = isQuoted ? `${text.slice(0, -1)}x${text.slice(-1)}` : `${text}x`
    yield { fml: fml.slice(0, offset) + wrong + fml.slice(end), was: text, offset }
  }
}

/** Every so many misspellings of the longer maps are tried; all of them when the fuzz tests are to take their time. */
const stride = process.env.VIDIMUS_FUZZ_RUNS ? 1 : 4

async function checkAll(fml: string, source: Json, step = 1): Promise<number> {
  assert.equal(await failure(fml, source), undefined)
  assert.deepEqual(await errorsOf(fml), [])
  let failing = 0
  for (const [index, { fml: wrong, was, offset }] of [...misspellings(fml)].entries()) {
    if (index % step !== 0) continue
    const why = await failure(wrong, source)
    if (why === undefined) continue
    failing++
    const line = fml.slice(0, offset).split('\n').length
    assert.notDeepEqual(await errorsOf(wrong), [], `line ${line}, ${was}: run says ${why}`)
  }
  return failing
}

/** Own maps by file, with instances that go through most of their rules. */
const own: [file: string, source: Json][] = [
  ['hcert-dcc-to-core-data-set', dcc({ v: [vaccination], t: [testEvent], r: [recovery] })],
  ['vaccination-claim-to-core-data-set', claim6],
  ['ddcc-to-core-data-set', flat],
  ['divoc-to-core-data-set', divoc({ vaccine: 'Covaxin', date: '2026-01-15', dose: 1, totalDoses: 2 })],
  ['icao-vds-to-core-data-set', seal({ ve: [{ des: 'XM68M6', nam: 'A', dis: 'RA01', vd: [sealDose] }] })],
  ['shc-to-core-data-set', card(cardPatient(), cardDose(), cardResult())],
  [
    'core-data-set-to-bundle',
    {
      resourceType: 'DDCCCoreDataSetVS',
      name: 'Aoife Beispiel',
      birthDate: '1984-02-29',
      sex: 'female',
      identifier: '1',
      certificate: { hcid: { value: 'c1' }, issuer: { display: 'I' }, period: { start: '2026-01-01' } },
      vaccination: {
        vaccine: { system: 'http://id.who.int/icd11/mms', code: 'XM0GQ8' },
        brand: { system: 'urn:b', code: 'b' },
        manufacturer: { system: 'urn:m', code: 'm' },
        date: '2026-01-15',
        dose: 1,
        totalDoses: 2,
        country: { code: 'IE' },
        validUntil: '2027-01-01',
      },
    },
  ],
]

describe('a misspelt name in a map of the project', () => {
  for (const [file, source] of own)
    it(file, async () => {
      await checkAll(projectText(`igs/maps/${file}.fml`), source, stride)
    })
})

const patient: Json = {
  resourceType: 'Patient',
  id: 'p',
  gender: 'male',
  birthDate: '1970-01-02',
  active: true,
  name: [{ family: 'A', given: ['B', 'C'] }],
  telecom: [{ system: 'phone', value: '1' }],
  multipleBirthInteger: 2,
}

/** Rules between them that use every transform, list mode and form of the language. */
const RULES: Record<string, string> = {
  transforms: `  src.birthDate as d -> tgt.birthDate = cast(d, 'date') "cast";
  src.name as n -> tgt.name as t then { n.family as f -> t.family = truncate(f, 1), t.text = append('x', f) "f"; } "n";
  src.id as i -> tgt.identifier = id('urn:s', i, 'PPN') "id";
  src.telecom as c then { c.value as v -> tgt.telecom = cp('phone', v) "cp"; } "t";
  src -> tgt.maritalStatus = cc('urn:s', 'M', 'Married') "cc";
  src -> tgt.meta as m, m.tag = c('urn:s', 't') "c";
  src -> tgt.deceased = dateOp('2020-01-01', 'add', 1, 'years') "dateOp";
  src -> tgt.id = uuid() "uuid";
  src -> tgt.language = escape('a', 'xml', 'json') "escape";
  src -> tgt.managingOrganization = create('Reference') as r, r.reference = pointer(src) "pointer";
  src -> tgt.contact as k, k.gender = (src.gender.lower()), k.organization = reference(src) "evaluate";`,
  lists: `  src.name as n only_one -> tgt.name as t first, t.family = n.family "one";
  src.telecom first as c -> tgt.telecom as t last, t.value = c.value "two";
  src.name as n, n.given as g -> tgt.name as t share names, t.given = g "three";
  src.active : boolean 0..1 as a where (a = true) check (a.exists()) log (a.toString()) -> tgt.active = a "four";
  src.gender default ('unknown') as g -> tgt.gender = g "five";`,
  groups: `  src.name as n -> tgt.name as t then Name(n, t) "name";
  src.contact -> tgt.contact;
  src.multipleBirth -> tgt.multipleBirth;
}

group Name(source n : HumanName, target t : HumanName) extends Base {
  n.given as g where ($this is string and $this.length() > 0) -> t.given = g "given";
}

group Base(source n : HumanName, target t : HumanName) {
  n -> t.use = 'official' "use";`,
}

describe('a misspelt name in rules of every kind', () => {
  for (const [name, rules] of Object.entries(RULES))
    it(name, async () => {
      const types = `uses "http://hl7.org/fhir/StructureDefinition/HumanName" alias HumanName as source\n`
      const fml = withRules(rules).replace('group main', `${types}group main`)
      assert.ok((await checkAll(fml, patient)) > 5)
    })
})
