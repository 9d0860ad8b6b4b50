/**
 * One file of a kit as an entry of a tar archive (POSIX.1-2017, ustar), packed. There is one way to write it: what is written in another
 * is refused, so that nothing of a kit can be changed unseen.
 */
import { constants, inflateRawSync } from 'node:zlib'
import type { Steps } from '../../workers/budget.ts'
import { KitError, shown } from '../kit-error.ts'
import { deflatePiece, deflateSteps } from './deflate.ts'

/** Bytes of a block of tar. */
const block = 512
/** Names of a header without prefix. */
const longestName = 100
/** The time that packages of npm have, in seconds since 1970: no entry has one of its own. */
const fixedTime = 499_162_500

/** What a file is packed into. */
export function packEntry(name: string, content: Uint8Array): Buffer {
  return deflatePiece(tarEntry(name, content))
}

/** The same in steps. */
export const packSteps = (name: string, content: Uint8Array): Steps<Buffer> => deflateSteps(tarEntry(name, content))

/** The two empty blocks at the end of an archive. */
export const endMark = new Uint8Array(2 * block)
/** The same, packed: the last piece of every kit. */
export const packedEnd: Buffer = deflatePiece(endMark, { isLast: true })

/** Bytes of an entry whose content has so many. */
const entrySize = (contentBytes: number): number => block + Math.ceil(contentBytes / block) * block

/** Header, content, and what fills up its last block. */
export function tarEntry(name: string, content: Uint8Array): Buffer {
  const entry = Buffer.alloc(entrySize(content.length))
  tarHeader(name, content.length).copy(entry)
  entry.set(content, block)
  return entry
}

function tarHeader(name: string, size: number): Buffer {
  if (!/^[\x21-\x7e]+$/.test(name) || name.length > longestName)
    throw new KitError('content', `${shown(name)} is no name of a file in a kit`)
  const header = Buffer.alloc(block)
  header.write(name, 0, 'latin1')
  header.write('0000644\0', 100, 'latin1')
  header.write('0000000\0', 108, 'latin1')
  header.write('0000000\0', 116, 'latin1')
  header.write(`${octal(size, 11)}\0`, 124, 'latin1')
  header.write(`${octal(fixedTime, 11)}\0`, 136, 'latin1')
  header.write('        ', 148, 'latin1')
  header.write('0', 156, 'latin1')
  header.write('ustar\0', 257, 'latin1')
  header.write('00', 263, 'latin1')
  header.write('0000000\0', 329, 'latin1')
  header.write('0000000\0', 337, 'latin1')
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${octal(sum, 6)}\0 `, 148, 'latin1')
  return header
}

const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, '0')

/** What an entry must be. */
export interface ExpectedEntry {
  name: string
  /** Bytes of its content; undefined: nobody has said, but no more than `mostBytes`. */
  size?: number
  mostBytes: number
}

/**
 * The content of a packed entry.
 * @throws KitError when it is not packed, or is another entry than expected, or one written otherwise
 */
export function unpackEntry(piece: Uint8Array, expected: ExpectedEntry): Buffer {
  const { name, size, mostBytes } = expected
  const entry = inflated(piece, { name, mostBytes: entrySize(size ?? mostBytes) })
  const content = entry.subarray(block, block + (size ?? sizeIn(entry, name)))
  if (entry.length < block || !tarEntry(name, content).equals(entry))
    throw new KitError('content', `${name}: ${strangeness(entry, name)}`)
  return content
}

function inflated(piece: Uint8Array, { name, mostBytes }: { name: string; mostBytes: number }): Buffer {
  try {
    return inflateRawSync(piece, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: mostBytes })
  } catch (error) {
    const isTooLong = error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'
    const why = isTooLong
      ? 'it unpacks to more than the manifest says, or than any file may have'
      : 'it cannot be unpacked'
    throw new KitError('content', `${name}: ${why}`)
  }
}

function sizeIn(entry: Uint8Array, name: string): number {
  const digits = Buffer.from(entry.subarray(124, 135)).toString('latin1')
  if (!/^[0-7]{11}$/.test(digits)) throw new KitError('content', `${name}: its header names no size`)
  return Number.parseInt(digits, 8)
}

const kindNames: Record<string, string> = {
  1: 'a link',
  2: 'a link',
  3: 'a device',
  4: 'a device',
  5: 'a folder',
  6: 'a pipe',
}

/** What stands in place of an entry, as well as it can be told. */
function strangeness(entry: Buffer, name: string): string {
  if (entry.length < block) return 'it is no entry of an archive'
  const text = (start: number, end: number) => entry.toString('latin1', start, end).split('\0')[0] ?? ''
  const kind = kindNames[String.fromCharCode(entry[156] ?? 0)]
  if (kind !== undefined) return `${kind} stands in its place; a kit holds files alone`
  const own = [text(345, 500), text(0, longestName)].filter((each) => each !== '').join('/')
  if (/^[/\\]|^[A-Za-z]:|(?:^|[/\\])\.\.(?:[/\\]|$)/.test(own)) return 'the name in its header leads out of the archive'
  if (own !== name) return `the entry in its place is called ${shown(own)}`
  return 'its entry is not as the manifest says, or is written otherwise than a kit is'
}
