/**
 * The specification of terminology as data: `cases/*.json` below the rooms, by section, over the vocabulary of `vocabulary/*.json`.
 * Each case is a question and what its answer must say; what a case does not name it does not judge.
 */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { FhirError } from '../../src/fhir/error.ts'
import type { Issue, Parameter, Parameters, Resource, ValueSet } from '../../src/fhir/types.ts'
import { answer, parameters, terminologyOver } from './support.ts'

/** A question to one operation. */
interface Case {
  /** The sentence that is tested. */
  name: string
  /** In-parameters by name; a `valueSet` may be a compose alone. */
  with: Record<string, unknown>
  /** Accept-Language. */
  header?: string
  expect: Expected
}

/** What an answer must say. */
interface Expected {
  /** Members in order, what is below one in brackets: `a b(c d)`; each as `code`, `code "display"` or `code@version` by `show`. */
  members?: string
  show?: 'display' | 'version' | 'system'
  /** Out-parameters by name; of an expansion `total`, `offset`, `status`, `language`. Null: it must be absent. */
  values?: Record<string, unknown>
  /** Expansion parameters `name=value` that must be there, those with a leading `-` must not. */
  parameters?: string[]
  /** Issues, in any order: `severity type expression`. */
  issues?: string[]
  /** Texts that must stand somewhere in the answer, those with a leading `-` must not. */
  says?: string[]
  /** Matches of a translation in order: `equivalence code`. */
  matches?: string[]
  /** Entries of a part that repeats, in any order: `designation` as `language value`, `property` as `code value`. */
  lists?: Record<string, string[]>
  /** Status of a refusal, and a text of it. */
  refused?: [status: number, text: string]
}

interface Section {
  section: string
  operation: 'expand' | 'validateCode' | 'validateInSystem' | 'lookup' | 'subsumes' | 'translate' | 'compare' | 'batch'
  /** In-parameters that all cases of the section share. */
  with?: Record<string, unknown>
  cases: Case[]
}

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
/** Short names of the vocabulary's artefacts: `cs:animals` is a CodeSystem, `vs:` a ValueSet, `cm:` a ConceptMap. */
const BASES = { cs: 'CodeSystem', vs: 'ValueSet', cm: 'ConceptMap' }
const inFull = (text: string) =>
  text.replace(/"(cs|vs|cm):/g, (_, short: keyof typeof BASES) => `"http://example.org/fhir/${BASES[short]}/`)
const read = <T>(file: string): T => JSON.parse(inFull(readFileSync(file, 'utf8')))
const vocabulary = globSync(here('vocabulary/*.json'))
  .sort()
  .map(read<Resource>)
const resources = new Map(vocabulary.map((each) => [`${each.resourceType}/${each.id}`, each]))
const terminology = terminologyOver(vocabulary)

type Ask = (asked: Parameters, call: { acceptLanguage?: string }) => Promise<Parameters | ValueSet>

/** An answer without what is another one each time. */
const lasting = (reply: Parameters | ValueSet) => JSON.stringify(reply).replace(/urn:uuid:[0-9a-f-]+/g, '')

/** Asks, and once more where nothing is waited for: that says the same, or nothing, and nothing where the other one is refused. */
function also(ask: Ask, atOnce: (...question: Parameters_<Ask>) => Parameters | ValueSet | undefined): Ask {
  const quick = (...question: Parameters_<Ask>) => {
    try {
      return atOnce(...question)
    } catch (error) {
      assert.ok(error instanceof FhirError, String(error))
      return undefined
    }
  }
  return async (...question) => {
    try {
      const reply = await ask(...question)
      const second = quick(...question)
      if (second) assert.equal(lasting(second), lasting(reply))
      return reply
    } catch (error) {
      if (error instanceof FhirError) assert.equal(quick(...question), undefined)
      throw error
    }
  }
}
type Parameters_<F extends (...given: never[]) => unknown> = F extends (...given: infer Given) => unknown
  ? Given
  : never

const { atOnce } = terminology
const operations: Record<Section['operation'], Ask> = {
  expand: also(terminology.expand, atOnce.expand),
  validateCode: also(terminology.validateCode, atOnce.validateInValueSet),
  validateInSystem: also(
    (asked, call) => terminology.validateCode(asked, { ...call, resourceType: 'CodeSystem' }),
    atOnce.validateInCodeSystem,
  ),
  lookup: also(terminology.lookup, atOnce.lookup),
  subsumes: also(terminology.subsumes, atOnce.subsumes),
  translate: also(terminology.translate, atOnce.translate),
  compare: terminology.compare,
  batch: terminology.batchValidateCode,
}

/** Short forms: `{"compose": …}` is a value set, `{"stored": "Type/id"}` a resource of the vocabulary, a list repeats a parameter. */
function inLong(name: string, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((each) => inLong(name, each))
  if (typeof value !== 'object' || value === null) return value
  if ('stored' in value) return resources.get(String(value.stored)) ?? assert.fail(`${value.stored} is not there`)
  if ('compose' in value && !('resourceType' in value)) return { resourceType: 'ValueSet', status: 'active', ...value }
  if (name === 'validation') return asked(value as Record<string, unknown>)
  return value
}

const asked = (given: Record<string, unknown>): Parameters =>
  parameters(Object.fromEntries(Object.entries(given).map(([name, value]) => [name, inLong(name, value)])))

type Contains = NonNullable<NonNullable<ValueSet['expansion']>['contains']>

function shownAs({ code, display, version, system }: Contains[number], show: Expected['show']): string {
  if (show === 'display') return `${code} "${display ?? ''}"`
  if (show === 'version') return `${code}@${version ?? ''}`
  return show === 'system' ? `${system?.split('/').at(-1)}#${code}` : String(code)
}

const outline = (entries: Contains = [], show?: Expected['show']): string =>
  entries.map((each) => `${shownAs(each, show)}${each.contains ? `(${outline(each.contains, show)})` : ''}`).join(' ')

const partOf = ({ part = [] }: Parameter, name: string): unknown =>
  answer({ resourceType: 'Parameters', parameter: part }, name)

const named = ({ parameter = [] }: Parameters, name: string) => parameter.filter((each) => each.name === name)

/** `severity type expression` of an issue. */
const issueLine = ({ severity, details, expression = [] }: Issue) =>
  [severity, details?.coding?.[0]?.code, ...expression].filter((each) => each !== undefined).join(' ')

function checkExpansion(set: ValueSet, expected: Expected): void {
  const { expansion } = set
  if (expected.members !== undefined) assert.equal(outline(expansion?.contains, expected.show), expected.members)
  const values: Record<string, unknown> = { ...set, total: expansion?.total, offset: expansion?.offset }
  for (const [name, value] of Object.entries(expected.values ?? {})) assert.deepEqual(values[name] ?? null, value, name)
  const said = (expansion?.parameter ?? []).map((each) => {
    const { name, ...rest } = each
    return `${name}=${String(Object.values(rest)[0])}`
  })
  for (const each of expected.parameters ?? []) {
    if (each.startsWith('-'))
      assert.ok(!said.some((one) => one.startsWith(each.slice(1))), `${each} in ${said.join(', ')}`)
    else assert.ok(said.includes(each), `${each} not in ${said.join(', ')}`)
  }
}

function checkParameters(reply: Parameters, expected: Expected): void {
  for (const [name, value] of Object.entries(expected.values ?? {}))
    assert.deepEqual(answer(reply, name) ?? null, value, name)
  if (expected.issues) {
    const outcome = answer(reply, 'issues') as { issue?: Issue[] } | undefined
    assert.deepEqual((outcome?.issue ?? []).map(issueLine).toSorted(), expected.issues.toSorted())
  }
  if (expected.matches) {
    const lines = named(reply, 'match').map((each) => {
      const concept = partOf(each, 'concept') as { code?: string } | undefined
      return `${partOf(each, 'equivalence')} ${concept?.code ?? ''}`.trim()
    })
    assert.deepEqual(lines, expected.matches)
  }
  for (const [name, lines] of Object.entries(expected.lists ?? {})) {
    const first = name === 'designation' ? 'language' : 'code'
    const found = named(reply, name).map((each) => {
      const value = partOf(each, 'value')
      return `${partOf(each, first) ?? ''} ${typeof value === 'object' && value !== null && 'code' in value ? value.code : value}`.trim()
    })
    assert.deepEqual(found.toSorted(), lines.toSorted(), name)
  }
}

async function check(operation: Section['operation'], { with: given, header, expect }: Case): Promise<void> {
  const call = header === undefined ? {} : { acceptLanguage: header }
  const reply = await operations[operation](asked(given), call).catch((error: unknown) => {
    if (error instanceof FhirError) return error
    throw error
  })
  if (expect.refused) {
    assert.ok(reply instanceof FhirError, 'it is answered')
    const [status, text] = expect.refused
    assert.equal(reply.status, status, reply.message)
    assert.ok(JSON.stringify(reply.issues).includes(JSON.stringify(text).slice(1, -1)), reply.message)
    return
  }
  if (reply instanceof FhirError) assert.fail(`${reply.status} ${reply.message}`)
  if (reply.resourceType === 'ValueSet') checkExpansion(reply, expect)
  else checkParameters(reply, expect)
  const whole = JSON.stringify(reply)
  for (const text of expect.says ?? []) {
    if (text.startsWith('-')) assert.ok(!whole.includes(text.slice(1)), `${text} in ${whole}`)
    else assert.ok(whole.includes(JSON.stringify(text).slice(1, -1)), `${text} not in ${whole}`)
  }
}

// Imported vocabularies have releases of their own, and cases in a form of their own.
const files = globSync(here('**/cases/*.json'))
  .filter((file) => !file.includes('/vocabularies/'))
  .sort()

for (const file of files) {
  const { section, operation, with: shared = {}, cases } = read<Section>(file)
  describe(`${section} (${file.slice(here('.').length)})`, () => {
    for (const each of cases) it(each.name, () => check(operation, { ...each, with: { ...shared, ...each.with } }))
  })
}

describe('the cases', () => {
  const all = files.flatMap((file) => read<Section>(file).cases)

  it('each judge something, and no two have one name', () => {
    for (const { name, expect } of all)
      assert.ok(
        Object.keys(expect).some((each) => each !== 'show'),
        name,
      )
    const names = files.flatMap((file) => {
      const { section, cases } = read<Section>(file)
      return cases.map((each) => `${section}: ${each.name}`)
    })
    assert.deepEqual(
      names.filter((name, index) => names.indexOf(name) !== index),
      [],
    )
  })

  it('are at least 350', () => assert.ok(all.length >= 350, String(all.length)))
})
