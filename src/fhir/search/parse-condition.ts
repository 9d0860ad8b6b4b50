/** One parameter with its modifier and values as a condition (https://hl7.org/fhir/R4/search.html#modifiers). */
import { badRequest, type FhirError } from '../error.ts'
import type { ParameterCondition, SearchModifier } from './condition.ts'
import { needsTerminology, searchMatch, splitPrefix } from './match.ts'
import type { SearchParameter, SearchParameterType } from './search-parameters.ts'
import { splitEscaped } from './value.ts'

const modifiers: Record<SearchParameterType, SearchModifier[]> = {
  string: ['exact', 'contains', 'missing'],
  token: ['missing', 'not', 'text', 'in', 'not-in', 'above', 'below', 'of-type'],
  uri: ['missing', 'above', 'below', 'contains', 'exact'],
  reference: ['missing', 'identifier', 'above', 'below'],
  date: ['missing'],
  number: ['missing'],
  quantity: ['missing'],
  composite: ['missing'],
}
const ordered: SearchParameterType[] = ['date', 'number', 'quantity']

/** Modifiers of parameters that are in no index of the store. */
const plain: SearchModifier[] = ['missing', 'not']

/** Modifiers that a parameter takes, for the CapabilityStatement and for checks. */
export function searchModifiers({ name, type }: Pick<SearchParameter, 'name' | 'type'>): readonly SearchModifier[] {
  if (name === '_id') return plain
  if (name === '_text' || name === '_content') return ['missing']
  return modifiers[type].filter((each) => each !== 'of-type' || name === 'identifier')
}

/** Name and modifier of a parameter as it is sent. */
export function splitModifier(name: string): [string, string | undefined] {
  const colon = name.indexOf(':')
  return colon < 0 ? [name, undefined] : [name.slice(0, colon), name.slice(colon + 1)]
}

/** A thousand canonicals. */
const longestCondition = 200_000

/**
 * The condition that a parameter is, by its name with a modifier and its value as sent.
 * @param options `base`: address of the FHIR base, which a reference may have or not
 * @throws FhirError 400 naming the parameter and what it takes
 */
export function parseCondition(
  parameter: SearchParameter,
  name: string,
  text: string,
  { base }: { base?: string } = {},
): ParameterCondition {
  const [, modifier] = splitModifier(name)
  const isType = parameter.type === 'reference' && modifier !== undefined && /^[A-Z][A-Za-z]{1,60}$/.test(modifier)
  const accepted = searchModifiers(parameter)
  const known = accepted.find((each) => each === modifier)
  if (modifier !== undefined && !known && !isType) {
    const given = modifier.length > 60 ? `${modifier.slice(0, 60)}…` : modifier
    const list = accepted.map((each) => `:${each}`).join(' ')
    const what = `Search parameter ${parameter.name} does not take the modifier :${given}; it takes ${list}.`
    throw badRequest({ text: what, expression: `http.${parameter.name}` }, 'not-supported')
  }
  if (text.length > longestCondition)
    throw invalidValue(parameter.name, text, `shorter than ${longestCondition} characters`)
  const condition: ParameterCondition = { parameter: parameter.name, values: [] }
  if (known) condition.modifier = known
  if (known === 'in' || known === 'not-in') condition.values.push({ value: text })
  else
    for (const part of splitEscaped(text, ',')) {
      if (part === '') continue
      const value = isType && !part.includes('/') ? `${modifier}/${part}` : part
      condition.values.push(prefixed(parameter, known, value))
      if (base !== undefined && parameter.type === 'reference' && known === undefined)
        condition.values.push(...sameReference(value, base))
    }
  if (condition.values.length > 1000)
    throw invalidValue(parameter.name, `${condition.values.length} values`, 'at most 1000')
  // whoever evaluates it reads the values in the same way: a bad one is found here, where the request is answered
  if (!needsTerminology(parameter, condition))
    for (const each of condition.values) searchMatch(parameter, condition, each)
  return condition
}

/** A literal reference in its other form: below the address of the server, or without it. */
function sameReference(value: string, base: string): { value: string }[] {
  if (value.startsWith(`${base}/`)) return [{ value: value.slice(base.length + 1) }]
  return /^[A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64}$/.test(value) ? [{ value: `${base}/${value}` }] : []
}

function prefixed(parameter: SearchParameter, modifier: SearchModifier | undefined, value: string) {
  return modifier === 'missing' || !ordered.includes(parameter.type) ? { value } : splitPrefix(value)
}

/** 400 that says what a parameter takes. */
export function invalidValue(name: string, value: string, accepted: string): FhirError {
  const shown = value.length > 60 ? `${value.slice(0, 60)}…` : value
  return badRequest({ text: `Search parameter ${name}: "${shown}" is not ${accepted}.`, expression: `http.${name}` })
}
