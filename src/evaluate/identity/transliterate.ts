/**
 * Letters as travel documents write them (ICAO Doc 9303-3, section 6, Transliterations recommended for use by States): for each letter beyond A to Z every way that the tables
 * recommend or leave open, the recommended one first. A letter without a table stands for itself.
 */

/** 6.A, letters of Latin alphabets that are not their base letter, or not that alone; accents on any other are dropped. */
const LATIN = {
  Ä: 'AE A',
  Å: 'AA A',
  Æ: 'AE',
  Ð: 'D',
  Đ: 'D',
  Ħ: 'H',
  Ĳ: 'IJ',
  ĸ: 'K',
  Ł: 'L',
  Ŋ: 'N',
  Ñ: 'N NXX',
  Ö: 'OE O',
  Ø: 'OE O',
  Œ: 'OE',
  ẞ: 'SS',
  Ŧ: 'T',
  Þ: 'TH',
  Ü: 'UE UXX U',
  Ə: 'E A',
  Ɨ: 'I',
  Ɓ: 'B',
  Ɗ: 'D',
  Ƙ: 'K',
  Ƴ: 'Y',
}

/** 6.B, Cyrillic: one table for the alphabets of all languages, which differ in some letters. `-` is nothing. */
const CYRILLIC = {
  А: 'A',
  Б: 'B',
  В: 'V',
  Г: 'G H',
  Ґ: 'G',
  Ѓ: 'G GJ',
  Д: 'D',
  Ђ: 'D DJ',
  Е: 'E IE YE',
  Ё: 'E IO YO',
  Є: 'IE YE E',
  Ж: 'ZH Z',
  З: 'Z',
  Ѕ: 'DZ',
  И: 'I Y',
  І: 'I',
  Ї: 'I YI',
  Й: 'I Y J',
  Ј: 'J',
  К: 'K',
  Л: 'L',
  Љ: 'LJ',
  М: 'M',
  Н: 'N',
  Њ: 'NJ',
  О: 'O',
  П: 'P',
  Р: 'R',
  С: 'S',
  Т: 'T',
  Ћ: 'C',
  Ќ: 'K KJ',
  У: 'U',
  Ў: 'U',
  Ф: 'F',
  Х: 'KH H',
  Ц: 'TS C',
  Ч: 'CH C',
  Џ: 'DJ DZ',
  Ш: 'SH S',
  Щ: 'SHCH SHT',
  Ъ: 'IE A -',
  Ы: 'Y',
  Ь: '- Y',
  Э: 'E',
  Ю: 'IU YU',
  Я: 'IA YA',
  Ѣ: 'IE',
  Ѫ: 'U',
  Ѳ: 'F',
  Ѵ: 'Y',
}

/** Greek, for which Doc 9303 has no table (ISO 843, as ELOT 743 writes names). */
const GREEK = {
  Α: 'A',
  Β: 'V B',
  Γ: 'G N Y',
  Δ: 'D',
  Ε: 'E',
  Ζ: 'Z',
  Η: 'I',
  Θ: 'TH',
  Ι: 'I',
  Κ: 'K',
  Λ: 'L',
  Μ: 'M',
  Ν: 'N',
  Ξ: 'X',
  Ο: 'O',
  Π: 'P',
  Ρ: 'R',
  Σ: 'S',
  Τ: 'T',
  Υ: 'Y V F U',
  Φ: 'F',
  Χ: 'CH H',
  Ψ: 'PS',
  Ω: 'O',
}

/**
 * 6.C, Arabic: the script leaves out vowels, so that few documents are written by this table; see {@link Word.isTranscribed}. What
 * writers of Arabic leave out of a letter, a hamza or a dot, may be left out.
 */
const ARABIC = {
  ء: 'XE',
  آ: 'XAA A',
  أ: 'XAE A',
  ؤ: 'U',
  إ: 'I A',
  ئ: 'XI Y',
  ا: 'A',
  ب: 'B',
  ة: 'XTA XAH H',
  ت: 'T',
  ث: 'XTH',
  ج: 'J',
  ح: 'XH',
  خ: 'XKH',
  د: 'D',
  ذ: 'XDH',
  ر: 'R',
  ز: 'Z',
  س: 'S',
  ش: 'XSH',
  ص: 'XSS',
  ض: 'XDZ',
  ط: 'XTT',
  ظ: 'XZZ',
  ع: 'E',
  غ: 'G',
  ـ: '-',
  ف: 'F',
  ق: 'Q',
  ك: 'K',
  ل: 'L',
  م: 'M',
  ن: 'N',
  ه: 'H',
  و: 'W',
  ى: 'XAY Y',
  ي: 'Y',
}

const table = new Map(
  [LATIN, CYRILLIC, GREEK, ARABIC]
    .flatMap((each): [string, string][] => Object.entries(each))
    .map(([letter, ways]) => [letter, ways.split(' ').map((way) => (way === '-' ? '' : way))]),
)

/** A word of a name. */
export interface Word {
  /** For each letter its ways to be written; at least one. */
  letters: string[][]
  /** Whether every letter has a table: only then it may be held against a word in Latin letters. */
  isLatin: boolean
  /** Written in a script whose names are mostly put into Latin letters by ear: that two words differ says nothing. */
  isTranscribed: boolean
}

/** Longest name that is looked at, and most words of one: comparing costs their product. */
const LONGEST = 200
const MOST_WORDS = 20

/** Marks that stand within a word and are dropped: apostrophes of every kind, and what shows nothing. */
const DROPPED = /['’‘‛ʼʻʽ`´′\p{Cf}]/gu

/** The words of a name; none where it has no letter, or is longer than any. */
export function wordsOf(name: string): Word[] {
  if (name.length > LONGEST) return []
  const words: Word[] = []
  let word: Word | undefined
  for (const letter of name.replace(DROPPED, '').normalize('NFKC').toUpperCase().normalize('NFC')) {
    if (/\p{M}/u.test(letter)) {
      // A vowel of an Indian script is a mark, too: what has no table is compared with its marks.
      if (word && !word.isLatin) word.letters.push([letter])
    } else if (/[\p{L}\p{N}]/u.test(letter)) {
      if (!word) {
        word = { letters: [], isLatin: true, isTranscribed: false }
        words.push(word)
      }
      addLetter(word, letter)
    } else word = undefined
  }
  const written = words.filter(({ letters }) => letters.some((ways) => ways.some((way) => way !== '')))
  return written.length > MOST_WORDS ? [] : written
}

function addLetter(word: Word, letter: string): void {
  const ways = waysOf(letter) ?? waysOf([...letter.normalize('NFKD')][0] ?? letter)
  word.letters.push(ways ?? [letter])
  if (!ways) word.isLatin = false
  if (/\p{Script=Arabic}/u.test(letter)) word.isTranscribed = true
}

const waysOf = (letter: string): string[] | undefined => (/^[A-Z0-9]$/.test(letter) ? [letter] : table.get(letter))

/** Whether two words may be written alike. */
export const agree = (a: Word, b: Word): boolean => meet(a.letters, b.letters, false)

/** Whether some way to write the first begins some way to write the second. */
export const begins = (a: Word, b: Word): boolean => meet(a.letters, b.letters, true)

/** Words written without gaps. */
export const joined = (words: Word[]): Word => ({
  letters: words.flatMap(({ letters }) => letters),
  isLatin: words.every(({ isLatin }) => isLatin),
  isTranscribed: words.some(({ isTranscribed }) => isTranscribed),
})

/** Where two words stand while they are read side by side: the next letters, and what is left of those under way. */
interface Place {
  a: number
  b: number
  restA: string
  restB: string
}

/** Whether two words have a spelling in common (or the first a beginning of the second), each letter written in any of its ways. */
function meet(lettersA: string[][], lettersB: string[][], isPrefix: boolean): boolean {
  const seen = new Set<string>()
  const open: Place[] = [{ a: 0, b: 0, restA: '', restB: '' }]
  for (let place = open.pop(); place; place = open.pop()) {
    const { a, b, restA, restB } = place
    const length = Math.min(restA.length, restB.length)
    if (restA.slice(0, length) !== restB.slice(0, length)) continue
    const left = { a, b, restA: restA.slice(length), restB: restB.slice(length) }
    const key = `${a} ${b} ${left.restA} ${left.restB}`
    if (seen.has(key)) continue
    seen.add(key)
    const endsA = left.restA === '' && a === lettersA.length
    const endsB = left.restB === '' && b === lettersB.length
    if (endsA && (endsB || isPrefix)) return true
    if (left.restA === '' && a < lettersA.length)
      for (const way of lettersA[a] ?? []) open.push({ ...left, a: a + 1, restA: way })
    else if (left.restB === '') for (const way of lettersB[b] ?? []) open.push({ ...left, b: b + 1, restB: way })
  }
  return false
}
