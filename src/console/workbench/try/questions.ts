/** What the server is asked to run. Nothing unpublished is stored for it, and nothing of a credential is kept here. */
import type { Library, ParametersParameter } from 'fhir/r4.js'
import { base64Of, libraryOf, type Part, textOfBase64 } from '../document/artefacts.ts'
import { jsonObject } from '../document/json-text.ts'
import { isOf } from '../document/resource.ts'

/** What a run is given. */
export interface Given {
  /** Text of a credential, or JSON of a Bundle, a core data set, or of what a map reads. */
  text: string
  /** FHIR dateTime; empty = now. */
  clock: string
  /** ISO 3166-1; empty = the server's own. */
  jurisdiction: string
  /** CQL parameters by name, as they were typed; what is empty keeps its default. */
  parameters: Record<string, string>
}

/** What a text is, by what stands in it. */
export function kindOf(text: string): 'nothing' | 'json' | 'credential' {
  const trimmed = text.trim()
  if (trimmed === '') return 'nothing'
  const object = jsonObject(trimmed)
  // A seal (VDS-NC) is a credential that is written in JSON.
  if (object) return 'data' in object && 'sig' in object ? 'credential' : 'json'
  return 'credential'
}

const parametersOf = (parameter: ParametersParameter[]) => ({ resourceType: 'Parameters' as const, parameter })

/** Says that a question is a try: it is answered like any other, and counted apart (docs/monitoring.md). */
const testMark = { system: 'http://terminology.hl7.org/CodeSystem/v3-ActReason', code: 'HTEST' }

/** The question of `$evaluate`: the verdict of the rules that are published. */
export function verdictQuestion({ text, clock, jurisdiction }: Given): object {
  const parameters = parametersOf([
    { name: 'credential', valueString: text.trim() },
    ...(clock ? [{ name: 'evaluationDateTime', valueDateTime: clock }] : []),
    ...(jurisdiction ? [{ name: 'jurisdiction', valueCode: jurisdiction }] : []),
  ])
  return { ...parameters, meta: { tag: [testMark] } }
}

/** Data of a pasted JSON: a Bundle as it is, anything else as the only thing in one; a core data set as the server itself hands one out. */
export function dataOf(text: string): object | undefined {
  const object = jsonObject(text)
  if (!object) return undefined
  if (object.resourceType === 'Bundle') return object
  const isCoreDataSet = typeof object.resourceType === 'string' && object.resourceType.startsWith('DDCC')
  const isResource = typeof object.resourceType === 'string' && !isCoreDataSet
  const resource = isResource
    ? object
    : { resourceType: 'Binary', contentType: 'application/json', data: base64Of(text) }
  return { resourceType: 'Bundle', type: 'collection', entry: [{ resource }] }
}

/** A parameter that a CQL text declares. */
export interface Declared {
  name: string
  type: string
  /** As it stands in the text. */
  default: string | undefined
}

/** Parameters that a text declares, by its lines; a type that has no simple form of input is left to its default. */
export function declaredParameters(cql: string): Declared[] {
  const lines = cql.matchAll(
    /^[ \t]*parameter[ \t]+("(?:\\.|[^"\\])+"|\w+)[ \t]+(\w+)?[ \t]*(?:default[ \t]+([^\n]+?))?[ \t]*(?:\/\/.*)?$/gm,
  )
  return [...lines].map(([, name = '', type = '', value]) => ({
    name: name.replace(/^"|"$/g, ''),
    type: type === 'default' ? '' : type,
    default: value,
  }))
}

/** `value[x]` of a parameter as somebody typed it; undefined for what does not fit its type. */
export function parameterOf({ name, type }: Declared, typed: string): ParametersParameter | undefined {
  const text = typed.trim()
  if (type === 'Integer') return /^[+-]?\d{1,10}$/.test(text) ? { name, valueInteger: Number(text) } : undefined
  if (type === 'Decimal') return /^[+-]?\d+(?:\.\d+)?$/.test(text) ? { name, valueDecimal: Number(text) } : undefined
  if (type === 'Boolean') return /^(?:true|false)$/.test(text) ? { name, valueBoolean: text === 'true' } : undefined
  if (type === 'Date') return /^\d{4}(?:-\d\d(?:-\d\d)?)?$/.test(text) ? { name, valueDate: text } : undefined
  if (type === 'DateTime') return isDateTime(text) ? { name, valueDateTime: text } : undefined
  return type === 'String' ? { name, valueString: text } : undefined
}

/** Whether a text is a dateTime of FHIR. */
export const isDateTime = (text: string): boolean =>
  /^\d{4}(?:-\d\d(?:-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))?)?)?$/.test(text)

/** Types whose values can be typed. */
export const typed = ['Integer', 'Decimal', 'Boolean', 'Date', 'DateTime', 'String']

/** The question of `Library/$evaluate` about a text that is not published. */
export function runQuestion(
  part: Part,
  { data, given, explain }: { data: object | undefined; given: Given; explain: boolean },
): object {
  const library: Library = libraryOf(part)
  const values = declaredParameters(part.text).flatMap((each) => {
    const typedText = given.parameters[each.name] ?? ''
    return typedText.trim() === '' ? [] : (parameterOf(each, typedText) ?? [])
  })
  return {
    resourceType: 'Parameters',
    parameter: [
      { name: 'library', resource: library },
      ...(data ? [{ name: 'data', resource: data }] : []),
      ...(values.length > 0 ? [{ name: 'parameters', resource: parametersOf(values) }] : []),
      ...(given.clock ? [{ name: 'evaluationDateTime', valueDateTime: given.clock }] : []),
      ...(explain ? [{ name: 'explain', valueBoolean: true }] : []),
    ],
  }
}

/** The question of `$transform` about a map that is not published. */
export const transformQuestion = (map: object, content: string): object => ({
  resourceType: 'Parameters',
  parameter: [
    { name: 'sourceMap', resource: map },
    {
      name: 'content',
      resource: { resourceType: 'Binary', contentType: 'application/json', data: base64Of(content) },
    },
    { name: 'debug', valueBoolean: true },
  ],
})

/** What a map made, and how. */
export interface Transformed {
  result: unknown
  trace: { kind: string; text: string }[]
  warnings: string[]
}

/** Reads the answer of `$transform` with `debug=true`; undefined for what is none. */
export function readTransform(reply: unknown): Transformed | undefined {
  if (typeof reply !== 'object' || reply === null || !('parameter' in reply)) return undefined
  const all = reply.parameter as ParametersParameter[]
  const made = all.find(({ name }) => name === 'return')?.resource
  if (!made) return undefined
  const logical = isOf(made, 'Binary') && made.contentType === 'application/json' ? made.data : undefined
  return {
    result: logical === undefined ? made : JSON.parse(textOfBase64(logical)),
    trace: all.flatMap(({ name, part = [] }) => {
      const [kind, text] = ['kind', 'text'].map((each) => part.find((one) => one.name === each))
      return name === 'trace' ? [{ kind: kind?.valueCode ?? '', text: text?.valueString ?? '' }] : []
    }),
    warnings: all.flatMap(({ name, valueString }) => (name === 'warning' && valueString ? [valueString] : [])),
  }
}
