import type { X509Certificate } from 'node:crypto'
import type { Envelope, EventKind, FormatName } from '../credentials/credential-format.ts'
import type { TrustedKey } from '../trust/trusted-key.ts'
import type { StepResult } from './verify-report.ts'

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

/** GDHCN usages whose keys may vouch for a credential: document signers, and for VDS-NC the authority above the signer. */
const allowedUsages = (signer: X509Certificate | undefined): string[] => (signer ? ['', 'DSC', 'SCA'] : ['', 'DSC'])

/** The check `key-usage`: GDHCN usage and domain, then the extended key usage against the certified events. */
export function checkKeyUsage(
  envelope: Envelope,
  key: TrustedKey,
  context: { framework: FormatName; trustDomains: string[] },
): StepResult {
  if (!allowedUsages(envelope.signer).includes(key.usage)) return mismatch(`the key's usage is ${key.usage}, not DSC`)
  const { trustDomains, framework } = context
  if (trustDomains.length > 0 && !trustDomains.includes(key.domain)) {
    return mismatch(key.domain ? `the key's domain ${key.domain} is not asked for` : 'the key belongs to no domain')
  }
  const usage = envelope.signer ? (envelope.signer.keyUsage ?? []) : key.extendedKeyUsage
  return extendedUsageRules[framework]?.(usage, envelope.events) ?? pass
}
