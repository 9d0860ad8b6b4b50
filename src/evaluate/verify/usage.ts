import type { X509Certificate } from 'node:crypto'
import type { Envelope, EventKind, Format, FormatName } from '../../credentials/credential-format.ts'
import type { TrustedKey } from '../../trust/keys/trusted-key.ts'
import { domainMismatch } from '../format-domains.ts'
import type { StepResult } from './report.ts'

/** Last arc of the extended key usage for each kind of event (credentials.md, 4.5). */
const EVENT_ARC: Record<EventKind, number> = { t: 1, v: 2, r: 3 }
/** The right arc and the wrong one, which is as common and means the same. */
const HEALTH_ARCS = ['1.3.6.1.4.1.1847.2021.1.', '1.3.6.1.4.1.0.1847.2021.1.']
const HEALTH_USAGES = HEALTH_ARCS.flatMap((arc) => [1, 2, 3].map((last) => `${arc}${last}`))
const VDS_NC_USAGE = '2.23.136.1.1.14.2'

type ExtendedUsageRule = (extendedKeyUsage: string[], events: EventKind[]) => StepResult

const pass: StepResult = { details: [] }
const mismatch = (detail: string): StepResult => ({ status: 'KEY_USAGE_MISMATCH', details: [detail] })

/** Only the six health usages count; none of them present allows every event. */
const healthRule: ExtendedUsageRule = (usage, events) => {
  if (!usage.some((oid) => HEALTH_USAGES.includes(oid))) return pass
  const denied = events.filter((event) => !HEALTH_ARCS.some((arc) => usage.includes(`${arc}${EVENT_ARC[event]}`)))
  return denied.length === 0 ? pass : mismatch(`extended key usage excludes events of kind ${denied.join(', ')}`)
}

const vdsNcRule: ExtendedUsageRule = (usage) => {
  if (usage.length === 0) return { details: ['the signer certificate has no extended key usage'] }
  return usage.includes(VDS_NC_USAGE) ? pass : mismatch('extended key usage of the signer certificate excludes VDS-NC')
}

/** What the extended key usage says, by format; a format that is not here has no such rule. */
const extendedUsageRules: Partial<Record<FormatName, ExtendedUsageRule>> = {
  hcert: healthRule,
  'icao-vds-nc': vdsNcRule,
}

/** What the check `key-usage` is made with. */
export interface UsageContext {
  framework: FormatName
  trustDomains: string[]
  /** What the content holds; empty where it could not be read. */
  formats: Format[]
  events: EventKind[]
  /** What a key of another domain than the kind's makes of the check. */
  domainMismatch: 'warn' | 'fail'
  /** Entries of trusted lists for the embedded signer. */
  listedSigner: TrustedKey[]
}

/**
 * The check `key-usage`: GDHCN usage and domain, then the extended key usage against the certified events. Only a document signer
 * (DSC) signs content; a key listed as authority (SCA) never does, in any format (evaluate.md, Fail closed 3).
 */
export function checkKeyUsage(envelope: Envelope, key: TrustedKey, context: UsageContext): StepResult {
  const { trustDomains, framework, events, formats } = context
  const fault = envelope.signer ? signerFault(envelope.signer, key, context.listedSigner) : documentSignerFault(key)
  if (fault !== undefined) return mismatch(fault)
  if (trustDomains.length > 0 && !trustDomains.includes(key.domain)) {
    return mismatch(key.domain ? `the key's domain ${key.domain} is not asked for` : 'the key belongs to no domain')
  }
  if (wrapsRawDccKey(key) && formats.some((format) => format !== 'hcert-dcc')) {
    return mismatch('the key is one of the EU DCC alone')
  }
  const domain = domainMismatch(formats, key.domain)
  if (domain !== undefined && context.domainMismatch === 'fail') return mismatch(domain)
  const usage = envelope.signer ? (envelope.signer.keyUsage ?? []) : key.extendedKeyUsage
  const extended = extendedUsageRules[framework]?.(usage, events) ?? pass
  return domain === undefined ? extended : { ...extended, details: [domain, ...extended.details] }
}

/** Extended key usage of a certificate that only wraps a raw EU DCC key, in both spellings of its arc (trust-network.md, section 2). */
const RAW_DCC_USAGES = ['1.3.6.1.4.1.1847.2022.1.22', '1.3.6.1.4.1.0.1847.2022.1.22']
const wrapsRawDccKey = ({ extendedKeyUsage }: TrustedKey): boolean =>
  RAW_DCC_USAGES.some((usage) => extendedKeyUsage.includes(usage))

/** An entry without usage counts as document signer. */
function documentSignerFault({ usage }: TrustedKey): string | undefined {
  return usage === '' || usage === 'DSC' ? undefined : `the key's usage is ${usage}, not DSC`
}

/** An authority vouches for signers and does not sign; an entry without usage counts as authority, unless it is the signer that another has signed. */
function signerFault(signer: X509Certificate, key: TrustedKey, listed: TrustedKey[]): string | undefined {
  if (listed.length > 0 && !listed.some(({ usage }) => usage === 'DSC' || usage === '')) {
    return `the signer is listed with usage ${listed[0]?.usage}, not DSC`
  }
  if (!signer.publicKey.equals(key.publicKey)) {
    return key.usage === '' || key.usage === 'SCA'
      ? undefined
      : `the key above the signer has usage ${key.usage}, not SCA`
  }
  if (key.usage === 'DSC' || (key.usage === '' && !isSelfSigned(signer))) return undefined
  return 'the seal is signed by the authority itself'
}

function isSelfSigned(certificate: X509Certificate): boolean {
  try {
    return certificate.verify(certificate.publicKey)
  } catch {
    return false // a key of a kind that cannot have signed it
  }
}
