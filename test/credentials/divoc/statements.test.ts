import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { JsonObject } from '../../../src/base/json-value.ts'
import { knownProofQuads, knownQuads } from '../../../src/credentials/divoc/statements/known-quads.ts'
import { shapes } from '../../../src/credentials/divoc/statements/shapes.ts'
import { signedStatements } from '../../../src/credentials/divoc/statements/statements.ts'
import { tolerantQuads } from '../../../src/json-ld/canonize.ts'
import { credentialContexts, isCredentialContext, SECURITY_V2 } from '../../../src/json-ld/credential-contexts.ts'
import { base, documents, testResult, testV1, vaccination, vaccinationOfV1, vaccinationV1 } from './documents.ts'

const runs = Number(process.env.DIVOC_RUNS ?? 1500)
const contexts = await credentialContexts()
const longWay = (document: object) => tolerantQuads(document, contexts)

/** The short way declines, or gives what the long way gives, and then nothing was dropped. */
async function compare(document: JsonObject): Promise<boolean> {
  const known = knownQuads(document)
  if (known === undefined) return false
  const statements = await longWay(document)
  assert.equal(known, statements?.quads)
  assert.equal(statements?.isWhole, true)
  return true
}

describe('the short way to statements', () => {
  it('takes every kind of certificate, with every member, and agrees with JSON-LD', async () => {
    for (const document of [vaccination(), vaccinationOfV1(), testResult()]) assert.ok(await compare(document))
  })

  it('knows every term that the contexts define for its parts', async () => {
    for (const [url, shape] of shapes) {
      assert.ok(isCredentialContext(url), url)
      const defined: Record<string, { '@context'?: Record<string, unknown> }> = Object(contexts.get(url))['@context']
      const subject = shape.members.get('credentialSubject')?.value
      const evidence = shape.members.get('evidence')?.value
      assert.ok(typeof subject === 'object' && 'one' in subject && typeof evidence === 'object' && 'many' in evidence)
      for (const part of [subject.one, evidence.many]) {
        const terms = Object.keys(defined[part.types[0]?.[0] ?? '']?.['@context'] ?? {})
        assert.deepEqual(terms.filter((term) => !term.startsWith('@')).sort(), [...part.members.keys()].sort())
      }
    }
  })

  it('agrees with JSON-LD on every member of every part', async () => {
    for (const [url, shape] of shapes) {
      const subject = shape.members.get('credentialSubject')?.value
      const evidence = shape.members.get('evidence')?.value
      assert.ok(typeof subject === 'object' && 'one' in subject && typeof evidence === 'object' && 'many' in evidence)
      const partOf = (part: typeof subject.one): JsonObject => ({
        ...(part.types.length > 0 ? { type: part.types.map(([name]) => name) } : {}),
        ...Object.fromEntries(
          [...part.members].map(([name, { value }], at) => [
            name,
            typeof value === 'object' && 'one' in value ? partOf(value.one) : `text ${at}`,
          ]),
        ),
      })
      const document = {
        ...vaccination(),
        '@context': [base, url],
        type: shape.types.map(([name]) => name),
        id: 'urn:uuid:1',
        expirationDate: '2023-01-01T00:00:00Z',
        credentialSubject: { ...partOf(subject.one), id: 'did:x' },
        evidence: [{ ...partOf(evidence.many), id: 'did:y' }],
      }
      assert.ok(await compare(document), url)
    }
  })

  it(`declines or agrees with JSON-LD for ${runs} changed documents, and never takes one of which JSON-LD drops something`, async () => {
    let taken = 0
    const counted = async (document: JsonObject) => {
      if (await compare(document)) taken++
    }
    await fc.assert(fc.asyncProperty(documents, counted), { numRuns: runs })
    assert.ok(taken > runs / 10, `only ${taken} of ${runs} were taken`)
  })

  it('agrees with JSON-LD on proofs, or declines', async () => {
    const text = fc.constantFrom(
      'did:x',
      'x',
      '',
      '2021-01-01',
      'é"\\',
      'https://a/b',
      'schema:a',
      'sec:a',
      '_:b',
      '\n',
    )
    const proofs = fc.record(
      {
        type: fc.constantFrom('RsaSignature2018', 'Ed25519Signature2018', 'RsaVerificationKey2018', 'x'),
        created: text,
        verificationMethod: fc.oneof(text, fc.constantFrom('did:india', 'https://a/b#c')),
        proofPurpose: fc.constantFrom('assertionMethod', 'assertionMethod', 'authentication'),
        nonce: text,
      },
      { requiredKeys: ['type', 'verificationMethod', 'proofPurpose'] },
    )
    let taken = 0
    const property = fc.asyncProperty(proofs, async (proof) => {
      const known = knownProofQuads(proof)
      if (known === undefined) return
      taken++
      const statements = await longWay({ ...proof, '@context': SECURITY_V2 })
      assert.deepEqual(statements, { quads: known, isWhole: true })
    })
    await fc.assert(property, { numRuns: 500 })
    assert.ok(taken > 5)
  })
})

describe('the long way to statements', () => {
  const proof = { type: 'RsaSignature2018', created: 'x', verificationMethod: 'did:x', proofPurpose: 'assertionMethod' }
  const event = () => Object(vaccination().evidence)[0]

  it('is taken for two parts that only their place tells apart, and is whole', async () => {
    const second = { ...event(), id: 'https://issuer.example/vaccine/2' }
    const document = { ...vaccination(), evidence: [event(), second] }
    assert.equal(knownQuads(document), undefined)
    assert.equal((await signedStatements(document, proof))?.isWhole, true)
  })

  it('tells what is dropped: an unknown name, a person without an address of its own', async () => {
    for (const more of [{ note: 'x' }, { credentialSubject: { type: 'Person', id: '', name: 'Ada' } }])
      assert.equal((await signedStatements({ ...vaccination(), ...more }, proof))?.isWhole, false)
    assert.equal((await signedStatements(vaccination(), { ...proof, note: 'x' }))?.isWhole, false)
    assert.equal((await signedStatements(vaccination(), { ...proof, verificationMethod: 'key-1' }))?.isWhole, false)
  })

  it('gives nothing for what is no JSON-LD, and for two contexts that contradict each other', async () => {
    assert.equal(await signedStatements({ ...vaccination(), type: 7 }, proof), undefined)
    const both = { ...vaccination(), '@context': [base, vaccinationV1, testV1] }
    assert.equal(await signedStatements(both, proof), undefined)
  })

  it('ends soon for blank nodes that nothing tells apart', async () => {
    const { id: _, ...blank } = event()
    const twins = Array.from({ length: 10 }, () => structuredClone(blank))
    const answer = await signedStatements({ ...vaccination(), evidence: twins }, proof)
    assert.ok(answer === undefined || answer.isWhole)
  })
})
