/** What opens a link, and whom it is about, stay nowhere: in no log, no audit record, no store, no error. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { issueHealthLink } from '../../../src/demo/issue-health-link.ts'
import type { Parameters } from '../../../src/fhir/types.ts'
import { createSecrets, searchFolder, traceLines } from '../../support/privacy/traces.ts'
import { startServerProcess } from '../../support/server-process.ts'
import { startSharer } from '../../support/sharer.ts'

const marks = {
  label: 'LABEL-OF-ADA-SPECIMEN',
  passcode: 'PASSCODE-7391-ZEBRA',
  recipient: 'RECIPIENT-BORDER-POST',
  patient: 'PATIENT-ID-47110815',
  path: 'manifest-cafe-0815-4711',
}

it('nothing that opens a link is left after it was followed', { timeout: 120_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-links-'))
  const sharer = await startSharer()
  for (const name of ['data', 'tmp']) mkdirSync(join(folder, name))
  const server = await startServerProcess({
    DATA_DIR: join(folder, 'data'),
    TMPDIR: join(folder, 'tmp'),
    DEVELOPMENT_TOKEN: 'token',
    AUDIT_SAMPLE_RATE: '1',
    NETWORK: 'on',
    NETWORK_HOSTS: JSON.stringify([sharer.peer.listed]),
  })
  const secrets = createSecrets()
  for (const [kind, value] of Object.entries(marks)) secrets.add(kind, value)
  secrets.add('key', sharer.key)
  secrets.add('key as text', sharer.key.toString('base64url'))
  secrets.add('host', sharer.peer.origin)
  const replies: string[] = []
  const ask = async (url: string, more: object, passcode: string) => {
    const text = issueHealthLink({ url, key: sharer.key, label: marks.label, ...more }, 'shlink')
    secrets.add('link', text)
    const question: Parameters = {
      resourceType: 'Parameters',
      parameter: [
        { name: 'credential', valueString: text },
        { name: 'followLinks', valueBoolean: true },
        { name: 'passcode', valueString: passcode },
        { name: 'recipient', valueString: marks.recipient },
      ],
    }
    const reply = await fetch(`${server.url}/fhir/$evaluate`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/fhir+json' },
      body: JSON.stringify(question),
    })
    replies.push(await reply.text())
    assert.equal(reply.status, 200)
  }
  try {
    await server.ready()
    const manifest = `/${marks.path}`
    sharer.offers.set(`POST ${manifest}`, ({ body }) => {
      assert.equal(JSON.parse(body).passcode, marks.passcode)
      return { status: 401, body: { remainingAttempts: 1, told: marks.passcode } }
    })
    const search = `/fhir/List?_id=1&patient.identifier=${marks.patient}`
    sharer.offers.set('POST /fhir/List/_search', ({ body }) => ({ status: 422, body: { told: body } }))
    await ask(`${sharer.peer.origin}${manifest}`, { flag: 'P' }, marks.passcode)
    await ask(`${sharer.peer.origin}${search}`, { flag: 'P' }, marks.passcode)
    await ask(`${sharer.peer.origin}${manifest}`, { flag: 'U' }, marks.passcode)
    await ask(`https://sharer.example:1/${marks.path}`, {}, marks.passcode)
    await ask(`https://${marks.path}.invalid/${marks.path}`, {}, marks.passcode)
    await ask(`https://10.0.0.1/${marks.path}`, { flag: 'U' }, marks.passcode)
    assert.equal(sharer.received.length, 3)
    const headers = { authorization: 'Bearer token' }
    const audit = await (await fetch(`${server.url}/fhir/AuditEvent?_count=1000`, { headers })).text()
    assert.match(audit, /AuditEvent/)
    const told = [...replies, audit, server.output()].flatMap((text) => secrets.search('told', Buffer.from(text)))
    assert.deepEqual(traceLines(told), [])
    // The host and its port are the operator's own, and stand in /health.
    const health = await (await fetch(`${server.url}/health`)).json()
    const { host, port } = sharer.peer.listed
    assert.deepEqual(Object(health).network, { state: 'on', hosts: [{ host, port }] })
    await server.stop()
    assert.deepEqual(traceLines(searchFolder(folder, secrets)), [])
    const control = createSecrets()
    control.add('own key', 'message-signing')
    control.add('own key', '"alg": "ES256"')
    assert.ok(searchFolder(folder, control).length > 0)
  } finally {
    await server.stop()
    await sharer.peer.close()
    rmSync(folder, { recursive: true, force: true })
  }
})
