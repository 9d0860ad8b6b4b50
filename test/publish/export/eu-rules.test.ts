/** Rule → FHIR → rule: what went in comes out, byte for byte, and what would mislead others does not. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { Library, PlanDefinition } from '../../../src/fhir/types.ts'
import { exportEuRules } from '../../../src/publish/export/eu-rules.ts'
import { euRuleToFhir, ownRuleSystems } from '../../../src/rules/certlogic/eu-rule.ts'
import { euRuleOf } from '../../../src/rules/certlogic/eu-rule-text.ts'
import { runCommand } from '../../support/run-command.ts'
import { overShared, sharedPath } from '../../support/shared.ts'
import { openImports, wholeRule } from '../import/eu-rules/support.ts'

const { load, server, options } = await openImports()
const base = 'http://example.org/eu'

describe('the way back', () => {
  it('gives each rule as it was written, in every version, and takes what it gave', async () => {
    const texts = [
      JSON.stringify(wholeRule(), null, 2),
      `${JSON.stringify(wholeRule({ Version: '1.10.0' }))}`,
      JSON.stringify(wholeRule({ Version: '1.9.0', Description: [{ lang: 'en', desc: 'é – “x” 😀' }] })),
      JSON.stringify(wholeRule({ Identifier: 'VR-XZ-0001', Country: 'XZ' })),
    ]
    await load({ text: `[${texts.join(' , ')}]` })
    const { rules, leftOut } = await exportEuRules(server.storage)
    assert.deepEqual(leftOut, [])
    assert.deepEqual(
      rules.map(({ text }) => text.toString()),
      [texts[1], texts[2], texts[0], texts[3]],
    )
    const again = await load({ text: `[${rules.map(({ text }) => `\n${text}`).join(',')}\n]` })
    assert.ok(again.entries.every(({ status }) => status === 'unchanged'))
    const of = async (wishes: object) =>
      (await exportEuRules(server.storage, wishes)).rules.map(({ identifier, version }) => `${identifier} ${version}`)
    assert.deepEqual(await of({ country: 'XZ' }), ['VR-XZ-0001 1.0.0'])
    assert.deepEqual(await of({ identifiers: ['VR-XZ-0001', 'VR-XZ-0009'] }), ['VR-XZ-0001 1.0.0'])
  })

  const { library, planDefinition } = euRuleToFhir(wholeRule(), { base })
  const [action = {}] = planDefinition.action ?? []
  const acting = (change: object): PlanDefinition[] => [{ ...planDefinition, action: [{ ...action, ...change }] }]
  const condition = (expression: object) => ({ kind: 'applicability', expression })
  const logic = condition({ language: 'application/certlogic+json', expression: 'Logic' })
  const elsewhere = (concepts: PlanDefinition['jurisdiction'] = []) =>
    concepts.map(({ coding = [] }) => ({
      coding: coding.map((each) => ({ ...each, system: 'http://example.org/other' })),
    }))
  const changed: [name: string, library: Library, plans: PlanDefinition[], says: RegExp][] = [
    [
      'another period',
      library,
      [{ ...planDefinition, effectivePeriod: { start: '2020-01-01T00:00:00Z' } }],
      /effectivePeriod\.start, effectivePeriod\.end/,
    ],
    [
      'another country',
      library,
      [planDefinition, { ...planDefinition, jurisdiction: [{ coding: [{ code: 'DE' }] }] }],
      /jurisdiction/,
    ],
    ['no country', library, [{ ...planDefinition, jurisdiction: [] }], /jurisdiction/],
    ['another kind', library, [{ ...planDefinition, useContext: [] }], /useContext/],
    ['another type', library, [{ ...planDefinition, action: [] }], /action\.code/],
    ['another version', library, [{ ...planDefinition, version: '2' }], /version/],
    [
      'another condition',
      library,
      acting({ condition: [condition({ language: 'text/cql', expression: 'true' })] }),
      /says something else than its rule: action\.condition$/,
    ],
    ['a second condition', library, acting({ condition: [logic, logic] }), /: action\.condition$/],
    [
      'a condition of another kind',
      library,
      acting({ condition: [{ ...logic, kind: 'stop' }] }),
      /: action\.condition$/,
    ],
    ['no condition', library, acting({ condition: undefined }), /: action\.condition$/],
    ['actions within the action', library, acting({ action: [{ condition: [logic] }] }), /: action$/],
    [
      'a second action',
      library,
      [{ ...planDefinition, action: [action, action] }],
      /: action\.code, action\.condition, action$/,
    ],
    ['a type of another system', library, acting({ code: elsewhere(action.code) }), /: action\.code$/],
    ['a modified action', library, acting({ modifierExtension: [{ url: 'http://example.org/not' }] }), /: action$/],
    [
      'a country of another system',
      library,
      [{ ...planDefinition, jurisdiction: elsewhere(planDefinition.jurisdiction) }],
      /: jurisdiction$/,
    ],
    [
      'a kind of another context',
      library,
      [
        {
          ...planDefinition,
          useContext: (planDefinition.useContext ?? []).map((each) => ({
            ...each,
            code: { ...each.code, code: 'task' },
          })),
        },
      ],
      /: useContext$/,
    ],
    [
      'another library',
      library,
      [{ ...planDefinition, library: [...(planDefinition.library ?? []), 'http://a|1'] }],
      /: library$/,
    ],
    ['no rule set', library, [{ ...planDefinition, type: { coding: [{ code: 'order-set' }] } }], /: type$/],
    ['CQL', { ...library, content: [{ contentType: 'text/cql', data: '' }] }, [], /not written in CertLogic/],
    [
      'a bare expression',
      {
        ...library,
        content: [{ contentType: 'application/certlogic+json', data: Buffer.from('true').toString('base64') }],
      },
      [],
      /no rule of the EU around it/,
    ],
    [
      'a rule that would not be imported',
      euRuleToFhir(wholeRule({ AffectedFields: [] }), { base }).library,
      [],
      /no whole rule of the EU: AffectedFields/,
    ],
  ]
  for (const [name, given, plans, says] of changed)
    it(`${name}: refused`, () => assert.throws(() => euRuleOf(given, plans), says))

  it('may have other texts and titles, and code systems under another base', () => {
    const said = acting({ title: 'Other', textEquivalent: 'Another text.', description: 'More.' })
    const own = euRuleToFhir(wholeRule(), { base, ...ownRuleSystems }).planDefinition
    assert.equal(euRuleOf(library, [...said, own, { ...planDefinition, title: 'Other' }]).identifier, 'VR-XY-0001')
  })

  it('leaves out what is a draft, retired, or run otherwise, and says so', async () => {
    const { library: other, planDefinition: plan } = euRuleToFhir(
      wholeRule({ Identifier: 'VR-XW-0001', Country: 'XW' }),
      { base },
    )
    const put = (resource: Library | PlanDefinition) =>
      server.storage.write([{ method: 'PUT', type: resource.resourceType, id: resource.id ?? '', resource }])
    await put(other)
    await put({ ...plan, jurisdiction: [{ coding: [{ code: 'DE' }] }] })
    const { leftOut } = await exportEuRules(server.storage, { country: 'XW' })
    assert.match(leftOut[0]?.reason ?? '', /is run by a rule set that says something else than its rule: jurisdiction/)
    await put({ ...other, status: 'retired' })
    assert.deepEqual(await exportEuRules(server.storage, { country: 'XW' }), { rules: [], leftOut: [] })
  })

  it('by command: imports with a signer and dry, exports into files, tells what is not there', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vidimus-export-'))
    try {
      const environment = { DATA_DIR: join(folder, 'data'), ACCESS_LOG: 'off' }
      const file = join(folder, 'rule.json')
      const text = JSON.stringify(wholeRule())
      writeFileSync(file, text)
      const dry = await runCommand(['import', file, '--dry-run'], environment)
      assert.deepEqual([dry.code, /dry run, nothing stored/.test(dry.stdout)], [0, true], dry.stderr)
      assert.equal((await runCommand(['export-eu-rules', 'VR-XY-0001'], environment)).code, 1)
      assert.equal((await runCommand(['import', file, '--signer', file], environment)).code, 2)
      const done = await runCommand(['import', file], environment)
      assert.equal(done.code, 0, done.stderr)
      const out = await runCommand(['export-eu-rules', '--country', 'xy', '--out', join(folder, 'out')], environment)
      assert.equal(out.code, 0, out.stderr)
      assert.deepEqual(readdirSync(join(folder, 'out')), ['VR-XY-0001-1.0.0.json'])
      assert.equal(readFileSync(join(folder, 'out', 'VR-XY-0001-1.0.0.json'), 'utf8'), text)
      const printed = await runCommand(['export-eu-rules'], environment)
      assert.equal(printed.stdout, `[\n${text}\n]\n`)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

overShared.it('the 98 published rules, there and back', async () => {
  const { importPackage } = await import('../../../src/publish/import/import-package.ts')
  await importPackage({ path: sharedPath('corpora/certlogic') }, options)
  for (const country of ['AT', 'CY', 'DE', 'EU', 'FR', 'HR', 'NL', 'PL']) {
    const published = (
      JSON.parse(readFileSync(sharedPath(`corpora/certlogic/${country}.json`), 'utf8')) as {
        rule: { Identifier: string }
      }[]
    ).map(({ rule }) => rule)
    const { rules, leftOut } = await exportEuRules(server.storage, { country })
    assert.deepEqual(leftOut, [])
    assert.deepEqual(
      rules.map(({ text }) => JSON.parse(text.toString())),
      published.sort((a, b) => (a.Identifier < b.Identifier ? -1 : 1)),
    )
  }
})
