/** What a concept map says: one row for each pair (https://hl7.org/fhir/R4/conceptmap.html). */
import type { Reading } from './reading.ts'

/** A side of a map, or of one of its groups. */
export interface Sides {
  source: string
  target: string
}

/** Group of pairs between two systems. */
export interface Group extends Sides {
  rows: MapRow[]
  /** What becomes of codes that stand in no pair: mode, and the code or map that it names. */
  unmapped: { mode: string; code: string; display: string; url: string } | undefined
}

/** A pair; of a code without target `target` is empty. */
export interface MapRow {
  code: string
  display: string
  target: string
  targetDisplay: string
  /** http://hl7.org/fhir/concept-map-equivalence: what the target is to the source. */
  relation: string
  comment: string
  /** Conditions and further results, `property = value`. */
  dependsOn: string[]
  products: string[]
}

/** Reads the two sides of a map: value sets. */
export const mapSides = (resource: Reading): Sides => ({
  source: side(resource, 'source'),
  target: side(resource, 'target'),
})

function side(resource: Reading, name: string): string {
  const found = resource.choice(name)?.value
  return typeof found === 'string' ? found : ''
}

/** Reads the groups of a map. */
export function mapGroups(resource: Reading): Group[] {
  return resource.children('group').map((group) => ({
    source: versioned(group, 'source'),
    target: versioned(group, 'target'),
    rows: group.children('element').flatMap(rowsOf),
    unmapped: unmappedOf(group),
  }))
}

function versioned(group: Reading, name: string): string {
  const [url, version] = [group.text(name), group.text(`${name}Version`)]
  return url && version ? `${url}|${version}` : url
}

function rowsOf(element: Reading): MapRow[] {
  const from = { code: element.text('code'), display: element.text('display') }
  const targets = element.children('target')
  const none = { target: '', targetDisplay: '', relation: '', comment: '', dependsOn: [], products: [] }
  if (targets.length === 0) return [{ ...from, ...none }]
  return targets.map((target) => ({
    ...from,
    target: target.text('code'),
    targetDisplay: target.text('display'),
    relation: target.text('equivalence') || target.text('relationship'),
    comment: target.text('comment'),
    dependsOn: target.children('dependsOn').map(other),
    products: target.children('product').map(other),
  }))
}

const other = (reading: Reading) => `${reading.text('property')} = ${reading.text('display') || reading.text('value')}`

function unmappedOf(group: Reading): Group['unmapped'] {
  if (!group.has('unmapped')) return undefined
  const unmapped = group.child('unmapped')
  return {
    mode: unmapped.text('mode'),
    code: unmapped.text('code'),
    display: unmapped.text('display'),
    url: unmapped.text('url'),
  }
}

/** Rows of a group in which a text stands in any column, without regard to case. */
export function rowsWith(rows: MapRow[], text: string): MapRow[] {
  const wanted = text.trim().toLowerCase()
  if (!wanted) return rows
  return rows.filter((row) =>
    [row.code, row.display, row.target, row.targetDisplay, row.comment].some((each) =>
      each.toLowerCase().includes(wanted),
    ),
  )
}
