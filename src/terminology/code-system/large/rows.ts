/** Rows in the order of the source: what {@link writeIndex} and {@link arrangeRows} work on. */
export interface Rows {
  count(): number
  code(row: number): string
  codeBytes(row: number): Uint8Array
  hash(row: number): number
  /** Row of a code. */
  find(code: string): number | undefined
  /** Display and details as JSON; both may be empty. */
  text(row: number): { display: Uint8Array; detail: Uint8Array }
  displayLength(row: number): number
  detailLength(row: number): number
  /** Names of parents in order: child row, and parent row or -1 - position in `unresolved`. */
  links: { child: Int32Array; parent: Int32Array }
  unresolved: string[]
  /** Children named by their parents, in order. */
  named: { parent: number; child: string }[]
}
