/** A signature of RSASSA-PSS is as long as the modulus of its key (RFC 8017, 8.1.2), also where it begins with a zero that could be left out. */
import assert from 'node:assert/strict'
import { constants, generateKeyPairSync, sign, verify } from 'node:crypto'
import { test } from 'node:test'
import { isJwsSignature } from '../../../src/base/crypto/jws-algorithms.ts'
import { algorithmFromJose, signatureMatches } from '../../../src/credentials/signature-algorithms.ts'
import { messageOf, openBed } from '../../authority/support/bed.ts'
import { signed } from '../../authority/support/signed-request.ts'

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const padding = constants.RSA_PKCS1_PSS_PADDING

test('none is taken without its leading zero, or with one more', () => {
  let input = Buffer.of()
  let signature = Buffer.of(1)
  for (let count = 0; signature[0] !== 0; count++) {
    input = Buffer.from(`to be signed ${count}`)
    signature = sign('sha256', input, { key: privateKey, padding, saltLength: 32 })
  }
  const short = signature.subarray(1)
  const long = Buffer.concat([Buffer.of(0), signature])
  // What the library under it says of the short one, which is why it is looked at here.
  assert.equal(verify('sha256', input, { key: publicKey, padding, saltLength: 32 }, short), true)
  const algorithm = algorithmFromJose('PS256')
  assert.ok(algorithm)
  for (const [given, expected] of [
    [signature, true],
    [short, false],
    [long, false],
  ] as const) {
    assert.equal(signatureMatches(algorithm, publicKey, input, given), expected)
    assert.equal(isJwsSignature({ algorithm: 'PS256', input, signature: given }, publicKey), expected)
  }
})

test('none of a request is taken without its leading zero, or with one more', async (context) => {
  const bed = await openBed({
    participants: [{ participant: 'AUT', canonicalPrefixes: ['http://a.org'], networkKeys: true }],
    parts: { networkKeys: () => [{ participant: 'AUT', publicKey }] },
  })
  context.after(() => bed.close())
  const signatureOf = ({ headers }: ReturnType<typeof signed>) =>
    Buffer.from(headers.signature?.replace(/^sig1=:|:$/g, '') ?? '', 'base64')
  const made = () => signed({ key: privateKey, alg: 'rsa-pss-sha512' })
  let request = made()
  while (signatureOf(request)[0] !== 0) request = made()
  const signature = signatureOf(request)
  const sentWith = async (changed: Buffer) => {
    const headers = { ...request.headers, signature: `sig1=:${changed.toString('base64')}:` }
    return (await bed.authority.authenticate(messageOf({ ...request, headers })))?.id
  }
  for (const changed of [signature.subarray(1), Buffer.concat([Buffer.of(0), signature])])
    await assert.rejects(sentWith(changed), /no upload key/)
  assert.equal(await sentWith(signature), 'participant:AUT')
})
