import { serialize } from 'node:v8'

/** A value with its length before it, as it goes through the channel. */
export function framed(value: unknown): Buffer {
  const body = serialize(value)
  const head = Buffer.alloc(4)
  head.writeUInt32LE(body.length)
  return Buffer.concat([head, body])
}
