/** What became of an element in a format: carried as described, not carried, or carried as something else, for a reason. */
export type Cell = boolean | { is: string; remark: string }

/** By kind of event, format and element of the core data set (test/evaluate/one-event/differences.json). */
export type Differences = Record<string, Record<string, Record<string, Cell>>>

/** Markdown of the tables of docs/formats.md: one for each kind of event, a row for each element, remarks below. */
function differenceTables(differences: Differences): string {
  return Object.entries(differences)
    .map(([kind, formats]) => table(kind, formats))
    .join('\n')
}

function table(kind: string, formats: Record<string, Record<string, Cell>>): string {
  const names = Object.keys(formats)
  const elements = [...new Set(Object.values(formats).flatMap((cells) => Object.keys(cells)))]
  const remarks: string[] = []
  const shown = (cell: Cell | undefined): string => {
    if (cell === undefined || cell === false) return '–'
    if (cell === true) return '✓'
    if (!remarks.includes(cell.remark)) remarks.push(cell.remark)
    return `✓ (${remarks.indexOf(cell.remark) + 1})`
  }
  const rows = elements.map(
    (element) => `| \`${element}\` | ${names.map((name) => shown(formats[name]?.[element])).join(' | ')} |`,
  )
  return [
    `### ${kind.charAt(0).toUpperCase()}${kind.slice(1)}`,
    `| | ${names.map((name) => `\`${name}\``).join(' | ')} |`,
    `|---${'|---'.repeat(names.length)}|`,
    ...rows,
    '',
    ...remarks.map((remark, at) => `${at + 1}. ${remark}`),
    '',
  ].join('\n')
}

const BEGIN = '<!-- differences: written by scripts/format-tables.ts -->\n'
const END = '<!-- /differences -->'

/** The page with the tables of now. */
export function withTables(page: string, differences: Differences): string {
  const [before, rest] = [page.indexOf(BEGIN), page.indexOf(END)]
  if (before < 0 || rest < before) throw new Error('docs/formats.md has no place for the tables')
  return `${page.slice(0, before)}${BEGIN}${differenceTables(differences)}${page.slice(rest)}`
}
