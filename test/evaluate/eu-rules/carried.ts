/** EU certificates that say what the payload of a test says, and are otherwise whole. */
import type { CborInput } from '../../../src/demo/cbor-encode.ts'

type Payload = Record<string, unknown>
type Entry = Record<string, unknown>

/** What a certificate has where a rule does not look, by kind of event. */
const wholeEntries: Record<string, Entry> = {
  v: { tg: '840539006', vp: '1119349007', mp: 'EU/1/20/1528', ma: 'ORG-100030215', dn: 2, sd: 2, dt: '2021-06-01' },
  t: {
    tg: '840539006',
    tt: 'LP6464-4',
    nm: 'Specimen NAAT',
    ma: '1232',
    sc: '2021-06-01T10:00:00Z',
    tr: '260415000',
    tc: 'Specimen centre',
  },
  r: { tg: '840539006', fr: '2021-05-01', df: '2021-05-12', du: '2021-11-01' },
}
const everyEntry = { co: 'XA', is: 'Ministry of Health (specimen)', ci: 'URN:UVCI:01:XA:SPECIMEN#A' }
const person = { ver: '1.3.0', nam: { fn: 'Specimen', fnt: 'SPECIMEN', gn: 'Ada', gnt: 'ADA' }, dob: '1985-03-14' }

/**
 * The payload of a test as the claim of a certificate: what the rule does not read, and the test therefore leaves out, is filled in.
 * @param reads fields that the rule reads (AffectedFields, `v.0.dn`)
 * @returns why no certificate can say it: an issuer certifies exactly one event or more, each with all that its schema requires
 */
export function carried(payload: unknown, reads: readonly string[]): Record<string, CborInput> | string {
  const given = (payload ?? {}) as Payload
  const lists = ['v', 't', 'r'].filter((kind) => Array.isArray(given[kind]) && (given[kind] as Entry[]).length > 0)
  if (lists.length === 0) return 'it certifies no event'
  const made: Record<string, CborInput> = {}
  for (const [name, value] of Object.entries(person)) {
    if (name in given) made[name] = given[name] as CborInput
    else if (reads.some((each) => each.startsWith(name))) return `it lacks ${name}, which the rule reads`
    else made[name] = value
  }
  for (const kind of lists) {
    const entries = given[kind] as Entry[]
    if (entries.some((each) => Object.keys(each).length === 0)) return 'an entry is empty'
    if (entries.some(({ dn = 1, sd = 1 }) => Number(dn) < 1 || Number(sd) < 1)) return 'a dose has a number below one'
    for (const name of Object.keys(wholeEntries[kind] ?? {}))
      if (
        !isOptional(kind, name) &&
        entries.some((each, at) => !(name in each) && reads.includes(`${kind}.${at}.${name}`))
      )
        return `an entry lacks ${name}, which its schema requires`
    made[kind] = entries.map((each, at) => ({ ...filling(kind, at, reads), ...each }) as CborInput)
  }
  return made
}

/** Of the name and the maker of a test one alone is enough. */
const isOptional = (kind: string, name: string) => kind === 't' && (name === 'nm' || name === 'ma')

function filling(kind: string, at: number, reads: readonly string[]): Entry {
  const members = Object.entries({ ...wholeEntries[kind], ...everyEntry })
  return Object.fromEntries(members.filter(([name]) => !reads.includes(`${kind}.${at}.${name}`)))
}
