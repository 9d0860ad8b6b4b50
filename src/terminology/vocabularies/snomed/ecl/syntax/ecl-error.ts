/** What an expression cannot be answered for. */
export type EclErrorKind = 'syntax' | 'unknown-concept' | 'meaning' | 'too-costly'

/** An expression constraint that cannot be read or evaluated: why, and where in its text. */
export class EclError extends Error {
  readonly kind: EclErrorKind
  /** Offset into the text. */
  readonly at: number
  /** From 1. */
  readonly line: number
  /** From 1, in characters. */
  readonly column: number

  constructor(kind: EclErrorKind, reason: string, { text, at }: { text: string; at: number }) {
    super(reason)
    this.name = 'EclError'
    this.kind = kind
    this.at = at
    const { line, column } = placeIn(text, at)
    this.line = line
    this.column = column
  }
}

/** Line and column, both from 1, of an offset. */
export function placeIn(text: string, at: number): { line: number; column: number } {
  let line = 1
  let lineStart = 0
  for (let next = text.indexOf('\n'); next >= 0 && next < at; next = text.indexOf('\n', next + 1)) {
    line++
    lineStart = next + 1
  }
  return { line, column: [...text.slice(lineStart, at)].length + 1 }
}
