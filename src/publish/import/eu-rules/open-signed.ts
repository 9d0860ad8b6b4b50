/** Signed lists of rules: what is inside counts only under the signature of an upload key of the country whose rules they are. */
import type { X509Certificate } from 'node:crypto'
import { participantAlpha2 } from '../../../base/participant-codes.ts'
import { CmsError, openCms } from '../../../cms/cms.ts'

/** What is known of rules of the EU beside what they say. */
export interface EuRuleSurroundings extends EuRuleTrust {
  /** Whether the server has the value set of an id of the EU's. */
  hasValueSet(id: string): Promise<boolean>
}

/** Whom signed rules are believed. */
export interface EuRuleTrust {
  /** Certificates that may sign uploads of a country (alpha-2), as trust lists and the operator say. */
  uploadKeys(country: string): readonly X509Certificate[]
  now: Date
}

/** What was signed, and what is still to be asked when it is known whose rules it holds. */
interface OpenedRules {
  content: Buffer
  /** Why the signer is not to be believed about rules of a country; undefined when he is. */
  objection(country: string): string | undefined
  /** Subject of the signer, to be shown. */
  signer: string
}

/**
 * Opens a message.
 * @returns why it is not to be believed, whatever is inside
 */
export async function openSignedRules(message: Buffer, trust: EuRuleTrust | undefined): Promise<OpenedRules | string> {
  let opened: Awaited<ReturnType<typeof openCms>>
  try {
    opened = await openCms(message)
  } catch (error) {
    if (!(error instanceof CmsError)) throw error
    return error.reason === 'signature'
      ? 'the signature does not hold: the signed message is forged or damaged'
      : `the signed message cannot be read: ${error.message}`
  }
  if (!trust) return 'it is signed, and nobody said whose signatures count'
  const { content, signer, signingTime } = opened
  const at = signingTime ?? trust.now
  if (at > trust.now || at < signer.validFromDate || at > signer.validToDate)
    return 'it was not signed within the period of the certificate'
  const name = shownName(signer)
  const isKnown = (country: string) => trust.uploadKeys(country).some(({ raw }) => raw.equals(signer.raw))
  return {
    content,
    signer: name,
    objection: (country) =>
      isKnown(country) ? undefined : `it is signed by ${name}, which is no trusted upload certificate of ${country}`,
  }
}

/** The subject on one line, with nothing that moves a cursor. */
const shownName = ({ subject, fingerprint256 }: X509Certificate): string =>
  `${subject
    .replace(/\s*\n\s*/g, ', ')
    .replace(/[^\x20-\x7e]/g, '?')
    .slice(0, 100)} (SHA-256 ${fingerprint256.slice(0, 23)}…)`

/** Countries (alpha-2) that a certificate names as its subject's: of an upload certificate exactly one. */
export function countryOf(certificate: X509Certificate): string | undefined {
  const named = certificate.subject.split('\n').flatMap((each) => /^C=(.*)$/.exec(each)?.[1] ?? [])
  const [country, ...more] = named
  if (country === undefined || more.length > 0) return undefined
  return /^[A-Z]{2}$/.test(country) ? country : participantAlpha2(country)
}
