/** What goes wrong with a source: faults of lists, files and networks are told to the administrator, all others are bugs. */
import { isSystemError, systemErrorText } from '../../base/system-error.ts'
import { type TrustSource, UnusableSource } from '../lists/trust-source.ts'

/** Faults of lists, files and networks are for the administrator; anything else is a bug and must not look like one. */
export function failureText(error: unknown, { key = [] }: TrustSource): string {
  if (error instanceof UnusableSource) return error.message
  const text = systemErrorText(error)
  if (!isSystemError(error) || text === undefined) throw error
  const isKey = error.path !== undefined && key.includes(error.path)
  return isKey ? `the pinned key of the signer (member "key") cannot be read: ${text}` : text
}

/** Passes over faults of lists, files and networks. @throws any other error */
export function notOurFault(error: unknown): undefined {
  if (error instanceof UnusableSource || isSystemError(error)) return undefined
  throw error
}
