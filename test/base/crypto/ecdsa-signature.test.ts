import assert from 'node:assert/strict'
import { generateKeyPairSync, sign, verify } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { derSignature } from '../../../src/base/crypto/ecdsa-signature.ts'

test('every r and s in DER as OpenSSL reads it', () => {
  fc.assert(
    fc.property(fc.constantFrom('P-256', 'P-384', 'P-521'), fc.uint8Array({ maxLength: 40 }), (namedCurve, bytes) => {
      const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve })
      const joined = sign('sha256', bytes, { key: privateKey, dsaEncoding: 'ieee-p1363' })
      assert.ok(verify('sha256', bytes, { key: publicKey, dsaEncoding: 'der' }, derSignature(joined)))
    }),
    { numRuns: 60 },
  )
  assert.equal(derSignature(Buffer.from('0001', 'hex')).toString('hex'), '3006020100020101')
  assert.equal(derSignature(Buffer.from('80ff', 'hex')).toString('hex'), '300802020080020200ff')
  assert.throws(() => derSignature(Buffer.alloc(3)), RangeError)
  assert.throws(() => derSignature(Buffer.alloc(0)), RangeError)
  assert.throws(() => derSignature(Buffer.alloc(134)), RangeError)
})
