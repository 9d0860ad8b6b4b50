/** Properties of concepts (https://hl7.org/fhir/R4/snomedct.html, concept properties): their own, and every attribute. */
import type { CodeSystemHead, ConceptProperty, LookedUpProperty } from '../../../code-system/code-system.ts'
import type { SnomedContent } from '../content.ts'
import { type AttributeValue, attributeValueOf, rowsOf } from './attribute-values.ts'
import { normalForm } from './normal-form.ts'

const STANDARD = 'http://hl7.org/fhir/concept-properties#'

/** Attributes of one group stand together under this. */
const ROLE_GROUP = '609096000'

/** Declared properties; attributes are known by their identifiers. */
export const declaredProperties: CodeSystemHead['properties'] = new Map([
  ['inactive', { uri: `${STANDARD}inactive`, type: 'boolean' }],
  ['sufficientlyDefined', { uri: 'http://snomed.info/field/Concept.definitionStatusId', type: 'boolean' }],
  ['moduleId', { uri: 'http://snomed.info/field/Concept.moduleId', type: 'code' }],
  ['effectiveTime', { uri: 'http://snomed.info/field/Concept.effectiveTime', type: 'dateTime' }],
  ['parent', { uri: `${STANDARD}parent`, type: 'code' }],
  ['child', { uri: `${STANDARD}child`, type: 'code' }],
  ['normalForm', { type: 'string' }],
  ['normalFormTerse', { type: 'string' }],
])

/** The effective time of a concept as a FHIR dateTime. */
function day(time: number): string {
  const text = String(time).padStart(8, '0')
  return `${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6)}`
}

/** The value of an attribute as a property has it. */
export function memberOf(content: SnomedContent, value: AttributeValue): Pick<ConceptProperty, 'member' | 'value'> {
  if ('concept' in value) return { member: 'valueCode', value: content.idOf(value.concept) }
  const { concrete } = value
  if (typeof concrete === 'boolean') return { member: 'valueBoolean', value: concrete }
  if (typeof concrete === 'string') return { member: 'valueString', value: concrete }
  return { member: Number.isInteger(concrete) ? 'valueInteger' : 'valueDecimal', value: concrete }
}

/** Properties but parents and children, which are many; a normal form is made when it is read. */
export function conceptProperties(content: SnomedContent, concept: number, term: Term): ConceptProperty[] {
  return [...ownProperties(content, concept, term), ...attributeProperties(content, concept)]
}

function ownProperties(content: SnomedContent, concept: number, term: Term): ConceptProperty[] {
  return [
    { code: 'inactive', member: 'valueBoolean', value: !content.isActive(concept) },
    { code: 'effectiveTime', member: 'valueDateTime', value: day(content.effectiveTimeOf(concept)) },
    { code: 'moduleId', member: 'valueCode', value: content.moduleOf(concept) },
    { code: 'sufficientlyDefined', member: 'valueBoolean', value: content.isDefined(concept) },
    {
      code: 'normalForm',
      member: 'valueString',
      get value() {
        return normalForm(content, concept, term)
      },
    },
    {
      code: 'normalFormTerse',
      member: 'valueString',
      get value() {
        return normalForm(content, concept)
      },
    },
  ]
}

function attributeProperties(content: SnomedContent, concept: number): ConceptProperty[] {
  const made: ConceptProperty[] = []
  const [from, to] = rowsOf(content, concept)
  for (let row = from; row < to; row++) {
    made.push({
      code: content.idOf(content.attributes.type[row] ?? -1),
      ...memberOf(content, attributeValueOf(content, row)),
    })
  }
  return made
}

/** Of a look-up that asks for none. */
const USUAL = new Set(['inactive', 'effectiveTime', 'parent', 'child'])
const isAttribute = (code: string) => /^\d+$/.test(code)

/**
 * Properties of a look-up: without a wish status, effective time, attributes, parents and children; with `*` everything, attributes also
 * by their groups.
 * @param term display of a concept in the wished languages
 */
export function lookedUpProperties(
  content: SnomedContent,
  concept: number,
  { asked, term, usualTerm }: { asked: readonly string[]; term: Term; usualTerm: Term },
): LookedUpProperty[] {
  const wants = (code: string) =>
    asked.length === 0 ? USUAL.has(code) || isAttribute(code) : asked.includes('*') || asked.includes(code)
  // The status of a concept is said whatever is asked for.
  const made = ownProperties(content, concept, usualTerm)
    .filter(({ code }) => code === 'inactive' || wants(code))
    .map((property): LookedUpProperty => described(content, property, term))
  if (asked.length === 0 || asked.includes('*') || asked.some(isAttribute)) {
    const [from, to] = rowsOf(content, concept)
    for (let row = from; row < to; row++) {
      if (wants(content.idOf(typeAt(content, row)))) made.push(attributeAt(content, row, term))
    }
  }
  for (const [code, others] of [
    ['parent', content.hierarchy.parents],
    ['child', content.hierarchy.children],
  ] as const) {
    if (!wants(code)) continue
    for (const other of others(concept))
      made.push({ code, member: 'valueCode', value: content.idOf(other), description: term(other) })
  }
  if (asked.includes('*') || asked.includes(ROLE_GROUP)) made.push(...groups(content, concept, term))
  return made
}

type Term = (concept: number) => string | undefined

function described(content: SnomedContent, property: ConceptProperty, term: Term): LookedUpProperty {
  const { code, member, value } = property
  const target = member === 'valueCode' && typeof value === 'string' ? content.ordinalOf(value) : -1
  return { code, member, value, ...(target >= 0 && { description: term(target) }) }
}

const typeAt = ({ attributes }: SnomedContent, row: number): number => attributes.type[row] ?? -1

/** An attribute with the terms of both of its concepts: both are known by number, and are not looked for by their identifiers. */
function attributeAt(content: SnomedContent, row: number, term: Term): LookedUpProperty {
  const type = typeAt(content, row)
  const value = attributeValueOf(content, row)
  return {
    code: content.idOf(type),
    ...memberOf(content, value),
    codeDisplay: term(type),
    ...('concept' in value && { description: term(value.concept) }),
  }
}

/** Attributes by their groups; those of no group are not among them. */
function groups(content: SnomedContent, concept: number, term: Term): LookedUpProperty[] {
  const byGroup = new Map<number, LookedUpProperty[]>()
  const [from, to] = rowsOf(content, concept)
  for (let row = from; row < to; row++) {
    const group = content.attributes.group[row] ?? 0
    if (group === 0) continue
    const own = attributeAt(content, row, term)
    const known = byGroup.get(group)
    if (known) known.push(own)
    else byGroup.set(group, [own])
  }
  return [...byGroup.values()].map((subproperty) => ({ code: ROLE_GROUP, member: '', subproperty }))
}
