/** Lays rows out in columns, two blanks apart, for a terminal; the first row is the heading. Empty columns are dropped. */
export function table(rows: string[][]): string {
  const columns = Math.max(0, ...rows.map((row) => row.length))
  const kept = Array.from({ length: columns }, (_, column) => column).filter((column) =>
    rows.slice(1).some((row) => (row[column] ?? '') !== ''),
  )
  const widths = kept.map((column) => Math.max(...rows.map((row) => [...(row[column] ?? '')].length)))
  return rows
    .map((row) =>
      kept
        .map((column, index) => pad(row[column] ?? '', widths[index] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** The same of a list, of which nothing may be left: a blank line would say less than `none`. */
export const listTable = (rows: string[][]): string => (rows.length > 1 ? table(rows) : 'none')

const pad = (text: string, width: number) => text + ' '.repeat(Math.max(0, width - [...text].length))

/** Marks an outcome with one sign that reads without colour. */
export function sign(outcome: string): string {
  return { pass: '✓', fail: '✗', warn: '!', skipped: '–' }[outcome] ?? outcome
}

/** Controls of a terminal (C0, DEL, C1; ISO/IEC 6429) and what turns the direction of text round (Unicode, UAX #9). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is looked for
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g

/** As JSON writes it, so that JSON stays JSON. */
const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

/** Texts of strangers as a terminal may show them: what would move the cursor, hide or reorder text is written out. Lines stay lines. */
export const terminalText = (text: string): string => text.replace(UNSEEN, escaped)

/** The same for one value: it makes no lines of its own, which could pass for what this program says. */
export const oneLine = (text: string): string => terminalText(text).replace(/[\n\t]/g, escaped)
