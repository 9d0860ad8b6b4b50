/** `credentialImage` of `$evaluate` over HTTP: pictures of certificates that were issued here. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { issueHcert } from '../../src/demo/issue-hcert.ts'
import { samplePayload } from '../../src/demo/samples.ts'
import { textParameter } from '../../src/fhir/operation.ts'
import type { Parameters } from '../../src/fhir/types.ts'
import { createPictureReader } from '../../src/images/read-picture.ts'
import { testIssuer } from '../support/issuer.ts'
import { openTestServer } from '../support/loaded-server.ts'
import { type BrokenFile, brokenFile } from '../support/pictures/broken.ts'
import { jpegFile, pdfFile, pngFile } from '../support/pictures/files.ts'
import { programs } from '../support/pictures/programs.ts'
import { type Placed, scene, upright } from '../support/pictures/scene.ts'
import { damagedSymbol, symbolOf } from '../support/pictures/symbols.ts'

const issuer = testIssuer()
const issued = (kind: 'dcc-v' | 'dcc-t' = 'dcc-v') =>
  issueHcert(
    samplePayload(kind, {
      issuer: issuer.country,
      issuedAt: new Date(Date.now() - 86_400_000),
      expires: new Date(Date.now() + 86_400_000),
    }),
    issuer.signer,
  )

async function pictureOf(...texts: string[]) {
  const placed: Placed[] = []
  for (const [index, text] of texts.entries())
    placed.push({
      symbol: await symbolOf(text, 'QRCode', 'ecLevel=Q'),
      corners: upright([350 + 700 * index, 350], [540, 540], 4 - 7 * index),
    })
  return scene([700 * texts.length, 700], placed, { blur: 0.7, noise: 8 })
}

const wrong: [name: string, file: BrokenFile, contentType: string | undefined, status: number, says: RegExp][] = [
  ['that says another type is 400', { make: 'png' }, 'image/jpeg', 400, /the bytes are PNG/],
  ['of too many pixels is 422', { make: 'png-header', width: 9000, height: 9000 }, undefined, 422, /24 megapixels/],
  ['of 1,000 codes is 422', { make: 'many-codes', count: 1000 }, undefined, 422, /more than 50 codes/],
  ['of 200 pages is 422', { make: 'pdf-pages', count: 200 }, undefined, 422, /more than 5 pages/],
]

describe('$evaluate of a picture', () => {
  let opened: Awaited<ReturnType<typeof openTestServer>>
  let base = ''
  const files = new Map<string, Uint8Array>()
  before(async () => {
    // Made before anything is sent: what takes seconds would hold up the server in this process.
    for (const [name, file] of wrong) files.set(name, await brokenFile(file))
    opened = await openTestServer()
    base = await opened.server.listen()
  })
  after(() => opened.close())

  const send = async (body: string, contentType = 'application/fhir+json') => {
    const response = await fetch(`${base}/fhir/$evaluate`, {
      method: 'POST',
      // A connection of its own: drawing the next picture holds up this process, in which a server closes one that waits.
      headers: { 'Content-Type': contentType, Accept: 'application/fhir+json', Connection: 'close' },
      body,
    })
    return {
      status: response.status,
      reply: (await response.json()) as Parameters & { issue?: { details?: { text?: string } }[] },
    }
  }
  const questionOf = (data: Uint8Array, contentType?: string) =>
    JSON.stringify({
      resourceType: 'Parameters',
      parameter: [
        {
          name: 'credentialImage',
          valueAttachment: {
            ...(contentType === undefined ? {} : { contentType }),
            data: Buffer.from(data).toString('base64'),
          },
        },
        { name: 'trustAnchor', valueBase64Binary: issuer.anchor },
      ],
    })
  const verdict = ({ status, reply }: Awaited<ReturnType<typeof send>>) => [
    status,
    textParameter(reply, 'decision'),
    textParameter(reply, 'status'),
  ]

  it('is that of its code', async () => {
    const answer = await send(questionOf(await jpegFile(await pictureOf(issued()), { quality: 50 }), 'image/jpeg'))
    assert.deepEqual(verdict(answer), [200, 'accepted', 'VERIFIED'])
  })

  it('of more than a megabyte, in JSON and in XML', async () => {
    const noisy = scene(
      [1400, 1400],
      [{ symbol: await symbolOf(issued(), 'QRCode', 'ecLevel=Q'), corners: upright([700, 700], [1000, 1000]) }],
      { noise: 30 },
    )
    const file = pngFile(noisy, { colour: 2 })
    assert.ok(file.length > 1_500_000)
    assert.deepEqual(verdict(await send(questionOf(file))), [200, 'accepted', 'VERIFIED'])
    const xml = `<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="credentialImage"/><valueAttachment><data value="${Buffer.from(file).toString('base64')}"/></valueAttachment></parameter><parameter><name value="trustAnchor"/><valueBase64Binary value="${issuer.anchor}"/></parameter></Parameters>`
    assert.deepEqual(verdict(await send(xml, 'application/fhir+xml')), [200, 'accepted', 'VERIFIED'])
  })

  it('of two certificates is that of the less favourable', async () => {
    const [good, forged] = [issued(), `${issued('dcc-t').slice(0, -6)}AAAAAA`]
    const { reply, status } = await send(questionOf(pdfFile([await pictureOf(good, forged)])))
    assert.deepEqual([status, textParameter(reply, 'decision')], [200, 'unverified'])
    assert.equal(reply.parameter?.filter(({ name }) => name === 'evaluation').length, 2)
  })

  it('with a code beside it that cannot be read is never accepted', async () => {
    const damaged = damagedSymbol(await symbolOf('HC1:'.padEnd(500, 'X'), 'QRCode', 'ecLevel=L'))
    const read = createPictureReader(programs)
    // A picture on which the damaged code is noticed (how often it is, the reader's own tests say): signatures differ in every run.
    for (let turn = 0; ; turn++) {
      assert.ok(turn < 3, 'noticed on none of three pictures')
      const picture = scene(
        [1400, 700],
        [
          { symbol: await symbolOf(issued(), 'QRCode', 'ecLevel=Q'), corners: upright([350, 350], [540, 540], 3) },
          { symbol: damaged, corners: upright([1050, 350], [540, 540], -3) },
        ],
      )
      const data = pngFile(picture)
      const reading = await read({ data })
      if (!('codes' in reading) || reading.unread === undefined) continue
      assert.deepEqual(verdict(await send(questionOf(data))), [200, 'undetermined', 'VERIFIED'])
      return
    }
  })

  it('without a code is NOT_SUPPORTED', async () => {
    const answer = await send(questionOf(pngFile(scene([500, 400], [], { noise: 20 }))))
    assert.deepEqual(verdict(answer), [200, 'unverified', 'NOT_SUPPORTED'])
  })

  it('whose bytes are no picture is NOT_SUPPORTED', async () => {
    assert.deepEqual(verdict(await send(questionOf(Buffer.from('no picture')))), [200, 'unverified', 'NOT_SUPPORTED'])
  })

  for (const [name, , contentType, status, says] of wrong) {
    it(name, async () => {
      const answer = await send(questionOf(files.get(name) ?? new Uint8Array(), contentType))
      assert.equal(answer.status, status)
      assert.match(answer.reply.issue?.[0]?.details?.text ?? '', says)
    })
  }

  it('by an address is refused: nothing is fetched', async () => {
    const parameter = [{ name: 'credentialImage', valueAttachment: { url: 'https://example.org/a.png' } }]
    const { status } = await send(JSON.stringify({ resourceType: 'Parameters', parameter }))
    assert.equal(status, 400)
  })

  it('of more than 10 MB is refused before it is decoded', async () => {
    const { status } = await send(questionOf(Buffer.alloc(10_900_000)))
    assert.equal(status, 413)
  })

  it('a long question without a picture is refused as ever', async () => {
    const parameter = Array.from({ length: 300 }, () => ({ name: 'credentialPart', valueString: 'x'.repeat(5_000) }))
    const { status } = await send(JSON.stringify({ resourceType: 'Parameters', parameter }))
    assert.equal(status, 413)
  })
})
