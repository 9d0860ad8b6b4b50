/** A place in a text. Lines and columns count from 1, a tab is one column, CRLF is one line end. */
export interface Position {
  line: number
  column: number
}

/** A stretch of a text: where it starts and how many UTF-16 code units it has. */
export interface Span extends Position {
  offset: number
  length: number
}

/** Finds line and column of an offset by binary search; `offset` may be the end of the text. */
export function positionFinder(text: string): (offset: number) => Position {
  const starts = [0]
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return (offset) => {
    let low = 0
    let high = starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((starts[middle] ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 }
  }
}

/** How a position is written at the start of every `diagnostics`. */
export function describePosition(position: Position): string {
  return `line ${position.line}, column ${position.column}`
}
