import type { X509Certificate } from 'node:crypto'
import { authorityKeyIdentifier, subjectKeyIdentifier } from '../../base/x509.ts'
import { sameParticipant } from './participant-codes.ts'

/** What the chain check needs of an entry of a list. */
export interface ChainEntry {
  participant: string
  usage: string
  certificate: X509Certificate
}

/** Whose word a list is: a network's lists are complete, an operator's own may hold a signer without its authority. */
export type ChainPolicy = 'network' | 'local'

/** What the chain check says of one entry. */
interface ChainVerdict {
  /** Why it may not be used. */
  fault?: string
  /** What is unusual about it. */
  warning?: string
}

/** The verdicts in the order of the entries, and what is wrong with the list as a whole. */
interface ChainReport {
  verdicts: ChainVerdict[]
  warnings: string[]
}

/**
 * Holds every DSC of a list against the SCAs of the same list and participant, whatever their domain: one whose subject is its issuer
 * must be a CA of the participant's country, have signed it, and be the one that it names by authority key id. In a list of a network there must be one; in a local one its absence is a remark.
 */
export async function checkChains(entries: ChainEntry[], policy: ChainPolicy): Promise<ChainReport> {
  const authorities = new Map<string, X509Certificate[]>()
  const verdicts: ChainVerdict[] = []
  for (const { usage, participant, certificate } of entries) {
    if (usage !== 'SCA' || authorityFault(certificate, participant, policy)) continue
    const name = `${participant}|${certificate.subject}`
    authorities.set(name, [...(authorities.get(name) ?? []), certificate])
  }
  for (const entry of entries) {
    verdicts.push(verdictOn(entry, authorities, policy))
    await breath()
  }
  return { verdicts, warnings: repeatedNames(entries) }
}

/** Lets the server answer between two signatures of a long list. */
const breath = () => new Promise<void>((done) => setImmediate(done))

function verdictOn(
  { usage, participant, certificate }: ChainEntry,
  authorities: ReadonlyMap<string, X509Certificate[]>,
  policy: ChainPolicy,
): ChainVerdict {
  if (usage === 'SCA') return authorityVerdict(certificate, participant, policy)
  if (usage !== 'DSC') return {}
  const issuers = authorities.get(`${participant}|${certificate.issuer}`)
  if (!issuers) {
    const text = 'the list has no SCA of the name of its issuer'
    return policy === 'network' ? { fault: text } : { warning: text }
  }
  const isSigner = (issuer: X509Certificate) => isSignedBy(certificate, issuer)
  if (!issuers.filter((issuer) => isNamedAuthority(certificate, issuer)).some(isSigner)) {
    const isMisled = issuers.some(isSigner)
    return {
      fault: isMisled
        ? 'its authority key id is not that of the SCA that signed it'
        : `not signed by the listed SCA of its issuer's name`,
    }
  }
  return hasCountry(certificate, participant) ? {} : { warning: 'the country of its subject is not the participant’s' }
}

function authorityVerdict(certificate: X509Certificate, participant: string, policy: ChainPolicy): ChainVerdict {
  const fault = authorityFault(certificate, participant, policy)
  if (fault) return policy === 'network' ? { fault } : { warning: fault }
  return hasCountry(certificate, participant) ? {} : { warning: 'the country of its subject is not the participant’s' }
}

/** Why a certificate listed as SCA vouches for nobody. */
function authorityFault(certificate: X509Certificate, participant: string, policy: ChainPolicy): string | undefined {
  // OpenSSL's verdict: basic constraints, and key usage where there is one.
  if (!certificate.ca) return 'it is listed as SCA and is no certificate authority'
  if (policy === 'network' && !hasCountry(certificate, participant)) {
    return 'the country of its subject is not the participant’s'
  }
  return undefined
}

/** Whether every `C` of the subject is the participant; there must be one. */
function hasCountry(certificate: X509Certificate, participant: string): boolean {
  const countries = subjectCountries(certificate)
  return countries.length > 0 && countries.every((country) => sameParticipant(country, participant))
}

/** Every `C` of a certificate's subject. */
export function subjectCountries(certificate: X509Certificate): string[] {
  return [...certificate.subject.matchAll(/^C=(.+)$/gm)].map(([, country = '']) => country.trim())
}

function isNamedAuthority(certificate: X509Certificate, signer: X509Certificate): boolean {
  const named = authorityKeyIdentifier(certificate.raw)
  const own = subjectKeyIdentifier(signer.raw)
  return !named || !own || Buffer.from(named).equals(own)
}

/** Whether a certificate's signature is that of an issuer's key. */
export function isSignedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return certificate.verify(issuer.publicKey)
  } catch {
    return false // a key of a kind that cannot have signed it
  }
}

/** Two SCAs of one participant that have a name or a key id in common. */
function repeatedNames(entries: ChainEntry[]): string[] {
  const found = new Map<string, Set<string>>()
  for (const { usage, participant, certificate } of entries) {
    if (usage !== 'SCA') continue
    const keyId = subjectKeyIdentifier(certificate.raw)
    const names = [
      `the name ${certificate.subject.replaceAll('\n', ', ')}`,
      ...(keyId ? [`the subject key id ${Buffer.from(keyId).toString('hex')}`] : []),
    ]
    for (const name of names) {
      const text = `of ${participant} have ${name}`
      found.set(text, (found.get(text) ?? new Set()).add(certificate.fingerprint256))
    }
  }
  return [...found].filter(([, prints]) => prints.size > 1).map(([text, prints]) => `${prints.size} SCAs ${text}`)
}
