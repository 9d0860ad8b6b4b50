import { badRequest } from '../../fhir/error.ts'
import type { DocumentName } from './names.ts'
import { wordsOf } from './transliterate.ts'

/** What the machine-readable zone of a travel document says of its holder (ICAO Doc 9303-3, section 4). */
export interface MachineReadableZone {
  name: DocumentName
  /** YYMMDD; `<` where the document does not know. */
  birthDate: string
}

/** Where something stands: line and first column from 0, and how many columns. */
type Place = readonly [line: number, column: number, length: number]

/** A layout of the zone. */
interface Layout {
  lines: number
  columns: number
  name: Place
  birthDate: Place
  /** Data with their check digit behind them. */
  checked: { what: string; data: Place; digit: Place; isOptional?: true }[]
  /** What the check digit over the whole covers, and where it stands; visas have none. */
  composite?: { data: Place[]; digit: Place }
  /** Where the rest of a long document number stands, with its check digit at its end. */
  overflow?: Place
}

const number = 'the document number'
const birthDate = 'the date of birth'
const expiry = 'the date of expiry'

/** Doc 9303-4 (passports), -5 (cards), -6 (cards of the second size), -7 (visas). */
const layouts: Record<'TD1' | 'TD2' | 'TD3' | 'MRV-A' | 'MRV-B', Layout> = {
  TD1: {
    lines: 3,
    columns: 30,
    name: [2, 0, 30],
    birthDate: [1, 0, 6],
    checked: [
      { what: number, data: [0, 5, 9], digit: [0, 14, 1] },
      { what: birthDate, data: [1, 0, 6], digit: [1, 6, 1] },
      { what: expiry, data: [1, 8, 6], digit: [1, 14, 1] },
    ],
    composite: {
      data: [
        [0, 5, 25],
        [1, 0, 7],
        [1, 8, 7],
        [1, 18, 11],
      ],
      digit: [1, 29, 1],
    },
    overflow: [0, 15, 15],
  },
  TD2: {
    ...ofTwoLines(36),
    composite: {
      data: [
        [1, 0, 10],
        [1, 13, 7],
        [1, 21, 14],
      ],
      digit: [1, 35, 1],
    },
    overflow: [1, 28, 7],
  },
  TD3: {
    ...ofTwoLines(44),
    checked: [
      ...ofTwoLines(44).checked,
      { what: 'the personal number', data: [1, 28, 14], digit: [1, 42, 1], isOptional: true },
    ],
    composite: {
      data: [
        [1, 0, 10],
        [1, 13, 7],
        [1, 21, 22],
      ],
      digit: [1, 43, 1],
    },
  },
  'MRV-A': ofTwoLines(44),
  'MRV-B': ofTwoLines(36),
}

function ofTwoLines(columns: number): Layout {
  return {
    lines: 2,
    columns,
    name: [0, 5, columns - 5],
    birthDate: [1, 13, 6],
    checked: [
      { what: number, data: [1, 0, 9], digit: [1, 9, 1] },
      { what: birthDate, data: [1, 13, 6], digit: [1, 19, 1] },
      { what: expiry, data: [1, 21, 6], digit: [1, 27, 1] },
    ],
  }
}

/**
 * Reads a machine-readable zone, its lines with or without ends between them.
 * @throws FhirError 400 for a text of no layout, and for wrong check digits, naming what they belong to; the text is not quoted
 */
export function readMachineReadableZone(text: string, expression: string): MachineReadableZone {
  const wrong = (why: string) => badRequest({ text: `identity.mrz ${why}`, expression })
  if (text.length > 200) throw wrong('is longer than a machine-readable zone')
  const lines = text
    .toUpperCase()
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
  const whole = lines.join('')
  if (!/^[A-Z0-9<]*$/.test(whole)) throw wrong('has other characters than A to Z, 0 to 9 and <')
  const layout = layoutOf(whole)
  if (
    !layout ||
    (lines.length > 1 && (lines.length !== layout.lines || lines.some((line) => line.length !== layout.columns)))
  )
    throw wrong('must have 3 lines of 30 characters (TD1), 2 of 36 (TD2) or 2 of 44 (TD3), with < for every gap')
  const at = ([line, column, length]: Place) => {
    const begin = line * layout.columns + column
    return whole.slice(begin, begin + length)
  }
  const faults = checkDigitFaults(layout, at)
  if (faults.length > 0) throw wrong(`is misread: the check digit of ${faults.join(', of ')} is wrong`)
  const born = at(layout.birthDate)
  if (!/^\d{2}(?:\d{2}(?:\d{2}|<<)|<<<<)$|^<{6}$/.test(born)) throw wrong('has a date of birth that is none')
  return { name: readName(at(layout.name)), birthDate: born }
}

function layoutOf(whole: string): Layout | undefined {
  if (whole.length === 90) return layouts.TD1
  const isVisa = whole.startsWith('V')
  if (whole.length === 72) return isVisa ? layouts['MRV-B'] : layouts.TD2
  if (whole.length === 88) return isVisa ? layouts['MRV-A'] : layouts.TD3
  return undefined
}

function checkDigitFaults({ checked, composite, overflow }: Layout, at: (place: Place) => string): string[] {
  const faults: string[] = []
  for (const { what, data, digit, isOptional } of checked) {
    const [value, given] = [at(data), at(digit)]
    if (isOptional && given === '<' && /^<*$/.test(value)) continue
    const isLong = what === number && given === '<' && overflow !== undefined
    if (isLong ? !isLongNumberRight(value, at(overflow)) : checkDigit(value) !== given) faults.push(what)
  }
  if (composite && checkDigit(composite.data.map(at).join('')) !== at(composite.digit)) faults.push('the whole')
  return faults
}

/** A number of more than nine characters goes on in the optional data, with its check digit last (Doc 9303-5, 4.2.2, note j). */
function isLongNumberRight(beginning: string, optional: string): boolean {
  const [rest = ''] = optional.split('<')
  return rest.length > 1 && checkDigit(`${beginning}${rest.slice(0, -1)}`) === rest.slice(-1)
}

const weights = [7, 3, 1]

/** The check digit of data in A to Z, 0 to 9 and `<` (Doc 9303-3, 4.9): weights 7, 3, 1, modulus 10; A is 10, `<` is 0. */
export function checkDigit(data: string): string {
  let sum = 0
  for (const [index, character] of [...data].entries()) {
    const value = character === '<' ? 0 : Number.parseInt(character, 36)
    sum += value * (weights[index % 3] ?? 0)
  }
  return String(sum % 10)
}

/** Surname, two fillers, given names (Doc 9303-3, 4.6); a field without a filler at its end may have been cut. */
function readName(field: string): DocumentName {
  const [primary = '', ...secondary] = field.split('<<')
  const groups = [primary, secondary.join('<')].map((group) => wordsOf(group.replaceAll('<', ' ')))
  return { words: groups.flat(), groups, isCut: !field.endsWith('<') }
}
