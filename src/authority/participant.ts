import { alpha3FromAlpha2 } from '../base/iso-3166.ts'

/** A participant's code by which two spellings of it are told to be one: three letters where ISO 3166-1 has them. */
export function participantKey(participant: string): string {
  const code = participant.toUpperCase()
  return alpha3FromAlpha2(code) ?? code
}

/** Why a text of a setting is no code of a participant; undefined when it is one. */
export const participantFault = (text: string): string | undefined =>
  /^[A-Za-z]{2,3}$/.test(text) ? undefined : 'participant must be the code of a participant, of two or three letters'
