import type { EventKind, Format } from '../credential-format.ts'
import type { CborMap, CborValue } from '../encoding/cbor.ts'
import type { PayloadContent } from './claim-set.ts'

/** Subclaim 3: DDCC core data set of a vaccination. */
export const readVaccination = (value: CborValue): PayloadContent | string =>
  readCoreDataSet(value, { format: 'hcert-ddcc-vs', event: 'v', member: 'vaccination' })

/** Subclaim 4: DDCC core data set of a test result. */
export const readTestResult = (value: CborValue): PayloadContent | string =>
  readCoreDataSet(value, { format: 'hcert-ddcc-tr', event: 't', member: 'test' })

interface CoreDataSetKind {
  format: Format
  event: EventKind
  member: string
}

function readCoreDataSet(value: CborValue, kind: CoreDataSetKind): PayloadContent | string {
  if (!(value instanceof Map)) return 'DDCC core data set is not a map'
  if (!(value.get(kind.member) instanceof Map)) return `DDCC core data set has no map ${kind.member}`
  return { format: kind.format, events: [kind.event], remarks: missing(value) }
}

function missing(dataSet: CborMap): string[] {
  const remarks: string[] = []
  if (typeof dataSet.get('name') !== 'string') remarks.push('name is not a text')
  if (!(dataSet.get('certificate') instanceof Map)) remarks.push('certificate is not a map')
  return remarks
}
