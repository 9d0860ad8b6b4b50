import type { MessageOpener } from '../../messages/message-process.ts'
import { makeTurns } from '../../turns.ts'
import { pinnedCertificates } from '../gateway/pinned-certificates.ts'
import {
  type LeftOut,
  type SourceContent,
  type TrustReaders,
  type TrustSource,
  UnusableSource,
} from '../trust-source.ts'
import { keysOfCertificates, type ListedCertificate } from './authorities.ts'
import { type LdifEntry, LdifError, type LdifValue, readLdif } from './ldif.ts'

/** Most certificates of one directory. */
const MOST_CERTIFICATES = 100_000

/** Attributes that are read, in lower case (RFC 4523, ICAO Doc 9303-12, 7.2). */
const ATTRIBUTES: Readonly<Record<string, 'signer' | 'authority' | 'master list' | 'revocation list'>> = {
  usercertificate: 'signer',
  cacertificate: 'authority',
  cscamasterlistdata: 'master list',
  pkdmasterlistcontent: 'master list',
  certificaterevocationlist: 'revocation list',
  authorityrevocationlist: 'revocation list',
}

interface Directory {
  certificates: ListedCertificate[]
  masterLists: { value: LdifValue; entry: string }[]
  leftOut: LeftOut[]
  revocationLists: number
}

/**
 * Reads an `ldif` source: a file into which an LDAP directory of keys was written out, as ICAO's public key directory and national ones
 * are handed on. It is the operator's file: certificates count as it has them, document signers against the authorities beside them. A
 * master list inside must be signed by whom `key` pins; without, its signature must be good. Revocation lists of certificates are not
 * used.
 * @throws UnusableSource for a file that is no such directory, with the line
 */
export async function readLdifSource(
  source: TrustSource,
  { readers, messages }: { readers: TrustReaders; messages: MessageOpener },
): Promise<SourceContent> {
  const bytes = await readers.readFile(source.location)
  const directory = await readDirectory(bytes, source.location)
  const pinned = source.key ? await pinnedCertificates(source.key, readers) : undefined
  const signers = pinned?.map(({ raw }) => raw)
  const certificates = [...directory.certificates]
  for (const { value, entry } of directory.masterLists) {
    const list = await messages.masterList(value.value ?? new Uint8Array(0), signers)
    if (typeof list === 'string') directory.leftOut.push({ entry, reason: `the master list is not valid: ${list}` })
    else
      certificates.push(
        ...list.certificates.map((der, at) => ({ der, entry: `${entry}, certificate ${at + 1}`, isAuthority: true })),
      )
  }
  if (certificates.length > MOST_CERTIFICATES)
    throw new UnusableSource(`${source.location} has more than ${MOST_CERTIFICATES} certificates`)
  if (certificates.length + directory.leftOut.length === 0)
    throw new UnusableSource(`${source.location} holds no certificate`)
  const content = await keysOfCertificates(certificates, source)
  content.leftOut.push(...directory.leftOut)
  const { revocationLists } = directory
  if (revocationLists > 0)
    content.warnings.push(`${revocationLists} revocation lists of certificates (CRL) are not used`)
  return content
}

async function readDirectory(bytes: Buffer, file: string): Promise<Directory> {
  const directory: Directory = { certificates: [], masterLists: [], leftOut: [], revocationLists: 0 }
  const turn = makeTurns()
  try {
    for (const entry of readLdif(bytes)) {
      if (entry) takeEntry(entry, directory)
      await turn()
    }
  } catch (error) {
    if (!(error instanceof LdifError)) throw error
    throw new UnusableSource(`${file}, ${error.message}`)
  }
  return directory
}

function takeEntry({ name, values }: LdifEntry, directory: Directory): void {
  const country = countryOf(name)
  for (const value of values) {
    const kind = Object.hasOwn(ATTRIBUTES, value.attribute) ? ATTRIBUTES[value.attribute] : undefined
    if (kind === undefined) continue
    const entry = `line ${value.line}`
    if (kind === 'revocation list') directory.revocationLists++
    else if (!value.value) directory.leftOut.push({ entry, reason: `its ${value.attribute} is not base64` })
    else if (kind === 'master list') directory.masterLists.push({ value, entry })
    else directory.certificates.push({ der: value.value, entry, isAuthority: kind === 'authority', country })
  }
}

/** `c=` of a distinguished name; undefined where the directory has no branches by country. */
const countryOf = (name: string): string | undefined =>
  /(?:^|[,+])\s*c\s*=\s*([A-Za-z]{2,3})\s*(?:$|[,+])/i.exec(name)?.[1]?.toUpperCase()
