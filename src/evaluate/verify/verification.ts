import type { Json } from '../../base/json-value.ts'
import { knownParticipant } from '../../base/participant-codes.ts'
import type {
  CertificateInput,
  Envelope,
  EventKind,
  Finding,
  Opened,
  Status,
} from '../../credentials/credential-format.ts'
import type { Issue } from '../../fhir/types.ts'
import type { Check, createReport } from './report.ts'

/** Who vouched for a credential (docs/evaluate.md, Reply, `issuer`). */
interface VerifiedIssuer {
  /** As the credential says. */
  name?: string
  /** GDHCN code, alpha-3. */
  participant?: string
  keyId?: string
  trustDomain?: string
  keyUsage?: string
  /** Which list vouched for the key. */
  trustList?: string
}

/** The verdict on one credential. */
export interface Verification {
  status: Status
  /** Kind of certificate that names the credential. */
  format?: string
  /** Every check, in the order of the contract. */
  checks: Check[]
  issuer?: VerifiedIssuer
  /** Only when VERIFIED: what the credential says. */
  content?: Json
  /** Only when VERIFIED: what maps and rules get of it, one for each kind of certificate that has content of its own. */
  inputs: CertificateInput[]
  events: EventKind[]
  period: Envelope['period']
  /** Neither the key nor the credential names a known country or participant ({@link issuerCodes}): any may have issued it. */
  isIssuerUnknown: boolean
  /** What makes `accepted` impossible although the credential is VERIFIED: content that was not understood or does not count. */
  obstacles: Issue[]
  /** Where content lies elsewhere: signed pointers of a VERIFIED credential, or a bare link, which nobody signed. */
  links: NonNullable<Opened['links']>
  /** Only when VERIFIED: why the key that signed may not certify that content as well; undefined when it may. */
  usageFault?: ((content: Pick<Opened, 'formats' | 'events'>) => (Finding & { status: Status }) | undefined) | undefined
}

/** The verdict on what is no credential, or has failed before its key was found: nothing is known but the checks. */
export function unverified(report: ReturnType<typeof createReport>): Verification {
  const status = report.failedWith() ?? 'NOT_SUPPORTED'
  return {
    status,
    checks: report.checks(),
    inputs: [],
    events: [],
    period: {},
    isIssuerUnknown: true,
    obstacles: [],
    links: [],
  }
}

/** Codes of the country or participant that issued, by the key and by the credential; none when neither names one that is known. */
export function issuerCodes(issuer: Verification['issuer']): string[] {
  const codes: string[] = []
  for (const each of [issuer?.participant, issuer?.name]) {
    const code = each === undefined ? undefined : knownParticipant(each)
    if (code !== undefined) codes.push(code)
  }
  return codes
}
