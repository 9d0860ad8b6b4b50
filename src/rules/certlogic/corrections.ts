import { createRequire } from 'node:module'
import { primitiveFault } from '../../fhir/elements.ts'

// The evaluator does not export these from its entry; it calls them through the module, so that they can be replaced.
const internals: {
  access(data: unknown, path: string): unknown
  dateFromString(text: string): Date
  roundUpPartialDate(text: string): Date | undefined
  plusTime(text: string, amount: number, unit: string): Date
} = createRequire(import.meta.url)('certlogic-js/dist/internals')

/** A reason why a rule cannot be evaluated; its message holds nothing of the data. */
export class CertLogicFault extends Error {}

let corrected = false

/**
 * Corrects the evaluator where it answers what nobody asked: `var` reads own members alone, never what JavaScript gives every object
 * (`payload.constructor`, `payload.v.length`), and a date or time that does not exist is an error, where it would make every
 * comparison false. Once per process.
 */
export function correctCertLogic(): void {
  if (corrected) return
  corrected = true
  internals.access = access
  const { dateFromString, roundUpPartialDate, plusTime } = internals
  internals.dateFromString = (text) => {
    if (!isMoment(text)) throw new CertLogicFault('a date or time does not exist')
    return existing(dateFromString(text))
  }
  internals.roundUpPartialDate = (text) => {
    const date = roundUpPartialDate(text)
    return date && existing(date)
  }
  internals.plusTime = (text, amount, unit) => existing(plusTime(text, amount, unit))
}

function existing(date: Date): Date {
  if (Number.isNaN(date.getTime())) throw new CertLogicFault('a date or time does not exist')
  return date
}

const moment =
  /^(\d{4}-\d\d-\d\d)(?:T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|[+-](?:0?\d|1[0-4])(?::?[0-5]\d)?)?)?$/

function isMoment(text: string): boolean {
  const date = moment.exec(text)?.[1]
  return date !== undefined && primitiveFault('date', date) === undefined
}

/** What stands at a path of member names and positions; null where nothing does. The empty path is all of it. */
export function access(data: unknown, path: string): unknown {
  if (path === '') return data
  let found: unknown = data
  for (const name of path.split('.')) {
    if (typeof found !== 'object' || found === null) return null
    if (Array.isArray(found) && !/^\d+$/.test(name)) return null
    found = Object.hasOwn(found, name) ? found[name as keyof typeof found] : null
  }
  return found ?? null
}
