import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, test } from 'node:test'
import { listen } from '../../../src/http/app.ts'

const running = await listen((message, response) => response.end(String(message.headers['x-provenance']?.length)), {
  host: '127.0.0.1',
  port: 0,
})
after(() => running.close(100))

/** What is answered to a head. */
const answerTo = (path: string, headers: Record<string, string>): Promise<string> =>
  new Promise((resolve) => {
    let heard = ''
    const lines = Object.entries({ Host: 'x', Connection: 'close', ...headers }).map(
      ([name, value]) => `${name}: ${value}\r\n`,
    )
    const socket = connect(running.port ?? 0, '127.0.0.1', () =>
      socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`),
    )
    socket.on('data', (chunk) => {
      heard += chunk
    })
    socket.on('error', () => resolve(heard))
    socket.on('close', () => resolve(heard))
  })

const long = (bytes: number) => 'x'.repeat(bytes)
const cases: Record<string, [RegExp, string, Record<string, string>]> = {
  'a Provenance of 64 kB': [/ 200 [\s\S]*65536/, '/', { 'X-Provenance': long(65_536) }],
  'a Provenance of 64 kB beside 15 kB of others': [/ 200 /, '/', { 'X-Provenance': long(65_536), X: long(15_000) }],
  'a longer Provenance': [/ 431 [\s\S]*OperationOutcome/, '/', { 'X-Provenance': long(65_537) }],
  'a Provenance of 1 MB': [/ 431 [\s\S]*OperationOutcome/, '/', { 'X-Provenance': long(1_000_000) }],
  'another header of 17 kB': [/ 431 [\s\S]*OperationOutcome/, '/', { X: long(17_000) }],
  'an address of 17 kB': [/ 431 [\s\S]*OperationOutcome/, `/${long(17_000)}`, {}],
  'many headers of 17 kB together': [
    / 431 [\s\S]*OperationOutcome/,
    '/',
    Object.fromEntries(Array.from({ length: 17 }, (_, at) => [`X-${at}`, long(1000)])),
  ],
  'headers of 15 kB': [/ 200 /, '/', { X: long(15_000) }],
}
// In any spelling; the first of them is what Node would take.
const twice: Record<string, [RegExp, string, Record<string, string>]> = {
  'two Hosts': [/ 400 [\s\S]*OperationOutcome[\s\S]*more than one Host/, '/', { HOST: 'y' }],
  'one Host twice': [/ 400 /, '/', { host: 'x' }],
  'two types of content': [/ 400 [\s\S]*Content-Type/, '/', { 'content-type': 'a/b', 'Content-Type': 'a/b' }],
  'names as long as those': [/ 200 /, '/', { Most: 'x', most: 'x', 'X-Content-Ty': 'x', 'x-content-ty': 'x' }],
  'two of a header that may be repeated': [/ 200 /, '/', { Accept: 'a/b', accept: 'a/c' }],
}
for (const [name, [expected, path, headers]] of Object.entries({ ...cases, ...twice }))
  test(name, async () => assert.match(await answerTo(path, headers), expected))
