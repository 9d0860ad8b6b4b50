import { alpha3FromAlpha2 } from '../base/iso-3166.ts'

/** A participant's code by which two spellings of it are told to be one: three letters where ISO 3166-1 has them. */
export function participantKey(participant: string): string {
  const code = participant.toUpperCase()
  return alpha3FromAlpha2(code) ?? code
}
