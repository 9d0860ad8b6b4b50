/** A growing column of numbers: 4 or 8 bytes each, no boxes. */
export interface Column<T extends Int32Array | Uint32Array | Float64Array> {
  readonly length: number
  push(value: number): void
  at(index: number): number
  set(index: number, value: number): void
  /** What was pushed, as a view. */
  values(): T
}

/** Makes a column over a kind of typed array. */
export function column<T extends Int32Array | Uint32Array | Float64Array>(make: (length: number) => T): Column<T> {
  let values = make(1024)
  let length = 0
  return {
    get length() {
      return length
    },
    push: (value) => {
      if (length === values.length) {
        const larger = make(length * 2)
        larger.set(values)
        values = larger
      }
      values[length++] = value
    },
    at: (index) => values[index] ?? 0,
    set: (index, value) => {
      values[index] = value
    },
    values: () => values.subarray(0, length) as T,
  }
}

/** A growing block of bytes. */
export function byteBlock() {
  let bytes = Buffer.allocUnsafe(1 << 16)
  let length = 0
  return {
    /** Appends a text as UTF-8; answers the length of the block. */
    append: (text: string): number => {
      const most = length + text.length * 3
      if (most > bytes.length) {
        const larger = Buffer.allocUnsafe(Math.max(most, bytes.length * 2))
        bytes.copy(larger, 0, 0, length)
        bytes = larger
      }
      length += bytes.write(text, length)
      return length
    },
    text: (from: number, to: number): string => bytes.toString('utf8', from, to),
    slice: (from: number, to: number): Uint8Array => bytes.subarray(from, to),
    length: () => length,
  }
}
