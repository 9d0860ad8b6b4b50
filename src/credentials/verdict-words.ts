/** The words of a verdict, without anything that needs Node: browsers read them, too. */

/** Checks of `$evaluate`, in the order in which they are made and reported (docs/evaluate.md, Reply). */
export const checkNames = [
  'recognise',
  'encoding',
  'compression',
  'envelope',
  'payload',
  'key',
  'signature',
  'key-validity',
  'key-usage',
  'validity-period',
  'revocation',
] as const
/** Name of one check. */
export type CheckName = (typeof checkNames)[number]

/** Status codes of `$evaluate` (docs/evaluate.md, Reply). */
export const statuses = [
  'VERIFIED',
  'NOT_SUPPORTED',
  'INVALID_ENCODING',
  'INVALID_COMPRESSION',
  'INVALID_SIGNING_FORMAT',
  'UNSUPPORTED_CONTENT',
  'KID_NOT_INCLUDED',
  'ISSUER_NOT_TRUSTED',
  'TERMINATED_KEYS',
  'EXPIRED_KEYS',
  'REVOKED_KEYS',
  'INVALID_SIGNATURE',
  'KEY_USAGE_MISMATCH',
  'NOT_YET_VALID',
  'EXPIRED',
  'REVOKED',
  'UNSIGNED_CONTENT',
] as const
/** One of them. */
export type Status = (typeof statuses)[number]
