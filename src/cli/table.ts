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

const pad = (text: string, width: number) => text + ' '.repeat(Math.max(0, width - [...text].length))

/** Marks an outcome with one sign that reads without colour. */
export function sign(outcome: string): string {
  return { pass: '✓', fail: '✗', warn: '!', skipped: '–' }[outcome] ?? outcome
}
