/** Published content that law wants gone: 410 at its address, in a server that runs, too, and history tells it. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { it } from 'node:test'
import type { ValueSet } from '../../src/fhir/types.ts'
import { valueSet as empty } from '../provenance/published.ts'
import { fileIn, ownFolder } from '../provenance/support.ts'
import { askServer, type Reply } from '../support/ask-server.ts'
import { testSigner } from '../support/cms-signer.ts'
import { runCommand } from '../support/run-command.ts'

const folder = ownFolder()
const signer = testSigner('P-256')
const settings = {
  BASE_URL: 'https://health.example',
  STORAGE_URL: `sqlite:${join(folder, 'store.db')}`,
  DATA_DIR: folder,
  SIGNING_KEY: fileIn(folder, signer.key),
  SIGNING_CERTIFICATE: signer.cert,
}
const json = ({ body }: Reply) => JSON.parse(body.toString())
const include = [{ system: 'http://example.org/CodeSystem/codes', concept: [{ code: 'a' }] }]
const valueSet = (name: string, more: Partial<ValueSet> = {}): ValueSet =>
  empty(name, { compose: { include }, ...more })

const { ask, site } = await askServer(settings)
const addressOf = async (name: string) =>
  new URL(json(await ask('GET', `ValueSet/${name}/_history/1/$trusted-reference`)).url).pathname.replace('.jws', '')
const remove = (address: string, reason = 'Court order 7') =>
  runCommand(['storage', 'remove', `https://health.example${address}`, '--reason', reason], settings)

for (const name of ['gone', 'stays']) await ask('PUT', `ValueSet/${name}`, { body: valueSet(name) })
const [gone, stays] = [await addressOf('gone'), await addressOf('stays')]
for (const path of [gone, `${gone}.jws`, stays]) assert.equal((await site(path)).status, 200)

it('is not removed while it is in force, without a reason, or when it is not here', async () => {
  assert.match((await remove(gone)).stderr, /in force/)
  assert.notEqual((await remove(gone, ' ')).code, 0)
  assert.notEqual((await remove('/fhir/r/AAAAAAAAAAAAAAAAAAAAAA')).code, 0)
  assert.notEqual((await remove('/fhir/r/short')).code, 0)
  for (const path of [gone, `${gone}.jws`]) assert.equal((await site(path)).status, 200)
})

it('answers 410 in every form, in a server that was running', async () => {
  await ask('PUT', 'ValueSet/gone', { body: valueSet('gone', { status: 'retired' }) })
  assert.equal((await site(gone)).status, 200)
  const { code, stderr } = await remove(gone)
  assert.equal(code, 0, stderr)
  for (const path of [gone, `${gone}.jws`]) {
    const reply = await site(path)
    assert.equal(reply.status, 410, path)
    assert.match(json(reply).issue[0].details.text, /Court order 7/)
    assert.doesNotMatch(String(reply.headers['cache-control']), /immutable|max-age=[1-9]/)
  }
  assert.equal((await site(stays)).status, 200)
  assert.equal((await ask('GET', 'ValueSet/gone/_history/1/$trusted-reference')).status, 410)
})

it('is told by history and by an AuditEvent, and by an AuditEvent alone who removed it', async () => {
  const versions = json(await ask('GET', 'ValueSet/gone/_history')).entry
  assert.equal(versions.length, 2)
  const [event] = json(await ask('GET', 'AuditEvent?type=destroy')).entry
  assert.equal(event.resource.entity[0].what.identifier.value, gone.split('/').at(-1))
})

it('does not come back: not by a restart, not with the same content elsewhere', async () => {
  assert.notEqual((await remove(gone)).code, 0)
  const again = await askServer(settings)
  await again.ask('PUT', 'ValueSet/other', { body: valueSet('other') })
  await addressOf('other')
  for (const path of [gone, `${gone}.jws`]) assert.equal((await again.site(path)).status, 410, path)
})
