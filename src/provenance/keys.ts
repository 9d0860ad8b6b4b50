/** The keys that this server signs with, has signed with, and will sign with. */
import { errorText } from '../base/system-error.ts'
import { type DevelopmentKeyOptions, developmentKeys } from './development-key.ts'
import { type KeySource, type OpenPkcs12, oneLine, readPrivateKey, readPublicKey } from './key-files.ts'
import { type SigningKey, signingKey } from './signing-key.ts'

/** Which keys an operator names. */
export interface SigningSettings {
  current?: KeySource
  next?: KeySource
  /** Files of certificates or public keys. */
  retired: readonly string[]
}

/** The keys of a server. */
export interface SigningKeys {
  /** The key that signs now; undefined when there is none, or when the period of its certificate does not hold now. */
  current(): SigningKey | undefined
  /** All that others may meet: current, next, retired, in this order; those that were withdrawn among them. */
  all(): readonly SigningKey[]
  /** What an operator must know or do: sentences. */
  warnings(now: Date): string[]
}

/** What opening keys takes. */
export interface SigningKeysOptions {
  settings: SigningSettings
  /** With it a server without a configured key makes one for itself, when it is first asked for. */
  development?: Omit<DevelopmentKeyOptions, 'now'>
  openPkcs12: OpenPkcs12
  now(): Date
}

/** Keys that cannot be used, each on a line. */
class SigningKeyError extends Error {
  /** Marks what a person can act on, as the errors of files and ports are marked. */
  readonly code = 'SIGNING_KEY_NOT_USABLE'
}

/**
 * Opens the keys that are configured. Without any, a development server has its own, and a production server none: it signs nothing.
 * @throws SigningKeyError with every problem, one a line
 */
export async function openSigningKeys(options: SigningKeysOptions): Promise<SigningKeys> {
  const { settings, development, now } = options
  const configured = await configuredKeys(options)
  const isConfigured = settings.current !== undefined
  let own: SigningKey[] | undefined
  const ownKeys = () => {
    if (isConfigured || !development) return []
    // Made anew when the newest has come to its end.
    if (!own || !isValid(own[0], now())) own = ownOf({ ...development, now })
    return own
  }
  const all = () => {
    const [first, ...rest] = ownKeys()
    return first ? [first, ...configured, ...rest] : configured
  }
  return {
    current: () => all().find((key) => key.state === 'current' && isValid(key, now())),
    all,
    warnings: (at) => warningsOf(all(), at),
  }
}

function ownOf(options: DevelopmentKeyOptions): SigningKey[] {
  try {
    return developmentKeys(options).map((material, index) => signingKey(material, index === 0 ? 'current' : 'retired'))
  } catch (error) {
    throw new SigningKeyError(errorText(error))
  }
}

async function configuredKeys({ settings, openPkcs12 }: SigningKeysOptions): Promise<SigningKey[]> {
  const problems: string[] = []
  const keys: SigningKey[] = []
  const take = async (setting: string, make: () => SigningKey | Promise<SigningKey>) => {
    try {
      const key = await make()
      if (keys.some((each) => each.keyId === key.keyId))
        problems.push(`${setting}: the key ${key.keyId} is configured twice`)
      keys.push(key)
    } catch (error) {
      problems.push(`${setting}: ${errorText(error)}`)
    }
  }
  for (const [setting, state] of [['SIGNING_KEY', 'current'] as const, ['SIGNING_KEY_NEXT', 'next'] as const]) {
    const source = settings[state]
    if (source) await take(setting, async () => signingKey(await readPrivateKey(source, openPkcs12), state))
  }
  for (const file of settings.retired)
    await take('SIGNING_CERTIFICATE_RETIRED', () => signingKey(readPublicKey(file), 'retired'))
  if (problems.length > 0) throw new SigningKeyError(problems.join('\n'))
  return keys
}

function isValid(key: SigningKey | undefined, at: Date): boolean {
  if (!key) return false
  const { certificate } = key
  return !certificate || (certificate.validFromDate <= at && at < certificate.validToDate)
}

/** So long ahead of its end a key is spoken of. */
const warningDays = 30
const dayMilliseconds = 86_400_000
const recommendedModulusBits = 3072

function warningsOf(keys: readonly SigningKey[], now: Date): string[] {
  const current = keys.find(({ state }) => state === 'current')
  const used = keys.filter(({ state }) => state !== 'retired')
  return [
    ...(current ? [] : ['No signing key is configured (SIGNING_KEY): what is published here is not signed.']),
    ...used.flatMap((key) => [...periodWarnings(key, now), ...kindWarnings(key)]),
  ]
}

function periodWarnings({ state, certificate, keyId }: SigningKey, now: Date): string[] {
  if (!certificate) return []
  const { validFromDate: from, validToDate: to } = certificate
  const name = `The certificate of the ${state} signing key ${keyId} (${oneLine(certificate.subject)})`
  const silent = state === 'current' ? ' Nothing is signed.' : ''
  if (now < from) return [`${name} is valid from ${day(from)} only.${silent}`]
  if (now >= to) return [`${name} ended on ${day(to)}.${silent}`]
  const days = Math.floor((to.getTime() - now.getTime()) / dayMilliseconds)
  return days < warningDays ? [`${name} ends on ${day(to)}, in ${days} days.`] : []
}

const day = (date: Date): string => date.toISOString().slice(0, 10)

function kindWarnings({ state, certificate, keyId, algorithm, publicKey }: SigningKey): string[] {
  const name = `The ${state} signing key ${keyId}`
  const bits = publicKey.asymmetricKeyDetails?.modulusLength ?? recommendedModulusBits
  return [
    ...(certificate ? [] : [`${name} has no certificate: other participants cannot tell whose it is.`]),
    ...(certificate?.ca
      ? [`${name} is that of a certificate authority; an upload key (UP) of its own is wanted.`]
      : []),
    ...(algorithm === 'ES384'
      ? [`${name} signs with ES384; participants need to read ES256, PS256 and RS256 alone.`]
      : []),
    ...(bits < recommendedModulusBits
      ? [`${name} has ${bits} bits; ${recommendedModulusBits} are wanted of RSA.`]
      : []),
  ]
}
