/**
 * Snapshots made of the differentials that others published are the snapshots that they published. Where they are not, the reason
 * stands by name in differences.json.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { keep } from '../../../src/base/keep.ts'
import { parseCanonical } from '../../../src/fhir/canonical.ts'
import { snapshotOf } from '../../../src/fhir/snapshot/generate.ts'
import type { Definition } from '../../../src/fhir/snapshot/tree.ts'
import type { StructureDefinition } from '../../../src/fhir/types.ts'
import { coreDefinitions } from '../../../src/packages/core-definitions.ts'
import { ofCore as coreResources, ofWho } from '../../support/published-resources.ts'
import { overShared } from '../../support/shared.ts'

const isWhole = process.env.VIDIMUS_PUBLISHED === 'all'
const core = coreDefinitions()
const kept = keep<string, Promise<StructureDefinition | undefined>>(1000)
const who = new Map(
  [...ofWho()].flatMap(({ resource }) =>
    resource.resourceType === 'StructureDefinition' ? [[resource.url, resource] as const] : [],
  ),
)
const find = (canonical: string) =>
  kept.of(canonical, async () => who.get(parseCanonical(canonical).url) ?? (await core.find(canonical)))

const differences: Record<string, string> = JSON.parse(
  readFileSync(new URL('differences.json', import.meta.url), 'utf8'),
)

/**
 * What of an element decides: names, numbers, types, values, codes, invariants. That extensions are sliced by url and elements have
 * content goes without saying, and so does the version of R4; publishers differ in whether they say it.
 */
function normal(element: Definition): string {
  const {
    id,
    path,
    sliceName,
    min,
    max,
    type = [],
    slicing,
    binding,
    constraint = [],
    contentReference,
    maxLength,
  } = element
  const isPlainSlicing = /\.(?:modifierE|e)xtension$/.test(path) && slicing?.discriminator?.[0]?.path === 'url'
  return JSON.stringify({
    id,
    path,
    sliceName,
    min,
    max,
    contentReference: contentReference?.replace(/^.*#/, ''),
    maxLength: /\.value$/.test(path) ? undefined : maxLength,
    type: type.map(({ code, profile, targetProfile }) => ({
      code,
      profile,
      targetProfile: targetProfile?.map((each) => each.replace('|4.0.1', '')),
    })),
    slicing: isPlainSlicing ? undefined : slicing && [slicing.discriminator, slicing.rules, slicing.ordered ?? false],
    binding: binding && [binding.strength, binding.valueSet?.replace('|4.0.1', '')],
    constraint: constraint
      .map(({ key }) => key)
      .filter((key) => key !== 'ele-1')
      .sort(),
    values: Object.entries(element).filter(([name]) => /^(?:fixed|pattern|minValue|maxValue)[A-Z]/.test(name)),
    flags: [element.mustSupport ?? false, element.isModifier ?? false],
  })
}

/** The first element in which they differ; undefined where they are equal. */
async function difference(definition: StructureDefinition): Promise<string | undefined> {
  const published = definition.snapshot?.element ?? []
  let made: readonly Definition[]
  try {
    made = await snapshotOf(definition, find, { isAnew: true })
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  const index = published.findIndex((each, at) => normal(each) !== (made[at] ? normal(made[at]) : ''))
  if (index < 0) return made.length > published.length ? `${made[published.length]?.id} is too much` : undefined
  return `published ${normal(published[index]!)}, made ${made[index] ? normal(made[index]) : 'nothing'}`
}

interface Tally {
  equal: number
  unexplained: string[]
  /** Names that stand in differences.json, and are equal. */
  needless: string[]
}

async function compare(definitions: Iterable<StructureDefinition>): Promise<Tally> {
  const tally: Tally = { equal: 0, unexplained: [], needless: [] }
  for (const definition of definitions) {
    if (!definition.differential || !definition.snapshot) continue
    const found = await difference(definition)
    const isExplained = Object.hasOwn(differences, definition.url)
    if (found === undefined) tally.equal++
    if (found === undefined && isExplained) tally.needless.push(definition.url)
    if (found !== undefined && !isExplained) tally.unexplained.push(`${definition.url}: ${found}`)
  }
  return tally
}

async function ofCore(isWanted: (definition: StructureDefinition) => boolean): Promise<StructureDefinition[]> {
  const canonicals = (await core.list()).filter((_, at) => isWhole || at % 4 === 0)
  const found = await Promise.all(canonicals.map((each) => find(each)))
  return found.filter((each) => each !== undefined).filter(isWanted)
}

describe('snapshots that are published', () => {
  it('of profiles of R4 core', async () => {
    const { equal, unexplained, needless } = await compare(
      await ofCore(({ derivation }) => derivation === 'constraint'),
    )
    assert.deepEqual({ unexplained, needless }, { unexplained: [], needless: [] })
    assert.ok(equal >= (isWhole ? 425 : 90), String(equal))
  })

  it('of types of R4 core', async () => {
    const types = [...coreResources(isWhole ? 1 : 4)].flatMap(({ resource }) =>
      resource.resourceType === 'StructureDefinition' && resource.derivation === 'specialization' ? [resource] : [],
    )
    const { equal, unexplained, needless } = await compare(types)
    assert.deepEqual({ unexplained, needless }, { unexplained: [], needless: [] })
    assert.ok(equal >= (isWhole ? 150 : 30), String(equal))
  })

  overShared.it("of WHO's packages", async () => {
    const { equal, unexplained, needless } = await compare(who.values())
    assert.deepEqual({ unexplained, needless }, { unexplained: [], needless: [] })
    assert.ok(equal >= 20, String(equal))
  })
})
