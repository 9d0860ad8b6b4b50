/** A server that is closed while it judges: what it says is never a fault, and nothing is printed. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { mock, test } from 'node:test'
import { openTestServer } from '../support/loaded-server.ts'

const body = JSON.stringify({
  resourceType: 'Parameters',
  parameter: [
    { name: 'mode', valueCode: 'create' },
    {
      name: 'resource',
      resource: {
        resourceType: 'ValueSet',
        url: 'http://example.org/ValueSet/v',
        version: '1',
        name: 'V',
        status: 'active',
        compose: { include: [{ system: 'http://loinc.org', concept: [{ code: 'a' }] }] },
      },
    },
  ],
})

test('judgements that are under way are told before a server ends', async () => {
  const { server, close } = await openTestServer()
  let came = 0
  const begun = Promise.withResolvers<void>()
  const http = createServer((message, response) => {
    server.handler(message, response)
    if (++came === 6) begun.resolve()
  })
  await new Promise<void>((listening) => http.listen(0, '127.0.0.1', listening))
  const printed: string[] = []
  const write = mock.method(process.stderr, 'write', (text: string) => printed.push(text) > 0)
  try {
    const address = http.address()
    const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/fhir/ValueSet/$validate`
    const headers = { 'Content-Type': 'application/fhir+json', Authorization: 'Bearer test' }
    const asked = Array.from({ length: 6 }, () => fetch(url, { method: 'POST', body, headers }))
    await begun.promise
    await close()
    const answered = await Promise.all(asked)
    assert.deepEqual(
      answered.map(({ status }) => status),
      Array(6).fill(200),
    )
    assert.deepEqual(printed, [])
  } finally {
    write.mock.restore()
    http.closeAllConnections()
    http.close()
  }
})
