/** WHO's vocabulary of the trust network: there from the start, and outranked by WHO's own package. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { CodeSystem, Parameters, ValueSet } from '../../src/fhir/types.ts'
import { importPackage } from '../../src/publish/import/import-package.ts'
import { countEntries } from '../../src/publish/import/report.ts'
import { openTestServer } from '../support/loaded-server.ts'
import { overShared, sharedPath } from '../support/shared.ts'
import { ofType } from './own-content.ts'

const trust = 'http://smart.who.int/trust'
const country = 'http://smart.who.int/refmart/CodeSystems/REF_COUNTRY'
const own = 'http://vidimus.org/fhir'
const ofWho = (url: string | undefined) => url !== undefined && (url.startsWith(trust) || url === country)

describe('vocabulary of the trust network', () => {
  let opened: Awaited<ReturnType<typeof openTestServer>>
  before(async () => {
    opened = await openTestServer()
  })
  after(() => opened.close())

  const parameters = (named: Record<string, string>): Parameters => ({
    resourceType: 'Parameters',
    parameter: Object.entries(named).map(([name, value]) =>
      name === 'code' ? { name, valueCode: value } : { name, valueUri: value },
    ),
  })
  const lookUp = async (system: string, code: string) => {
    const found = await opened.server.terminology.lookup(parameters({ system, code }))
    const text = (wanted: string) => found.parameter?.find(({ name }) => name === wanted)?.valueString
    return { display: text('display'), version: text('version') }
  }

  it('has domains, key usages, participants and countries with displays, of every environment', async () => {
    for (const suffix of ['', '-DEV', '-UAT']) {
      assert.equal(
        (await lookUp(`${trust}/CodeSystem/Domains${suffix}`, 'PH4H')).display,
        'Pan-American Highway for Digital Health',
      )
      assert.equal(
        (await lookUp(`${trust}/CodeSystem/KeyUsage${suffix}`, 'DSC')).display,
        'Document signer certificate',
      )
    }
    assert.equal((await lookUp(`${trust}/CodeSystem/Participants`, 'WHO')).display, 'World Health Organization')
    assert.match((await lookUp(`${trust}/CodeSystems/Participants-DEV`, 'XXA')).display ?? '', /XXA/)
    assert.match((await lookUp(`${trust}/CodeSystems/Participants-UAT`, 'IOM')).display ?? '', /Migration/)
    assert.equal((await lookUp(country, 'CHL')).display, 'Chile')
  })

  it('knows the domains of keys that WHO lists nowhere, and never takes a strange one for one of them', async () => {
    for (const code of ['DCC', 'RACSEL-DDVC', 'IPS', 'DICVP'])
      assert.ok((await lookUp(`${own}/CodeSystem/trust-domain`, code)).display, code)
    const check = (code: string) =>
      opened.server.terminology.validateCode({
        resourceType: 'Parameters',
        parameter: [
          { name: 'url', valueUri: `${own}/ValueSet/trust-domain` },
          { name: 'code', valueCode: code },
          { name: 'inferSystem', valueBoolean: true },
        ],
      })
    const result = async (code: string) =>
      (await check(code)).parameter?.find(({ name }) => name === 'result')?.valueBoolean
    assert.equal(await result('DCC'), true)
    assert.equal(await result('DDCC'), true)
    assert.equal(await result('dcc'), false)
    assert.equal(await result('EU'), false)
  })

  it('leads from CSCA to SCA, and nowhere from a group that is no usage', async () => {
    const translate = await opened.server.terminology.translator(
      `${own}/ConceptMap/gateway-certificate-group-to-key-usage`,
    )
    const to = (code: string) =>
      translate(code, `${own}/CodeSystem/gateway-certificate-group`).flatMap((each) => each.code ?? [])
    assert.deepEqual(to('CSCA'), ['SCA'])
    assert.deepEqual(to('UPLOAD'), ['UP'])
    assert.deepEqual(to('AUTHENTICATION'), ['TLS'])
    assert.deepEqual(to('TRUSTANCHOR'), [])
  })

  overShared.it('gives way to the package of WHO, which comes in as a whole and counts from then on', async () => {
    const { server } = opened
    const before = await server.storage.count()
    const report = await importPackage(
      { path: sharedPath('igs/smart.who.int.trust-1.6.0.tgz') },
      { storage: server.storage, gate: server.publish },
    )
    assert.deepEqual(countEntries(report), { loaded: 35, updated: 0, unchanged: 0, skipped: 590, failed: 0 })
    assert.deepEqual(
      report.entries.filter(({ isConflict, isDraft }) => isConflict || isDraft),
      [],
    )
    assert.equal((await server.storage.count()).CodeSystem, (before.CodeSystem ?? 0) + 15)
    for (const [system, code] of [
      [`${trust}/CodeSystem/Domains`, 'ICVP'],
      [`${trust}/CodeSystem/KeyUsage`, 'SCA'],
      [`${trust}/CodeSystem/Participants`, 'WHO'],
      [`${trust}/CodeSystems/Participants-DEV`, 'XXA'],
      [country, 'CHL'],
    ] as const)
      assert.equal((await lookUp(system, code)).version, '1.6.0', system)
    const ids = (await server.storage.findCanonical('CodeSystem', `${trust}/CodeSystem/KeyUsage`)).map(({ id }) => id)
    assert.deepEqual(ids, ['KeyUsage', 'who-trust-keyusage'])
  })

  overShared.it('has the codes and the status of each artefact of that package, in words of its own', async () => {
    const { server } = opened
    const copies = [...ofType('CodeSystem'), ...ofType('ValueSet')].filter(({ url }) => ofWho(url))
    assert.equal(copies.length, 19)
    for (const copy of copies) {
      const stored = await server.storage.findCanonical(copy.resourceType, `${copy.url}|1.6.0`)
      const [published] = stored as (CodeSystem | ValueSet)[] // what is found under a type is of it
      assert.ok(published, copy.url)
      assert.deepEqual(codesOf(copy), codesOf(published), copy.url)
      assert.equal(copy.status, published.status, copy.url)
      if (copy.resourceType !== 'CodeSystem' || published.resourceType !== 'CodeSystem') continue
      assert.equal(copy.caseSensitive, published.caseSensitive, copy.url)
      const theirs = published.concept?.flatMap(({ definition }) => definition ?? [])
      for (const { definition } of copy.concept ?? [])
        assert.ok(!definition || !theirs?.includes(definition), definition)
    }
  })
})

function codesOf(artefact: CodeSystem | ValueSet): string[] {
  if (artefact.resourceType === 'CodeSystem') return (artefact.concept ?? []).map(({ code }) => code).sort()
  const parts = (artefact.compose?.include ?? []).flatMap(({ system, concept }) =>
    concept ? concept.map(({ code }) => `${system} ${code}`) : [`${system}`],
  )
  const whole = new Set(parts.filter((each) => !each.includes(' ')))
  // WHO's value sets list a system whole and its codes again.
  return [...new Set(parts)].filter((each) => whole.has(each) || !whole.has(each.split(' ')[0] ?? '')).sort()
}
