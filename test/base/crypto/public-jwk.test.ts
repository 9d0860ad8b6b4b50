import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { publicKeyOfJwk } from '../../../src/base/crypto/public-jwk.ts'
import type { JsonObject } from '../../../src/base/json-value.ts'

const pairs = {
  RSA: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  EC: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  OKP: generateKeyPairSync('ed25519'),
}

for (const [type, { publicKey, privateKey }] of Object.entries(pairs)) {
  const jwk: JsonObject = JSON.parse(JSON.stringify(publicKey.export({ format: 'jwk' })))

  test(`${type}: the public key alone, whatever else stands beside it`, () => {
    assert.ok(publicKeyOfJwk(jwk)?.equals(publicKey))
    const whole: JsonObject = JSON.parse(JSON.stringify(privateKey.export({ format: 'jwk' })))
    assert.equal(publicKeyOfJwk({ ...whole, kid: 'x', x5c: [] })?.type, 'public')
  })

  test(`${type}: no key of a member that is missing, empty or no text`, () => {
    for (const name of Object.keys(jwk)) {
      const { [name]: _, ...without } = jwk
      assert.equal(publicKeyOfJwk(without), undefined, name)
      for (const value of [1, null, [], {}, '!'])
        assert.equal(publicKeyOfJwk({ ...jwk, [name]: value }), undefined, name)
    }
  })
}

test('no key of a secret, or of a type that is none', () => {
  for (const kty of ['oct', 'constructor', '']) assert.equal(publicKeyOfJwk({ kty, k: 'AAAA' }), undefined)
})
