/** What of an identity document was not read rightly, as far as the page can tell: the server judges it again. */
import { readMachineReadableZone } from '../../../evaluate/identity/machine-readable-zone.ts'
import type { Fault } from '../../api/reply.ts'
import type { IdentityDocument } from './question.ts'

/** The datum at fault. */
export type DocumentFault = 'mrz' | 'birthDate'

/** The first fault: check digits and form of the lines (ICAO Doc 9303-3, 4.9), a date that is none; undefined where there is none. */
export function documentFault({ mrz, birthDate }: IdentityDocument): DocumentFault | undefined {
  if (mrz.trim() && !isZone(mrz)) return 'mrz'
  const date = birthDate.trim()
  return date && !isDate(date) ? 'birthDate' : undefined
}

/** Whether the server refused a question for its identity document. */
export const isOfDocument = ({ status, outcome }: Fault): boolean =>
  status === 400 &&
  (outcome?.issue ?? []).some(
    ({ expression = [], details }) =>
      expression.some((each) => /^Parameters\.parameter\.where\(name='identity'\)/.test(each)) ||
      /^identity[ .]/.test(details?.text ?? ''),
  )

function isZone(text: string): boolean {
  try {
    readMachineReadableZone(text, 'mrz')
    return true
  } catch {
    // What it throws says what was misread, in the server's English: here it only counts that it was.
    return false
  }
}

/** A year, a month or a day of the calendar (FHIR date). */
function isDate(text: string): boolean {
  const [, year, month = '01', day = '01'] = /^(\d{4})(?:-(\d\d)(?:-(\d\d))?)?$/.exec(text) ?? []
  if (year === undefined || year === '0000') return false
  const date = new Date(`${year}-${month}-${day}T00:00:00Z`)
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(`${year}-${month}-${day}`)
}
