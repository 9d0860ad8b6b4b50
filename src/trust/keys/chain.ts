import type { X509Certificate } from 'node:crypto'
import { authorityKeyIdentifier, subjectKeyIdentifier } from '../../base/crypto/x509.ts'
import { sameParticipant } from '../../base/participant-codes.ts'
import { makeTurns } from '../turns.ts'

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
  /** Place among the entries of the authority that signed it; for those that are signed by one. */
  authority?: number
}

/** The verdicts in the order of the entries, and what is wrong with the list as a whole. */
interface ChainReport {
  verdicts: ChainVerdict[]
  warnings: string[]
}

/** The usages of certificates that an authority signs, each with the usage of that authority. */
type Hierarchy = Readonly<Record<string, string>>

/** What lists hold their entries against: document signers and their authorities. */
const documentSigners: Hierarchy = { DSC: 'SCA' }

/** The same with the certificates of data exchange, whose authorities a gateway lists as well. */
export const gatewayHierarchy: Hierarchy = { ...documentSigners, DESC: 'DECA' }

/** An authority of a list, and its place there. */
interface Authority {
  certificate: X509Certificate
  at: number
}

interface ChainRules {
  policy: ChainPolicy
  hierarchy: Hierarchy
  /** By usage, participant and subject. */
  authorities: ReadonlyMap<string, Authority[]>
}

/**
 * Holds every DSC of a list against the SCAs of the same list and participant, whatever their domain: one whose subject is its issuer
 * must be a CA of the participant's country, have signed it, and be the one that it names by authority key id. In a list of a network there must be one; in a local one its absence is a remark.
 */
export async function checkChains(
  entries: ChainEntry[],
  policy: ChainPolicy,
  hierarchy: Hierarchy = documentSigners,
): Promise<ChainReport> {
  const authorities = new Map<string, Authority[]>()
  const rules = { policy, hierarchy, authorities }
  const verdicts: ChainVerdict[] = []
  const turn = makeTurns()
  for (const [at, { usage, participant, certificate }] of entries.entries()) {
    await turn()
    if (!isAuthority(usage, hierarchy) || authorityFault({ usage, participant, certificate }, policy)) continue
    const name = `${usage}|${participant}|${certificate.subject}`
    const named = authorities.get(name)
    if (named) named.push({ certificate, at })
    else authorities.set(name, [{ certificate, at }])
  }
  for (const entry of entries) {
    verdicts.push(verdictOn(entry, rules))
    await breath()
  }
  return { verdicts, warnings: await repeatedNames(entries) }
}

const isAuthority = (usage: string, hierarchy: Hierarchy): boolean => Object.values(hierarchy).includes(usage)

/** Lets the server answer between two signatures of a long list. */
const breath = () => new Promise<void>((done) => setImmediate(done))

function verdictOn(entry: ChainEntry, { policy, hierarchy, authorities }: ChainRules): ChainVerdict {
  const { usage, participant, certificate } = entry
  if (isAuthority(usage, hierarchy)) return authorityVerdict(entry, policy)
  const above = hierarchy[usage]
  if (above === undefined) return {}
  const named = authorities.get(`${above}|${participant}|${certificate.issuer}`)
  if (!named) {
    const text = `the list has no ${above} of the name of its issuer`
    return policy === 'network' ? { fault: text } : { warning: text }
  }
  const isSigner = (issuer: Authority) => isSignedBy(certificate, issuer.certificate)
  const signer = named.filter((issuer) => isNamedAuthority(certificate, issuer.certificate)).find(isSigner)
  if (!signer) {
    const isMisled = named.some(isSigner)
    return {
      fault: isMisled
        ? `its authority key id is not that of the ${above} that signed it`
        : `not signed by the listed ${above} of its issuer's name`,
    }
  }
  const authority = signer.at
  if (hasCountry(certificate, participant)) return { authority }
  return { authority, warning: 'the country of its subject is not the participant’s' }
}

function authorityVerdict(entry: ChainEntry, policy: ChainPolicy): ChainVerdict {
  const fault = authorityFault(entry, policy)
  // Authorities of data exchange are onboarded that are none by their certificate: they are listed, and vouch for nobody.
  const isListed = policy === 'local' || (entry.usage === 'DECA' && !entry.certificate.ca)
  if (fault) return isListed ? { warning: fault } : { fault }
  const isOwn = hasCountry(entry.certificate, entry.participant)
  return isOwn ? {} : { warning: 'the country of its subject is not the participant’s' }
}

/** Why a certificate listed as authority vouches for nobody. */
function authorityFault({ usage, participant, certificate }: ChainEntry, policy: ChainPolicy): string | undefined {
  // OpenSSL's verdict: basic constraints, and key usage where there is one.
  if (!certificate.ca) return `it is listed as ${usage} and is no certificate authority`
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
async function repeatedNames(entries: ChainEntry[]): Promise<string[]> {
  const found = new Map<string, Set<string>>()
  const turn = makeTurns()
  for (const { usage, participant, certificate } of entries) {
    await turn()
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
