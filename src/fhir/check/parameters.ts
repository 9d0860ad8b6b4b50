import { keepPerObject } from '../../base/keep.ts'
import { nearestName } from '../../base/nearest.ts'
import { FhirError, issue } from '../error.ts'
import { asJson } from '../json.ts'
import type { Operation, OperationLevel, ParameterDeclaration } from '../operation.ts'
import type { Issue, Parameter, Parameters } from '../types.ts'

type DeclaredOperation = Pick<Operation<never>, 'name' | 'parameters' | 'notSupported'>

/**
 * Holds the in-parameters of a call against what the operation declares, parts included. What is misspelt, repeated, empty or of
 * another type would otherwise be a question that was not asked.
 * @throws FhirError 400 for an unknown name (naming the nearest), a repetition, a parameter that is not one value; 422 for a value of
 * another type; one issue for each
 */
export function checkDeclared(operation: DeclaredOperation, parameters: Parameters, level: OperationLevel): void {
  const place = placesOf(operation)[level]
  const faults = [
    ...memberFaults(parameters, ['resourceType', 'id', 'meta', 'language', 'parameter'], 'Parameters'),
    ...listFaults(parameters.parameter ?? [], place, 'Parameters.parameter'),
  ]
  if (faults.length === 0) return
  const status = faults.every(({ code }) => code === 'value') ? 422 : 400
  throw new FhirError(status, faults.slice(0, mostFaults))
}

/** More faults than anybody reads at once. */
const mostFaults = 20

/** Where parameters stand. */
interface Place {
  known: readonly Declared[]
  /** The same by name. */
  byName: ReadonlyMap<string, Declared>
  /** Whose parameters these are, for messages. */
  what: string
  notSupported: readonly string[]
}

/** A declaration, with what is asked of it at every call. */
interface Declared {
  name: string
  max: string
  type: string
  /** The member that holds a value of its type and nothing else, where that is a text. */
  textMember: string | undefined
  /** Where its parts stand, when it has parts. */
  parts: Place | undefined
}

/** At each level, as far as calls come. */
const placesOf = keepPerObject(({ name, parameters, notSupported = [] }: DeclaredOperation) => {
  const at = (level: OperationLevel) =>
    placeOf(
      parameters.filter(({ scope }) => scope === undefined || scope.includes(level)),
      `$${name}`,
      notSupported,
    )
  return { system: at('system'), type: at('type'), instance: at('instance') }
})

function placeOf(all: readonly ParameterDeclaration[], what: string, notSupported: readonly string[]): Place {
  const known = all
    .filter(({ use }) => use === 'in')
    .map(({ name, max, type = 'Any', part }): Declared => {
      const parts = part ? placeOf(part, `The parameter ${name}`, []) : undefined
      const textMember = parts || !textTypes.has(type) ? undefined : memberOf(type)
      return { name, max, type, textMember, parts }
    })
  // Of several declarations of one name the first counts.
  return { known, byName: new Map(known.toReversed().map((each) => [each.name, each])), what, notSupported }
}

/** Types whose values are texts. */
const textTypes = new Set(['string', 'code', 'canonical', 'uri', 'url', 'id', 'dateTime', 'instant', 'base64Binary'])

/** Whether a parameter is what nearly all are: its name and one text of its type. */
function isPlainText(parameter: Parameter, { textMember }: Declared): boolean {
  if (textMember === undefined) return false
  let hasValue = false
  for (const member in parameter) {
    if (member === 'name') continue
    if (member !== textMember) return false
    hasValue = true
  }
  const value = hasValue ? asJson(parameter)[textMember] : undefined
  return typeof value === 'string' && value !== ''
}

function listFaults(list: Parameter[], place: Place, path: string): Issue[] {
  const faults: Issue[] = []
  const count = new Map<string, number>()
  for (const [index, each] of list.entries()) {
    const declared = place.byName.get(each.name)
    const seen = (count.get(each.name) ?? 0) + 1
    count.set(each.name, seen)
    if (declared && (declared.max !== '1' || seen === 1) && isPlainText(each, declared)) continue
    const expression = `${path}[${index}]`
    if (typeof each.name !== 'string')
      faults.push(issue('required', { text: 'A parameter has no name.', expression: `${expression}.name` }))
    else if (!declared) faults.push(unknownName(each.name, place, expression))
    else if (declared.max === '1' && seen > 1) {
      faults.push(issue('invalid', { text: `The parameter ${each.name} may be given once.`, expression }))
    } else faults.push(...parameterFaults(each, declared, expression))
    if (faults.length >= mostFaults) return faults
  }
  return faults
}

function unknownName(name: string, { known, what, notSupported }: Place, expression: string): Issue {
  if (notSupported.includes(name)) {
    return issue('not-supported', { text: `The parameter ${name} is not supported by this server.`, expression })
  }
  // A name may be anything, the text of a credential included: only what looks like a name is repeated.
  const shown = /^[A-Za-z_][\w.-]{0,63}$/.test(name) ? ` ${name}` : ''
  const nearest = nearestName(
    name,
    known.map((each) => each.name),
  )
  const hint = nearest === undefined ? 'It has none at this level.' : `The nearest one is ${nearest}.`
  return issue('invalid', { text: `${what} has no parameter${shown}. ${hint}`, expression })
}

/** Members of a parameter that say what it holds; `extension` and `id` are let through. */
const around = ['name', 'id', 'extension']

function parameterFaults(parameter: Parameter, declared: Declared, expression: string): Issue[] {
  const values = Object.keys(parameter).filter((member) => /^value[A-Z]/.test(member))
  const extras = Object.keys(parameter).filter((member) => /^_value[A-Z]/.test(member))
  const unknown = memberFaults(parameter, [...around, 'part', 'resource', ...values, ...extras], expression)
  if (unknown.length > 0) return unknown
  const held = [...values, ...(parameter.resource ? ['resource'] : []), ...(parameter.part ? ['part'] : [])]
  const invalid = (text: string, code: 'invalid' | 'required' = 'invalid') => [issue(code, { text, expression })]
  if (held.length === 0) return invalid(`The parameter ${declared.name} has no value.`, 'required')
  if (held.length > 1)
    return invalid(`The parameter ${declared.name} holds ${held.join(' and ')}: only one is possible.`)
  const [member = ''] = held
  if (declared.parts) return partFaults(parameter, declared, { parts: declared.parts, member, expression })
  const { type } = declared
  if (!fitsType(parameter, member, type)) return [wrongType(declared.name, type, expression)]
  const value: unknown = asJson(parameter)[member]
  if (value === '') return invalid(`The parameter ${declared.name} is empty.`)
  return isJsonOf(type, value) ? [] : [wrongType(declared.name, type, expression)]
}

function partFaults(
  parameter: Parameter,
  { name }: Declared,
  { parts, member, expression }: { parts: Place; member: string; expression: string },
): Issue[] {
  if (member !== 'part' || !Array.isArray(parameter.part)) return [wrongType(name, 'part', expression)]
  return listFaults(parameter.part, parts, `${expression}.part`)
}

const wrongType = (name: string, type: string, expression: string) =>
  issue('value', { text: `The parameter ${name} must be given as ${memberOf(type)}.`, expression })

function memberOf(type: string): string {
  if (type === 'part') return 'parts'
  if (type === 'Any') return 'a value or a resource'
  return isValueType(type) ? `value${type.charAt(0).toUpperCase()}${type.slice(1)}` : `a resource of the type ${type}`
}

const valueTypes = new Set([
  'Coding',
  'CodeableConcept',
  'Quantity',
  'DataRequirement',
  'Attachment',
  'UsageContext',
  'Reference',
])
const isValueType = (type: string) => /^[a-z]/.test(type) || valueTypes.has(type)

/** Types that are the declared one (https://hl7.org/fhir/R4/datatypes.html, specialisations of primitives). */
const specialisations: Record<string, string[]> = {
  string: ['code', 'id', 'markdown'],
  uri: ['canonical', 'url', 'oid', 'uuid'],
  integer: ['positiveInt', 'unsignedInt'],
}

function fitsType(parameter: Parameter, member: string, type: string): boolean {
  if (type === 'Any') return member !== 'part'
  if (!isValueType(type)) return member === 'resource' && resourceTypeOf(parameter) === type
  return [type, ...(specialisations[type] ?? [])].some((each) => member === memberOf(each))
}

const resourceTypeOf = ({ resource }: Parameter): string | undefined => resource?.resourceType

/** Whether a value is a text, number, Boolean or object as its type is; what a text says is for the operation to judge. */
function isJsonOf(type: string, value: unknown): boolean {
  if (type === 'Any') return value !== null
  if (type === 'boolean') return typeof value === 'boolean'
  if (['integer', 'positiveInt', 'unsignedInt', 'decimal'].includes(type)) return typeof value === 'number'
  if (!/^[a-z]/.test(type)) return typeof value === 'object' && value !== null
  return typeof value === 'string'
}

function memberFaults(object: object, known: string[], expression: string): Issue[] {
  return Object.keys(object)
    .filter((member) => !known.includes(member))
    .slice(0, 1)
    .map((member) => {
      const shown = /^\w{1,64}$/.test(member) ? ` ${member}` : ''
      const nearest = nearestName(member, known)
      return issue('structure', {
        text: `There is no element${shown} here. The nearest one is ${nearest}.`,
        expression,
      })
    })
}
