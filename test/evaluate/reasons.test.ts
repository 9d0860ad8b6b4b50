import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { demoIssuer } from '../../src/demo/demo-issuer.ts'
import { specimens } from '../../src/demo/specimens.ts'
import type { Parameter, Parameters } from '../../src/fhir/types.ts'
import { evaluateOperation } from '../../src/operations/evaluate.ts'
import { openTestServer } from '../support/loaded-server.ts'

const record: Record<string, string> = JSON.parse(
  readFileSync(new URL('../../content-record.json', import.meta.url), 'utf8'),
)

const named = (parameters: Parameter[] | undefined, name: string) =>
  (parameters ?? []).filter((each) => each.name === name)
const text = (parameters: Parameter[] | undefined, name: string) => named(parameters, name)[0]?.valueString

describe('what a verdict is told by', () => {
  let test: Awaited<ReturnType<typeof openTestServer>>
  let codes: Map<string, string>
  before(async () => {
    test = await openTestServer()
    const now = new Date()
    const made = await specimens(demoIssuer(test.dataDir, now), now)
    codes = new Map(made.map((each) => [each.name, each.text]))
  })
  after(() => test.close())
  const ask = async (specimen: string, acceptLanguage?: string): Promise<Parameter[]> => {
    const parameters: Parameters = {
      resourceType: 'Parameters',
      parameter: [{ name: 'credential', valueString: codes.get(specimen) ?? '' }],
    }
    const call = { level: 'system' as const, parameters, headers: {}, ...(acceptLanguage ? { acceptLanguage } : {}) }
    const { resource } = await evaluateOperation.handle(call, test.server)
    assert.equal(resource?.resourceType, 'Parameters')
    return (resource as Parameters).parameter ?? [] // $evaluate answers Parameters
  }

  it('names the content of every artefact by the hash that is recorded for it', async () => {
    const reply = await ask('vaccination')
    assert.equal(named(reply, 'decision')[0]?.valueCode, 'accepted')
    const artefacts = named(reply, 'artefact').map(({ part }) => ({
      type: named(part, 'type')[0]?.valueCode ?? '',
      canonical: named(part, 'canonical')[0]?.valueCanonical ?? '',
      hash: text(part, 'hash'),
    }))
    assert.deepEqual([...new Set(artefacts.map((each) => each.type))].sort(), [
      'Library',
      'PlanDefinition',
      'StructureMap',
      'ValueSet',
    ])
    for (const { type, canonical, hash } of artefacts) assert.equal(hash, record[`${type} ${canonical}`], canonical)
    assert.equal(artefacts.length, new Set(artefacts.map((each) => `${each.type} ${each.canonical}`)).size)
  })
  it('tells nothing of that of a credential that is not verified', async () => {
    assert.deepEqual(named(await ask('vaccination-forged'), 'artefact'), [])
  })
  it('tells why a rule is false, in the language asked for', async () => {
    for (const [language, told] of [
      [undefined, '“Recovery In Window” is false'],
      ['fr', '« Recovery In Window » : faux'],
    ] as const) {
      const [rule] = named(await ask('recovery-unmet', language), 'rule')
      const why = named(rule?.part, 'evidence').at(-1)
      assert.equal(text(why?.part, 'text'), told)
      assert.equal(text(why?.part, 'name'), 'Recovery In Window')
      assert.match(text(why?.part, 'place') ?? '', /^library RecoveryWindow, line \d+, column \d+$/)
      const below = named(why?.part, 'evidence')
      assert.ok(below.length > 0)
      for (const each of below) assert.ok(text(each.part, 'text'))
    }
  })
  it('tells no reasons of what is true', async () => {
    const [rule] = named(await ask('vaccination'), 'rule')
    for (const each of named(rule?.part, 'evidence')) assert.equal(text(each.part, 'text'), undefined)
  })
})
