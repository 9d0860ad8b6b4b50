import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { isJsonObject } from '../../../../src/base/json.ts'
import { FhirError, issue } from '../../../../src/fhir/error.ts'
import { allParameters, parameterValue } from '../../../../src/fhir/operation.ts'
import type { CodeSystem, Parameter, Parameters, ValueSet } from '../../../../src/fhir/types.ts'
import type { Gate } from '../../../../src/publish/import/candidate.ts'
import type { Alone } from '../../../../src/publish/import/in-turn.ts'
import { importCatalogue } from '../../../../src/publish/import/product-catalogue/import-catalogue.ts'
import { countEntries, type ImportReport } from '../../../../src/publish/import/report.ts'
import type { VidimusServer } from '../../../../src/server.ts'
import { openTestServer } from '../../../support/loaded-server.ts'
import { overShared, sharedPath } from '../../../support/shared.ts'

const cases = new URL('../../../packages/product-catalogue/cases/', import.meta.url)
const catalogue = new URL('catalogue.json', cases).pathname
const folder = mkdtempSync(join(tmpdir(), 'vidimus-catalogue-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const products = 'http://smart.who.int/pcmt-vaxprequal/CodeSystem/PreQualProductIds'
const own = (type: string, id: string) => `http://vidimus.org/fhir/${type}/${id}`
const id = (n: number) => `a3KXX000000000${n}AAA`

/** A server of its own for a test, and what is asked of it. */
async function opened() {
  const { server, close } = await openTestServer()
  after(close)
  const { storage, publish } = server
  const load = (path = catalogue, dryRun = false, alone?: Alone) =>
    importCatalogue(path, {
      storage,
      gate: publish,
      now: new Date('2026-06-01'),
      dryRun,
      ...(alone ? { alone } : {}),
    })
  return { server, load }
}

type Row = { ProductDetails: Record<string, unknown> & { Identification: { Id: string } } }

/** The catalogue with other rows. */
function changed(change: (rows: Row[]) => Row[]): string {
  const whole = JSON.parse(readFileSync(catalogue, 'utf8'))
  whole.FinishedVaccineProducts = change(whole.FinishedVaccineProducts)
  whole.AdditionalInfo.TotalRecords = whole.FinishedVaccineProducts.length
  const path = join(folder, 'changed.json')
  writeFileSync(path, JSON.stringify(whole))
  return path
}

const parametersOf = (given: Record<string, string>): Parameters => ({
  resourceType: 'Parameters',
  parameter: Object.entries(given).map(([name, valueString]) => ({ name, valueString })),
})

async function members(server: VidimusServer, set: string): Promise<string[]> {
  const { terminology } = server
  const expanded: ValueSet = await terminology.expand(parametersOf({ url: own('ValueSet', set) }))
  return (expanded.expansion?.contains ?? []).map(({ code = '' }) => code).sort()
}

async function propertiesOf(server: VidimusServer, code: string): Promise<Record<string, unknown>> {
  const { terminology } = server
  const found = await terminology.lookup(parametersOf({ system: products, code, property: '*' }))
  const partOf = ({ part = [] }: Parameter, name: string) => part.find((each) => each.name === name)
  return Object.fromEntries(
    allParameters(found, 'property').map((each) => {
      const value = parameterValue(partOf(each, 'value'))
      return [String(parameterValue(partOf(each, 'code'))), isJsonObject(value) ? value.display : value]
    }),
  )
}

async function versionsOf(server: VidimusServer): Promise<string[]> {
  const found = await server.storage.findCanonical('CodeSystem', products)
  return found.map((each) => (each as CodeSystem).version ?? '')
}

const failed = (report: ImportReport) => report.entries.filter(({ status, isDraft }) => status === 'failed' || isDraft)

describe('a product catalogue in the store', () => {
  it('is imported when it is its turn, and not when another has taken that over', async () => {
    const { server, load } = await opened()
    const stored = async () => (await server.storage.count()).CodeSystem ?? 0
    const before = await stored()
    const late: Alone = (work) => work(async () => false)
    await assert.rejects(load(catalogue, false, late), { status: 409 })
    assert.equal(await stored(), before)
    const turn = Promise.withResolvers<void>()
    const inTurn: Alone = async (work) => {
      await turn.promise
      return work(async () => true)
    }
    const loading = load(catalogue, false, inTurn)
    const first = await load()
    turn.resolve()
    // What the first has stored is what the second, which was begun before it, looks at.
    assert.deepEqual(failed(await loading), [])
    assert.deepEqual([...new Set((await loading).entries.map(({ status }) => status))], ['unchanged'])
    assert.deepEqual(failed(first), [])
  })

  it('is ordinary terminology: look-up, value sets by type and status, translation', async () => {
    const { server, load } = await opened()
    const report = await load()
    assert.deepEqual(failed(report), [])
    assert.deepEqual(await propertiesOf(server, id(1)), {
      status: 'Prequalified',
      inactive: false,
      kind: 'vaccine',
      prequalificationDate: '2015-03-01',
      vaccineType: 'Yellow fever vaccine (live attenuated)',
      manufacturer: 'Specimen Fill and Finish',
      holder: 'Specimen Biologicals',
      nra: 'Specimen Medicines Authority',
      presentation: 'Vial',
      doses: 10,
      listing: 'FVP-X-1',
      form: 'Liquid: Ready to use',
      route: 'Subcutaneous',
      shelfLife: '36 months',
      storage: '-20°C',
      published: '2026-02-01T08:00:00.000Z',
    })
    assert.deepEqual(await members(server, 'catalogue-vaccines'), [1, 2, 3, 4, 5, 6, 7, 8].map(id))
    assert.deepEqual(await members(server, 'prequalified-vaccines'), [1, 2, 5, 6, 7, 8].map(id))
    assert.deepEqual(await members(server, 'not-prequalified-vaccines'), [3, 4].map(id))
    assert.deepEqual(await members(server, 'prequalified-vaccines-YF'), [1, 2].map(id))
    assert.deepEqual(await members(server, 'prequalified-vaccines-DT'), [id(7)])
    assert.deepEqual(await members(server, 'prequalified-vaccines-dT'), [id(8)])
  })

  it('maps products to makers, types, ICD-11', async () => {
    const { server, load } = await opened()
    await load()
    const to = async (map: string, code: string, system = products) => {
      const translate = await server.terminology.translator(own('ConceptMap', map))
      return translate(code, system).map((each) => each.display ?? each.code)
    }
    // The holder is one of the two who make it, and stands for the product.
    assert.deepEqual(await to('product-to-manufacturer', id(1)), ['Specimen Biologicals'])
    assert.deepEqual(await to('product-to-name', id(3)), ['Amarilex, 10 doses'])
    assert.deepEqual(await to('product-to-vaccine-type', id(3)), ['Yellow fever vaccine (live attenuated)'])
    // What is not prequalified has no type there: the code is handed on.
    assert.deepEqual(await to('prequalified-product-to-vaccine-type', id(3)), [id(3)])
    const type = 'http://smart.who.int/pcmt-vaxprequal/CodeSystem/PreQualVaccineType'
    assert.deepEqual(await to('vaccine-type-to-icd-11', 'YF', type), ['Yellow fever vaccines'])
    // What is known without a catalogue stays known.
    const shipped = 'YellowFeverProductd2c75a15ed309658b3968519ddb31690'
    assert.deepEqual(await to('product-to-manufacturer', shipped), ['Chumakov Federal Scientific Center'])
  })

  it('counts before the shorter list of its publisher, and knows other ids of his', async () => {
    const { server, load } = await opened()
    const theirs: CodeSystem = {
      resourceType: 'CodeSystem',
      id: 'PreQualProductIds',
      url: products,
      version: '0.2.0',
      status: 'active',
      content: 'complete',
      caseSensitive: false,
      concept: [{ code: id(1), display: 'FVP-X-1' }],
    }
    await server.storage.write([{ method: 'PUT', type: 'CodeSystem', id: 'PreQualProductIds', resource: theirs }])
    await load()
    assert.equal((await propertiesOf(server, id(1))).prequalificationDate, '2015-03-01')
    const { status } = await propertiesOf(server, 'YellowFeverProductd2c75a15ed309658b3968519ddb31690')
    assert.equal(status, 'OtherId')
    assert.equal((await members(server, 'not-prequalified-vaccines')).length, 2)
  })

  it('again changes nothing', async () => {
    const { server, load } = await opened()
    await load()
    const before = await server.storage.count()
    const { loaded, updated, unchanged } = countEntries(await load())
    assert.deepEqual([loaded, updated], [0, 0])
    assert.ok(unchanged > 0)
    assert.deepEqual(await server.storage.count(), before)
    assert.deepEqual(await versionsOf(server), ['2026.2.1-1'])
  })

  it('can be tried: what would be stored is told, and nothing is', async () => {
    const { server, load } = await opened()
    const before = await server.storage.count()
    const report = await load(catalogue, true)
    assert.equal(report.isDryRun, true)
    assert.ok(countEntries(report).loaded > 10)
    assert.deepEqual(await server.storage.count(), before)
  })

  it('keeps what has gone, inactive; what was published stays as it was', async () => {
    const { server, load } = await opened()
    await load()
    const report = await load(changed((rows) => rows.filter((each) => each.ProductDetails.Identification.Id !== id(1))))
    assert.match(JSON.stringify(report.issues), /no longer listed, and inactive from now on: a3KXX0000000001AAA/)
    assert.deepEqual(await versionsOf(server), ['2026.2.1-2', '2026.2.1-1'])
    const { status, inactive, manufacturer } = await propertiesOf(server, id(1))
    assert.deepEqual([status, inactive, manufacturer], ['NotListed', true, 'Specimen Fill and Finish'])
    assert.deepEqual(await members(server, 'prequalified-vaccines-YF'), [id(2)])
    assert.deepEqual(await members(server, 'catalogue-vaccines'), [1, 2, 3, 4, 5, 6, 7, 8].map(id))
    // It comes back.
    await load()
    assert.deepEqual(await members(server, 'prequalified-vaccines-YF'), [1, 2].map(id))
    assert.equal((await versionsOf(server))[0], '2026.2.1-3')
  })

  it('keeps what was told of a product of which only its withdrawal is told now', async () => {
    const { server, load } = await opened()
    await load()
    const withdrawn = { Status: 'Withdrawn: Was Prequalified', LastPublishingDate: '2026-03-05T08:00:00.000Z' }
    await load(
      changed(([first, ...rows]) => [
        ...(first ? [{ ProductDetails: { Identification: first.ProductDetails.Identification, ...withdrawn } }] : []),
        ...rows,
      ]),
    )
    const { status, inactive, prequalificationDate, vaccineType } = await propertiesOf(server, id(1))
    assert.deepEqual([status, inactive], ['WithdrawnWasPrequalified', true])
    assert.deepEqual([prequalificationDate, vaccineType], ['2015-03-01', 'Yellow fever vaccine (live attenuated)'])
    assert.deepEqual(await members(server, 'prequalified-vaccines-YF'), [id(2)])
    assert.equal((await versionsOf(server))[0], '2026.3.5-1')
  })

  it('refuses a file that is older than what is stored, and stores nothing of it', async () => {
    const { server, load } = await opened()
    await load()
    const before = await server.storage.count()
    const older = changed((rows) => {
      for (const each of rows.slice(0, 1)) each.ProductDetails.LastPublishingDate = '2025-01-01T00:00:00.000Z'
      return rows.slice(0, 3)
    })
    await assert.rejects(
      load(older),
      (error) => error instanceof FhirError && /row 1 .*the file is older/.test(error.message),
    )
    assert.deepEqual(await server.storage.count(), before)
  })

  it('an entry that does not tell its day takes out of use, and puts nothing back or otherwise', async () => {
    const { server, load } = await opened()
    await load()
    const first = (change: (details: Row['ProductDetails']) => void) =>
      changed((rows) => {
        for (const { ProductDetails } of rows.slice(0, 1)) change(ProductDetails)
        return rows
      })
    const undated = () =>
      first((details) => {
        details.LastPublishingDate = undefined
      })
    assert.equal((await versionsOf(server)).length, 1)
    await load(undated())
    assert.equal((await versionsOf(server)).length, 1, 'it says the same')
    const otherwise = first((details) => {
      details.LastPublishingDate = undefined
      details.DateOfPreQualifiedAcceptance = '2001-01-01'
    })
    const isRefused = (error: unknown) =>
      error instanceof FhirError && /row 1 .*nobody can tell which is newer/.test(error.message)
    await assert.rejects(load(otherwise), isRefused)
    await load(
      first((details) => {
        details.LastPublishingDate = undefined
        details.Status = 'Withdrawn: Was Prequalified'
      }),
    )
    assert.equal((await propertiesOf(server, id(1))).inactive, true)
    await assert.rejects(load(undated()), isRefused)
    const older = first((details) => {
      details.LastPublishingDate = '2020-01-01T00:00:00.000Z'
    })
    await assert.rejects(load(older), (error) => error instanceof FhirError && /the file is older/.test(error.message))
    assert.equal((await propertiesOf(server, id(1))).inactive, true)
  })

  it('stores all or nothing: a name that others have published stands in the way of everything', async () => {
    const { server, load } = await opened()
    const before = await server.storage.count()
    const { publish, storage } = server
    const gate: Gate = {
      ...publish,
      displaces: async ({ resourceType }) =>
        resourceType === 'ValueSet' ? issue('conflict', 'something stands in the way') : undefined,
    }
    await assert.rejects(
      importCatalogue(catalogue, { storage, gate, now: new Date('2026-06-01') }),
      (error) => error instanceof FhirError && error.status === 422 && /Nothing was stored/.test(error.message),
    )
    assert.deepEqual(await server.storage.count(), before)
    assert.deepEqual(failed(await load()), [])
  })

  it('has kinds of their own, and the codes of the EU', async () => {
    const { server, load } = await opened()
    await load(new URL('catalogue.csv', cases).pathname)
    assert.deepEqual(await members(server, 'prequalified-commodities'), ['c-0001'])
    assert.deepEqual(await members(server, 'listed-test-devices'), ['9901'])
    const translate = await server.terminology.translator(own('ConceptMap', 'eu-product-to-who-product'))
    const register = 'https://ec.europa.eu/health/documents/community-register/html/'
    assert.deepEqual(
      translate('EU/1/20/1528', register).map(({ code }) => code),
      ['a3KXX0000000021AAA'],
    )
    assert.deepEqual(translate('EU/1/20/1507', register), [])
  })

  overShared.it('of WHO: 35 products beside WHO’s own code system, in the version that counts', async () => {
    const { server, load } = await opened()
    const report = await load(sharedPath('corpora/product-catalogue/prequal.json'))
    assert.deepEqual(failed(report), [])
    assert.equal((await members(server, 'catalogue-vaccines')).length, 35)
    assert.equal((await members(server, 'prequalified-vaccines')).length, 33)
    assert.equal((await members(server, 'prequalified-vaccines-YF')).length, 3)
    assert.equal(countEntries(await load(sharedPath('corpora/product-catalogue/prequal.json'))).loaded, 0)
    const devices = await load(sharedPath('igs/eu-dcc-valuesets/test-manf-example.json'))
    assert.deepEqual(failed(devices), [])
    assert.equal((await members(server, 'catalogue-test-devices')).length, 88)
  })
})
