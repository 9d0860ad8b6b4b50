/**
 * Signed messages (CMS, RFC 5652) of a gateway and of those who sign lists. Opening thousands of them takes a processor for seconds: it is
 * done in a process of its own, so what goes in and what comes out is made of plain values. See message-process.ts.
 */
import { X509Certificate } from 'node:crypto'
import { readBer, tags } from '../../cms/ber.ts'
import { CmsError, cmsFromText, type OpenedCms, openCms } from '../../cms/cms.ts'
import { FhirError } from '../../fhir/error.ts'
import { parseJson } from '../../fhir/json.ts'
import { isSignedBy } from '../keys/chain.ts'
import { readCertificate } from '../keys/trusted-key.ts'
import { type ReadBatch, readBatch } from '../revocation/read-batch.ts'

/** A message about a content that is known. */
export interface SignedStatement {
  /** Base64 on one line. */
  message: string
  /** What must have been signed, byte for byte; it may stand inside or beside the message. */
  content: Uint8Array
  /** Who may have signed it: places in `signers` of the job. */
  by: readonly number[]
}

/** What is asked of the process. */
export type MessageJob =
  | { kind: 'statements'; statements: readonly SignedStatement[]; signers: readonly Uint8Array[]; now: number }
  | { kind: 'batch'; message: string; now: number }
  | { kind: 'master-list'; bytes: Uint8Array; signers: readonly Uint8Array[] | undefined; now: number }

/** Why a message does not count, or who signed it: a place in `signers`. */
export interface StatementVerdict {
  fault?: string
  signer?: number
}

/** A batch of revoked certificates, and whose word it is. */
export interface OpenedBatch {
  /** DER of the certificate that signed it. */
  signer: Uint8Array
  batch: ReadBatch
}

/** A master list of certificate authorities. */
export interface OpenedMasterList {
  certificates: Uint8Array[]
  /** As the signer says, in milliseconds since 1970. */
  signedAt?: number
}

/** What the process answers; a text says why a message does not count. */
export interface MessageAnswers {
  statements: StatementVerdict[]
  batch: OpenedBatch | string
  'master-list': OpenedMasterList | string
}

/** The answer to a job. */
export type MessageAnswer = MessageAnswers[keyof MessageAnswers]

/** Does a job of the process. Rejects for nothing that a message can hold. */
export async function openMessages(job: MessageJob): Promise<MessageAnswer> {
  switch (job.kind) {
    case 'statements':
      return checkStatements(job)
    case 'batch':
      return refusalAsText(() => openBatch(job))
    case 'master-list':
      return refusalAsText(() => openMasterList(job))
  }
}

async function refusalAsText<Answer>(open: () => Promise<Answer>): Promise<Answer | string> {
  try {
    return await open()
  } catch (error) {
    if (error instanceof CmsError) return error.message
    throw error
  }
}

async function checkStatements({ statements, signers, now }: MessageJob & { kind: 'statements' }) {
  const certificates = signers.map((der) => new X509Certificate(der))
  const verdicts: StatementVerdict[] = []
  for (const { message, content, by } of statements) {
    const verdict = await refusalAsText(async (): Promise<StatementVerdict> => {
      const opened = await openCms(cmsFromText(message), { detached: content })
      const signer = by.find((at) => certificates[at]?.raw.equals(opened.signer.raw))
      if (signer === undefined) return { fault: 'its signature is by another certificate than those that may sign it' }
      const fault = periodFault(opened, now)
      return fault === undefined ? { signer } : { fault }
    })
    verdicts.push(typeof verdict === 'string' ? { fault: verdict } : verdict)
  }
  return verdicts
}

/** Why the signer could not sign at that time. Without a time of signing nobody knows that the signer's period had not ended. */
function periodFault({ signer, signingTime }: OpenedCms, now: number): string | undefined {
  const at = signingTime ?? new Date(now)
  if (at >= signer.validFromDate && at <= signer.validToDate) return undefined
  return signingTime
    ? 'it was signed outside the period of the certificate that signed it'
    : 'it does not say when it was signed, and the period of the certificate that signed it is not now'
}

async function openBatch({ message, now }: MessageJob & { kind: 'batch' }): Promise<OpenedBatch | string> {
  const opened = await openCms(cmsFromText(message))
  const fault = periodFault(opened, now)
  if (fault !== undefined) return fault
  const batch = readBatch(jsonOf(opened.content))
  return typeof batch === 'string' ? batch : { signer: opened.signer.raw, batch }
}

/** JSON of a message, or null, which is no batch; a parser's text may quote an entry. */
function jsonOf(content: Buffer) {
  try {
    return parseJson(content)
  } catch (error) {
    if (error instanceof FhirError) return null
    throw error
  }
}

/** CscaMasterList (ICAO Doc 9303-12, 9). */
const MASTER_LIST = '2.23.136.1.1.2'
/** Extended key usage of who signs master lists (ICAO Doc 9303-12, 7.1). */
const MASTER_LIST_SIGNER = '2.23.136.1.1.3'

async function openMasterList(job: MessageJob & { kind: 'master-list' }): Promise<OpenedMasterList | string> {
  const opened = await openCms(job.bytes, { contentType: MASTER_LIST, certificates: 'many' })
  const pinned = job.signers?.map((der) => new X509Certificate(der))
  if (pinned && !pinned.some((each) => isPinned(opened.signer, each)))
    return 'its signature is by another certificate than the pinned one, and by none that the pinned one issued for master lists'
  const fault = periodFault(opened, job.now)
  if (fault !== undefined) return fault
  const certificates = certificatesOf(opened.content)
  if (typeof certificates === 'string') return certificates
  return { certificates, ...(opened.signingTime ? { signedAt: opened.signingTime.getTime() } : {}) }
}

/** The pinned certificate itself, or a signer of master lists that the pinned authority issued; its other signers sign passports. */
function isPinned(signer: X509Certificate, pinned: X509Certificate): boolean {
  if (signer.raw.equals(pinned.raw)) return true
  if (!pinned.ca || signer.issuer !== pinned.subject) return false
  return (signer.keyUsage ?? []).includes(MASTER_LIST_SIGNER) && isSignedBy(signer, pinned)
}

/** `SEQUENCE { version INTEGER, certList SET OF Certificate }`, to the last byte. */
function certificatesOf(content: Buffer): Uint8Array[] | string {
  const list = readBer(content)
  const [version, set, ...more] = list.children
  const isList = list.tag === tags.sequence && version?.tag === tags.integer && set?.tag === tags.set
  if (!isList || more.length > 0) return 'its content is no list of certificates'
  return set.children.map(({ raw }) => raw)
}

/** Reads DER; undefined also for bytes after the certificate, which nobody would have looked at. */
export function readExactCertificate(der: Uint8Array): X509Certificate | undefined {
  const certificate = readCertificate(der)
  return certificate?.raw.equals(der) ? certificate : undefined
}
