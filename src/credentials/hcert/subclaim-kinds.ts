import type { Format } from '../credential-format.ts'
import type { CborMap, CborValue } from '../encoding/cbor.ts'

/** One key of the hcert claim (-260), and what must be seen of its value before the signature is verified. */
interface SubclaimKind {
  key: number
  format: Format
  /** What is wrong with the form of the value; undefined when nothing. */
  formFault(value: CborValue): string | undefined
}

const isMap = (name: string) => (value: CborValue) => (value instanceof Map ? undefined : `${name} is not a map`)

/**
 * Keys in the order of precedence (credentials.md, 4.2): the first that is present names the credential. Positive keys are WHO's
 * to assign, negative ones are free for development; 2 is reserved for the RACSEL certificate and refused like any unknown key.
 */
const subclaimKinds: SubclaimKind[] = [
  { key: 1, format: 'hcert-dcc', formFault: dccFault },
  { key: 3, format: 'hcert-ddcc-vs', formFault: isMap('DDCC core data set (3)') },
  { key: 4, format: 'hcert-ddcc-tr', formFault: isMap('DDCC core data set (4)') },
  {
    key: 5,
    format: 'hcert-link',
    formFault: (value) =>
      typeof value === 'string' || Array.isArray(value) ? undefined : 'link (5) is neither text nor list',
  },
  { key: -6, format: 'hcert-dvc', formFault: isMap('vaccination certificate (-6)') },
]

/** The kind that names the credential, when every known one has its form; a text says what is wrong (evaluate.md, Fail closed 1). */
export function subclaimKind(hcert: CborValue): SubclaimKind | string {
  if (!(hcert instanceof Map)) return 'claim -260 is not a map'
  const present = subclaimKinds.filter(({ key }) => hcert.has(key))
  for (const { key, formFault } of present) {
    const fault = formFault(hcert.get(key))
    if (fault !== undefined) return fault
  }
  return present[0] ?? 'claim -260 holds no known kind of certificate'
}

function dccFault(value: CborValue): string | undefined {
  if (!(value instanceof Map)) return 'EU DCC is not a map'
  if (!(value.get('nam') instanceof Map)) return 'EU DCC: nam is not a map'
  return ['v', 't', 'r'].some((kind) => hasEntries(value, kind))
    ? undefined
    : 'EU DCC: none of v, t, r is a non-empty list'
}

function hasEntries(dcc: CborMap, kind: string): boolean {
  const list = dcc.get(kind)
  return Array.isArray(list) && list.length > 0
}
