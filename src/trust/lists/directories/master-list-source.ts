import type { MessageOpener } from '../../messages/message-process.ts'
import { pinnedCertificates } from '../gateway/pinned-certificates.ts'
import { type SourceContent, type TrustReaders, type TrustSource, UnusableSource } from '../trust-source.ts'
import { keysOfCertificates } from './authorities.ts'

/** More authorities than the world has, many times. */
const MOST_CERTIFICATES = 20_000

/**
 * Reads an `icao-master-list` source: the certificate authorities of passports and of visible digital seals (CSCA), in a signed list (ICAO
 * Doc 9303-12, 9). Its signer must be pinned, or be issued for master lists by the authority that is pinned. What is in it are keys of
 * usage SCA, each of the country of its subject; an entry that is no authority is left out.
 * @throws UnusableSource
 */
export async function readMasterListSource(
  source: TrustSource,
  { readers, messages }: { readers: TrustReaders; messages: MessageOpener },
): Promise<SourceContent> {
  if (!source.key?.length) throw new UnusableSource('no certificate of its signer is configured (member "key")')
  const pinned = await pinnedCertificates(source.key, readers)
  const bytes = await readers.readFile(source.location)
  const list = await messages.masterList(
    bytes,
    pinned.map(({ raw }) => raw),
  )
  if (typeof list === 'string') throw new UnusableSource(`the master list is not valid: ${list}`)
  const { certificates, signedAt } = list
  if (certificates.length === 0) throw new UnusableSource('the master list is empty')
  if (certificates.length > MOST_CERTIFICATES)
    throw new UnusableSource(`the master list has more than ${MOST_CERTIFICATES} certificates`)
  const content = await keysOfCertificates(
    certificates.map((der, at) => ({ der, entry: `certificate ${at + 1}`, isAuthority: true })),
    source,
  )
  return signedAt === undefined ? content : { ...content, created: new Date(signedAt).toISOString() }
}
