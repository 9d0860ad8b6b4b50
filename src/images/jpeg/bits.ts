import { wrong } from '../picture-fault.ts'

/** Codes of up to so many bits are found by one look. */
const quickBits = 9

/** A table of codes (ITU-T T.81, annex C). */
export interface HuffmanTable {
  /** By the next nine bits: length of the code times 256, and its symbol; 0 where the code is longer. */
  quick: Uint16Array
  /** By length: one more than the last code, and what leads from a code to its symbol. */
  past: Int32Array
  offset: Int32Array
  symbols: Uint8Array
}

/**
 * A table as DHT has it.
 * @param counts how many codes there are of each length, from 1 to 16
 * @throws PictureFault for more codes of a length than there can be
 */
export function huffmanTable(counts: Uint8Array, symbols: Uint8Array): HuffmanTable {
  const table = {
    quick: new Uint16Array(1 << quickBits),
    past: new Int32Array(18).fill(-1),
    offset: new Int32Array(18),
    symbols,
  }
  let code = 0
  let next = 0
  for (let length = 1; length <= 16; length++) {
    const count = counts[length - 1] ?? 0
    table.offset[length] = next - code
    if (code + count > 1 << length) throw wrong('The JPEG has a code table that cannot be')
    for (let each = 0; each < count; each++, code++, next++) {
      if (length > quickBits) continue
      const shift = quickBits - length
      table.quick.fill((length << 8) | (symbols[next] ?? 0), code << shift, (code + 1) << shift)
    }
    table.past[length] = code
    code <<= 1
  }
  return table
}

/** Bits of the entropy-coded data of a scan (ITU-T T.81, B.1.1.5), up to the next marker. */
export class Bits {
  private readonly bytes: Uint8Array
  /** Of the byte that is read next; of the marker, once there is no other. */
  at: number
  private buffer = 0
  private count = 0
  /** Bits in the buffer that no byte of the file stands behind. */
  private invented = 0

  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes
    this.at = at
  }

  private fill(): void {
    while (this.count <= 24) {
      let byte = this.bytes[this.at]
      if (byte === 0xff && this.bytes[this.at + 1] !== 0) byte = undefined
      if (byte === undefined) this.invented += 8
      else this.at += byte === 0xff ? 2 : 1
      this.buffer = (this.buffer << 8) | (byte ?? 0)
      this.count += 8
    }
  }

  /** @throws PictureFault when more bits were taken than there are */
  check(): void {
    if (this.count < this.invented) throw wrong('The JPEG ends before its last block')
  }

  bit(): number {
    if (this.count < 1) this.fill()
    this.count--
    return (this.buffer >>> this.count) & 1
  }

  /** A number of up to 16 bits. */
  take(length: number): number {
    if (length === 0) return 0
    if (this.count < length) this.fill()
    this.count -= length
    return (this.buffer >>> this.count) & ((1 << length) - 1)
  }

  /** A signed number of so many bits (F.2.2.1, EXTEND). */
  signed(length: number): number {
    const value = this.take(length)
    return value < (1 << length) >> 1 ? value - (1 << length) + 1 : value
  }

  /** The next symbol. @throws PictureFault for bits that are no code */
  symbol(table: HuffmanTable): number {
    if (this.count < 16) this.fill()
    const found = table.quick[(this.buffer >>> (this.count - quickBits)) & ((1 << quickBits) - 1)] ?? 0
    if (found !== 0) {
      this.count -= found >> 8
      return found & 255
    }
    return this.longSymbol(table)
  }

  private longSymbol({ past, offset, symbols }: HuffmanTable): number {
    for (let length = quickBits + 1; length <= 16; length++) {
      const code = (this.buffer >>> (this.count - length)) & ((1 << length) - 1)
      if (code >= (past[length] ?? 0)) continue
      this.count -= length
      this.check()
      return symbols[code + (offset[length] ?? 0)] ?? 0
    }
    this.check()
    throw wrong('The JPEG is broken: bits that are no code')
  }

  /** Goes on behind the restart marker that stands here (E.2.4). @throws PictureFault when none does */
  restart(): void {
    while (this.bytes[this.at] === 0xff && this.bytes[this.at + 1] === 0xff) this.at++
    const marker = this.bytes[this.at + 1] ?? 0
    if (this.bytes[this.at] !== 0xff || marker < 0xd0 || marker > 0xd7)
      throw wrong('The JPEG is broken: a restart marker is missing')
    this.at += 2
    this.buffer = 0
    this.count = 0
    this.invented = 0
  }
}
