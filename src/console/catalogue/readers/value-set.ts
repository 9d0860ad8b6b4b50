/** How a value set is defined (ValueSet.compose), and what an expansion says. */
import { Reading } from './reading.ts'

/** One condition of a clause. */
export interface Filter {
  property: string
  op: string
  value: string
}

/** One include or exclude. */
export interface Clause {
  system: string
  version: string
  concepts: { code: string; display: string }[]
  filters: Filter[]
  /** Canonicals of value sets that are imported; of several what all of them have. */
  valueSets: string[]
}

/** A definition. */
export interface Compose {
  includes: Clause[]
  excludes: Clause[]
  /** Whether inactive codes belong; undefined where it does not say. */
  inactive: boolean | undefined
  lockedDate: string
}

/** Reads ValueSet.compose. */
export function composeOf(resource: Reading): Compose {
  const compose = resource.child('compose')
  return {
    includes: compose.children('include').map(clauseOf),
    excludes: compose.children('exclude').map(clauseOf),
    inactive: compose.flag('inactive'),
    lockedDate: compose.text('lockedDate'),
  }
}

function clauseOf(reading: Reading): Clause {
  return {
    system: reading.text('system'),
    version: reading.text('version'),
    concepts: reading.children('concept').map((each) => ({ code: each.text('code'), display: each.text('display') })),
    filters: reading
      .children('filter')
      .map((each) => ({ property: each.text('property'), op: each.text('op'), value: each.plain('value') })),
    valueSets: reading.texts('valueSet'),
  }
}

/** A member of an expansion, or a concept of a tree. */
export interface Member {
  system: string
  version: string
  code: string
  display: string
  isAbstract: boolean
  isInactive: boolean
  /** How many stand right below; undefined where the server did not say. */
  childCount: number | undefined
}

/** A page of an expansion. */
export interface Expansion {
  /** Undefined where the server does not say how many there are. */
  total: number | undefined
  offset: number
  members: Member[]
  /** Systems whose whole content is not here: the expansion has what is. */
  fragments: string[]
  /** What the server warns of, e.g. `warning-draft`: name and canonical. */
  warnings: { name: string; canonical: string }[]
  timestamp: string
  odd: Set<string>
}

/** Reads the answer of $expand; undefined for what is none. */
export function expansionOf(value: unknown): Expansion | undefined {
  const resource = new Reading(value)
  if (resource.text('resourceType') !== 'ValueSet' || !resource.has('expansion')) return undefined
  const expansion = resource.child('expansion')
  const parameters = expansion.children('parameter').map((each) => {
    const found = each.choice('value')?.value
    return { name: each.text('name'), canonical: typeof found === 'string' ? found : '' }
  })
  return {
    total: expansion.number('total'),
    offset: expansion.number('offset') ?? 0,
    members: flat(expansion.children('contains')),
    fragments: parameters.filter(({ name }) => name === 'used-fragment').map(({ canonical }) => canonical),
    warnings: parameters.filter(({ name }) => name.startsWith('warning-')),
    timestamp: expansion.text('timestamp'),
    odd: resource.odd,
  }
}

/** Members without their nesting, those above first; an answer that is nested without end is cut. */
function flat(top: Reading[]): Member[] {
  const found: Member[] = []
  const waiting = [...top].reverse()
  for (let each = waiting.pop(); each && found.length < 20_000; each = waiting.pop()) {
    found.push(memberOf(each))
    waiting.push(...each.children('contains').reverse())
  }
  return found
}

/** Its number, that this server gives where it is asked for (OperationDefinition ValueSet-expand, property). */
const childCount = 'childCount'

function memberOf(reading: Reading): Member {
  const count = propertyOf(reading, childCount)
  return {
    system: reading.text('system'),
    version: reading.text('version'),
    code: reading.text('code'),
    display: reading.text('display'),
    isAbstract: reading.flag('abstract') === true,
    isInactive: reading.flag('inactive') === true,
    childCount: typeof count === 'number' ? count : undefined,
  }
}

function propertyOf(reading: Reading, code: string): unknown {
  for (const each of reading.children('extension')) {
    if (!each.text('url').endsWith('/extension-ValueSet.expansion.contains.property')) continue
    const parts = each.children('extension')
    const value = (url: string) => parts.find((part) => part.text('url') === url)?.choice('value')?.value
    if (value('code') === code) return value('value')
  }
  return undefined
}
