/** Archives for tests, good ones and such as lie. */
import { crc32, deflateRawSync } from 'node:zlib'

/** A file of an archive; what is given beside name and content stands in the headers instead of the truth. */
export interface Zipped {
  name: string
  content: string | Uint8Array
  method?: number
  flags?: number
  size?: number
  packed?: number
  crc?: number
  localName?: string
  /** Type and rights as Unix has them. */
  mode?: number
  /** The bytes of the file before it stand for this one, too. */
  shares?: boolean
}

/** The archive of those files; `tail` stands behind it. */
export function makeZip(files: readonly Zipped[], { count = files.length, tail = '' } = {}): Buffer {
  const locals: Buffer[] = []
  const centrals: Buffer[] = []
  let offset = 0
  let last = 0
  for (const file of files) {
    const plain = Buffer.from(file.content)
    const method = file.method ?? 8
    const packed = method === 8 ? deflateRawSync(plain) : plain
    const sum = file.crc ?? crc32(plain)
    const sizes = [sum, file.packed ?? packed.length, file.size ?? plain.length]
    const local = header(30, file.localName ?? file.name, (bytes) => {
      bytes.writeUInt32LE(0x04034b50, 0)
      bytes.writeUInt16LE(20, 4)
      bytes.writeUInt16LE(file.flags ?? 0, 6)
      bytes.writeUInt16LE(method, 8)
      for (const [i, each] of sizes.entries()) bytes.writeUInt32LE(each >>> 0, 14 + i * 4)
      bytes.writeUInt16LE(Buffer.byteLength(file.localName ?? file.name), 26)
    })
    const at = file.shares ? last : offset
    centrals.push(
      header(46, file.name, (bytes) => {
        bytes.writeUInt32LE(0x02014b50, 0)
        bytes.writeUInt16LE((3 << 8) | 20, 4)
        bytes.writeUInt16LE(file.flags ?? 0, 8)
        bytes.writeUInt16LE(method, 10)
        for (const [i, each] of sizes.entries()) bytes.writeUInt32LE(each >>> 0, 16 + i * 4)
        bytes.writeUInt16LE(Buffer.byteLength(file.name), 28)
        bytes.writeUInt32LE(((file.mode ?? 0o100644) << 16) >>> 0, 38)
        bytes.writeUInt32LE(at, 42)
      }),
    )
    last = at
    if (file.shares) continue
    locals.push(local, packed)
    offset += local.length + packed.length
  }
  const directory = Buffer.concat(centrals)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(count, 8)
  end.writeUInt16LE(count, 10)
  end.writeUInt32LE(directory.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...locals, directory, end, Buffer.from(tail)])
}

function header(length: number, name: string, fill: (bytes: Buffer) => void): Buffer {
  const bytes = Buffer.alloc(length)
  fill(bytes)
  return Buffer.concat([bytes, Buffer.from(name)])
}
