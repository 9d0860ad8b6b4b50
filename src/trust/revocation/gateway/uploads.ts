import { participantCode } from '../../../base/participant-codes.ts'
import type { KeyIndex } from '../../keys/key-index.ts'
import type { TrustedKey } from '../../keys/trusted-key.ts'

/** Upload certificates that count, to be asked by country (alpha-2). */
export function uploadsIn(index: KeyIndex): (country: string) => readonly TrustedKey[] {
  const uploads = Map.groupBy(index.find({ usage: ['UP'] }), ({ participant }) => participant)
  return (country) => uploads.get(participantCode(country) ?? country) ?? []
}
