import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { pdfFile, pngFile } from '../../support/pictures/files.ts'
import { scene, upright } from '../../support/pictures/scene.ts'
import { symbolOf } from '../../support/pictures/symbols.ts'
import { dose } from '../../support/verdicts.ts'
import { type LinkWorld, openLinkWorld } from './support.ts'

let world: LinkWorld
before(async () => {
  world = await openLinkWorld()
})
after(() => world.close())

async function picture(text: string) {
  const symbol = await symbolOf(text)
  return scene([500, 500], [{ symbol, corners: upright([250, 250], [440, 440]) }])
}
const png = async (text: string) => ({ type: 'image/png', bytes: pngFile(await picture(text)) })
const pdf = async (text: string) => ({ type: 'application/pdf', bytes: await pdfFile([await picture(text)]) })

/** What a certificate, or a bare link, comes to that has one file behind it. */
async function asked({ type, bytes }: { type: string; bytes: Uint8Array }, isBare = false) {
  const embedded = world.sharer.seal(bytes, type)
  world.sharer.offers.set('POST /m', () => ({ body: { files: [{ contentType: type, embedded }] } }))
  const link = world.link('/m')
  return world.ask(isBare ? link : world.certificate(link))
}

const vaccination = dose({ dt: '2026-01-01', ci: 'URN:UVCI:01:XA:OTHER' })

describe('a picture behind a link', () => {
  it('is judged by the certificate on it', async () => {
    for (const file of [await png(world.vaccination()), await pdf(world.vaccination())])
      for (const isBare of [false, true]) {
        const { decision, status, linked, subject } = await asked(file, isBare)
        assert.deepEqual([decision, status, subject?.name], ['accepted', 'VERIFIED', 'Ada Specimen'])
        assert.deepEqual([linked[0]?.contentType, linked[0]?.evaluation?.decision], [file.type, 'accepted'])
      }
  })
  it('with a forged one is not verified', async () => {
    const { decision, status, subject } = await asked(await png(world.vaccination(true)))
    assert.deepEqual([decision, status, subject], ['unverified', 'INVALID_SIGNATURE', undefined])
  })
  it('with certificates of two people is nobody’s yes', async () => {
    const certificate = (fn: string) =>
      world.certificateOf([
        1,
        {
          ver: '1.3.0',
          nam: { fn, fnt: fn.toUpperCase(), gn: 'Ada', gnt: 'ADA' },
          dob: '1985-03-14',
          v: [vaccination],
        },
      ])
    const pages = async (...texts: string[]) => ({
      type: 'application/pdf',
      bytes: await pdfFile(await Promise.all(texts.map(picture))),
    })
    for (const isBare of [false, true]) {
      const same = await asked(await pages(world.vaccination(), certificate('Specimen')), isBare)
      assert.deepEqual([same.decision, same.subject?.name], ['accepted', 'Ada Specimen'])
      const other = await asked(await pages(world.vaccination(), certificate('Other')), isBare)
      assert.deepEqual([other.decision, other.status, other.subject], ['undetermined', 'VERIFIED', undefined])
      assert.ok(other.issues.some((text) => /not about one person/.test(text)))
    }
  })
  it('without one is shown as what it is, or is nobody’s', async () => {
    const file = await png('no certificate')
    const signed = await asked(file)
    assert.deepEqual(
      [signed.decision, signed.status, signed.linked],
      ['undetermined', 'VERIFIED', [{ contentType: 'image/png' }]],
    )
    const bare = await asked(file, true)
    assert.deepEqual([bare.decision, bare.status], ['unverified', 'UNSIGNED_CONTENT'])
  })
  it('that cannot be read is no fault of the question', async () => {
    const broken = {
      type: 'image/png',
      bytes: Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.alloc(50)]),
    }
    const { decision, status } = await asked(broken)
    assert.deepEqual([decision, status], ['undetermined', 'VERIFIED'])
  })
})
