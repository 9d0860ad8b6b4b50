import assert from 'node:assert/strict'
import { createHash, createPublicKey, type JsonWebKey } from 'node:crypto'
import { describe, it, test } from 'node:test'
import { jwkThumbprint } from '../../src/base/crypto/jwk-thumbprint.ts'
import type { PublicDocument } from '../../src/base/public-document.ts'
import { didDocumentPath, didWebOf } from '../../src/provenance/did-web.ts'
import { keyDocuments } from '../../src/provenance/key-documents.ts'
import { readCases } from '../support/cases.ts'
import { testSigner } from '../support/cms-signer.ts'
import { holds, openKeys, ownFolder } from './support.ts'

describe('did:web', () => {
  const [file] = readCases<{ name: string; address: string; did: string; path: string }>(
    new URL('cases/', import.meta.url),
  )
  for (const { name, address, did, path } of file?.cases ?? [])
    it(name, () => assert.deepEqual([didWebOf(address), didDocumentPath(address)], [did, path]))
})

const current = testSigner('P-256')
const rsa = testSigner('RSA-2048')
const message = testSigner('P-256')
const baseUrl = 'https://health.example:8443/vidimus'
const keys = await openKeys({
  current: { key: current.key, certificate: current.cert },
  next: { key: rsa.key },
})
const messageKey = () => ({ keyId: 'message', publicKey: createPublicKey(message.privateKey) })

const at = (path: string, options = { keys, messageKey, baseUrl }): PublicDocument => {
  const found = keyDocuments(options)({ path, accept: undefined })
  assert.ok(found && !(found instanceof Promise), path)
  return found
}
const jsonAt = (path: string) => JSON.parse(at(path).body.toString())

test('the key set has current, next and message key, and what their certificates say', async () => {
  const { keys: told } = jsonAt('/.well-known/jwks.json')
  assert.deepEqual(
    told.map((each: JsonWebKey) => [each.kty, each.alg, each.use]),
    [
      ['EC', 'ES256', 'sig'],
      ['RSA', 'PS256', 'sig'],
      ['EC', 'ES256', 'sig'],
    ],
  )
  const [first, second] = told
  assert.deepEqual(first.x5c, [current.certificate.raw.toString('base64')])
  assert.equal(first['x5t#S256'], createHash('sha256').update(current.certificate.raw).digest('base64url'))
  assert.equal(first.exp, current.certificate.validToDate.getTime() / 1000)
  assert.equal(first.kid, keys.current()?.keyId)
  assert.equal(second.x5c, undefined)
  const signed = Buffer.from('signed')
  const signature = await keys.current()?.sign(signed)
  assert.ok(signature && holds(signed, signature, { publicKey: createPublicKey({ key: first, format: 'jwk' }) }))
})

test('the DID document has the same keys, and what each is for', () => {
  const did = jsonAt('/vidimus/did.json')
  assert.equal(did.id, 'did:web:health.example%3A8443:vidimus')
  const ids = did.verificationMethod.map(({ id }: { id: string }) => id)
  // The key with a certificate has two names: that of the lists, and its thumbprint.
  const [first] = jsonAt('/.well-known/jwks.json').keys
  assert.equal(ids[1], `${did.id}#${jwkThumbprint(createPublicKey({ key: first, format: 'jwk' }))}`)
  assert.deepEqual(did.assertionMethod, ids.slice(0, 3))
  assert.deepEqual(did.authentication, [`${did.id}#message`])
  const told = did.verificationMethod.map(({ publicKeyJwk }: { publicKeyJwk: JsonWebKey }) =>
    JSON.stringify(publicKeyJwk),
  )
  assert.deepEqual(
    [...new Set(told)].map((each) => JSON.parse(String(each))),
    jsonAt('/.well-known/jwks.json').keys,
  )
})

test('nothing of a private key is in either', () => {
  for (const path of ['/.well-known/jwks.json', '/.well-known/did.json']) {
    const text = at(path).body.toString()
    for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k', 'oth'])
      assert.ok(!text.includes(`"${member}":`), `${path}: ${member}`)
  }
})

test('they stand below the path of the public address, and beside it', () => {
  const paths = [
    '/.well-known/jwks.json',
    '/vidimus/.well-known/jwks.json',
    '/.well-known/did.json',
    '/vidimus/.well-known/did.json',
    '/vidimus/did.json',
  ]
  for (const path of paths) assert.ok(at(path).body.length > 0)
  for (const path of ['/did.json', '/.well-known/jwks.json/', '/.well-known/JWKS.json', '/.well-known/', '/'])
    assert.equal(keyDocuments({ keys, baseUrl })({ path, accept: undefined }), undefined, path)
})

test('the same keys yield the same bytes, others do not', async () => {
  const again = await openKeys({ current: { key: current.key, certificate: current.cert }, next: { key: rsa.key } })
  const [one, two] = [at('/.well-known/jwks.json'), at('/.well-known/jwks.json', { keys: again, messageKey, baseUrl })]
  assert.deepEqual(one.body, two.body)
  assert.equal(one.etag, two.etag)
  const other = await openKeys({ current: { key: rsa.key } })
  assert.notEqual(at('/.well-known/jwks.json', { keys: other, messageKey, baseUrl }).etag, one.etag)
})

test('while it is in use the document is the same object, and a new key is told at once', async () => {
  const dataDir = ownFolder()
  let now = new Date()
  const own = await openKeys({}, { dataDir, now: () => now })
  const find = keyDocuments({ keys: own, baseUrl })
  const ask = () => find({ path: '/.well-known/jwks.json', accept: undefined })
  const first = ask()
  assert.equal(ask(), first)
  now = new Date(now.getTime() + 731 * 86_400_000)
  const second = ask()
  assert.ok(second && !(second instanceof Promise))
  assert.equal(JSON.parse(second.body.toString()).keys.length, 2)
})

test('without any key both are there and empty', async () => {
  const none = keyDocuments({ keys: await openKeys({}), baseUrl })
  const found = none({ path: '/.well-known/jwks.json', accept: undefined })
  assert.ok(found && !(found instanceof Promise))
  assert.deepEqual(JSON.parse(found.body.toString()), { keys: [] })
})
