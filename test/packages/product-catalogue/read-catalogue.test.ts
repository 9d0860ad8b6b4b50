import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import fc from 'fast-check'
import { FhirError } from '../../../src/fhir/error.ts'
import { readCatalogueFile } from '../../../src/packages/product-catalogue/read-catalogue.ts'
import { overShared, sharedPath } from '../../support/shared.ts'

const folder = mkdtempSync(join(tmpdir(), 'vidimus-catalogue-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const cases = new URL('./cases/', import.meta.url)

const read = (content: string | Uint8Array) => {
  const path = join(folder, 'catalogue')
  writeFileSync(path, content)
  return readCatalogueFile(path)
}

const textsOf = (error: unknown): string => {
  assert.ok(error instanceof FhirError, String(error))
  assert.ok(error.status === 422 || error.status === 413, `${error.status}`)
  return error.issues.map(({ details, diagnostics }) => `${details?.text} ${diagnostics ?? ''}`).join('\n')
}

describe('a catalogue that is refused, with its places', () => {
  const refused: { name: string; text: string; says: string[] }[] = JSON.parse(
    readFileSync(new URL('refused.json', cases), 'utf8'),
  )
  for (const { name, text, says } of refused)
    it(name, async () => {
      await assert.rejects(read(text), (error) => {
        const told = textsOf(error)
        for (const each of says) assert.ok(told.includes(each), `${each} is not in: ${told}`)
        return true
      })
    })

  it('another encoding, by its line', async () => {
    const latin1 = Buffer.from('Id,Status,CommercialName\nx,Prequalified,ok\ny,Prequalified,Minist\xe8re\n', 'latin1')
    await assert.rejects(read(latin1), (error) => textsOf(error).includes('line 3: the file is not UTF-8'))
    const json = Buffer.from('{"FinishedVaccineProducts":\n["\xe8"]}', 'latin1')
    await assert.rejects(read(json), (error) => textsOf(error).includes('line 2: the file is not UTF-8'))
    await assert.rejects(read(Buffer.from('\ufeffId,Status', 'utf16le')), (error) => textsOf(error).includes('UTF-16'))
  })

  it('100 MB, without reading them', async () => {
    const path = join(folder, 'large')
    writeFileSync(path, '')
    truncateSync(path, 104_857_600)
    await assert.rejects(readCatalogueFile(path), (error) => textsOf(error).includes('has 105 MB'))
  })

  it('a file that is wrong from its first row to its last, read no further than is worth telling', async () => {
    const rows = '"\n'.repeat(2_000_000)
    await assert.rejects(read(`Id,Status\n${rows}`), (error) => textsOf(error).includes('and 980 more'))
  })

  it('more products than any catalogue has', async () => {
    const rows = Array.from({ length: 20_001 }, (_, n) => `p${n},Prequalified`).join('\n')
    await assert.rejects(read(`Id,Status\n${rows}\n`), (error) => textsOf(error).includes('more than 20000'))
  })

  it('a fault in every row: twenty are named, the others counted', async () => {
    const rows = Array.from({ length: 50 }, () => ',Prequalified').join('\n')
    await assert.rejects(read(`Id,Status\n${rows}\n`), (error) => textsOf(error).includes('and 30 more'))
  })
})

describe('a catalogue that is read', () => {
  it('tells of a product what the publisher tells', async () => {
    const { products, remarks } = await readCatalogueFile(new URL('catalogue.json', cases).pathname)
    assert.equal(products.length, 8)
    assert.deepEqual(remarks, [])
    assert.deepEqual(products[0], {
      kind: 'vaccine',
      id: 'a3KXX0000000001AAA',
      name: 'Fevrisal, 10 doses',
      listing: 'FVP-X-1',
      status: 'Prequalified',
      listedSince: '2015-03-01',
      type: { code: 'YF', display: 'Yellow fever vaccine (live attenuated)' },
      holder: { code: '0013XX0000000001AA', display: 'Specimen Biologicals', country: 'XXA' },
      manufacturers: [
        { code: '0013XX0000000002AA', display: 'Specimen Fill and Finish' },
        { code: '0013XX0000000001AA', display: 'Specimen Biologicals' },
      ],
      authority: { code: '0013XX0000000009AA', display: 'Specimen Medicines Authority' },
      presentation: 'Vial',
      form: 'Liquid: Ready to use',
      route: 'Subcutaneous',
      shelfLife: '36 months',
      storage: '-20°C',
      doses: 10,
      published: '2026-02-01T08:00:00.000Z',
      euCodes: [],
      place: 'row 1 (line 3)',
    })
    assert.deepEqual(products.map(({ status, type }) => [status, type?.code]).slice(2, 4), [
      ['Suspended', 'YF'],
      ['Withdrawn: Was Prequalified', undefined],
    ])
  })

  it('as CSV says the same as JSON; kinds stand in a column', async () => {
    const csv = await readCatalogueFile(new URL('catalogue.csv', cases).pathname)
    const json = await readCatalogueFile(new URL('catalogue.json', cases).pathname)
    const { place: _, manufacturers: _m, ...first } = { ...csv.products[0], place: '' }
    const { place: _p, manufacturers: _n, ...same } = { ...json.products[0], place: '' }
    assert.deepEqual(first, same)
    assert.deepEqual(
      csv.products.map(({ kind, id, name }) => [kind, id, name]),
      [
        ['vaccine', 'a3KXX0000000001AAA', 'Fevrisal, 10 doses'],
        ['commodity', 'c-0001', 'Auto-disable syringe, "0.5 ml"'],
        ['test-device', '9901', 'Specimen antigen test'],
        ['vaccine', 'a3KXX0000000021AAA', 'Comirnaty, 6 doses'],
      ],
    )
    assert.deepEqual(csv.products[3]?.euCodes, ['EU/1/20/1528'])
  })

  it('with semicolons, a byte order mark and line ends of Windows', async () => {
    const { products } = await read('\ufeffId;Status;Date of Prequalification\r\nx;Prequalified;2020-02-29\r\n')
    assert.deepEqual([products[0]?.id, products[0]?.listedSince], ['x', '2020-02-29'])
  })

  it('tells of members and columns that are not known', async () => {
    const json = await read(
      '{"FinishedVaccineProducts": [{"ProductDetails": {"Identification": {"Id": "x"}, "Status": "Suspended", "Colour": "red"}, "More": {"a": 1}}], "Other": 1}',
    )
    const told = json.remarks.map((each) => each.details?.text).join('\n')
    for (const each of ['member Other', 'member ProductDetails.Colour', 'member More'])
      assert.ok(told.includes(each), told)
    const csv = await read('Id,Status,Colour\nx,Suspended,red\n')
    assert.match(csv.remarks[0]?.details?.text ?? '', /line 1: the column 'Colour' is not known/)
  })

  it('tells when the database has more than the file lists', async () => {
    const { remarks } = await read(
      '{"FinishedVaccineProducts": [{"ProductDetails": {"Identification": {"Id": "x"}, "Status": "Suspended"}}], "AdditionalInfo": {"TotalRecords": 9}}',
    )
    assert.match(remarks[0]?.details?.text ?? '', /has 9 products, and the file lists 1/)
  })

  it('leaves a count out that is none, and tells', async () => {
    const { products, remarks } = await read('Id,Status,No. of doses\nx,Suspended,ten\n')
    assert.equal(products[0]?.doses, undefined)
    assert.match(remarks[0]?.details?.text ?? '', /row 1 \(line 2\): .* is no count and was left out/)
  })

  it('of test devices in the shape of the JRC', async () => {
    const device = {
      id_device: '9902',
      commercial_name: 'Rapid Specimen',
      manufacturer: { id_manufacturer: '77', name: 'Specimen Diagnostics', country: 'Utopia', website: null },
      ce_marking: 'Yes',
      hsc_common_list: true,
      hsc_mutual_recognition: false,
      last_updated: '2021-11-11 10:00:00 CET',
      hsc_list_history: [
        { list_date: '2021-06-15 09:00:00 CET', in_common_list: true, in_mutual_recognition: false },
        { list_date: '2021-02-17 09:00:00 CET', in_common_list: true, in_mutual_recognition: false },
        { list_date: '2021-01-01 09:00:00 CET', in_common_list: false, in_mutual_recognition: false },
      ],
    }
    const { products, remarks, date } = await read(
      JSON.stringify({ extracted_on: '2021-12-01 09:00:00 CET', deviceList: [device] }),
    )
    assert.deepEqual(remarks, [])
    assert.equal(date, '2021-12-01')
    const [found] = products
    assert.deepEqual(
      [found?.status, found?.listedSince, found?.manufacturers],
      ['Listed', '2021-02-17', [{ code: '77', display: 'Specimen Diagnostics', country: 'Utopia' }]],
    )
  })

  it('whatever is sent is read or refused', async () => {
    const text = readFileSync(new URL('catalogue.json', cases), 'utf8')
    const csv = readFileSync(new URL('catalogue.csv', cases), 'utf8')
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(text, csv),
        fc.nat(),
        fc.nat({ max: 40 }),
        fc.string({ unit: 'binary', maxLength: 12 }),
        async (source, at, cut, put) => {
          const place = at % source.length
          const mutant = source.slice(0, place) + put + source.slice(place + cut)
          const found = await read(mutant).catch(textsOf)
          if (typeof found === 'string') assert.notEqual(found.trim(), '')
          else for (const { id, status } of found.products) assert.ok(id !== '' && status !== '')
        },
      ),
      { numRuns: 150 },
    )
  })

  overShared.it('of WHO, 35 products, and of the EU, 88 test devices', async () => {
    const who = await readCatalogueFile(sharedPath('corpora/product-catalogue/prequal.json'))
    assert.equal(who.products.length, 35)
    assert.equal(who.products.filter(({ status }) => status === 'Prequalified').length, 33)
    assert.deepEqual(
      who.remarks.map((each) => each.details?.text),
      [
        'the file: the database says that it has 271 products, and the file lists 35: what it does not list is taken for gone',
      ],
    )
    const eu = await readCatalogueFile(sharedPath('igs/eu-dcc-valuesets/test-manf-example.json'))
    assert.equal(eu.products.length, 88)
    assert.deepEqual(eu.remarks, [])
  })
})
