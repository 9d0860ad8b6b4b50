/** SNOMED CT in every operation, as data: `cases/*.json` by section, over releases that are made up (editions.ts). */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { FhirError } from '../../../../src/fhir/error.ts'
import type { Issue, Parameter, Parameters, ValueSet } from '../../../../src/fhir/types.ts'
import type { Terminology } from '../../../../src/terminology/terminology.ts'
import { keyOf, withIds } from '../../../support/snomed/small-release.ts'
import { answer, parameters } from '../../support.ts'
import { type ReleaseName, release, versions } from './editions.ts'
import { snomedTerminology } from './engine.ts'

const operations = {
  expand: (engine: Terminology, asked: Parameters) => engine.expand(asked),
  validateCode: (engine: Terminology, asked: Parameters) => engine.validateCode(asked),
  validateInSystem: (engine: Terminology, asked: Parameters) =>
    engine.validateCode(asked, { resourceType: 'CodeSystem' }),
  lookup: (engine: Terminology, asked: Parameters) => engine.lookup(asked),
  subsumes: (engine: Terminology, asked: Parameters) => engine.subsumes(asked),
  translate: (engine: Terminology, asked: Parameters) => engine.translate(asked),
}

/** A question, and what its answer must say; what a case does not name it does not judge. `{wing}` is an identifier, `$small` a version. */
interface Case {
  /** The sentence that is tested. */
  name: string
  operation: keyof typeof operations
  /** Releases that are there; default: the small one. */
  over?: ReleaseName[]
  /** Edition that the server is set to. */
  edition?: string
  /** In-parameters by name; a `valueSet` may be an include alone, or `include` and `exclude`. */
  with: Record<string, unknown>
  expect: {
    /** Codes of an expansion by their keys, in any order. */
    members?: string
    /** Displays of an expansion, in any order. */
    displays?: string[]
    /** Versions of its entries, in any order. */
    versions?: string[]
    /** Out-parameters by name; of an expansion `total`, `used`; null: it is absent. */
    values?: Record<string, unknown>
    /** Entries of a part that repeats, in any order: `designation` as `language use value`, `property` as `code value`. */
    lists?: Record<string, string[]>
    /** Of them some. */
    among?: Record<string, string[]>
    /** Issues in any order: `severity type`. */
    issues?: string[]
    /** Texts that must stand in the answer, those with a leading `-` must not. */
    says?: string[]
    /** Matches of a translation in any order: `equivalence code`. */
    matches?: string[]
    refused?: [status: number, text: string]
  }
}

const folder = new URL('cases/', import.meta.url)
const inFull = (text: string) =>
  withIds(text).replace(
    /\$(small|earlier|international|later|american|modelled)/g,
    (_, name: ReleaseName) => versions[name],
  )

for (const file of readdirSync(folder).filter((each) => each.startsWith('concepts-'))) {
  const { section, cases } = JSON.parse(inFull(readFileSync(new URL(file, folder), 'utf8'))) as {
    section: string
    cases: Case[]
  }
  describe(`SNOMED CT, ${section}`, () => {
    assert.ok(cases.length > 0, file)
    for (const each of cases) it(each.name, () => check(each))
  })
}

async function check({ operation, over = ['small'], edition, with: given, expect }: Case): Promise<void> {
  const engine = snomedTerminology(over.map(release), edition === undefined ? {} : { snomedEdition: edition })
  const { valueSet = given.include, exclude, include: _, ...others } = given
  const compose = { include: [valueSet].flat(), ...(exclude !== undefined && { exclude: [exclude].flat() }) }
  const set = valueSet && { resourceType: 'ValueSet', status: 'active', compose }
  const asked = parameters({ ...others, ...(set !== undefined && { valueSet: set }) })
  const reply = await operations[operation](engine, asked).catch((error: unknown) => {
    if (!(error instanceof FhirError)) throw error
    return error
  })
  if (reply instanceof FhirError) {
    assert.ok(expect.refused, `${reply.status}: ${reply.message}`)
    const [status, text] = expect.refused
    assert.equal(reply.status, status)
    const said = reply.issues.map((each) => each.details?.text).join('\n')
    assert.ok(said.includes(text), said)
    return
  }
  assert.equal(expect.refused, undefined, JSON.stringify(reply))
  const said = JSON.stringify(reply)
  for (const text of expect.says ?? []) {
    const isWanted = !text.startsWith('-')
    const written = JSON.stringify(isWanted ? text : text.slice(1)).slice(1, -1)
    assert.equal(said.includes(written), isWanted, `${text} in ${said}`)
  }
  if (reply.resourceType === 'ValueSet') checkExpansion(reply, expect)
  else checkParameters(reply, expect)
}

function checkExpansion(
  { expansion }: ValueSet,
  { members, displays, versions: named, values = {} }: Case['expect'],
): void {
  const contains = expansion?.contains ?? []
  if (members !== undefined)
    assert.deepEqual(
      contains.map(({ code }) => keyOf(code ?? '')).sort(),
      members
        .split(' ')
        .filter((each) => each !== '')
        .sort(),
    )
  if (displays) assert.deepEqual(contains.map(({ display }) => display).sort(), [...displays].sort())
  if (named) assert.deepEqual(contains.map(({ version }) => version).sort(), [...named].sort())
  const used = expansion?.parameter?.filter(({ name }) => name === 'used-codesystem').map(({ valueUri }) => valueUri)
  const known: Record<string, unknown> = { total: expansion?.total, used: used?.join(' ') }
  for (const [name, value] of Object.entries(values)) assert.equal(known[name], value, name)
}

function checkParameters(reply: Parameters, { values = {}, lists = {}, among = {}, issues, matches }: Case['expect']) {
  for (const [name, value] of Object.entries(values)) assert.equal(answer(reply, name) ?? null, value, name)
  const listed = (name: string) => (reply.parameter ?? []).filter((each) => each.name === name).map(entry)
  for (const [name, entries] of Object.entries(lists)) assert.deepEqual(listed(name).sort(), [...entries].sort(), name)
  for (const [name, entries] of Object.entries(among)) {
    const found = listed(name)
    for (const each of entries) assert.ok(found.includes(each), `${each} among ${JSON.stringify(found)}`)
  }
  if (issues) {
    const outcome = answer(reply, 'issues') as { issue?: Issue[] } | undefined
    const found = (outcome?.issue ?? []).map(({ severity, details }) => `${severity} ${details?.coding?.[0]?.code}`)
    assert.deepEqual(found.sort(), [...issues].sort())
  }
  if (matches) assert.deepEqual(listed('match').sort(), [...matches].sort())
}

/** A part in one line. */
function entry({ name, part = [] }: Parameter): string {
  const of = (wanted: string) => part.find((each) => each.name === wanted)
  const value = (wanted: string) => Object.entries(of(wanted) ?? {}).find(([key]) => key.startsWith('value'))?.[1]
  if (name === 'designation')
    return [value('language'), of('use')?.valueCoding?.display, value('value')]
      .filter((each) => each !== undefined)
      .join(' ')
  if (name === 'match') {
    const concept = of('concept')?.valueCoding
    return [value('equivalence'), concept && keyOf(concept.code ?? '')].filter((each) => each !== undefined).join(' ')
  }
  const nested = part.filter((each) => each.name === 'subproperty').map(entry)
  const shown = value('value')
  const text = nested.length > 0 ? `{${nested.join(', ')}}` : keyOf(String(shown))
  return `${keyOf(String(value('code')))} ${text}`
}
