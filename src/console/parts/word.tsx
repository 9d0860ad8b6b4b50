/** A word of a closed set that the server tells, in the page's language; one that the console does not know is shown as it came. */

/** What a code is in the page's language; undefined for one that is not known. */
export const wordFor = (table: Readonly<Record<string, string>>, code: string): string | undefined =>
  Object.hasOwn(table, code) ? table[code] : undefined

/** The word of a code. Those of the server are English, and are marked so. */
export function Word({ table, code }: { table: Readonly<Record<string, string>>; code: string }) {
  const known = wordFor(table, code)
  return known === undefined ? <bdi lang="en">{code}</bdi> : <span>{known}</span>
}
