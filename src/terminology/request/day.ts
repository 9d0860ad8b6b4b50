import { badRequest } from '../../fhir/error.ts'
import { textParameter } from '../../fhir/operation.ts'
import type { Parameters } from '../../fhir/types.ts'

const DATE = /^\d{4}(?:-\d{2}(?:-\d{2}(?:T\S+)?)?)?$/

/**
 * The day that a request asks about, undefined for the present: then the versions that were there on it count
 * (https://hl7.org/fhir/R4/valueset-operation-expand.html, parameter date). As far as it says: `2026` is all of that year.
 * @throws FhirError 400 for what is no date
 */
export function dayAsked(parameters: Parameters, now: () => Date): string | undefined {
  const date = textParameter(parameters, 'date')
  if (date === undefined) return undefined
  if (!DATE.test(date) || Number.isNaN(Date.parse(date.slice(0, 10))))
    throw badRequest({ text: `date must be a date or dateTime, not '${date.slice(0, 50)}'`, expression: 'date' })
  const day = date.slice(0, 10)
  return now().toISOString().startsWith(day) ? undefined : day
}

/**
 * Of several versions those that were there on a day, as their dates say; all of them where none is so old, or none says when it was
 * made: there is nothing older to take, and the definition stands as it is.
 */
export function thereOn<T extends { date?: string | undefined }>(day: string | undefined, versions: T[]): T[] {
  if (day === undefined) return versions
  const isThere = ({ date }: T) => {
    const length = Math.min(day.length, date?.length ?? 0)
    return date === undefined || date.slice(0, length) <= day.slice(0, length)
  }
  const there = versions.filter(isThere)
  return there.length > 0 ? there : versions
}
