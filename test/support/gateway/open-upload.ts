/** Signed bodies as the gateway reads them, by pkijs: in its order, and as lenient as it is. */
import { webcrypto, X509Certificate } from 'node:crypto'
import * as pkijs from 'pkijs'
import { internalError, problem } from './answer.ts'

pkijs.setEngine('stand-in', new pkijs.CryptoEngine({ name: 'stand-in', crypto: webcrypto as never }))

const DATA = '1.2.840.113549.1.7.1'
const SIGNED_DATA = '1.2.840.113549.1.7.2'
const SIGNING_TIME = '1.2.840.113549.1.9.5'

/** What was signed, and by whom. */
export interface Opened {
  content: Buffer
  signer: X509Certificate
}

const notCms = (details: string) => problem(400, '0x402', 'Invalid CMS Message', details)
const badSignature = () =>
  problem(400, '0x260', 'CMS signature is invalid', 'Submitted string needs to be signed by a valid CMS signature')

/**
 * Opens a body: base64 on one line, where padding may be missing; DER or BER; SHA-256 or more; with or without signed attributes.
 * @throws Refusal as measured, in the order of the gateway's checks
 */
export async function openUpload(text: string): Promise<Opened> {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) throw problem(400, '0x402', 'Invalid Base64 CMS Message', 'not base64')
  const { signed, certificate } = parse(Buffer.from(text, 'base64'))
  const inside = signed.encapContentInfo.eContent
  if (!inside) throw internalError()
  const isGood = await signed.verify({ signer: 0, checkChain: false }).catch(() => false)
  if (!isGood || !isInTime(signed, certificate)) throw badSignature()
  return { content: Buffer.from(inside.getValue()), signer: certificate }
}

function parse(der: Buffer): { signed: pkijs.SignedData; certificate: X509Certificate } {
  let signed: pkijs.SignedData
  try {
    const info = pkijs.ContentInfo.fromBER(Uint8Array.from(der).buffer)
    if (info.contentType !== SIGNED_DATA) throw new Error(`content type ${info.contentType}`)
    signed = new pkijs.SignedData({ schema: info.content })
  } catch (error) {
    throw notCms(String(error))
  }
  const certificates = (signed.certificates ?? []).filter((each) => each instanceof pkijs.Certificate)
  const [certificate] = certificates
  if (signed.encapContentInfo.eContentType !== DATA) throw notCms('not id-data')
  if (!certificate || certificates.length !== 1) throw notCms('needs one certificate')
  if (signed.signerInfos.length !== 1) throw notCms('needs one signer')
  return { signed, certificate: new X509Certificate(Buffer.from(certificate.toSchema(true).toBER(false))) }
}

/** A signing time outside the certificate's validity makes the signature a bad one; no signing time is none. */
function isInTime(signed: pkijs.SignedData, { validFromDate, validToDate }: X509Certificate): boolean {
  const attributes = signed.signerInfos[0]?.signedAttrs?.attributes ?? []
  const stated = attributes.find(({ type }) => type === SIGNING_TIME)?.values[0]
  const at: unknown = stated?.toDate?.()
  return !(at instanceof Date) || (at >= validFromDate && at <= validToDate)
}
