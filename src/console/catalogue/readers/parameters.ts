/** Answers of operations (https://hl7.org/fhir/R4/parameters.html). */

import { isMembers } from '../../api/parameters.ts'
import { type Coding, codingOf } from './concept.ts'
import { Reading } from './reading.ts'

/** A parameter or part with its parts. */
export class Part {
  readonly reading: Reading
  readonly parts: Part[]
  constructor(reading: Reading, member: 'parameter' | 'part' = 'part') {
    this.reading = reading
    this.parts = reading.children(member).map((each) => new Part(each))
  }
  get name(): string {
    return this.reading.text('name')
  }
  /** Its value, whatever its type; undefined for none. */
  get value(): unknown {
    return this.reading.choice('value')?.value
  }
  /** All parts of a name. */
  all(name: string): Part[] {
    return this.parts.filter((each) => each.name === name)
  }
  /** The value of the first part of a name. */
  first(name: string): unknown {
    return this.all(name)[0]?.value
  }
  /** True or false where that is said once; undefined otherwise. */
  onlyFlag(name: string): boolean | undefined {
    const [only, ...others] = this.all(name)
    return typeof only?.value === 'boolean' && others.length === 0 ? only.value : undefined
  }
  /** The value of the first part of a name as a text; empty for none. */
  text(name: string): string {
    return valueWords(this.first(name))
  }
}

/** Reads Parameters; undefined for what is none. */
export function parametersOf(value: unknown): Part | undefined {
  const reading = new Reading(value)
  return reading.text('resourceType') === 'Parameters' ? new Part(reading, 'parameter') : undefined
}

/** A value of any type in a line. */
function valueWords(value: unknown): string {
  if (value === undefined || value === null) return ''
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  const coding = codingIn(value)
  if (coding) return coding.display ? `${coding.display} (${coding.code})` : coding.code
  return JSON.stringify(value).slice(0, 500)
}

/** A value that is a Coding; undefined for any other. */
function codingIn(value: unknown): Coding | undefined {
  return isMembers(value) && typeof value.code === 'string' ? codingOf(new Reading(value)) : undefined
}

/** What $lookup tells of a concept. */
export interface Concept {
  system: string
  systemName: string
  version: string
  code: string
  display: string
  definition: string
  designations: { language: string; use: string; value: string }[]
  properties: { code: string; value: string; coding: Coding | undefined; description: string; isCode: boolean }[]
}

/** Reads the answer of $lookup; undefined for what is none. */
export function lookedUp(value: unknown): Concept | undefined {
  const answer = parametersOf(value)
  if (!answer?.text('name')) return undefined
  return {
    system: answer.text('system'),
    systemName: answer.text('name'),
    version: answer.text('version'),
    code: answer.text('code'),
    display: answer.text('display'),
    definition: answer.text('definition'),
    designations: answer.all('designation').map((each) => ({
      language: each.text('language'),
      use: codingIn(each.first('use'))?.display ?? '',
      value: each.text('value'),
    })),
    properties: answer.all('property').map(propertyOf),
  }
}

function propertyOf(part: Part): Concept['properties'][number] {
  const value = part.all('value')[0]
  const groups = part.all('subproperty').map((each) => `${each.text('code')}: ${each.text('value')}`)
  return {
    code: part.text('code'),
    value: value ? valueWords(value.value) : groups.join('; '),
    coding: codingIn(value?.value),
    description: part.text('description'),
    isCode: value?.reading.choice('value')?.name === 'valueCode',
  }
}

/** What $validate-code says. `undefined` result: it did not say, and nothing may be made of it. */
export interface Validated {
  result: boolean | undefined
  display: string
  system: string
  messages: string[]
}

/** Reads the answer of $validate-code; undefined for what is none. */
export function validatedOf(value: unknown): Validated | undefined {
  const answer = parametersOf(value)
  if (!answer) return undefined
  const message = answer.text('message')
  return {
    result: answer.onlyFlag('result'),
    display: answer.text('display'),
    system: answer.text('system'),
    messages: message ? message.split('; ') : [],
  }
}

/** One concept that $translate found. */
export interface Match {
  relation: string
  coding: Coding | undefined
  map: string
  /** Further elements on which it depends, in a line each. */
  products: string[]
}

/** What $translate says. */
export interface Translated {
  result: boolean | undefined
  message: string
  matches: Match[]
}

/** Reads the answer of $translate; undefined for what is none. */
export function translatedOf(value: unknown): Translated | undefined {
  const answer = parametersOf(value)
  if (!answer) return undefined
  return {
    result: answer.onlyFlag('result'),
    message: answer.text('message'),
    matches: answer.all('match').map((each) => ({
      relation: each.text('equivalence') || each.text('relationship'),
      coding: codingIn(each.first('concept')),
      map: each.text('originMap') || each.text('source'),
      products: each.all('product').map((one) => `${one.text('element')}: ${one.text('concept')}`),
    })),
  }
}
