/** Reference sets of a compiled release: members are read by position, one after the other or through an index. */
import { hashOf } from '../../code-system/large/code-table.ts'
import type { PagedNumbers, Sections } from '../../code-system/large/layout.ts'
import type { SnomedMember, SnomedRefset } from './content.ts'
import type { SnomedHeader } from './header.ts'
import { readMember } from './member-record.ts'
import { recordReader } from './records.ts'

/** The reference sets of a file. */
export function compiledRefsets(sections: Sections, header: SnomedHeader) {
  const known = new Map<number, SnomedRefset>()
  const read = memberReader(sections, header)
  header.refsets.forEach(({ concept, ...each }, number) => {
    known.set(concept, refsetOf(sections, { ...each, name: `snomed.refset/${number}`, read }))
  })
  for (const concept of header.dialects) if (!known.has(concept)) known.set(concept, dialects)
  const axioms = sections.numbers('snomed.axioms')
  return {
    all: Int32Array.from(known.keys()).sort(),
    of: (refset: number) => known.get(refset),
    axioms: function* () {
      for (const number of axioms) {
        const own = header.refsets.find(({ from, to }) => number >= from && number < to)
        if (!own) throw new Error('an axiom of the index file is of no reference set')
        yield read(number, own.fields.length)
      }
    },
  }
}

/** A language reference set: its members are descriptions, which tell of it themselves. */
const dialects: SnomedRefset = {
  fields: ['acceptabilityId'],
  members: new Int32Array(0),
  size: 0,
  of: () => [],
  all: () => [],
  finds: () => true,
  withValue: () => [],
}

function memberReader(sections: Sections, { names, times }: SnomedHeader) {
  const records = sections.paged('snomed.members')
  const signed = sections.pagedNumbers('snomed.members.at')
  const at = (number: number) => signed.at(number) >>> 0
  return (number: number, columns: number): SnomedMember => {
    const reader = recordReader(records.slice(at(number), at(number + 1)))
    const { time, module, ...head } = readMember(reader)
    const values: string[] = []
    for (let left = columns; left > 0; left--) values.push(reader.text())
    return { ...head, effectiveTime: times[time] ?? 0, module: names[module] ?? '', values }
  }
}

interface RefsetParts {
  name: string
  fields: string[]
  from: number
  to: number
  indexed: number[]
  read: ReturnType<typeof memberReader>
}

function refsetOf(sections: Sections, { name, fields, from, to, indexed, read }: RefsetParts): SnomedRefset {
  let members: Int32Array | undefined
  const component = sections.pagedNumbers(`${name}.component`)
  const byComponent = sections.pagedNumbers(`${name}.byComponent`, component.length)
  const indexes = new Map(
    indexed.map((field) => [
      fields[field],
      { field, order: sections.pagedNumbers(`${name}.byValue/${field}`, to - from) },
    ]),
  )
  const member = (number: number) => read(from + number, fields.length)
  function* all() {
    for (let number = 0; number < to - from; number++) yield member(number)
  }
  return {
    fields,
    get members() {
      members ??= sections.numbers(`${name}.concepts`)
      return members
    },
    of: (concept) => {
      const found: SnomedMember[] = []
      const start = firstNotBelow(component.length, (at) => component.at(at) >= concept)
      for (let at = start; at < component.length && component.at(at) === concept; at++)
        found.push(member(byComponent.at(at)))
      return found
    },
    all,
    size: to - from,
    finds: (field) => indexes.has(field) || !fields.includes(field),
    withValue: (field, value) => {
      const column = fields.indexOf(field)
      const index = indexes.get(field)
      if (column < 0) return []
      if (index) return withHash(index.order, { column, value, member })
      return [...all()].filter(({ values }) => values[column] === value)
    },
  }
}

/** Members with a value, of an order by the hash of values; in the order of the release. */
function withHash(
  order: PagedNumbers,
  { column, value, member }: { column: number; value: string; member(number: number): SnomedMember },
): SnomedMember[] {
  const wanted = hashOf(value)
  const valueAt = (at: number) => member(order.at(at)).values[column] ?? ''
  const found: number[] = []
  for (let at = firstNotBelow(order.length, (each) => hashOf(valueAt(each)) >= wanted); at < order.length; at++) {
    const own = valueAt(at)
    if (own === value) found.push(order.at(at))
    else if (hashOf(own) !== wanted) break
  }
  return found.sort((a, b) => a - b).map(member)
}

/** The first of `length` positions that is not below what is looked for. */
function firstNotBelow(length: number, isNotBelow: (at: number) => boolean): number {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (isNotBelow(middle)) high = middle
    else low = middle + 1
  }
  return low
}
