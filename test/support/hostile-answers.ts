/** Answers of a server that means no good, or is broken, each with what comes of it; a client's limits are those below. */
import type { ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import type { RequestLimits } from '../../src/network/guarded-request.ts'
import type { NetworkFault } from '../../src/network/network-error.ts'

/** Limits under which every answer below ends soon, and none before a slow machine has given it. */
export const shortLimits: RequestLimits = {
  firstByteMilliseconds: 1_500,
  milliseconds: 3_000,
  bytes: 100_000,
  headBytes: 8_192,
}

/** What the answer is, the fault that it becomes, and how a server gives it. */
export const hostileAnswers: [what: string, fault: NetworkFault, answer: (response: ServerResponse) => void][] = [
  [
    'that sends elsewhere',
    'redirect',
    (response) => response.writeHead(302, { Location: 'https://127.0.0.1/secret' }).end(),
  ],
  ['that sends elsewhere for good', 'redirect', (response) => response.writeHead(308, { Location: '/other' }).end()],
  ['that is not modified', 'redirect', (response) => response.writeHead(304).end()],
  [
    'that is packed though nobody wanted it',
    'response',
    (response) => response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(gzipSync('secret')),
  ],
  [
    'in an encoding that nobody knows',
    'response',
    (response) => response.writeHead(200, { 'Content-Encoding': 'x' }).end(),
  ],
  [
    'that announces too much',
    'too-large',
    (response) => response.writeHead(200, { 'Content-Length': '100001' }).write('x'),
  ],
  [
    'that never ends',
    'too-large',
    (response) => {
      const more = () => void (response.destroyed || response.write('x'.repeat(16_384), more))
      more()
    },
  ],
  [
    'that comes drop by drop',
    'timeout',
    (response) => {
      const timer = setInterval(() => response.write('x'), 50)
      response.on('close', () => clearInterval(timer))
    },
  ],
  ['whose body does not come', 'timeout', (response) => response.flushHeaders()],
  ['that does not come', 'timeout', () => {}],
  [
    'that breaks off',
    'connection',
    (response) => {
      response.writeHead(200, { 'Content-Length': '100' }).write('x')
      setTimeout(() => response.socket?.destroy(), 20)
    },
  ],
  ['that is a hang-up', 'connection', (response) => response.socket?.destroy()],
  [
    'with one header too large',
    'too-large',
    (response) => response.writeHead(200, { 'X-Much': 'x'.repeat(9_000) }).end(),
  ],
  [
    'with a flood of headers',
    'too-large',
    (response) => {
      response.socket?.write('HTTP/1.1 200 OK\r\n')
      const more = () => void (response.socket?.destroyed || response.socket?.write('x: y\r\n'.repeat(100), more))
      more()
    },
  ],
  [
    'whose head comes drop by drop',
    'timeout',
    (response) => {
      response.socket?.write('HTTP/1.1 200 OK\r\nX-Slow: ')
      const timer = setInterval(() => response.socket?.write('x'), 50)
      response.socket?.on('close', () => clearInterval(timer))
    },
  ],
  [
    'after interim answers without end',
    'timeout',
    (response) => {
      const timer = setInterval(() => response.writeProcessing(), 20)
      response.socket?.on('close', () => clearInterval(timer))
    },
  ],
  ['that is another protocol', 'response', (response) => response.socket?.write('SSH-2.0-secret\r\n\r\n')],
  [
    'that changes the protocol',
    'response',
    (response) => response.socket?.write('HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'),
  ],
  [
    'with two lengths',
    'response',
    (response) => response.socket?.write('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx'),
  ],
  [
    'with a length and chunks',
    'response',
    (response) =>
      response.socket?.write('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'),
  ],
  [
    'with a broken chunk',
    'response',
    (response) => response.socket?.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n'),
  ],
]
