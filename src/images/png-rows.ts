import { wrong } from './picture-fault.ts'

/** Unpacked rows, one after the other; no more is unpacked than is asked for. */
export interface RowSource {
  /** Whether so many bytes are unpacked already. */
  has(length: number): boolean
  /** Fills a row with the next bytes, which are there; the byte before them (the filter) is returned. */
  take(row: Uint8Array): number
  /** The same, waiting for the bytes. @throws PictureFault when the data end or are broken */
  wait(row: Uint8Array): Promise<number>
  end(): Promise<void>
}

/** Pieces in which packed data are handed on. */
const pieceBytes = 65_536

/** The rows in the data of a PNG (zlib, RFC 1950). */
export function inflatedRows(data: readonly Uint8Array[]): RowSource {
  const stream = new DecompressionStream('deflate')
  const reader = stream.readable.getReader()
  const feeding = feed(stream.writable.getWriter(), data)
  let chunk = new Uint8Array()
  let at = 0
  const has = (length: number) => chunk.length - at >= length
  const take = (row: Uint8Array): number => {
    const filter = chunk[at] ?? 0
    row.set(chunk.subarray(at + 1, at + 1 + row.length))
    at += row.length + 1
    return filter
  }
  const readMore = async () => {
    const { value, done } = await reader.read().catch(() => {
      throw wrong('The data of the PNG are broken')
    })
    if (done) throw wrong('The PNG ends before its last row')
    const rest = chunk.subarray(at)
    chunk = rest.length === 0 ? value : joined(rest, value)
    at = 0
  }
  return {
    has,
    take,
    async wait(row) {
      while (!has(row.length + 1)) await readMore()
      return take(row)
    },
    async end() {
      // What is left is not unpacked; that the writer is then refused is no news.
      await reader.cancel().catch(() => undefined)
      await feeding
    },
  }
}

/** Hands the data on as they are wanted; what is wrong with them the reader is told. */
async function feed(
  writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>,
  data: readonly Uint8Array[],
): Promise<void> {
  try {
    for (const each of data) {
      for (let at = 0; at < each.length; at += pieceBytes) await writer.write(each.slice(at, at + pieceBytes))
    }
    await writer.close()
  } catch {
    // The reader was told, or wants no more.
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(first.length + second.length)
  both.set(first)
  both.set(second, first.length)
  return both
}
