/** Asks a server of the MongoDB wire protocol for `hello`, without a driver: whether it answers is the whole question. */
import { connect } from 'node:net'

/** BSON of `{hello: 1, $db: 'admin'}` (https://bsonspec.org/spec.html). */
const command = bsonOf([
  Buffer.from('\x10hello\0\x01\0\0\0', 'latin1'),
  Buffer.from('\x02$db\0\x06\0\0\0admin\0', 'latin1'),
])

function bsonOf(elements: readonly Buffer[]): Buffer {
  const body = Buffer.concat(elements)
  const length = Buffer.alloc(4)
  length.writeInt32LE(body.length + 5)
  return Buffer.concat([length, body, Buffer.from([0])])
}

/** OP_MSG: header of 16 bytes, flags, one section of kind 0. */
function message(): Buffer {
  const head = Buffer.alloc(21)
  head.writeInt32LE(head.length + command.length, 0)
  head.writeInt32LE(1, 4)
  head.writeInt32LE(2013, 12)
  return Buffer.concat([head, command])
}

/** Whether the server at a port of this machine answers within that time. */
export function answersHello(port: number, milliseconds = 2000): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const end = (answers: boolean) => {
      clearTimeout(limit)
      socket.destroy()
      resolve(answers)
    }
    const limit = setTimeout(() => end(false), milliseconds)
    let read = Buffer.alloc(0)
    socket.on('connect', () => socket.write(message()))
    socket.on('error', () => end(false))
    socket.on('close', () => end(false))
    socket.on('data', (chunk) => {
      read = Buffer.concat([read, chunk])
      if (read.length >= 16 && read.length >= read.readInt32LE(0)) end(read.includes('isWritablePrimary'))
    })
  })
}
