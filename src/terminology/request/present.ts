import { badRequest, FhirError } from '../../fhir/error.ts'
import { textParameter } from '../../fhir/operation.ts'
import type { Parameters } from '../../fhir/types.ts'
import { otherIssue } from './messages.ts'

const DATE = /^\d{4}(?:-\d{2}(?:-\d{2}(?:T\S+)?)?)?$/
const DAY = 24 * 3600 * 1000

/**
 * What is stored now is all that can be asked: a `date` must be today, as far as it says (clocks and time zones a day apart are no
 * difference). "… as they were on the given date, or return an error if this is not possible"
 * (https://hl7.org/fhir/R4/valueset-operation-expand.html, parameter date).
 * @throws FhirError 422 for another day, 400 for what is no date
 */
export function requirePresent(parameters: Parameters, now: () => Date): void {
  const date = textParameter(parameters, 'date')
  if (date === undefined) return
  if (!DATE.test(date) || Number.isNaN(Date.parse(date.slice(0, 10))))
    throw badRequest({ text: `date must be a date or dateTime, not '${date.slice(0, 50)}'`, expression: 'date' })
  const today = now().getTime()
  const days = [today - DAY, today, today + DAY].map((each) => new Date(each).toISOString().slice(0, 10))
  if (days.some((day) => day.startsWith(date.slice(0, 10)))) return
  const text = `Definitions as they were or will be on ${date} are not kept: only the present ones can be asked. Name versions instead (system-version, valueSetVersion)`
  throw new FhirError(422, otherIssue('not-supported', text, { expression: 'date' }))
}
