/** Bytes of an index file read by position: pages of it that were asked for lately stay in memory, up to a bound. */

/** An index file that is not in memory. What is read is never changed afterwards. */
export interface IndexBytes {
  /** Bytes. */
  readonly length: number
  /**
   * Bytes of the file; whoever asked may keep them.
   * @throws Error when the file is shorter than that, or cannot be read
   */
  read(position: number, length: number): Uint8Array
  /** Writes so many bytes of the file to a place of others; answers how many. @throws Error as `read`; nothing is said of the place then */
  fill(position: number, into: Uint8Array, at: number, length: number): number
}

/** An index file: whole in memory, or read by position. */
export type IndexSource = Uint8Array | IndexBytes

/** A part of an index file. */
export interface PagedBytes {
  /** Bytes. */
  readonly length: number
  /** A text in UTF-8. */
  text(from: number, to: number): string
  /** Bytes that must not be written to; whoever asked may keep them. */
  slice(from: number, to: number): Uint8Array
  /** Writes bytes to the beginning of others, which are as long or longer; answers how many. */
  copy(from: number, to: number, into: Buffer): number
  /** A signed number of four bytes at a position that can be divided by four. */
  number(at: number): number
  /** Looks at bytes that are there already, and reads none; answers anything. */
  glance(places: readonly number[]): number
}

/** An index file by position, whatever it is. Parts of one in memory are views. */
export function fileOf(source: IndexSource): IndexBytes {
  if (!(source instanceof Uint8Array)) return source
  return wholeFile(source.byteOffset % 8 === 0 ? source : new Uint8Array(source))
}

const inMemory = new WeakSet<IndexBytes>()

function wholeFile(bytes: Uint8Array): IndexBytes {
  const file: IndexBytes = {
    length: bytes.length,
    read: (at, length) => bytes.subarray(at, at + length),
    fill: (position, into, at, length) => {
      into.set(bytes.subarray(position, position + length), at)
      return length
    },
  }
  inMemory.add(file)
  return file
}

/** Bytes that are read at once: a few records. What is asked for of a large file seldom lies beside what was asked for before. */
const PAGE = 1 << 10
/** Pages of a file that are kept: 32 MB, most of the texts of half a million concepts. */
const KEPT = 1 << 15

/** Reads parts of a file: they share the pages that are kept. */
export function pager(file: IndexBytes): (offset: number, length: number) => PagedBytes {
  const pages = keptPages(file)
  return (offset, length) => {
    if (inMemory.has(file)) return residentBytes(file.read(offset, length))
    const copy = (from: number, to: number, into: Buffer): number => {
      const start = offset + from
      const end = offset + Math.min(to, length)
      if (end - start > PAGES_AT_ONCE * PAGE) return file.fill(start, into, 0, end - start)
      pages.bring(Math.floor(start / PAGE), Math.floor((end - 1) / PAGE))
      for (let at = start; at < end; ) {
        const number = Math.floor(at / PAGE)
        const next = Math.min(end, (number + 1) * PAGE)
        const place = pages.placeOf(number) + at - number * PAGE
        pages.bytes.copy(into, at - start, place, place + next - at)
        at = next
      }
      return Math.max(0, end - start)
    }
    const slice = (from: number, to: number): Buffer => {
      const size = Math.min(to, length) - from
      if (size <= 0) return NOTHING
      const bytes = Buffer.allocUnsafe(size)
      copy(from, to, bytes)
      return bytes
    }
    return {
      length,
      slice,
      copy,
      text: (from, to) => {
        const start = offset + from
        const number = Math.floor(start / PAGE)
        const at = start - number * PAGE
        const size = Math.min(to, length) - from
        if (size <= 0) return ''
        // Most lie in one page: they are not copied.
        if (at + size > PAGE) return slice(from, to).toString('utf8')
        const place = pages.placeOf(number) + at
        return pages.bytes.toString('utf8', place, place + size)
      },
      glance: (places) => {
        let seen = 0
        for (let i = 0; i < places.length; i++) seen ^= pages.keptAt(offset + (places[i] ?? 0))
        return seen
      },
      // Sections begin at multiples of eight: a number never lies on two pages.
      number: (from) => {
        const start = offset + from
        const number = Math.floor(start / PAGE)
        return numberAt(pages.bytes, pages.placeOf(number) + start - number * PAGE)
      },
    }
  }
}

/**
 * Pages that lie in one piece of memory, of which they have places by turns, so that a page that comes leaves nothing to be collected. A
 * page that was asked for since its place was last looked at stays for another turn.
 */
function keptPages(file: IndexBytes) {
  const count = Math.ceil(file.length / PAGE)
  const places = Math.min(KEPT, count)
  // Untouched memory costs nothing: what is never read takes no place.
  const bytes = Buffer.allocUnsafeSlow(inMemory.has(file) ? 0 : places * PAGE)
  /** By page: its place + 1. By place: its page, -1 where there is none; whether it was asked for. */
  const placeOfPage = new Int32Array(count)
  const pageAt = new Int32Array(places).fill(-1)
  const isAskedFor = new Uint8Array(places)
  let hand = 0
  const freePlace = (): number => {
    for (;;) {
      const place = hand
      hand = (hand + 1) % places
      if (isAskedFor[place] === 0) return place
      isAskedFor[place] = 0
    }
  }
  /** A place that is nobody's: what it had is gone, and it is of no page until it has been filled, which may fail. */
  const emptied = (): number => {
    const place = freePlace()
    const before = pageAt[place] ?? -1
    if (before >= 0) placeOfPage[before] = 0
    pageAt[place] = -1
    return place
  }
  const hold = (page: number, place: number): void => {
    pageAt[place] = page
    placeOfPage[page] = place + 1
  }
  const read = (page: number): number => {
    const start = page * PAGE
    if (start >= file.length) throw new Error('the index file points beyond its end')
    const place = emptied()
    file.fill(start, bytes, place * PAGE, Math.min(PAGE, file.length - start))
    hold(page, place)
    return place
  }
  /** Pages from one to before another, at most as many as are read at once, by way of memory of their own. */
  const readRun = (from: number, to: number): void => {
    const start = from * PAGE
    run ??= Buffer.allocUnsafeSlow((PAGES_AT_ONCE + 1) * PAGE)
    file.fill(start, run, 0, Math.min(to * PAGE, file.length) - start)
    for (let page = from; page < to; page++) {
      const place = emptied()
      run.copy(bytes, place * PAGE, (page - from) * PAGE, (page - from + 1) * PAGE)
      hold(page, place)
    }
  }
  let run: Buffer | undefined
  const isKept = (page: number): boolean => (placeOfPage[page] ?? 0) > 0
  return {
    bytes,
    /** The byte at a position of the file where its page is there; else anything. */
    keptAt: (position: number): number => {
      const page = Math.floor(position / PAGE)
      return bytes[((placeOfPage[page] ?? 0) - 1 - page) * PAGE + position] ?? 0
    },
    /** Where a page begins in `bytes`; true until another one is asked for. */
    placeOf: (page: number): number => {
      const known = (placeOfPage[page] ?? 0) - 1
      if (known < 0) return read(page) * PAGE
      isAskedFor[known] = 1
      return known * PAGE
    },
    /** Reads those that are not there, from one to another; what stands together is read at once. */
    bring: (first: number, last: number): void => {
      if (first === last) return
      for (let page = first; page <= last; page++) {
        const from = page
        while (page <= last && !isKept(page)) page++
        if (page - from > 1) readRun(from, page)
      }
    },
  }
}

/** Longer parts are read by themselves: they would drive everything else out. */
const PAGES_AT_ONCE = 8

/** Numbers lie in the byte order of the machine. */
const isLittleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1
const numberAt = (block: Buffer, at: number): number => (isLittleEndian ? block.readInt32LE(at) : block.readInt32BE(at))

const NOTHING: Buffer = Buffer.alloc(0)

const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)

/** A part that is in memory. */
function residentBytes(bytes: Uint8Array): PagedBytes {
  const block = bufferOf(bytes)
  return {
    length: block.length,
    text: (from, to) => block.toString('utf8', from, to),
    slice: (from, to) => block.subarray(from, to),
    copy: (from, to, into) => block.copy(into, 0, from, to),
    number: (at) => numberAt(block, at),
    glance: (places) => places.reduce((seen, at) => seen ^ (block[at] ?? 0), 0),
  }
}
