/** How a member of a reference set lies in the compiled file: what all have, then the values of its columns as texts. */
import type { RecordReader, RecordWriter } from './records.ts'
import type { MemberState } from './release-rows.ts'

/** Bytes of a UUID (RFC 9562). */
const UUID_BYTES = 16

/** Writes what all members have. */
export function memberHead(record: RecordWriter, row: MemberState, numbers: { time: number; module: number }): void {
  record.byte(row.isActive ? 1 : 0)
  record.raw(Buffer.from(row.id.replaceAll('-', ''), 'hex'))
  record.number(numbers.time)
  record.number(numbers.module)
  record.text(row.component)
}

/** What all members have: names and times by number. */
export interface MemberHead {
  isActive: boolean
  id: string
  time: number
  module: number
  component: string
}

/** Reads what {@link memberHead} wrote. */
export function readMember(reader: RecordReader): MemberHead {
  const isActive = reader.byte() === 1
  const id = uuidOf(reader.raw(UUID_BYTES))
  return { isActive, id, time: reader.number(), module: reader.number(), component: reader.text() }
}

function uuidOf(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, UUID_BYTES).toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
