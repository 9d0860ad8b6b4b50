/** A catalogue as CSV (RFC 4180, UTF-8): a header row with names of WHO's members, then a product a record. */
import { defineMember, isJsonObject } from '../../base/json.ts'
import type { JsonObject } from '../../base/json-value.ts'
import { unprocessable } from '../../fhir/error.ts'
import { separatorOf, splitRecord } from '../large-code-system/csv.ts'
import { cutLines, type SourceLine } from '../large-code-system/lines.ts'
import type { Findings } from './faults.ts'
import { takenPaths } from './prequalification.ts'

/** Longest record in bytes. */
const mostBytes = 1 << 16

/** What people call a column, letters and digits alone, where it is not the end of its path. */
const aliases: Record<string, (typeof takenPaths)[number]> = {
  id: 'ProductDetails.Identification.Id',
  productid: 'ProductDetails.Identification.Id',
  name: 'ProductDetails.Identification.Name',
  listing: 'ProductDetails.Identification.Name',
  kind: 'ProductDetails.Type',
  status: 'ProductDetails.Status',
  dateofprequalification: 'ProductDetails.DateOfPreQualifiedAcceptance',
  applicantorganizationid: 'ProductDetails.ApplicantOrganization.Identification.Id',
  applicantorganization: 'ProductDetails.ApplicantOrganization.Identification.Name',
  holderid: 'ProductDetails.ApplicantOrganization.Identification.Id',
  holder: 'ProductDetails.ApplicantOrganization.Identification.Name',
  vaccinetype: 'ProductDetails.VaccineDetails.VaccineName.AbbreviatedName',
  noofdoses: 'ProductDetails.DosageDetails.NoOfDosagesPerPrimaryContainer',
  route: 'ProductDetails.VaccineDetails.RouteOfAdministrationVx',
  nraid: 'ProductDetails.NRADetails.Identification.Id',
  nra: 'ProductDetails.NRADetails.Identification.Name',
  responsiblenra: 'ProductDetails.NRADetails.Identification.Name',
  manufacturerid: 'SiteDetails.Organization.Identification.Id',
  manufacturer: 'SiteDetails.Organization.Identification.Name',
  euproductcode: 'EuProductCodes',
}

const lettersOf = (name: string) => name.toLowerCase().replace(/[^a-z0-9]/g, '')

/** The member that a column is of: by its whole path, a known name, or the end of its path where only one path ends so. */
function pathOf(name: string): string | undefined {
  const letters = lettersOf(name)
  const whole = takenPaths.find((each) => lettersOf(each) === letters)
  if (whole ?? Object.hasOwn(aliases, letters)) return whole ?? aliases[letters]
  const ending = takenPaths.filter((each) => lettersOf(each.split('.').at(-1) ?? '') === letters)
  return ending.length === 1 ? ending[0] : undefined
}

/**
 * The rows of a CSV text, in the shape of WHO's JSON.
 * @throws FhirError 422 when the first line names no columns, or two for one thing
 */
export function* catalogueRows(bytes: Uint8Array, findings: Findings): Generator<{ row: JsonObject; place: string }> {
  let header: { separator: string; paths: (string | undefined)[] } | undefined
  let number = 0
  for (const record of cutLines([bytes], { quoted: true, most: mostBytes })) {
    const broken = problemOf(record)
    if (!header) {
      if (broken) throw unprocessable({ text: `line ${record.line}: ${broken}`, diagnostics: `line ${record.line}` })
      header = headerOf(record.text ?? '', findings)
      continue
    }
    number++
    const place = `row ${number} (line ${record.line})`
    const { fields, fault } = broken ? { fields: [], fault: broken } : splitRecord(record.text ?? '', header.separator)
    if (fault) findings.fault(place, fault)
    else if (fields.length !== header.paths.length)
      findings.fault(place, `${fields.length} fields, but ${header.paths.length} columns`)
    else yield { row: rowOf(fields, header.paths), place }
    if (findings.isEnough()) return
  }
  if (!header) throw unprocessable('The file is empty.', 'structure')
}

function headerOf(text: string, findings: Findings): { separator: string; paths: (string | undefined)[] } {
  const separator = separatorOf(text)
  const { fields, fault } = splitRecord(text, separator)
  if (fault) throw unprocessable({ text: `line 1: ${fault}`, diagnostics: 'line 1' }, 'structure')
  const paths = fields.map((each) => pathOf(each.trim()))
  const seen = new Map<string, string>()
  for (const [index, path] of paths.entries()) {
    const name = (fields[index] ?? '').trim()
    if (path === undefined) {
      findings.remark('line 1', `the column '${name.slice(0, 60)}' is not known and was left out`)
      continue
    }
    const other = seen.get(path)
    if (other !== undefined) throw unprocessable(`line 1: the columns '${other}' and '${name}' are both ${path}`)
    seen.set(path, name)
  }
  for (const needed of ['ProductDetails.Identification.Id', 'ProductDetails.Status'])
    if (!seen.has(needed))
      throw unprocessable(
        `line 1: there is no column ${needed.split('.').at(-1)} (${needed}); the columns are ${fields.slice(0, 20).join(', ').slice(0, 300)}`,
        'structure',
      )
  return { separator, paths }
}

function problemOf({ text, open, tooLong }: SourceLine): string | undefined {
  if (tooLong) return `longer than ${mostBytes} bytes`
  if (text === undefined) return 'not UTF-8'
  return open ? 'a quote is opened and not closed' : undefined
}

/** Fields under their paths; an empty one is absent. */
function rowOf(fields: string[], paths: (string | undefined)[]): JsonObject {
  const row: JsonObject = { ProductDetails: {} }
  for (const [index, path] of paths.entries()) {
    const value = fields[index] ?? ''
    if (path === undefined || value.trim() === '') continue
    const names = path.split('.')
    const last = names.pop() ?? ''
    let holder = row
    for (const name of names) {
      const inner = holder[name]
      const next: JsonObject = isJsonObject(inner) ? inner : {}
      holder[name] = next
      holder = next
    }
    defineMember(holder, last, value)
  }
  return row
}
