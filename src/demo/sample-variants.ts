import type { CborInput } from './cbor-encode.ts'
import { date, type SampleKind, type SampleOptions, samplePayload } from './samples.ts'

/**
 * A genuine specimen that is not accepted: `unmet`, its event meets no rule (the first of two doses, the virus found, too long ago);
 * `incomplete`, a datum that the rule needs is missing; `unknown`, it names a product that nobody knows.
 */
export type SampleVariant = 'unmet' | 'incomplete' | 'unknown'

interface Variants {
  /** Members of the event that meet no rule. */
  unmet(options: SampleOptions): Record<string, CborInput>
  /** The member that is missing. */
  incomplete: string
  /** Members that name a product which is on no list, where the product decides. */
  unknown?: Record<string, CborInput>
  /** In `unmet`, of several events only the first is there. */
  isCutShort?: true
}

const unknownProduct = 'YellowFeverProduct00000000000000000000000000000000'

/** Kinds whose rules can decide, by what changes in their one event. */
const variants: Partial<Record<SampleKind, Variants>> = {
  'dcc-v': { unmet: () => ({ dn: 1 }), incomplete: 'dn' },
  'dcc-t': { unmet: () => ({ tr: '260373001' }), incomplete: 'sc' },
  'dcc-r': { unmet: ({ issuedAt }) => ({ fr: date(issuedAt, -300) }), incomplete: 'fr' },
  'ddcc-vs': { unmet: () => ({ dose: 1 }), incomplete: 'dose' },
  'ddcc-tr': {
    unmet: () => ({ result: { system: 'http://snomed.info/sct', code: '260373001' } }),
    incomplete: 'result',
  },
  // The second of two doses is missing; a code that says "COVID-19 vaccine" and no more.
  dvc: { unmet: () => ({}), isCutShort: true, incomplete: 'dt', unknown: { vp: 'XM68M6' } },
  // Given three days ago: it counts from the tenth day on.
  icvp: {
    unmet: ({ issuedAt }) => ({ dt: date(issuedAt, -2), vls: date(issuedAt, 8) }),
    incomplete: 'dt',
    unknown: { vp: unknownProduct },
  },
  // Given less than four weeks before departure.
  'icvp-polio': { unmet: ({ issuedAt }) => ({ dt: date(issuedAt, -14) }), incomplete: 'dt' },
  flat: { unmet: () => ({ dose: 1 }), incomplete: 'dose' },
}

/** The variants that specimens of a kind have; none where no rule decides. */
export function variantsOf(kind: SampleKind): SampleVariant[] {
  const change = variants[kind]
  if (!change) return []
  return change.unknown ? ['unmet', 'incomplete', 'unknown'] : ['unmet', 'incomplete']
}

/**
 * The payload of a variant, ready to be signed.
 * @throws TypeError for a variant that the kind does not have
 */
export function variantPayload(kind: SampleKind, variant: SampleVariant, options: SampleOptions): CborInput {
  const change = variants[kind]
  if (!change || !variantsOf(kind).includes(variant)) throw new TypeError(`no variant ${variant} of kind ${kind}`)
  const payload = samplePayload(kind, options)
  const [event, ...others] = eventsOf(payload)
  if (event === undefined) throw new TypeError('the specimen has no event')
  if (variant === 'unmet') {
    Object.assign(event, change.unmet(options))
    if (change.isCutShort) eventsOf(payload).splice(1, others.length)
  } else if (variant === 'unknown') Object.assign(event, change.unknown)
  else Reflect.deleteProperty(event, change.incomplete)
  return payload
}

/** Members that lead from a payload to its event; a flat certificate is its event itself. */
const steps = ['v', 't', 'r', 'vaccination', 'test']

/** The events of a fresh specimen: its list where it has one. */
function eventsOf(payload: CborInput): object[] {
  let place: unknown = payload
  if (payload instanceof Map) {
    const hcert = payload.get(-260)
    place = hcert instanceof Map ? [...hcert.values()][0] : undefined
    const members = Object(place)
    const step = steps.find((name) => name in members)
    place = step === undefined ? undefined : members[step]
  }
  return Array.isArray(place) ? place : [Object(place)]
}
