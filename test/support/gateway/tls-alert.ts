/**
 * Fatal alerts of TLS 1.3 (RFC 8446, 6.2) after a handshake, as a terminator sends them that refuses a client certificate: node:tls can
 * only end the connection. The record is sealed with the server's traffic secret, which node:tls tells for key logs.
 */
import { createCipheriv, createHmac } from 'node:crypto'
import type { Server } from 'node:https'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'

/** Alerts that a refused client meets. */
export const alerts = { badCertificate: 42, certificateUnknown: 46, certificateRequired: 116 } as const

const ciphers = {
  TLS_AES_256_GCM_SHA384: { hash: 'sha384', cipher: 'aes-256-gcm', keyLength: 32 },
  TLS_AES_128_GCM_SHA256: { hash: 'sha256', cipher: 'aes-128-gcm', keyLength: 16 },
  TLS_CHACHA20_POLY1305_SHA256: { hash: 'sha256', cipher: 'chacha20-poly1305', keyLength: 32 },
} as const

/**
 * Sends an alert over every new connection that is judged unworthy of more, and ends it; over TLS 1.2 it is only ended. Tells of a
 * connection whether it was refused: what the client sent meanwhile is not to be served.
 */
export function sendAlerts(
  server: Server,
  judge: (socket: TLSSocket) => number | undefined,
): (socket: TLSSocket) => boolean {
  const refused = new WeakSet<TLSSocket>()
  const secrets = new WeakMap<TLSSocket, Buffer>()
  server.on('keylog', (line: Buffer, socket: TLSSocket) => {
    const [label, , secret = ''] = line.toString('latin1').trim().split(' ')
    if (label === 'SERVER_TRAFFIC_SECRET_0') secrets.set(socket, Buffer.from(secret, 'hex'))
  })
  server.prependListener('secureConnection', (socket: TLSSocket) => {
    const alert = judge(socket)
    if (alert === undefined) return
    refused.add(socket)
    const secret = secrets.get(socket)
    // the connection below the encryption
    const { _parent: below } = socket as unknown as { _parent: Socket }
    if (secret) below.write(sealedAlert(socket, secret, alert), () => socket.destroy())
    else socket.destroy()
  })
  return (socket) => refused.has(socket)
}

const FATAL = 2
const ALERT = 0x15

function sealedAlert(socket: TLSSocket, secret: Buffer, alert: number): Buffer {
  const { hash, cipher, keyLength } = ciphers[socket.getCipher().name as keyof typeof ciphers]
  // the first record under this key, since tickets for resumption follow later: its number is 0, so the nonce is the IV
  const nonce = expand(hash, secret, 'iv', 12)
  const key = expand(hash, secret, 'key', keyLength)
  const head = Buffer.from([0x17, 0x03, 0x03, 0, 3 + 16])
  const sealing = createCipheriv(cipher as 'aes-128-gcm', key, nonce)
  sealing.setAAD(head)
  const sealed = Buffer.concat([sealing.update(Buffer.from([FATAL, alert, ALERT])), sealing.final()])
  return Buffer.concat([head, sealed, sealing.getAuthTag()])
}

/** HKDF-Expand-Label without context (RFC 8446, 7.1), up to the length of the hash. */
function expand(hash: string, secret: Buffer, label: string, length: number): Buffer {
  const name = Buffer.from(`tls13 ${label}`)
  const info = Buffer.concat([Buffer.from([0, length, name.length]), name, Buffer.from([0, 1])])
  return createHmac(hash, secret).update(info).digest().subarray(0, length)
}
