/** A key of the server that somebody else has: withdrawn by the command, what it signed is signed again. */
import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { it } from 'node:test'
import { jwkThumbprint } from '../../src/base/crypto/jwk-thumbprint.ts'
import type { ValueSet } from '../../src/fhir/types.ts'
import { valueSet as empty } from '../provenance/published.ts'
import { fileIn, ownFolder } from '../provenance/support.ts'
import { askServer, type Reply } from '../support/ask-server.ts'
import { testSigner } from '../support/cms-signer.ts'
import { runCommand } from '../support/run-command.ts'

const folder = ownFolder()
const [old, fresh] = [testSigner('P-256'), testSigner('P-256')]
const store = {
  BASE_URL: 'https://health.example',
  STORAGE_URL: `sqlite:${join(folder, 'store.db')}`,
  DATA_DIR: folder,
}
const before = { ...store, SIGNING_KEY: fileIn(folder, old.key), SIGNING_CERTIFICATE: old.cert }
const after = {
  ...store,
  SIGNING_KEY: fileIn(folder, fresh.key),
  SIGNING_CERTIFICATE: fresh.cert,
  SIGNING_CERTIFICATE_RETIRED: old.cert,
}
const thumbprint = jwkThumbprint(createPublicKey(old.privateKey)) ?? ''

const json = ({ body }: Reply) => JSON.parse(body.toString())
const valueSet = (name: string): ValueSet =>
  empty(name, { compose: { include: [{ system: 'http://example.org/CodeSystem/codes', concept: [{ code: 'a' }] }] } })

type Server = Awaited<ReturnType<typeof askServer>>
/** The outcome of each signature over a value set: its last step that is not skipped. */
async function outcomes({ ask, provenances }: Server, id: string): Promise<string[]> {
  const found: string[] = []
  for (const provenance of await provenances(`ValueSet/${id}`)) {
    const body = { resourceType: 'Parameters', parameter: [{ name: 'provenance', resource: provenance }] }
    const { parameter } = json(await ask('POST', '$verify-signature', { body }))
    const failed = parameter.find(({ part }: { part?: { valueCode?: string }[] }) => part?.[1]?.valueCode === 'fail')
    found.push(failed?.part[0].valueCode ?? 'holds')
  }
  return found.sort()
}

const first = await askServer(before)
for (const id of ['a', 'b', 'c'])
  assert.equal((await first.ask('PUT', `ValueSet/${id}`, { body: valueSet(id) })).status, 201)
await first.ask('PUT', 'ValueSet/c', { body: { ...valueSet('c'), status: 'retired' } })

it('is shown as retired after a rollover, and what it signed holds', async () => {
  const rolled = await askServer(after)
  const { keys } = json(await rolled.site('/.well-known/jwks.json'))
  assert.equal(keys.length, 2)
  assert.deepEqual(
    keys.map(({ revoked }: { revoked?: object }) => revoked),
    [undefined, undefined],
  )
  assert.deepEqual(await outcomes(rolled, 'a'), ['holds'])
})

it('is withdrawn by a command that wants to know which, why and since when', async () => {
  // A thumbprint may begin with a hyphen.
  for (const id of ['no-such-key', '-Aqyno-such-key', '-hno-such-key', '-Vno-such-key', '--no-such-key']) {
    const unknown = await runCommand(['keys', 'revoke', id], after)
    assert.notEqual(unknown.code, 0)
    assert.match(unknown.stderr, /no signing key of that id/, id)
  }
  const misspelt = await runCommand(['keys', 'revoke', thumbprint, '--reasn', 'superseded'], after)
  assert.notEqual(misspelt.code, 0)
  const future = await runCommand(['keys', 'revoke', thumbprint, '--at', '2999-01-01T00:00:00Z'], after)
  assert.notEqual(future.code, 0)
  const odd = await runCommand(['keys', 'revoke', thumbprint, '--reason', 'because'], after)
  assert.notEqual(odd.code, 0)
})

it('while it is the only one is marked, and nothing is signed any more', async () => {
  const { code, stderr } = await runCommand(['keys', 'revoke', thumbprint, '--reason', 'superseded'], before)
  assert.equal(code, 1, stderr)
  assert.match(stderr, /No key signs now/)
  const server = await askServer(before)
  await server.ask('PUT', 'ValueSet/d', { body: valueSet('d') })
  assert.deepEqual(await server.provenances('ValueSet/d'), [])
  // Signed before it was withdrawn.
  assert.deepEqual(await outcomes(server, 'a'), ['holds'])
})

it('and a new one there, everything active is signed again, once, but what was changed underneath', async () => {
  const database = new DatabaseSync(join(folder, 'store.db'))
  const change = (from: string, to: string) =>
    database
      .prepare("UPDATE version SET content = replace(content, ?, ?) WHERE type = 'ValueSet' AND id = 'b'")
      .run(`"code":"${from}"`, `"code":"${to}"`)
  change('a', 'z')
  const refused = JSON.parse((await runCommand(['keys', 'revoke', thumbprint, '--json'], after)).stdout)
  assert.deepEqual([refused.signed, refused.unchanged, refused.changed], [2, 0, 1])
  assert.deepEqual(await outcomes(await askServer(after), 'b'), ['revocation'])
  change('z', 'a')
  database.close()
  const { code, stdout, stderr } = await runCommand(['keys', 'revoke', thumbprint, '--json'], after)
  assert.equal(code, 0, stderr)
  const told = JSON.parse(stdout)
  assert.deepEqual([told.reason, told.signed, told.unchanged, told.changed], ['keyCompromise', 1, 2, 0])
  const again = JSON.parse((await runCommand(['keys', 'revoke', thumbprint, '--json'], after)).stdout)
  assert.deepEqual([again.signed, again.unchanged, again.at], [0, 3, told.at])
  const server = await askServer(after)
  assert.deepEqual(await outcomes(server, 'a'), ['holds', 'revocation'])
  assert.deepEqual(await outcomes(server, 'c'), ['revocation'])
  assert.deepEqual(await outcomes(server, 'd'), ['holds'])
})

it('is shown as what it is: in both documents, by the command, in an AuditEvent', async () => {
  const server = await askServer(after)
  const { keys } = json(await server.site('/.well-known/jwks.json'))
  const [current, revoked] = keys
  assert.equal(current.revoked, undefined)
  assert.equal(revoked.revoked.reason, 'keyCompromise')
  assert.ok(revoked.exp <= Date.now() / 1000)
  const did = json(await server.site('/.well-known/did.json'))
  assert.ok(did.assertionMethod.every((id: string) => !id.endsWith(thumbprint)))
  const method = did.verificationMethod.find(({ id }: { id: string }) => id.endsWith(thumbprint))
  assert.match(method.revoked, /^\d{4}-/)
  const printed = JSON.parse((await runCommand(['keys', '--json'], after)).stdout)
  assert.deepEqual(
    printed.flatMap(({ use, state }: { use: string; state?: string }) => (use === 'signing' ? [state] : [])),
    ['current', 'revoked'],
  )
  const events = json(await server.ask('GET', 'AuditEvent?type=110113')).entry
  assert.ok(events.length >= 1)
  assert.match(events[0].resource.outcomeDesc, /withdrawn/)
})
