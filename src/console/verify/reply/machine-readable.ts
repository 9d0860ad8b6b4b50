/** Name and date of birth as the machine-readable zone of a travel document has them (ICAO Doc 9303-3), to compare by eye. */
import { wordsOf } from '../../../evaluate/identity/transliterate.ts'
import type { PersonName } from './content.ts'

/** A name in the letters of travel documents. */
export interface MachineReadableName {
  /** `SPECIMEN<<ADA` where surname and given names are told apart, else the words as they come: `ADA<SPECIMEN`. */
  text: string
  isOrdered: boolean
  /** Arabic letters: documents are mostly written by ear, and differ. */
  isTranscribed: boolean
}

/** The name in letters A to Z; undefined where a letter has no such form (Chinese, say) or there is none. */
export function machineReadableName({ text, family, given }: PersonName): MachineReadableName | undefined {
  const whole = lettersOf(text)
  if (!whole) return undefined
  const [surname, others] = [family && lettersOf(family), given && lettersOf(given)]
  const isOrdered = surname !== undefined && surname !== '' && others !== undefined && others !== ''
  return {
    text: isOrdered ? `${surname}<<${others}` : whole,
    isOrdered,
    isTranscribed: wordsOf(text).some((word) => word.isTranscribed),
  }
}

function lettersOf(name: string): string | undefined {
  const words = wordsOf(name)
  if (words.length === 0 || words.some(({ isLatin }) => !isLatin)) return undefined
  const written = words.map(({ letters }) => letters.map(([first = '']) => first).join(''))
  return written.filter(Boolean).join('<') || undefined
}

/** YYMMDD, with `<` for what is not told (Doc 9303-3, 4.7); undefined for what is no date. */
export function machineReadableDate(date: string): string | undefined {
  const [, year, month = '<<', day = '<<'] = /^\d\d(\d\d)(?:-(\d\d)(?:-(\d\d))?)?$/.exec(date) ?? []
  return year === undefined ? undefined : `${year}${month}${day}`
}

/** Whether a text is written in Latin letters throughout. */
export const isLatin = (text: string): boolean => !/(?!\p{Script=Latin})\p{L}/u.test(text)
