import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { after, before, describe, it } from 'node:test'
import supertest from 'supertest'
import type { JsonObject } from '../../../src/base/json-value.ts'
import { credentialFormats } from '../../../src/credentials/credentials.ts'
import { verifyCredential } from '../../../src/evaluate/verify/verify.ts'
import { isOfType } from '../../../src/fhir/json.ts'
import { firstParameter, textParameter } from '../../../src/fhir/operation.ts'
import type { Parameter } from '../../../src/fhir/types.ts'
import { certificateKey } from '../../../src/trust/keys/anchors.ts'
import { createKeyIndex } from '../../../src/trust/keys/key-index.ts'
import { testIssuer } from '../../support/issuer.ts'
import { openTestServer } from '../../support/loaded-server.ts'
import { issueMadeUp, MADE_UP_USAGE, madeUp } from './made-up.ts'

/** The one line that a format takes beside its folder. */
const formats = [...credentialFormats, madeUp]

const { server, close } = await openTestServer({}, { formats })
const http = createServer(server.handler)
const issuer = testIssuer({ algorithm: 'EdDSA', extendedKeyUsage: [MADE_UP_USAGE] })
const clock = '2026-06-01T12:00:00Z'

before(async () => {
  const put = await supertest(http)
    .put('/fhir/StructureMap/MadeUpToCoreDataSet')
    .set({ Authorization: 'Bearer test', 'Content-Type': 'text/fhir-mapping' })
    .send(readFileSync(new URL('made-up-to-core-data-set.fml', import.meta.url), 'utf8'))
  assert.equal(put.status, 201, JSON.stringify(put.body))
})
after(close)

const shot = { product: '1119349007', on: '2026-05-01', nr: 2, of: 2 }
const claims = (change: JsonObject = {}): JsonObject => ({
  by: 'XA',
  key: issuer.keyId.toString('base64'),
  until: Date.parse('2026-12-01T00:00:00Z') / 1000,
  no: 'MADE-UP-1',
  holder: 'Ada Specimen',
  born: '1985-03-14',
  shots: [shot],
  ...change,
})
const question = (credential: string, more: Parameter[] = [], anchor = issuer.anchor) => ({
  resourceType: 'Parameters' as const,
  parameter: [
    { name: 'credential', valueString: credential },
    { name: 'evaluationDateTime', valueDateTime: clock },
    { name: 'trustAnchor', valueBase64Binary: anchor },
    ...more,
  ],
})

/** Decision and status of a made-up certificate. */
async function verdict(credential: string, more: Parameter[] = [], anchor?: string) {
  const reply = await server.evaluate.answer(question(credential, more, anchor), {})
  return { reply, said: `${textParameter(reply, 'decision')} ${textParameter(reply, 'status')}` }
}

describe('a format that is one folder and one line', () => {
  it('is verified, mapped by its own map, and accepted by a rule', async () => {
    const { reply, said } = await verdict(issueMadeUp(claims(), issuer.signer))
    assert.equal(said, 'accepted VERIFIED', JSON.stringify(reply))
    assert.equal(textParameter(reply, 'format'), 'made-up')
    const subject = firstParameter(reply, 'subject')?.part
    assert.deepEqual(
      subject?.map(({ valueString }) => valueString),
      ['Ada Specimen', '1985-03-14'],
    )
    const maps = reply.parameter?.flatMap((each) => (each.name === 'structureMap' ? [each.valueCanonical] : []))
    assert.deepEqual(maps?.[0], 'http://example.org/StructureMap/MadeUpToCoreDataSet|1.0.0')
    const content = firstParameter(reply, 'content')?.resource
    assert.ok(isOfType(content, 'Bundle'))
    assert.ok(content.entry?.some(({ resource }) => resource?.resourceType === 'Immunization'))
  })

  it('is rejected by the same rule', async () => {
    const first = claims({ shots: [{ ...shot, nr: 1 }] })
    assert.equal((await verdict(issueMadeUp(first, issuer.signer))).said, 'rejected VERIFIED')
  })

  it('is undetermined where something of it is not understood, or not mapped', async () => {
    const more = claims({ extra: 'x' })
    assert.equal((await verdict(issueMadeUp(more, issuer.signer))).said, 'undetermined VERIFIED')
    const nameless = claims()
    delete nameless.holder
    assert.equal((await verdict(issueMadeUp(nameless, issuer.signer))).said, 'undetermined VERIFIED')
  })

  it('is unverified when forged, late, of nobody, or in several texts', async () => {
    const good = issueMadeUp(claims(), issuer.signer)
    const cases: [string, string, Parameter[]?][] = [
      [issueMadeUp(claims(), issuer.signer, claims({ holder: 'Eve' })), 'INVALID_SIGNATURE'],
      [issueMadeUp(claims({ until: 1 }), issuer.signer), 'EXPIRED'],
      [issueMadeUp(claims({ until: 'later' }), issuer.signer), 'EXPIRED'],
      [issueMadeUp(claims({ by: 7 }), issuer.signer), 'ISSUER_NOT_TRUSTED'],
      [issueMadeUp(claims({ by: 'XA\u202e' }), issuer.signer), 'ISSUER_NOT_TRUSTED'],
      [issueMadeUp(claims({ key: 'other' }), issuer.signer), 'ISSUER_NOT_TRUSTED'],
      [issueMadeUp(claims({ key: 7 }), issuer.signer), 'KID_NOT_INCLUDED'],
      [issueMadeUp(claims({ shots: [7] }), issuer.signer), 'UNSUPPORTED_CONTENT'],
      ['MADEUP:§', 'INVALID_ENCODING'],
      [good, 'INVALID_ENCODING', [{ name: 'credentialPart', valueString: good }]],
    ]
    for (const [text, status, more] of cases)
      assert.equal((await verdict(text, more)).said, `unverified ${status}`, status)
  })

  it('is held against its own key usage', async () => {
    const other = testIssuer({ algorithm: 'EdDSA', extendedKeyUsage: ['1.3.6.1.4.1.1847.2021.1.2'] })
    const text = issueMadeUp(claims({ key: other.keyId.toString('base64') }), other.signer)
    assert.equal((await verdict(text, [], other.anchor)).said, 'unverified KEY_USAGE_MISMATCH')
  })

  it('is held against its own domains and revocation lists', async () => {
    const text = issueMadeUp(claims(), issuer.signer)
    const verify = (change: object) => {
      const key = { ...certificateKey(issuer.dsc), participant: 'XXA', domain: 'DDCC', usage: 'DSC', ...change }
      return verifyCredential([text], {
        formats,
        keys: createKeyIndex([[key]]),
        clock: new Date(clock),
        domainMismatch: 'fail',
        revocationFailure: 'fail',
      })
    }
    assert.equal((await verify({})).status, 'VERIFIED')
    assert.equal((await verify({ domain: 'ICVP' })).status, 'KEY_USAGE_MISMATCH')
    assert.equal((await verify({ revocationList: ['MADE-UP-2'] })).status, 'VERIFIED')
    assert.equal((await verify({ revocationList: ['MADE-UP-1'] })).status, 'REVOKED')
    assert.equal((await verify({ revocationList: 'x' })).status, 'REVOKED', 'a list that cannot be read')
    assert.equal((await verify({ participant: 'DEU' })).status, 'ISSUER_NOT_TRUSTED')
  })

  it('cannot be accepted when one of its kinds is not mapped', async () => {
    const keys = createKeyIndex([[certificateKey(issuer.dsc)]])
    for (const kinds of [{}, { 'made-up': {} }]) {
      const text = issueMadeUp(claims(), issuer.signer)
      const format = { ...madeUp, kinds }
      const verdict = await verifyCredential([text], { formats: [format], keys, clock: new Date(clock) })
      assert.equal(verdict.status, 'VERIFIED')
      assert.deepEqual(verdict.inputs, [])
      assert.equal(verdict.obstacles.length, 1)
    }
  })

  it('is not recognised by a server that does not list it', async () => {
    const text = issueMadeUp(claims(), issuer.signer)
    const keys = createKeyIndex([[certificateKey(issuer.dsc)]])
    const { status } = await verifyCredential([text], { formats: credentialFormats, keys, clock: new Date(clock) })
    assert.equal(status, 'NOT_SUPPORTED')
  })
})
