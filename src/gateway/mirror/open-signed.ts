/** Who signed what stands behind a reference, and what it then says. */
import { type KeyObject, X509Certificate } from 'node:crypto'
import type { JsonObject } from '../../base/json-value.ts'
import { CmsError, cmsFromText, type OpenedCms, openCms } from '../../cms/cms.ts'
import { MirrorError } from './mirror-error.ts'

/** Who may sign for a participant. */
export interface Signers {
  /** Upload certificates (UP, the gateway's group UPLOAD). */
  uploads: readonly X509Certificate[]
  /** Its authorities (SCA): what they certify may sign, too. */
  authorities: readonly X509Certificate[]
  /**
   * SHA-256 fingerprints, as node writes them, of certificates that are listed for something else, as those that sign credentials of
   * persons: these sign nothing else, whether they count at the moment or not.
   */
  documentSigners: ReadonlySet<string>
  /** Whether any list speaks against a certificate, or against who certified it. */
  isWithdrawn(certificate: X509Certificate): boolean
}

/** Opens a compact JWS: undefined unless a key that is named by its header signed it. */
export type OpenJws = (
  compact: string,
  keyFor: (header: JsonObject) => readonly KeyObject[],
) => Promise<{ payload: Buffer } | undefined>

/** How a reference is signed, and what is needed to tell by whom. */
export interface Opening {
  signatureType: string
  isUnsignedAllowed: boolean
  signers: Signers
  openJws: OpenJws
  now: Date
}

/**
 * The content, once its signature is that of somebody who may sign.
 * @throws MirrorError `signature`, `unsigned`
 */
export async function openSigned(body: Buffer, opening: Opening): Promise<Buffer> {
  switch (opening.signatureType) {
    case 'JWS':
      return openJwsBody(body, opening)
    case 'CMS':
      return openCmsBody(body, opening)
    case 'NONE':
      if (opening.isUnsignedAllowed) return body
      throw new MirrorError('unsigned', 'it is not signed, and the configuration does not let it in so (unsigned)')
    default:
      throw new MirrorError('signature', 'the kind of its signature is none that is known: JWS, CMS and NONE are')
  }
}

const stranger = () =>
  new MirrorError(
    'signature',
    'it is signed neither by an upload certificate of the participant nor by one that an authority of his certified',
  )

async function openJwsBody(body: Buffer, { signers, openJws, now }: Opening): Promise<Buffer> {
  const keys = signers.uploads.filter((each) => isInForce(each, now)).map(({ publicKey }) => publicKey)
  const opened = await openJws(body.toString('latin1'), (header) => {
    const [leaf] = Array.isArray(header.x5c) ? header.x5c : []
    const own = typeof leaf === 'string' ? certificateIn(leaf) : undefined
    // A certificate in the header says itself who it is; whether it may sign is the authority's word.
    return own && maySign(own, signers, now) ? [own.publicKey, ...keys] : keys
  })
  if (!opened) throw stranger()
  return opened.payload
}

async function openCmsBody(body: Buffer, { signers, now }: Opening): Promise<Buffer> {
  const opened = await cmsOf(body)
  const { signer, content, signingTime } = opened
  if (!maySign(signer, signers, now)) throw stranger()
  if (signingTime && !isInForce(signer, signingTime))
    throw new MirrorError('signature', 'it was signed at a time when its certificate was not in force')
  return content
}

/** DER, or its base64 on one line with or without a line end. */
async function cmsOf(body: Buffer): Promise<OpenedCms> {
  try {
    return await openCms(body[0] === 0x30 ? body : cmsFromText(body.toString('latin1').replace(/\r?\n$/, '')))
  } catch (error) {
    if (error instanceof CmsError) throw new MirrorError('signature', error.message)
    throw error
  }
}

function certificateIn(base64: string): X509Certificate | undefined {
  try {
    return new X509Certificate(Buffer.from(base64, 'base64'))
  } catch {
    return undefined // a header may hold anything
  }
}

function maySign(certificate: X509Certificate, signers: Signers, now: Date): boolean {
  if (!isInForce(certificate, now) || signers.isWithdrawn(certificate)) return false
  if (signers.uploads.some(({ raw }) => raw.equals(certificate.raw))) return true
  if (certificate.ca || signsCredentials(certificate) || signers.documentSigners.has(certificate.fingerprint256))
    return false
  return signers.authorities.some(
    (authority) =>
      authority.ca &&
      isInForce(authority, now) &&
      certificate.checkIssued(authority) &&
      certificate.verify(authority.publicKey),
  )
}

const isInForce = ({ validFromDate, validToDate }: X509Certificate, at: Date): boolean =>
  validFromDate <= at && at <= validToDate

/** Key usages of credentials of persons, in both spellings that occur; node gives the extended key usage under this name. */
const signsCredentials = ({ keyUsage }: X509Certificate): boolean =>
  ((keyUsage as string[] | undefined) ?? []).some((oid) => /^1\.3\.6\.1\.4\.1\.(?:0\.)?1847\./.test(oid))
