import type { RateParts } from '../../http/limits/rate-limit.ts'
import type { SharedUses } from './together.ts'

/** What counts requests in all processes of a server together. */
export function shareRates(uses: SharedUses | undefined): Pick<RateParts, 'used' | 'onOthers'> {
  return uses ? { used: uses.add, onOthers: uses.onOthers } : {}
}
