import { gzipSync } from 'node:zlib'

/** Parts of a tar entry; `kind` is the type flag. */
export interface TarEntry {
  name: string
  content: string | Uint8Array
  kind?: string
  prefix?: string
}

/** Writes a ustar archive. */
export function makeTar(entries: TarEntry[]): Buffer {
  const blocks = entries.flatMap((each) => {
    const content = Buffer.from(each.content)
    const header = Buffer.alloc(512)
    header.write(each.name, 0, 100)
    header.write('0000644\0', 100)
    header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124)
    header.write('        ', 148)
    header.write(each.kind ?? '0', 156)
    header.write('ustar\x0000', 257, 'latin1')
    header.write(each.prefix ?? '', 345, 155)
    const sum = header.reduce((total, byte) => total + byte, 0)
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
    return [header, content, Buffer.alloc((512 - (content.length % 512)) % 512)]
  })
  return Buffer.concat([...blocks, Buffer.alloc(1024)])
}

/** A FHIR package: package.json and one file per resource. */
export function makePackage(manifest: object, resources: Record<string, object | string>): Buffer {
  const files = Object.entries(resources).map(([name, content]) => ({
    name: `package/${name}`,
    content: typeof content === 'string' ? content : JSON.stringify(content),
  }))
  return gzipSync(makeTar([{ name: 'package/package.json', content: JSON.stringify(manifest) }, ...files]))
}

/** A pax record `length key=value\n`. */
export function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`
  const bytes = Buffer.byteLength(rest)
  let length = bytes + 1
  while (`${length}`.length + bytes !== length) length = `${length}`.length + bytes
  return `${length}${rest}`
}
