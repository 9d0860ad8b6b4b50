import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isError } from '../../../src/fhir/error.ts'
import type { Issue, StructureDefinition } from '../../../src/fhir/types.ts'
import { checkMap, parseMap } from '../../../src/structure-map/maps.ts'
import { compileMap, header, withRules } from '../../support/run-map.ts'

const model: StructureDefinition = {
  resourceType: 'StructureDefinition',
  url: 'http://example.org/StructureDefinition/Card',
  name: 'Card',
  type: 'Card',
  status: 'active',
  kind: 'logical',
  abstract: false,
  differential: {
    element: [
      { path: 'Card', id: 'Card' },
      { path: 'Card.born', id: 'Card.born', min: 0, max: '1', type: [{ code: 'date' }] },
    ],
  },
}

/** All that is said of a map before it runs. */
async function remarks(fml: string): Promise<Issue[]> {
  const { map, warnings } = parseMap(fml)
  const checked = checkMap(map)
  return checked.length > 0
    ? [...warnings, ...checked]
    : [...warnings, ...(await compileMap(fml, { artefacts: [model] })).warnings]
}

const said = ({ severity, diagnostics, details }: Issue) => `${severity}: ${diagnostics ?? details?.text}`
const toCard = (rule: string) => `map "http://example.org/StructureMap/card" = card
uses "http://example.org/StructureDefinition/Card" alias Card as target
group main(source src, target tgt : Card) {
  ${rule}
}`

/** Rules that fail, or do nothing, whenever they fire. */
const ERRORS: [rule: string, said: RegExp][] = [
  [
    `src.id as v where (v.isInteger()) -> tgt.id = v "r";`,
    /line 5, column 3: .*calls isInteger\(\), which is no function of FHIRPath/,
  ],
  [`src.id as v where (v.first(1).exists()) -> tgt.id = v "r";`, /calls first\(\), which takes 0 arguments, not 1/],
  [`src -> tgt.id = (src.id.substring()) "r";`, /calls substring\(\), which takes 1 or 2 arguments, not 0/],
  [`src.name as n where (given.select(constructor()).exists()) -> tgt.name = n "r";`, /calls constructor\(\)/],
  [`src -> tgt.id = (%nobody) "r";`, /line 5, column 3: .*rule 'r': %nobody is read but nothing has bound it/],
  [`src.id as v where (%other = v) -> tgt.id = v "r";`, /%other is read/],
  [`src.id as v -> x.id = v "r";`, /the target 'x' is not bound here/],
  [`src.name as n -> n.family = 'a' "r";`, /'n' is a source; only targets can be changed/],
  [`src.name as n -> tgt.nmae = n "r";`, /Patient has no element 'nmae'/],
  [`src.name as n -> tgt.name as t, t.famly = n.family "r";`, /HumanName has no element 'famly'/],
  [`src.name as n -> tgt.contact.nonsense = n "r";`, /Patient.contact has no element 'nonsense'/],
  [`src -> tgt.birthDate = '1988-00-02' "r";`, /the literal "1988-00-02" is no date: must be a date/],
  [`src -> tgt.multipleBirthInteger = 1.5 "r";`, /the literal 1.5 is no integer/],
  [`src -> tgt.active = 'yes' "r";`, /the literal "yes" is no boolean/],
  [`src.name 2..1 as n -> tgt.name = n "r";`, /wants 2\.\.1 items of its source, which no source has/],
  [`src then nobody(src, tgt) "r";`, /calls the group 'nobody', which this map does not have/],
]

test('what makes a rule fail whenever it fires is an error with its place, before anything runs', async () => {
  for (const [rule, expected] of ERRORS) {
    const found = (await remarks(withRules(`  ${rule}`))).filter(isError)
    assert.equal(found.length, 1, `${rule}: ${found.map(said).join('; ')}`)
    assert.match(said(found[0] as Issue), expected)
    assert.match(said(found[0] as Issue), /line 5, column 3/)
  }
})

test('an element that a logical model does not have is told like one of R4', async () => {
  const found = await remarks(toCard(`src.a as a -> tgt.bron = a "r";`))
  assert.deepEqual(found.map(said), [
    "error: line 4, column 3: StructureMap http://example.org/StructureMap/card, group 'main', rule 'r': Card has no element 'bron'; the nearest name is 'born'",
  ])
  assert.deepEqual(await remarks(toCard(`src.a as a -> tgt.born = a "r";`)), [])
})

test('what may come later is a warning: models, concept maps, value sets', async () => {
  const rules: [fml: string, said: RegExp][] = [
    [toCard('src.a as a -> tgt.born = a "r";').replaceAll('Card', 'Crad'), /StructureDefinition .*Crad is not known/],
    [
      withRules(`  src.gender as g -> tgt.id = translate(g, 'http://example.org/none', 'code') "r";`),
      /ConceptMap http:\/\/example.org\/none cannot be used/,
    ],
    [
      withRules(`  src.gender as g where (g.memberOf('http://example.org/none')) -> tgt.id = g "r";`),
      /ValueSet http:\/\/example.org\/none cannot be used/,
    ],
    [withRules(`  nobody as n -> tgt.id = n "r";`), /reads the variable 'nobody' as source, but nothing has bound it/],
    [withRules(`  src.nickname as n -> tgt.id = n "r";`), /Patient has no element 'nickname'/],
  ]
  for (const [fml, expected] of rules) {
    const found = await remarks(fml)
    assert.ok(
      found.some((each) => expected.test(said(each))),
      `${fml}: ${found.map(said).join('; ')}`,
    )
    assert.deepEqual(found.filter(isError), [])
  }
})

test('groups of imports are known when the imports are, and with how many arguments', async () => {
  const helper = `map "http://example.org/StructureMap/Helper" = Helper
group Copy(source s, target t) {
}`
  const main = (call: string) => `${header()}imports "http://example.org/StructureMap/Helper"
group main(source src : Source, target tgt : Target) {
  src then ${call} "r";
}`
  const check = async (call: string) => (await compileMap(main(call), { maps: [helper] })).warnings.map(said)
  assert.deepEqual(await check('Copy(src, tgt)'), [])
  assert.match((await check('Copy(src)')).join(), /group 'Copy' takes 2 arguments, not 1/)
  assert.match((await check('Coyp(src, tgt)')).join(), /error: line 6, column 3: .*there is no group 'Coyp'/)
})

test('what is bound is not complained of: constants, variables of the engine and of the expression', async () => {
  const fml = `${header()}let system = 'http://x';
group main(source src : Source, target tgt : Target) {
  src.name as n where (%context.exists() and %resource.id.exists() and %sct.exists()) -> tgt.name as t, t.text = (defineVariable('q', n.family).select(%q & %system & %n.family)) "r";
  src.identifier as i -> tgt.identifier = i as j, j.system = system "s";
}`
  assert.deepEqual(await remarks(fml), [])
})
