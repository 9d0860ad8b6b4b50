import type { Claim, Envelope, Status } from '../../credentials/credential-format.ts'
import type { KeySource, TrustedKey } from '../../trust/keys/trusted-key.ts'
import type { StepResult } from './report.ts'

const keyStatuses: Record<Exclude<TrustedKey['status'], 'current'>, Status> = {
  terminated: 'TERMINATED_KEYS',
  revoked: 'REVOKED_KEYS',
  expired: 'EXPIRED_KEYS',
}

/** The check `key-validity`: what the list says of the key, then its own period and the embedded signer's, at the clock. */
export function checkKeyValidity(envelope: Envelope, key: TrustedKey, clock: Date): StepResult {
  if (key.status !== 'current') {
    return { status: keyStatuses[key.status], details: [`the trust list says that the key is ${key.status}`] }
  }
  if (key.validFrom && clock < key.validFrom)
    return expiredKey(`the key is valid only from ${key.validFrom.toISOString()}`)
  if (key.validTo && clock > key.validTo) return expiredKey(`the key was valid until ${key.validTo.toISOString()}`)
  const { signer } = envelope
  if (signer && (clock < signer.validFromDate || clock > signer.validToDate)) {
    return expiredKey('the signer certificate is outside its period')
  }
  return { details: periodRemarks(envelope, key) }
}

/** What lists say of an embedded signer itself, whatever they say of its authority: the worst counts. */
export function checkSignerStatus({ signer }: Envelope, keys: KeySource): StepResult {
  const status = signer && keys.objectionTo?.(signer)
  if (!status) return { details: [] }
  return { status: keyStatuses[status], details: [`a trust list says that the signer is ${status}`] }
}

const expiredKey = (detail: string): StepResult => ({ status: 'EXPIRED_KEYS', details: [detail] })

/** Issued before the key existed, or valid longer than it: unusual, not wrong (credentials.md, 4.5). */
function periodRemarks({ period }: Envelope, key: TrustedKey): string[] {
  const remarks: string[] = []
  const { issuedAt, expires } = period
  if (key.validFrom && typeof issuedAt === 'number' && issuedAt * 1000 < key.validFrom.getTime()) {
    remarks.push('issued before the start of the key’s period')
  }
  if (key.validTo && typeof expires === 'number' && expires * 1000 > key.validTo.getTime()) {
    remarks.push('expires after the end of the key’s period')
  }
  return remarks
}

/** The check `validity-period`: nbf ≤ clock, iat ≤ clock ≤ exp, bounds included (credentials.md, 4.5). */
export function checkValidityPeriod({ period }: Envelope, clock: Date): StepResult {
  const seconds = clock.getTime() / 1000
  if (isAfter(period.notBefore, seconds))
    return { status: 'NOT_YET_VALID', details: ['not-before time is not reached'] }
  if (isAfter(period.issuedAt, seconds)) return { status: 'NOT_YET_VALID', details: ['issue time is not reached'] }
  const { expires } = period
  if (expires === 'not-a-number') return { status: 'EXPIRED', details: ['expiry is not a finite number'] }
  if (expires !== undefined && expires < seconds) return { status: 'EXPIRED', details: ['expiry has passed'] }
  return { details: [] }
}

/** A start that cannot be read cannot have been reached. */
function isAfter(claim: Claim | undefined, seconds: number): boolean {
  return claim !== undefined && (claim === 'not-a-number' || claim > seconds)
}
