import { isForSignatures, subjectKeyIdentifier } from '../../base/crypto/x509.ts'
import type { KeyIndex } from '../keys/key-index.ts'
import { derivedKeyId, isExpired, keyAlgorithm, type TrustedKey } from '../keys/trusted-key.ts'
import { wrappedKeyIds } from '../keys/wrapped-keys.ts'
import type { ListEnvironment } from '../lists/did-document.ts'
import { entryName, type TrustSource } from '../lists/trust-source.ts'
import type { TrustListStatus } from '../status.ts'
import { type DirectorySource, type NotPublished, selectEntries } from './entries.ts'

/** What is found of a local directory before it is merged. */
export interface OnboardReport {
  name: string
  kind: string
  location: string
  /** Whether the source could be read and its format and signature hold. */
  usable: boolean
  failure?: string
  /** When the list says it was made. */
  created?: string
  /** Keys that were read. */
  keys: number
  /** Those that a directory would publish. */
  published: number
  participants: Record<string, number>
  domains: Record<string, number>
  usages: Record<string, number>
  algorithms: Record<string, number>
  periods: { expired: number; notYetValid: number; endSoon: number }
  /** Keys without certificate, and certificates that only wrap a raw key. */
  rawKeys: { bare: number; wrapped: number }
  /** Key ids that are derived from the certificate, and others. */
  keyIds: { derived: number; other: number }
  /** What would not count, or would not be published, and why. */
  refused: NotPublished[]
  /** What stands more than once: in the source, or in it and in what is configured already. */
  duplicates: string[]
  warnings: string[]
  /** What to add to the setting TRUST_LISTS. */
  entry: TrustSource
}

/** What is evaluated. */
export interface Onboarding {
  source: TrustSource
  /** The keys of the source alone, and how it was read. */
  index: KeyIndex
  status: TrustListStatus
  /** Keys of the sources that are configured already. */
  others: readonly TrustedKey[]
  /** DID of the directory that it would be merged into, and its environment. */
  did: string
  environment: ListEnvironment
  /** Environment of the network that the source is of, where it says so. */
  ownEnvironment?: ListEnvironment | undefined
  now: Date
}

const SOON_MILLISECONDS = 30 * 86_400_000

/** Evaluates a local directory by the rules by which it would be merged and published. */
export async function evaluateSource(onboarding: Onboarding): Promise<OnboardReport> {
  const { source, index, status, others, did, environment, ownEnvironment, now } = onboarding
  const { name, kind, location } = source
  const keys = index.find({})
  const sources: DirectorySource[] = [{ name, kind, did: source.id, environment: ownEnvironment }]
  const { entries, notPublished } = await selectEntries(index, { now, sources, did, environment })
  const known = new Set(notPublished.map(lineOf))
  const refused = [...notPublished, ...(status.leftOut ?? []).filter((each) => !known.has(lineOf(each)))]
  const wrapped = keys.filter((key) => wrappedKeyIds(key) !== undefined)
  const derived = keys.filter(({ keyId, certificate }) => certificate && keyId === derivedKeyId(certificate))
  return {
    name,
    kind,
    location,
    usable: status.usable,
    ...(status.failure === undefined ? {} : { failure: status.failure }),
    ...(status.created === undefined ? {} : { created: status.created }),
    keys: keys.length,
    published: entries.length,
    participants: countBy(keys, ({ participant, issuer }) => participant || issuer || 'nobody'),
    domains: countBy(keys, ({ domain }) => domain || 'none'),
    usages: countBy(keys, ({ usage }) => usage || 'none'),
    algorithms: countBy(keys, ({ publicKey }) => keyAlgorithm(publicKey)),
    periods: periodsOf(keys, now),
    rawKeys: { bare: keys.filter(({ certificate }) => !certificate).length, wrapped: wrapped.length },
    keyIds: { derived: derived.length, other: keys.length - derived.length },
    refused,
    duplicates: [...new Set([...repeatedKeys(keys, others), ...repeatedAuthorities(keys, others)])],
    warnings: [...warningsOf(status), ...usageWarnings(keys)],
    entry: source,
  }
}

/** Whether everything of a source would count and be published. */
export const isWhole = ({ usable, failure, refused, keys }: OnboardReport): boolean =>
  usable && failure === undefined && refused.length === 0 && keys > 0

const lineOf = ({ entry, reason }: NotPublished): string => `${entry}: ${reason}`

/** Warnings beside those that repeat what was left out. */
const warningsOf = ({ warnings, leftOut = [] }: TrustListStatus): string[] => {
  const told = new Set(leftOut.map(lineOf))
  return warnings.filter((warning) => !told.has(warning))
}

function countBy(keys: readonly TrustedKey[], name: (key: TrustedKey) => string): Record<string, number> {
  const counts = new Map<string, number>()
  for (const key of keys) counts.set(name(key), (counts.get(name(key)) ?? 0) + 1)
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)))
}

function periodsOf(keys: readonly TrustedKey[], now: Date): OnboardReport['periods'] {
  const soon = new Date(now.getTime() + SOON_MILLISECONDS)
  return {
    expired: keys.filter((key) => isExpired(key, now)).length,
    notYetValid: keys.filter(({ validFrom }) => validFrom !== undefined && validFrom > now).length,
    endSoon: keys.filter((key) => !isExpired(key, now) && isExpired(key, soon)).length,
  }
}

/** A certificate, public key or key id that stands more than once, or stands already in what is configured. */
function repeatedKeys(keys: readonly TrustedKey[], others: readonly TrustedKey[]): string[] {
  const byKey = Map.groupBy([...keys, ...others], ({ publicKeyThumbprint }) => publicKeyThumbprint)
  const byId = Map.groupBy([...keys, ...others], ({ keyId }) => keyId)
  return keys.flatMap((key) => {
    const same = (byKey.get(key.publicKeyThumbprint) ?? []).filter((each) => each !== key)
    const twins = (byId.get(key.keyId) ?? []).filter((each) => each.publicKeyThumbprint !== key.publicKeyThumbprint)
    return [
      ...same.map((other) => `${entryName(key)} (${placeOf(key)}): ${sameText(key, other)}`),
      ...twins.map(
        (other) => `${entryName(key)}: ${entryName(other)} of ${other.lists.join(', ')} is another key of the same id`,
      ),
    ]
  })
}

const placeOf = ({ domain, usage }: TrustedKey): string => `${domain || 'no domain'}, ${usage || 'no usage'}`

function sameText(key: TrustedKey, other: TrustedKey): string {
  const isCertified = key.certificate !== undefined && other.certificate !== undefined
  const ofKey = isCertified ? 'another certificate of the same key' : 'the same public key'
  const what = key.thumbprint === other.thumbprint ? 'the same certificate' : ofKey
  return `${what} stands in ${other.lists.join(', ')} as ${entryName(other)} (${placeOf(other)})`
}

/** Authorities of one participant with a name or a subject key id in common that are not one certificate. */
function repeatedAuthorities(keys: readonly TrustedKey[], others: readonly TrustedKey[]): string[] {
  const authorities = [...keys, ...others].filter(({ usage }) => usage === 'SCA')
  return keys
    .filter(({ usage }) => usage === 'SCA')
    .flatMap((key) =>
      authorities
        .filter((other) => other.thumbprint !== key.thumbprint && other.participant === key.participant)
        .flatMap((other) => {
          const common = commonNames(key, other)
          return common === undefined
            ? []
            : [`${entryName(key)}: ${entryName(other)} of ${other.lists.join(', ')} has the same ${common}`]
        }),
    )
}

function commonNames({ certificate: a }: TrustedKey, { certificate: b }: TrustedKey): string | undefined {
  if (!a || !b) return undefined
  const [one, other] = [a, b].map(({ raw }) => Buffer.from(subjectKeyIdentifier(raw) ?? []).toString('hex'))
  const names = [a.subject === b.subject ? 'name' : '', one !== '' && one === other ? 'subject key id' : '']
  return names.filter((each) => each !== '').join(' and ') || undefined
}

function usageWarnings(keys: readonly TrustedKey[]): string[] {
  return keys.flatMap((key) => {
    const { certificate, usage } = key
    if (!certificate || usage === 'SCA' || usage === 'DECA') return []
    const isUnfit = isForSignatures(certificate.raw) === false
    return isUnfit ? [`${entryName(key)}: the key usage of its certificate lacks digitalSignature`] : []
  })
}
