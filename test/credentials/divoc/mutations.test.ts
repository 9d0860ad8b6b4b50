import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { readOneFileZip } from '../../../src/credentials/encoding/one-file-zip.ts'
import { divocText } from '../../../src/demo/issue-divoc.ts'
import { tolerantQuads } from '../../../src/json-ld/canonize.ts'
import { credentialContexts } from '../../../src/json-ld/credential-contexts.ts'
import { writeArchive } from './archives.ts'
import { documents, vaccination } from './documents.ts'
import { contentOf, signers, verifyText } from './verify.ts'

/** `DIVOC_RUNS=100000` for a long run. */
const runs = Number(process.env.DIVOC_RUNS ?? 1000)
const content = await contentOf(vaccination(), signers.ed25519)
const good = await verifyText(divocText(content), signers.ed25519)
const { proof } = JSON.parse(String(content))

type Edit = { at: number; byte: number; how: 'set' | 'insert' | 'delete' | 'cut' | 'copy' }
const edits = fc.array(
  fc.record<Edit>({
    at: fc.nat(),
    byte: fc.nat(255),
    how: fc.constantFrom('set', 'set', 'set', 'insert', 'delete', 'cut', 'copy'),
  }),
  { minLength: 1, maxLength: 4 },
)

function edited(bytes: Buffer, changes: Edit[]): Buffer {
  let after = Buffer.from(bytes)
  for (const { at, byte, how } of changes) {
    const place = at % (after.length + 1)
    const [before, behind] = [after.subarray(0, place), after.subarray(place)]
    if (how === 'set' && place < after.length) after[place] = byte
    if (how === 'insert') after = Buffer.concat([before, Buffer.of(byte), behind])
    if (how === 'delete') after = Buffer.concat([before, behind.subarray(1 + (byte % 16))])
    if (how === 'cut') after = Buffer.from(before)
    if (how === 'copy') after = Buffer.concat([before, after.subarray(0, byte), behind])
  }
  return after
}

/** What the proof covers of content: a value under one of two names that are signed as one says the same as under both. */
async function statements(content: unknown): Promise<string | undefined> {
  const { context, ...document } = Object(content)
  return (await tolerantQuads({ '@context': context, ...document }, await credentialContexts()))?.quads
}
const signed = await statements(good.content)

/** Verified only when nothing that is told differs in what was signed. */
async function check(text: string): Promise<void> {
  const verdict = await verifyText(text, signers.ed25519)
  if (verdict.status === 'VERIFIED') assert.equal(await statements(verdict.content), signed)
  else assert.equal(verdict.content, undefined)
}

describe(`DIVOC certificates, ${runs} times changed`, () => {
  it('in the text', () =>
    fc.assert(
      fc.asyncProperty(edits, (changes) => check(edited(Buffer.from(divocText(content)), changes).toString('latin1'))),
      { numRuns: runs },
    ))

  it('in the archive', () =>
    fc.assert(
      fc.asyncProperty(edits, fc.boolean(), (changes, isStored) => {
        const archive = edited(writeArchive(content, isStored ? { method: 0 } : { descriptor: 'signed' }), changes)
        const raw = archive.toString('latin1')
        return check(raw.startsWith('PK\u0003\u0004') ? raw : `B64:${archive.toString('base64')}`)
      }),
      { numRuns: runs },
    ))

  it('in the JSON, with size and CRC as they should be', () =>
    fc.assert(
      fc.asyncProperty(edits, (changes) => check(divocText(edited(content, changes)))),
      { numRuns: runs },
    ))

  it('in the document, under the proof of another', () =>
    fc.assert(
      fc.asyncProperty(documents, async (document) => {
        const verdict = await verifyText(divocText(JSON.stringify({ ...document, proof })), signers.ed25519)
        // What the proof does not tell apart may have been exchanged; the person never.
        if (verdict.status !== 'VERIFIED') return
        const person = (content: unknown) => Object(content).credentialSubject
        const { refId: _1, uhid: _2, ...told } = person(verdict.content)
        const { refId: _3, uhid: _4, ...signed } = person(good.content)
        if (verdict.obstacles.length === 0) assert.deepEqual(told, signed)
      }),
      { numRuns: runs },
    ))

  it('an archive is read or refused with a reason, whatever the bytes', () => {
    const archives = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      edits.map((changes) => edited(writeArchive(Buffer.from('{}')), changes)),
    )
    fc.assert(
      fc.property(archives, (zip) => {
        const read = readOneFileZip(zip, 'certificate.json', 1000)
        if (read instanceof Uint8Array) assert.equal(Buffer.from(read).toString(), '{}')
        else assert.match(read.detail, /^zip: /)
      }),
      { numRuns: runs },
    )
  })
})
