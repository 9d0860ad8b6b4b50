/** What is wrong with a CertLogic expression before it is evaluated, with the place of each fault. */
import { validateFormat } from 'certlogic-js/dist/validation/index.js'
import { isJsonObject } from '../../base/json.ts'
import type { Json } from '../../base/json-value.ts'
import { correctCertLogic } from './corrections.ts'

/** One fault. */
export interface LogicFault {
  /** Names and positions from the expression on, e.g. `.if[1].===[0]`; empty for the expression itself. */
  path: string
  /** Quotes nothing longer than a name. */
  text: string
}

/** Most faults that are told of one expression. */
const mostFaults = 50

/** Everything that keeps an expression from being CertLogic; at most {@link mostFaults}. */
export function logicFaults(logic: unknown): LogicFault[] {
  correctCertLogic()
  const found = validateFormat(logic)
  if (found.length === 0) return []
  const places = placesOf(logic)
  return found.slice(0, mostFaults).map(({ expr, message }) => ({
    path: places.get(expr) ?? '',
    text: message.length > 200 ? `${message.slice(0, 200)}…` : message,
  }))
}

/** Where the objects and lists of an expression stand. Literals, which may stand in several places, have none. */
function placesOf(logic: unknown): Map<unknown, string> {
  const places = new Map<unknown, string>()
  const visit = (node: unknown, path: string): void => {
    if (typeof node !== 'object' || node === null) return
    places.set(node, path)
    if (Array.isArray(node)) for (const [index, each] of node.entries()) visit(each, `${path}[${index}]`)
    else for (const [name, each] of Object.entries(node)) visit(each, `${path}.${name}`)
  }
  visit(logic, '')
  return places
}

/** One `var` of an expression. */
export interface DataAccess {
  /** What is read, as the rule writes it. */
  reads: string
  /** Where it stands, as in {@link LogicFault}. */
  path: string
  /** Inside the lambda of a `reduce`, which sees `accumulator` and `current` alone. */
  isInLambda: boolean
}

/** Every `var` of a valid expression, in the order in which they stand there. */
export function dataAccesses(logic: Json): DataAccess[] {
  const found: DataAccess[] = []
  const visit = (node: Json, path: string, isInLambda: boolean): void => {
    if (Array.isArray(node)) for (const [index, each] of node.entries()) visit(each, `${path}[${index}]`, isInLambda)
    else if (isJsonObject(node))
      for (const [operator, operands] of Object.entries(node)) {
        const at = `${path}.${operator}`
        if (operands === undefined) continue
        if (operator === 'var' && typeof operands === 'string') found.push({ reads: operands, path: at, isInLambda })
        else if (operator === 'reduce' && Array.isArray(operands))
          for (const [index, each] of operands.entries()) visit(each, `${at}[${index}]`, isInLambda || index === 1)
        else visit(operands, at, isInLambda)
      }
  }
  visit(logic, '', false)
  return found
}

/**
 * Accesses of a rule that can never find anything: what is read is null for every certificate, and a negation of it is always true. A
 * misspelt name is the usual reason.
 */
export function accessFaults(accesses: readonly DataAccess[]): LogicFault[] {
  return accesses.flatMap(({ reads, path, isInLambda }) => {
    const first = reads.split('.')[0] ?? ''
    const seen = isInLambda ? ['accumulator', 'current'] : ['payload', 'external']
    if (first === '' || seen.includes(first)) return []
    const where = isInLambda ? 'within reduce there are only' : 'a rule sees only'
    return [{ path, text: `it reads ${shown(reads)}, and ${where} ${seen.join(' and ')}` }]
  })
}

/** What rules of the EU may read beside the certificate (EU DCC validation rules, external parameters). */
const externalMembers = [
  'validationClock',
  'valueSets',
  'countryCode',
  'exp',
  'iat',
  'issuerCountryCode',
  'kid',
  'region',
]

/** Accesses to external parameters that the EU's rules do not have. */
export function externalFaults(accesses: readonly DataAccess[]): LogicFault[] {
  return accesses.flatMap(({ reads, path, isInLambda }) => {
    const [first, second] = reads.split('.')
    if (isInLambda || first !== 'external' || second === undefined || externalMembers.includes(second)) return []
    return [{ path, text: `it reads ${shown(reads)}, and external has only ${externalMembers.join(', ')}` }]
  })
}

const shown = (name: string) => JSON.stringify(name.slice(0, 60))

/**
 * Where a rule's AffectedFields and its logic disagree: a field that the logic reads is not named, or one is named that it does not
 * read, nor anything below it.
 */
export function affectedFieldFaults(named: readonly string[], accesses: readonly DataAccess[]): string[] {
  const read = new Set(
    accesses.flatMap(({ reads, isInLambda }) =>
      isInLambda || (reads !== 'payload' && reads !== '' && !reads.startsWith('payload.'))
        ? []
        : [reads.replace(/^payload\.?/, '')],
    ),
  )
  const list = (fields: string[]) => fields.slice(0, 10).map(shown).join(', ')
  const unnamed = [...read].filter((field) => field !== '' && !named.includes(field))
  const unread = named.filter((field) => !read.has('') && ![...read].some((each) => isWithin(each, field)))
  return [
    ...(unnamed.length > 0 ? [`AffectedFields does not name ${list(unnamed)}, which Logic reads`] : []),
    ...(unread.length > 0 ? [`AffectedFields names ${list(unread)}, which Logic does not read`] : []),
  ]
}

const isWithin = (path: string, field: string): boolean => path === field || path.startsWith(`${field}.`)
