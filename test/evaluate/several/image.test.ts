import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import supertest from 'supertest'
import { allParameters, textParameter } from '../../../src/fhir/operation.ts'
import type { Parameter, Parameters } from '../../../src/fhir/types.ts'
import type { Grey } from '../../../src/images/grey.ts'
import { pdfFile, pngFile } from '../../support/pictures/files.ts'
import { scene, upright } from '../../support/pictures/scene.ts'
import { symbolOf } from '../../support/pictures/symbols.ts'
import { walkSections } from '../../support/sections.ts'
import { openVerdicts } from '../../support/verdicts.ts'
import { credentialsOf, type Made, type Shown, surroundings, textsOf } from './credentials.ts'

const { ask, http } = await openVerdicts()

interface PictureCase {
  codes: Shown[]
  /** Instead of a picture. */
  data?: string
  /** Each credential on a page of its own. */
  isPages?: true
  further?: Made[]
  /** Name on the ID document. */
  identity?: string
  decision: string
  status?: string
  /** Decisions of the evaluations, sorted. */
  each?: string[]
  count?: number
  says?: string
  is?: string
}

/** A sheet with the codes side by side, three modules a pixel wide each. */
async function sheet(texts: string[]): Promise<Grey> {
  const symbols = await Promise.all(texts.map((text) => symbolOf(text)))
  const side = 3 * Math.max(40, ...symbols.map(({ width }) => width)) + 60
  const columns = Math.max(1, Math.ceil(Math.sqrt(texts.length)))
  const rows = Math.max(1, Math.ceil(texts.length / columns))
  const placed = symbols.map((symbol, at) => {
    const middle: [number, number] = [side * ((at % columns) + 0.5), side * (Math.floor(at / columns) + 0.5)]
    return { symbol, corners: upright(middle, [3 * symbol.width, 3 * symbol.height]) }
  })
  // Of the shape of a page, which is filled by its picture.
  return scene([side * columns, Math.max(side * rows, Math.ceil((side * columns * 842) / 595))], placed)
}

const attachment = (file: Uint8Array | string, contentType = 'image/png'): Parameter => ({
  name: 'credentialImage',
  valueAttachment: { contentType, data: typeof file === 'string' ? file : Buffer.from(file).toString('base64') },
})

async function pictureOf({ codes, data, isPages }: PictureCase): Promise<Parameter> {
  if (data !== undefined) return attachment(data)
  const texts = credentialsOf(codes)
  if (!isPages) return attachment(pngFile(await sheet(texts.flat())))
  return attachment(pdfFile(await Promise.all(texts.map(sheet))), 'application/pdf')
}

const questionOf = (...parameter: Parameter[]): Parameters => ({
  resourceType: 'Parameters',
  parameter: [...parameter, ...surroundings],
})

walkSections<PictureCase>('pictures.json', import.meta.url, async (each) => {
  const further = (each.further ?? []).map((made) => ({
    name: 'furtherCredential',
    part: textsOf(made).map((valueString, at) => ({ name: at === 0 ? 'credential' : 'credentialPart', valueString })),
  }))
  const identity = each.identity
    ? [
        {
          name: 'identity',
          part: [
            { name: 'name', valueString: each.identity },
            { name: 'birthDate', valueDate: '1985-03-14' },
          ],
        },
      ]
    : []
  const { http, decision, status, issues, text, body } = await ask(
    questionOf(await pictureOf(each), ...further, ...identity),
  )
  assert.equal(http, 200, text.slice(0, 500))
  assert.equal(status, each.status ?? 'VERIFIED', issues.join('\n'))
  assert.equal(decision, each.decision, issues.join('\n'))
  assert.equal(textParameter(body, 'identity'), each.is)
  if (each.says !== undefined) assert.ok(issues.join('\n').includes(each.says), issues.join('\n'))
  const inner = allParameters(body, 'evaluation').map(({ resource }) => resource as Parameters)
  if (each.each) assert.deepEqual(inner.map((reply) => textParameter(reply, 'decision')).sort(), each.each)
  if (each.count !== undefined) assert.equal(inner.length, each.count)
  // Beside the evaluations of several nothing of the content of any is told.
  if (each.each)
    for (const name of ['subject', 'content', 'coreDataSet', 'rule'])
      assert.equal(allParameters(body, name).length, 0, name)
})

describe('a picture in a question', () => {
  it('is refused where the question is wrong', async () => {
    const good = attachment('AAAA')
    const cases: [number, string, Parameter[]][] = [
      [400, 'Either credential or', [good, { name: 'credential', valueString: 'x' }]],
      [400, 'Either credentialPart or', [good, { name: 'credentialPart', valueString: 'x' }]],
      [400, 'Either credentialData or', [good, { name: 'credentialData', valueBase64Binary: 'AAAA' }]],
      [400, 'once', [good, good]],
      [
        400,
        'not fetched',
        [
          {
            name: 'credentialImage',
            valueAttachment: { contentType: 'image/png', url: 'https://example.org/code.png' },
          },
        ],
      ],
      [
        400,
        'not fetched',
        [{ name: 'credentialImage', valueAttachment: { data: 'AAAA', url: 'https://example.org/code.png' } }],
      ],
      [400, 'no data', [{ name: 'credentialImage', valueAttachment: { contentType: 'image/png' } }]],
      [422, 'valueAttachment', [{ name: 'credentialImage', valueBase64Binary: 'AAAA' }]],
    ]
    for (const [status, says, parameters] of cases) {
      const { http, text } = await ask(questionOf(...parameters))
      assert.equal(http, status, text)
      assert.ok(text.includes(says), `${says}: ${text}`)
    }
  })

  it('more credentials than one question may have are refused', async () => {
    const texts = Array.from({ length: 21 }, (_, at) => `HC1:${at}`)
    const { http, text } = await ask(questionOf(attachment(pngFile(await sheet(texts)))))
    assert.equal(http, 400, text)
    assert.match(text, /too-costly/)
  })

  it('NDJSON and batch answer the same', async () => {
    const question = questionOf(
      attachment(pngFile(await sheet([...textsOf({ dcc: {} }), ...textsOf({ specimen: 'dcc-t' })]))),
    )
    const plain = await ask(question)
    assert.equal(plain.decision, 'accepted')
    const lines = await supertest(http)
      .post('/fhir/$evaluate')
      .set('Content-Type', 'application/fhir+ndjson')
      .send(`${JSON.stringify(question)}\n`)
    assert.deepEqual(JSON.parse(lines.text), plain.body)
    const entry = [{ request: { method: 'POST', url: '$evaluate' }, resource: question }]
    const batch = await supertest(http)
      .post('/fhir')
      .set('Content-Type', 'application/fhir+json')
      .send(JSON.stringify({ resourceType: 'Bundle', type: 'batch', entry }))
    assert.deepEqual(batch.body.entry[0].resource, plain.body)
  })
})
