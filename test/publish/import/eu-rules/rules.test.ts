/** Rules of the EU out of files: what comes in, what is refused and why, and that nothing is half applied. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { sha256Hex } from '../../../../src/base/crypto/sha256.ts'
import type { Json, JsonObject } from '../../../../src/base/json-value.ts'
import { FhirError } from '../../../../src/fhir/error.ts'
import type { Library, PlanDefinition } from '../../../../src/fhir/types.ts'
import { importPackage } from '../../../../src/publish/import/import-package.ts'
import { importPath } from '../../../../src/publish/import/import-path.ts'
import { countEntries, type ImportReport, importFailure, reportLines } from '../../../../src/publish/import/report.ts'
import { certLogicText } from '../../../../src/rules/certlogic/certlogic.ts'
import { readCases } from '../../../support/read-cases.ts'
import { base, openImports, wholeRule } from './support.ts'

const { load, stored, server, options, dataDir } = await openImports()
const states = (report: ImportReport) => report.entries.map(({ status }) => status)
const reasons = (report: ImportReport) =>
  report.entries.filter(({ status }) => status === 'failed').map(({ reason = '' }) => reason)
const none = { Library: 0, PlanDefinition: 0 }
const counts = async () => ({
  Library: (await stored('Library')).length,
  PlanDefinition: (await stored('PlanDefinition')).length,
})
const without = (name: string): JsonObject => wholeRule({ [name]: undefined } as never)

describe('a rule that is refused', () => {
  for (const { name, change, without: lacking, says, member } of readCases<{
    name: string
    change?: JsonObject
    without?: string
    says: string[]
    member?: string
  }>(import.meta.url, 'cases/refused.json'))
    it(name, async () => {
      const good = wholeRule({ Identifier: 'GR-XY-0009', CertificateType: 'General' })
      const given = lacking === undefined ? wholeRule(change) : without(lacking)
      const report = await load({ text: `[${JSON.stringify(good)},\n\n   ${JSON.stringify(given)}]` })
      for (const text of says) assert.match(reasons(report)[0] ?? '', new RegExp(text))
      const failed = report.entries.filter((each) => each.status === 'failed')
      assert.ok(
        failed.every(({ place }) => place === 'line 3, column 4'),
        JSON.stringify(failed),
      )
      // The good one beside it is not taken either.
      assert.deepEqual(
        report.entries.filter((each) => each.rule === 'GR-XY-0009 1.0.0').map((each) => each.status),
        ['skipped', 'skipped'],
      )
      assert.notEqual(importFailure(report), undefined)
      assert.deepEqual(await counts(), none)
      if (member === undefined) return
      const at = failed[0]?.issues?.find((each) => each.expression?.[0]?.startsWith(`Rule.${member}`))
      assert.match(at?.diagnostics ?? '', /^line 3, column \d+$/)
      const column = Number(/column (\d+)/.exec(at?.diagnostics ?? '')?.[1])
      assert.ok(
        `   ${JSON.stringify(given)}`
          .slice(column - 1)
          .startsWith(at?.expression?.[0] === `Rule.${member}` ? `"${member}"` : ''),
      )
    })
})

describe('a file that is refused', () => {
  const other = wholeRule({ Identifier: 'VR-XY-0002' })
  const parts: Record<string, string> = {
    $RULE: JSON.stringify(wholeRule()),
    $OTHER: JSON.stringify(other),
    $CHANGED: JSON.stringify(wholeRule({ ValidTo: '2030-01-01T00:00:00Z' })),
    $MEMBERS: JSON.stringify(wholeRule()).slice(1, -1),
    $DEEP: `${'{"!":['.repeat(200)}true${']}'.repeat(200)}`,
  }
  for (const { name, text, says } of readCases<{ name: string; text: string; says: string }>(
    import.meta.url,
    'cases/files.json',
  ))
    it(name, async () => {
      const whole = text.replace(/\$[A-Z]+/g, (part) => parts[part] ?? part)
      const report = await load({ text: whole })
      assert.ok(
        reasons(report).some((each) => each.includes(says)),
        JSON.stringify(report.entries),
      )
      assert.ok(report.entries.every(({ status }) => status === 'failed' || status === 'skipped'))
      assert.deepEqual(await counts(), none)
    })

  for (const [name, file, text] of [
    ['in other letters', 'b.json', JSON.stringify(wholeRule({ Identifier: 'IR-XY-0001' })).toLowerCase()],
    ['in other letters, one of a list', 'b.json', `[${JSON.stringify(wholeRule()).replace('"Logic"', '"logic"')}]`],
    ['that is broken, in a file of text', 'b.txt', `[${JSON.stringify(wholeRule({ Identifier: 'IR-XY-0001' }))}`],
  ])
    it(`a rule ${name} keeps those beside it out`, async () => {
      const folder = mkdtempSync(join(tmpdir(), 'vidimus-eu-rules-'))
      try {
        writeFileSync(join(folder, 'a.json'), JSON.stringify(wholeRule()))
        writeFileSync(join(folder, String(file)), String(text))
        writeFileSync(join(folder, 'README.md'), 'rules')
        const report = await importPath(folder, { ...options, indexes: dataDir, codeSystem: {} })
        assert.equal(
          report.entries.some((each) => each.file.endsWith(String(file)) && each.status === 'failed'),
          true,
        )
        assert.notEqual(importFailure(report), undefined)
        assert.deepEqual(await counts(), none)
      } finally {
        rmSync(folder, { recursive: true, force: true })
      }
    })

  it('a file of which is said that it is a code system is read as one, whatever its lines look like', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vidimus-eu-rules-'))
    try {
      const file = join(folder, 'a.ndjson')
      writeFileSync(file, JSON.stringify(wholeRule()))
      const named = { ...options, indexes: dataDir, codeSystem: { url: 'http://example.org/cs' } }
      await assert.rejects(importPath(file, named), (error) => error instanceof FhirError && error.status === 422)
      assert.deepEqual(await counts(), none)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  it('says in the text what it says in the entries, with every fault and its place', async () => {
    const rule = wholeRule({ Engine: 'CQL', ValidTo: '2020-01-01T00:00:00Z' })
    const lines = reportLines(await load([rule]))
    assert.match(
      lines.join('\n'),
      /failed {3}rules\.json, line 1, column 2, VR-XY-0001 1\.0\.0:\n.*not after.*\(line 1, column \d+\)\n.*only CERTLOGIC.*\(line 1, column \d+\)/,
    )
  })

  it('more rules than are taken at once: refused as a whole, early', async () => {
    const many = Array.from({ length: 10_001 }, () => JSON.stringify(wholeRule())).join(',')
    await assert.rejects(load({ text: `[${many}]` }), (error) => error instanceof FhirError && error.status === 413)
    assert.deepEqual(await counts(), none)
  })

  it('a rule that is longer than a rule is', async () => {
    const report = await load([wholeRule({ Description: [{ lang: 'en', desc: 'x'.repeat(300_000) }] })])
    assert.match(reasons(report)[0] ?? '', /at most 262144 bytes/)
  })
})

describe('rules that come in', () => {
  it('dry: judged, told, not stored', async () => {
    const report = await load([wholeRule()], 'rules.json', { dryRun: true })
    assert.deepEqual(states(report), ['loaded', 'loaded'])
    assert.match(reportLines(report)[0] ?? '', /dry run, nothing stored/)
    assert.deepEqual(await counts(), none)
  })

  it('as Library with the bytes of the rule, and as rule set; again nothing changes, in other white space neither', async () => {
    const text = `[ ${JSON.stringify(wholeRule(), null, 2)}\n]`
    assert.deepEqual(states(await load({ text })), ['loaded', 'loaded'])
    const [library] = (await stored('Library')) as Library[]
    const [plan] = (await stored('PlanDefinition')) as PlanDefinition[]
    assert.equal(certLogicText(library as Library)?.toString(), JSON.stringify(wholeRule(), null, 2))
    assert.equal(plan?.jurisdiction?.[0]?.coding?.[0]?.code, 'XY')
    assert.equal(
      plan?.action?.[0]?._textEquivalent?.extension?.[0]?.extension?.[1]?.valueString,
      'Mindestens eine Dosis.',
    )
    assert.deepEqual(states(await load({ text })), ['unchanged', 'unchanged'])
    assert.deepEqual(states(await load({ text }, 'rules.json', { dryRun: true })), ['unchanged', 'unchanged'])
    const { Logic, ...others } = wholeRule()
    const turned = await load([{ Logic: Logic ?? null, ...others }])
    assert.deepEqual(states(turned), ['unchanged', 'unchanged'], JSON.stringify(turned.entries))
    const [kept] = (await stored('Library')) as Library[]
    assert.equal(certLogicText(kept as Library)?.toString(), JSON.stringify(wholeRule(), null, 2))
  })

  it('not under a Version that is published with another content; what comes beside it does not either', async () => {
    for (const change of [
      { Logic: { '>': [{ var: 'payload.v.0.dn' }, 1] } },
      { ValidTo: '2030-01-01T00:00:00Z' },
      { Description: [{ lang: 'en', desc: 'One dose is enough.' }] },
      { AffectedFields: ['v.0.dn', 'v.0'] },
    ] as Record<string, Json>[]) {
      const report = await load([wholeRule(change), wholeRule({ Identifier: 'VR-XY-0003' })])
      assert.ok(
        reasons(report).every((each) => /raise the version/.test(each)) && reasons(report).length > 0,
        JSON.stringify(report.entries),
      )
      assert.ok(report.entries.some(({ isConflict }) => isConflict))
      assert.ok(states(report).every((each) => each === 'failed' || each === 'skipped'))
    }
    assert.deepEqual(await counts(), { Library: 1, PlanDefinition: 1 })
  })

  it('in a higher and a lower Version, each beside the others', async () => {
    const report = await load(
      ['1.10.0', '0.9.0'].map((Version) => wholeRule({ Version, ValidTo: '2030-01-01T00:00:00Z' })),
    )
    assert.deepEqual(states(report), ['loaded', 'loaded', 'loaded', 'loaded'])
    const versions = ((await stored('PlanDefinition')) as PlanDefinition[]).map(({ version }) => version)
    assert.deepEqual(versions.sort(), ['0.9.0', '1.0.0', '1.10.0'])
  })

  it('once, where the same rule stands twice', async () => {
    const rule = wholeRule({ Identifier: 'VR-XY-0004' })
    const report = await load([rule, rule])
    assert.deepEqual(states(report), ['loaded', 'loaded', 'skipped'])
    assert.match(report.entries[2]?.reason ?? '', /the same rule stands at rules\.json, line 1, column 2/)
  })

  it('of the EU as a whole, of a part of a country, with many languages', async () => {
    const languages = ['bg', 'de', 'en', 'fr', 'pt-br', 'zh-Hans'].map((lang) => ({
      lang,
      desc: `One – ${lang} “x” 😀`,
    }))
    const union = wholeRule({ Identifier: 'VR-EU-0001', Country: 'EU', Description: languages })
    const region = wholeRule({ Identifier: 'VR-XY-0005', Region: 'BW' })
    const report = await load([union, region])
    assert.deepEqual(states(report), ['loaded', 'loaded', 'loaded', 'loaded'])
    assert.match(
      reportLines(report).join('\n'),
      /Region: the rule is for a part of its country, and counts here for all of it/,
    )
    const [plan] = await server.storage.findCanonical('PlanDefinition', `${base}/PlanDefinition/VR-EU-0001`)
    assert.equal((plan as PlanDefinition)._description?.extension?.length, 5)
  })

  it('that look into a value set which is not here: with a warning', async () => {
    const rule = wholeRule({
      Identifier: 'VR-XY-0006',
      AffectedFields: ['v.0.mp'],
      Logic: { in: [{ var: 'payload.v.0.mp' }, { var: 'external.valueSets.nobody-has-it' }] },
    })
    const report = await load([rule])
    assert.deepEqual(states(report), ['loaded', 'loaded'])
    assert.match(reportLines(report).join('\n'), /the value set nobody-has-it is not here: until it is, the rule fails/)
  })

  it('in every form of file', async () => {
    const rule = (number: number) => wholeRule({ Identifier: `VR-XY-01${number}` })
    const text = (number: number) => JSON.stringify(rule(number))
    const forms: [name: string, text: string][] = [
      ['one.json', text(10)],
      ['mark.json', `\uFEFF${text(11)}`],
      ['tests.json', `[{"tests": [{"payload": {"rule": "x"}}], "r\\u0075le": {"x": 1}, "rule" : ${text(12)}}]`],
      ['empty-lines.ndjson', `${text(13)}\n\n${text(14)}\r\n`],
      ['lines.jsonl', text(15)],
      [
        'wallet.json',
        JSON.stringify([
          {
            identifier: 'VR-XY-0116',
            version: '1.0.0',
            country: 'XY',
            hash: sha256Hex(Buffer.from(text(16))),
            content: text(16),
          },
        ]),
      ],
    ]
    for (const [name, content] of forms.filter(([each]) => each !== 'tests.json')) {
      const report = await load({ text: content }, name)
      assert.ok(
        states(report).every((each) => each === 'loaded'),
        `${name}: ${JSON.stringify(report.entries)}`,
      )
    }
    // A name written in two ways is one name.
    assert.match(reasons(await load({ text: forms[2]?.[1] ?? '' }))[0] ?? '', /the member "rule" occurs twice/)
    assert.deepEqual(states(await load({ text: `[{"tests": [], "rule" :\n ${text(12)}}]` })), ['loaded', 'loaded'])
    assert.deepEqual(states(await load({ text: '[]' })), ['skipped'])
    assert.deepEqual(states(await load({ text: '[{"country-2-codes": ["DE"]}]' })), ['skipped'])
  })

  it('as folder: all of it or nothing, with a list of hashes that is held against the rules; by path also line by line', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vidimus-eu-rules-'))
    try {
      const rules = [20, 21].map((number) => JSON.stringify(wholeRule({ Identifier: `VR-XY-02${number}` })))
      const row = (text: string, at: number) => ({
        identifier: `VR-XY-022${at}`,
        version: '1.0.0',
        country: 'XY',
        hash: sha256Hex(Buffer.from(text)),
      })
      writeFileSync(join(folder, 'list.json'), JSON.stringify(rules.map(row)))
      writeFileSync(join(folder, 'a.json'), rules[0] ?? '')
      writeFileSync(join(folder, 'README.md'), 'rules')
      const part = await importPackage({ path: folder }, options)
      assert.match(reasons(part).join(), /no file of this import holds it/)
      assert.equal(countEntries(part).loaded, 0)
      writeFileSync(join(folder, 'b.json'), rules[1] ?? '')
      assert.deepEqual(countEntries(await importPackage({ path: folder }, options)), {
        loaded: 4,
        updated: 0,
        unchanged: 0,
        skipped: 3,
        failed: 0,
      })
      writeFileSync(join(folder, 'c.json'), '{"resourceType": "ValueSet", ')
      assert.deepEqual(countEntries(await importPackage({ path: folder }, options)), {
        loaded: 0,
        updated: 0,
        unchanged: 0,
        skipped: 7,
        failed: 1,
      })
      const lines = join(folder, 'more.ndjson')
      writeFileSync(lines, `${JSON.stringify(wholeRule({ Identifier: 'VR-XY-0230' }))}\n`)
      const byPath = await importPath(lines, { ...options, indexes: dataDir, codeSystem: {} })
      assert.deepEqual(states(byPath), ['loaded', 'loaded'])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
