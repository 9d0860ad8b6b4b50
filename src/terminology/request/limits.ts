/** What one request may cost. */
export interface Limits {
  /** Most codes an expansion returns at once. */
  expansionCodes: number
  /** Most computing time of one query, where the request has no budget of its own. */
  evaluationMilliseconds: number
}

/** 10,000 codes, a second. */
export const DEFAULT_LIMITS: Limits = { expansionCodes: 10_000, evaluationMilliseconds: 1_000 }
