/** Tests for SARS-CoV-2 that the EU recognised: its value set for certificates, and the database of the Joint Research Centre (JRC). */
import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import type { Findings } from './faults.ts'
import { organizationAt, type Row, rowOf } from './fields.ts'
import type { Product } from './product.ts'

/** Id of the value set. */
export const testDeviceSet = 'covid-19-lab-test-manufacturer-and-name'

/** Words for where a device stands. */
const listed = 'Listed'
const notListed = 'Not listed'

const knownOfSet = new Set(['display', 'lang', 'active', 'system', 'version', 'valueSetId'])

/** The devices of the value set: what is not active was recognised once and is issued no more. */
export function devicesOfSet(values: JsonObject, findings: Findings): Product[] {
  return Object.entries(values).flatMap(([code, value], index) => {
    const place = `row ${index + 1}`
    if (!isJsonObject(value)) {
      findings.fault(place, `the value of '${code.slice(0, 60)}' is no object`)
      return []
    }
    tellUnknown(value, knownOfSet, { place, findings })
    const row = rowOf({ ...value, id: code }, place, findings)
    const id = row.id('id')
    const name = row.text('display')
    if (id === undefined) return []
    const published = row.moment('version')
    return [
      {
        ...blank(row, id, name),
        status: row.flag('active') ? listed : notListed,
        ...(published !== undefined && { published }),
      },
    ]
  })
}

const knownOfDevice = new Set([
  ...['id_device', 'commercial_name', 'manufacturer', 'ce_marking', 'hsc_common_list', 'hsc_mutual_recognition'],
  ...['hsc_list_history', 'last_updated', 'detection_principle', 'test_format', 'format', 'target_type'],
  ...['specimens', 'markers', 'self_test', 'comments', 'references', 'performance', 'rapid_test', 'website'],
])

/** The devices of the database: listed are those of the common list that the Health Security Committee agreed on. */
export function devicesOfDatabase(
  list: readonly Json[],
  findings: Findings,
  placeOf: (index: number) => string,
): Product[] {
  return list.flatMap((value, index) => {
    const place = placeOf(index)
    if (!isJsonObject(value)) {
      findings.fault(place, 'is no object')
      return []
    }
    tellUnknown(value, knownOfDevice, { place, findings })
    const row = rowOf(value, place, findings)
    const id = row.id('id_device')
    if (id === undefined) {
      row.fault('there is no id (id_device)')
      return []
    }
    const since = listedSince(row)
    const maker = makerOf(value.manufacturer, { place, findings })
    return [
      {
        ...blank(row, id, row.text('commercial_name')),
        status: row.flag('hsc_common_list') ? listed : notListed,
        ...(since !== undefined && { listedSince: since }),
        manufacturers: maker === undefined ? [] : [maker],
      },
    ]
  })
}

const blank = (row: Row, id: string, name: string | undefined): Product => ({
  kind: 'test-device',
  id,
  name: name ?? id,
  status: notListed,
  manufacturers: [],
  euCodes: [],
  place: row.place,
})

/** The first day of which the history says that the device was on the common list. */
function listedSince(row: Row): string | undefined {
  const days = row.rows('hsc_list_history').flatMap((each) => {
    const isOn = each.flag('in_common_list')
    // A time with the name of a zone may follow, which is no matter of the day.
    const day = each.day('list_date', 10)
    return isOn && day !== undefined ? [day] : []
  })
  return days.sort()[0]
}

function makerOf(value: Json | undefined, { place, findings }: { place: string; findings: Findings }) {
  if (value === undefined || value === null) return undefined
  if (!isJsonObject(value)) return void findings.fault(place, 'manufacturer is no object')
  const { id_manufacturer: Id = null, name: Name = null, country = null } = value
  const row = rowOf({ maker: { Id, Name }, country }, place, findings)
  return organizationAt(row, 'maker', row.text('country'))
}

function tellUnknown(value: JsonObject, known: Set<string>, at: { place: string; findings: Findings }): void {
  for (const name of Object.keys(value))
    if (!known.has(name)) at.findings.remark(at.place, `the member ${name.slice(0, 100)} is not known and was left out`)
}
