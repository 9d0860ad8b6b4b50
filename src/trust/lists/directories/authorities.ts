import type { X509Certificate } from 'node:crypto'
import { participantCode } from '../../../base/participant-codes.ts'
import { type ChainEntry, checkChains, subjectCountries } from '../../keys/chain.ts'
import {
  certificateMembers,
  derivedKeyId,
  keyFault,
  PASSPORT_DOMAIN,
  scaOf,
  type TrustedKey,
} from '../../keys/trusted-key.ts'
import { readExactCertificate } from '../../messages/open-messages.ts'
import { makeTurns } from '../../turns.ts'
import { bindingOf, entryName, type LeftOut, type SourceContent, type TrustSource } from '../trust-source.ts'

/** A certificate of a directory or a master list. */
export interface ListedCertificate {
  der: Uint8Array
  /** How it is named to an administrator where it cannot be read. */
  entry: string
  /** Listed as an authority: it must be one. */
  isAuthority?: boolean
  /** Of the country whose branch of the directory it stands in. */
  country?: string | undefined
}

/**
 * The keys of certificates that stand in a directory under their country (ICAO Doc 9303-12): authorities and signers, each of the country
 * of its subject; one without country would serve all of them, and is left out. Signers are held against the authorities that are
 * listed with them.
 */
export async function keysOfCertificates(
  certificates: readonly ListedCertificate[],
  source: TrustSource,
): Promise<SourceContent> {
  const content: SourceContent = { keys: [], warnings: [], leftOut: [] }
  const sound: ChainEntry[] = []
  const keys: TrustedKey[] = []
  const seen = new Set<string>()
  const turn = makeTurns()
  for (const listed of certificates) {
    await turn()
    const read = keyOf(listed, source)
    if ('reason' in read) content.leftOut.push(read)
    else if (!seen.has(`${read.key.thumbprint}|${read.key.usage}`)) {
      seen.add(`${read.key.thumbprint}|${read.key.usage}`)
      keys.push(read.key)
      sound.push(read.key)
    }
  }
  const { verdicts } = await checkChains(sound, 'local')
  for (const [at, key] of keys.entries()) {
    const { fault = undefined, warning = undefined } = verdicts[at] ?? { fault: 'it was not checked' }
    if (fault !== undefined) content.leftOut.push({ entry: entryName(key), reason: fault, key })
    else content.keys.push({ ...key, warnings: warning === undefined ? [] : [`${entryName(key)}: ${warning}`] })
  }
  return content
}

function keyOf(listed: ListedCertificate, source: TrustSource): { key: TrustedKey & ChainEntry } | LeftOut {
  const { der, entry, isAuthority } = listed
  const certificate = readExactCertificate(der)
  if (!certificate) return { entry, reason: 'it is no certificate that can be read' }
  const [country, ...more] = new Set(subjectCountries(certificate).map((each) => participantCode(each)))
  const key = keyMembers(certificate, { participant: country ?? '', source, isAuthority: isAuthority === true })
  const fault =
    country === undefined || more.length > 0 ? 'the country of its subject is not one' : faultOf(key, listed, source)
  return fault === undefined ? { key } : { entry: `${entry}, ${entryName(key)}`, reason: fault, key }
}

function keyMembers(
  certificate: X509Certificate,
  about: { participant: string; source: TrustSource; isAuthority: boolean },
): TrustedKey & ChainEntry {
  const { participant, source, isAuthority } = about
  const usage = certificate.ca || isAuthority ? 'SCA' : scaOf(source.usage ?? 'DSC')
  return {
    ...certificateMembers(certificate),
    certificate,
    keyId: derivedKeyId(certificate),
    participant,
    domain: source.domain ?? PASSPORT_DOMAIN,
    usage,
    chain: [],
    lists: [source.name],
    status: 'current',
    warnings: [],
  }
}

function faultOf(key: TrustedKey & ChainEntry, { isAuthority, country }: ListedCertificate, source: TrustSource) {
  if (isAuthority && !key.certificate.ca) return 'it is listed as an authority and is none'
  if (country !== undefined && participantCode(country) !== key.participant)
    return `it stands in the directory under ${country}, and its subject is of ${key.participant}`
  return bindingOf(source).fault({ participant: key.participant }) ?? keyFault(key.publicKey)
}
