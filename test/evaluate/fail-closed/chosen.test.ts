import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { credentialFormats } from '../../../src/credentials/credentials.ts'
import { readClock } from '../../../src/evaluate/request.ts'
import { verifyCredential } from '../../../src/evaluate/verify/verify.ts'
import { requestId } from '../../../src/http/message/head.ts'
import { anchorKeySource } from '../../../src/trust/keys/anchors.ts'
import { issueSample, testIssuer } from '../../support/issuer.ts'

const issuer = testIssuer()
const verify = (texts: string[]) =>
  verifyCredential(texts, {
    formats: credentialFormats,
    keys: anchorKeySource([issuer.anchor]),
    clock: new Date('2022-06-01T00:00:00Z'),
  })

describe('several texts', () => {
  const good = issueSample('dcc-v', issuer)
  for (const [what, other] of Object.entries({
    'another certificate': issueSample('dcc-t', issuer),
    'the same again': good,
    'a chunk of a card': 'shc:/1/2/5676',
    anything: 'GARBAGE',
  })) {
    it(`of a format without chunks are no credential: ${what}`, async () => {
      for (const texts of [
        [good, other],
        [other, good],
      ]) {
        const { status, content } = await verify(texts)
        assert.notEqual(status, 'VERIFIED')
        assert.equal(content, undefined)
      }
    })
  }
})

describe('a clock', () => {
  it('has an offset that there is', () => {
    assert.equal(readClock('2026-01-31T12:00:00+14:00').toISOString(), '2026-01-30T22:00:00.000Z')
    for (const text of ['2026-01-31T12:00:00+14:30', '2026-01-31T12:00:00+15:00', '2026-01-31T12:00:00']) {
      assert.throws(() => readClock(text), /FHIR dateTime/)
    }
  })
})

describe('the id of a request', () => {
  it('is the sender’s when it is an id, and otherwise a fresh one', () => {
    const fresh = () => 'fresh'
    for (const id of [
      '0b9f2f4e-8c36-4d0e-9d8a-7f1d1a1f2b3c',
      '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    ]) {
      assert.equal(requestId(id, fresh), id)
    }
    for (const text of [
      undefined,
      '',
      'Ada Specimen',
      'HC1:6BF+',
      'shc:/5676',
      '1985-03-14T00:00:00Z',
      'x1'.repeat(60),
    ]) {
      assert.equal(requestId(text, fresh), 'fresh')
    }
  })
})
