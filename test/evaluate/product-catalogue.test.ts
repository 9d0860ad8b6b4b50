/** What a verdict says of a product of the catalogue, and the worked rule that asks whether it was prequalified on the day of the dose. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { JsonObject } from '../../src/base/json-value.ts'
import { issueHcert } from '../../src/demo/issue-hcert.ts'
import { isOfType } from '../../src/fhir/json.ts'
import { firstParameter } from '../../src/fhir/operation.ts'
import type { Bundle } from '../../src/fhir/types.ts'
import { importPackage } from '../../src/publish/import/import-package.ts'
import { importCatalogue } from '../../src/publish/import/product-catalogue/import-catalogue.ts'
import { changedSpecimen } from '../support/changed-specimen.ts'
import { testIssuer } from '../support/issuer.ts'
import { overShared, sharedPath } from '../support/shared.ts'
import { openVerdicts, type Verdict } from '../support/verdicts.ts'

const catalogue = new URL('../packages/product-catalogue/cases/catalogue.json', import.meta.url).pathname
const rules = new URL('../../docs/rules/rules/', import.meta.url).pathname
const folder = mkdtempSync(join(tmpdir(), 'vidimus-catalogue-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const issuer = testIssuer()
const sample = { issuer: 'XA', issuedAt: new Date('2026-05-31T12:00:00Z'), expires: new Date('2026-12-01') }
const product = (n: number) => `a3KXX000000000${n}AAA`

async function opened() {
  const { server, ask } = await openVerdicts()
  const { storage, publish } = server
  const load = (path: string) => importCatalogue(path, { storage, gate: publish, now: new Date('2026-06-01') })
  const add = async (path: string) => {
    const report = await importPackage({ path }, { storage, gate: publish, canonical: 'http://example.org/fhir' })
    return report.entries.filter(({ status }) => status === 'failed').map(({ file, reason }) => `${file}: ${reason}`)
  }
  /** The verdict of the worked rule on a dose of a product. */
  const judge = (dose: JsonObject): Promise<Verdict> => {
    const whole = { n: 'Ada Specimen', dob: '1985-03-14', s: 'female', nt: 'XXA', id: 'X0000000', v: '0.1.0', vx: dose }
    return ask({
      resourceType: 'Parameters',
      parameter: [
        {
          name: 'credential',
          valueString: issueHcert(changedSpecimen('icvp', { set: { '': whole } }, sample), issuer.signer),
        },
        { name: 'evaluationDateTime', valueDateTime: '2026-06-01T12:00:00Z' },
        { name: 'trustAnchor', valueBase64Binary: issuer.anchor },
        { name: 'planDefinition', valueCanonical: 'http://example.org/fhir/PlanDefinition/yellow-fever-entry' },
      ],
    })
  }
  return { server, load, add, judge }
}

const dose = (vp: string, more: JsonObject = {}): JsonObject => ({
  vp,
  tg: '1D47',
  dv: '2026-05-01',
  is: 'XXA',
  ...more,
})

/** Names of product, maker and vaccine in the core data set, the resources and the evidence of the rule. */
function namesIn({ body, text }: Verdict) {
  const binary = firstParameter(body, 'coreDataSet')?.resource
  const data = isOfType(binary, 'Binary') ? (binary.data ?? '') : ''
  const { vaccination } = JSON.parse(Buffer.from(data, 'base64').toString('utf8'))
  const content = firstParameter(body, 'content')?.resource as Bundle | undefined
  const found = content?.entry?.find(({ resource }) => resource?.resourceType === 'Immunization')?.resource
  assert.ok(isOfType(found, 'Immunization'))
  const { vaccineCode, manufacturer } = found
  return {
    coreDataSet: [vaccination.brand.display, vaccination.manufacturer?.display, vaccination.vaccine.display],
    content: [vaccineCode.coding?.[1]?.display, manufacturer?.display, vaccineCode.coding?.[0]?.display],
    isInEvidence: (name: string) => text.includes(name),
  }
}

describe('a product of the catalogue in a verdict', async () => {
  const { load, add, judge } = await opened()
  before(async () => {
    await load(catalogue)
    assert.deepEqual(await add(rules), [])
  })

  it('is shown by name: product, maker, kind of vaccine', async () => {
    const verdict = await judge(dose(product(1)))
    assert.equal(verdict.decision, 'accepted', verdict.text)
    const { coreDataSet, content, isInEvidence } = namesIn(verdict)
    assert.deepEqual(coreDataSet, ['Fevrisal, 10 doses', 'Specimen Biologicals', 'Yellow fever vaccines'])
    assert.deepEqual(content, coreDataSet)
    assert.ok(isInEvidence('Fevrisal') && isInEvidence('Specimen Biologicals'))
  })

  it('a maker that the certificate names is not written over', async () => {
    const { coreDataSet } = namesIn(await judge(dose(product(1), { ma: 'Another Maker' })))
    assert.equal(coreDataSet[1], 'Another Maker')
  })

  const never: [what: string, dose: JsonObject][] = [
    ['prequalified after the dose', dose(product(2), { dv: '2026-04-09' })],
    ['suspended', dose(product(3))],
    ['withdrawn, and nothing else is told of it', dose(product(4))],
    ['of another vaccine than the disease says', dose(product(5))],
    ['of another vaccine, and no disease is told', { vp: product(5), dv: '2026-05-01', is: 'XXA' }],
    ['in no catalogue', dose('a3KXX0000000099AAA')],
    ['in no catalogue, called by a digest', dose('YellowFeverProductd2c75a15ed309658b3968519ddb31690')],
    ['not told', { tg: '1D47', dv: '2026-05-01', is: 'XXA', mp: 'x' }],
  ]
  for (const [what, given] of never)
    it(`is never accepted when it is ${what}`, async () => {
      const { decision, text } = await judge(given)
      assert.ok(decision === 'rejected' || decision === 'undetermined', text)
    })

  it('counts from the day of its prequalification', async () => {
    assert.equal((await judge(dose(product(2), { dv: '2026-04-10' }))).decision, 'accepted')
  })
})

describe('a product that has gone', async () => {
  const { load, add, judge } = await opened()

  it('is still shown by name, and accepted no more', async () => {
    await load(catalogue)
    assert.deepEqual(await add(rules), [])
    assert.equal((await judge(dose(product(1)))).decision, 'accepted')
    const whole = JSON.parse(readFileSync(catalogue, 'utf8'))
    const path = join(folder, 'without.json')
    writeFileSync(path, JSON.stringify({ FinishedVaccineProducts: whole.FinishedVaccineProducts.slice(1) }))
    await load(path)
    const verdict = await judge(dose(product(1)))
    assert.equal(verdict.decision, 'rejected', verdict.text)
    assert.equal(namesIn(verdict).coreDataSet[0], 'Fevrisal, 10 doses')
  })
})

overShared.describe('WHO’s catalogue beside WHO’s packages', async () => {
  const { load, add, judge } = await opened()
  before(async () => {
    await add(sharedPath('igs/pcmt-vaxprequal'))
    await add(sharedPath('igs/smart.who.int.icvp-0.3.0.tgz'))
    await load(sharedPath('corpora/product-catalogue/prequal.json'))
    assert.deepEqual(await add(rules), [])
  })

  it('names product, maker and kind of vaccine; a dose of it counts', async () => {
    const verdict = await judge(dose('a3K3X000006MihuUAC'))
    assert.equal(verdict.decision, 'accepted', JSON.stringify(verdict.rules))
    const { coreDataSet, content } = namesIn(verdict)
    assert.deepEqual(coreDataSet, [
      'Stabilized Yellow Fever Vaccine, 5 doses',
      'Institut Pasteur de Dakar (IPD)',
      'Yellow fever vaccines',
    ])
    assert.deepEqual(content, coreDataSet)
  })

  it('names a product by its digest, too', async () => {
    const verdict = await judge(dose('YellowFeverProductd8a09f80301dc05e124f99ffe7711fc0'))
    assert.notEqual(verdict.decision, 'accepted')
    assert.deepEqual(namesIn(verdict).coreDataSet, [
      'Yellow fever: STAMARIL, 10 doses',
      'Sanofi Pasteur',
      'Yellow fever vaccines',
    ])
  })
})
