/** The small release with axioms (OWL) and a machine readable concept model (MRCM) of its own. */
import { type Rf2Member, type Rf2Rows, sct } from './rf2-rows.ts'
import { smallRelease, withIds } from './small-release.ts'

const AXIOMS = '733073007'
const DOMAINS = '723560006'
const ATTRIBUTES = '723561005'
const RANGES = '723562003'
const MANDATORY = '723597001'
const OPTIONAL = '723598006'
const ALL = '723596005'
const PRECOORDINATED = '723594008'
const POSTCOORDINATED = '723595009'

const group = (...attributes: string[]) =>
  `ObjectSomeValuesFrom(:609096000 ${attributes.length === 1 ? attributes[0] : `ObjectIntersectionOf(${attributes.join(' ')})`})`
const has = (attribute: string, value: string) => `ObjectSomeValuesFrom(:{${attribute}} :{${value}})`

/** Concept, axiom; `-` before the concept makes it inactive. */
const axioms: [string, string][] = [
  ['sadness', 'SubClassOf(:{sadness} :{finding})'],
  // Concluded of what its definition does not show, and what stands above it with it.
  [
    'sadness',
    `SubClassOf(ObjectIntersectionOf(:{finding} ${group(has('site', 'wing'), has('morphology', 'burn'))}) :{sadness})`,
  ],
  ['abscesswing', `SubClassOf(:{abscesswing} ObjectIntersectionOf(:{wingitis} ${group(has('directsite', 'wing'))}))`],
  [
    'abscesswing',
    `SubClassOf(ObjectIntersectionOf(:{disorder} ${has('severity', 'severe')} ${group(has('site', 'wing'), has('morphology', 'tear'))}) :{abscesswing})`,
  ],
  // One axiom follows from what another concludes, whatever their order.
  ['gone', 'SubClassOf(:{gone} :{finding})'],
  ['beak', 'SubClassOf(:{beak} :{body})'],
  ['beak', 'SubClassOf(ObjectIntersectionOf(:{claw} :{skin}) :{beak})'],
  ['claw', 'SubClassOf(:{claw} :{leg})'],
  ['claw', `SubClassOf(ObjectIntersectionOf(:{leg} ${group(has('laterality', 'left'))}) :{claw})`],
  // Not understood, but for what it needs at least.
  ['due', `SubClassOf(:{due} ObjectIntersectionOf(:{finding} ${group(has('dueto', 'wingitis'))}))`],
  ['due', `SubClassOf(ObjectIntersectionOf(:{finding} ${has('agent', 'fungus')} ObjectUnionOf(:{a} :{b})) :{due})`],
  ['-due', `SubClassOf(ObjectIntersectionOf(:{product} ${has('count', 'mite')}) :{due})`],
  ['resin', 'SubClassOf(:{resin} :{salve})'],
  [
    'resin',
    `SubClassOf(ObjectIntersectionOf(:{salve} ${group('DataHasValue(:{strength} "7.50"^^xsd:decimal)')}) :{resin})`,
  ],
  // Several definitions, each of which suffices.
  [
    'weakresin',
    `EquivalentClasses(:{weakresin} ObjectIntersectionOf(:{resinsalve} DataHasValue(:{label} "weak (salve)"^^xsd:string)))`,
  ],
  ['weakresin', `EquivalentClasses(:{weakresin} ObjectIntersectionOf(:{product} ${has('agent', 'honey')}))`],
  ['agent', 'SubObjectPropertyOf(:{agent} :{attribute})'],
  ['agent', 'SubObjectPropertyOf(ObjectPropertyChain(:{agent} :{dueto}) :{agent})'],
  ['dueto', 'TransitiveObjectProperty(:{dueto})'],
  ['unit', 'ReflexiveObjectProperty(:{unit})'],
]

/** Attribute: domain, grouped, cardinality, cardinality in a group, strength, content. */
const attributes: [string, string[]][] = [
  ['site', ['{finding}', '1', '0..*', '0..1', MANDATORY, ALL]],
  ['-site', ['{product}', '1', '0..*', '0..1', MANDATORY, ALL]],
  ['site', ['{substance}', '1', '0..*', '0..1', OPTIONAL, ALL]],
  ['site', ['{substance}', '1', '0..*', '0..1', MANDATORY, PRECOORDINATED]],
  ['morphology', ['{finding}', '1', '0..2', '0..1', MANDATORY, POSTCOORDINATED]],
  ['severity', ['{finding}', '0', '0..1', '0..0', MANDATORY, ALL]],
  ['laterality', ['{rare}', '0', '0..1', '0..0', MANDATORY, ALL]],
  ['agent', ['{qualifier}', '0', '0..1', '0..0', MANDATORY, ALL]],
  ['vegan', ['404684003', '0', '0..1', '0..0', MANDATORY, ALL]],
]

/** Domain: its constraint. */
const domains: [string, string][] = [
  ['rare', '^ {rare}'],
  ['qualifier', '<< 404684003'],
]

/** Attribute: range. */
const ranges: [string, string][] = [
  ['site', '<< {body} |Body structure|'],
  ['severity', '{mild} OR {severe}'],
  ['strength', 'dec(>#0..<#100)'],
  ['count', 'int(#1 #2)'],
  ['label', 'str("a" "b")'],
  ['vegan', 'bool(true)'],
  ['agent', '<< 404684003'],
]

const withSome = (text: string) => withIds(text.replaceAll('{a}', '{mite}').replaceAll('{b}', '{fungus}'))

/** The small release with axioms and a concept model. */
export function modelledRelease(version: string): Rf2Rows {
  const rows = smallRelease()
  const status = { effectiveTime: '20200131', moduleId: sct.coreModule }
  for (const id of [AXIOMS, DOMAINS, ATTRIBUTES, RANGES, MANDATORY, OPTIONAL, ALL, PRECOORDINATED, POSTCOORDINATED])
    rows.concepts.push({ ...status, id, active: true, definitionStatusId: sct.primitive })
  let number = 500_000
  const members = (refsetId: string, entries: [string, string[]][]): Rf2Member[] =>
    entries.map(([key, values]) => ({
      ...status,
      id: `00000000-0000-4000-8000-${String(number++).padStart(12, '0')}`,
      active: !key.startsWith('-'),
      refsetId,
      referencedComponentId: withIds(`{${key.replace('-', '')}}`),
      values: values.map(withSome),
    }))
  rows.refsets.push(
    {
      fields: ['owlExpression'],
      rows: members(
        AXIOMS,
        axioms.map(([key, text]) => [key, [text]]),
      ),
    },
    {
      fields: ['domainConstraint'],
      rows: members(
        DOMAINS,
        domains.map(([key, text]) => [key, [text]]),
      ),
    },
    {
      fields: [
        'domainId',
        'grouped',
        'attributeCardinality',
        'attributeInGroupCardinality',
        'ruleStrengthId',
        'contentTypeId',
      ],
      rows: members(ATTRIBUTES, attributes),
    },
    {
      fields: ['rangeConstraint', 'attributeRule', 'ruleStrengthId', 'contentTypeId'],
      rows: members(
        RANGES,
        ranges.map(([key, text]) => [key, [text, '', MANDATORY, ALL]]),
      ),
    },
  )
  return { ...rows, version }
}
