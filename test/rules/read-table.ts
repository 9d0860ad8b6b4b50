import { readFileSync } from 'node:fs'

/**
 * Rows of a table of cases: the first line names the columns, which are parted by tabs; the first one is the sentence that a case holds to.
 * @throws Error for a table without cases, a row of another length, and two rows of one sentence: one of them would never be missed
 */
export function readTable(file: URL): Record<string, string>[] {
  const [head = '', ...lines] = readFileSync(file, 'utf8').trimEnd().split('\n')
  const columns = head.split('\t')
  if (lines.length === 0) throw new Error(`${file.pathname} has no cases`)
  const sentences = new Set<string>()
  return lines.map((line) => {
    const cells = line.split('\t')
    const [sentence = ''] = cells
    if (cells.length !== columns.length) throw new Error(`${file.pathname}: a row of ${cells.length} cells: ${line}`)
    if (sentences.has(sentence)) throw new Error(`${file.pathname} has two cases of the sentence: ${sentence}`)
    sentences.add(sentence)
    return Object.fromEntries(columns.map((name, index) => [name, cells[index] ?? '']))
  })
}
