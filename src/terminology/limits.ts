/** What one request may cost. */
export interface Limits {
  /** Most codes an expansion returns at once. */
  expansionCodes: number
  /** Most time one evaluation may take, in milliseconds. */
  evaluationMilliseconds: number
}

/** 10,000 codes, 5 seconds. */
export const DEFAULT_LIMITS: Limits = { expansionCodes: 10_000, evaluationMilliseconds: 5_000 }
