import { brokenSignature, isCopy, isNamedBy, mirroredFrom } from '../../fhir/artefact.ts'
import { formatCanonical, matchesWildcard, parseCanonical } from '../../fhir/canonical.ts'
import { issue, unprocessable } from '../../fhir/error.ts'
import type { Issue, StructureDefinition, StructureMap } from '../../fhir/types.ts'
import { finish } from '../../workers/budget.ts'
import type { Slices } from '../compiled-map.ts'
import type { MapEnvironment } from '../environment.ts'
import { compileExpression, type ExpressionContext } from '../fhirpath/compile-expression.ts'
import type { CompiledExpression } from '../fhirpath/expression-types.ts'
import { createHost } from '../fhirpath/host.ts'
import { positionedIssue } from '../language/cursor.ts'
import { readR5 } from '../language/spelling.ts'
import { constantsOf } from '../model/extensions.ts'
import type { LenientForm, MapRemarks } from '../model/map-remarks.ts'
import { createTypeTable, neededTypes } from '../model/type-table.ts'
import { r4Name, type Type } from '../model/types.ts'
import { type FaultPlace, TransformFault } from '../run/fault.ts'
import { type Translator, translateNode } from '../run/translate.ts'
import { compileGroup, groupSteps, inspectGroup } from './compile-rule.ts'
import { allRules, inlineTranslators, loadMemberships, loadTranslators } from './load-terminology.ts'
import type { GroupRef, MapScope, Program } from './program.ts'

/** Most maps and definitions that one map may pull in. */
const IMPORT_LIMIT = 1000
const DEFINITION_LIMIT = 2000

/** A program with its main map, and what was not found on the way. */
export interface LoadedProgram {
  program: Program
  main: MapScope
  warnings: Issue[]
  /** Those of them that tell of a value set or a concept map that cannot be used: what it decides is not decided. */
  unusable: Issue[]
}

/** Looks up everything a map needs and compiles it. FhirError 422 for an unknown import or a broken rule. */
export async function loadProgram(
  map: StructureMap,
  supporting: StructureMap[],
  {
    environment,
    engineOnly,
    budget,
  }: { environment: MapEnvironment; engineOnly: boolean; budget?: Slices | undefined },
): Promise<LoadedProgram> {
  const warnings: Issue[] = []
  const warned = new Set<string>()
  const warn = (text: string): void => {
    if (warned.has(text)) return
    warned.add(text)
    warnings.push(issue('not-found', { severity: 'warning', text }))
  }
  const unusable: Issue[] = []
  const refuse = (text: string): void => {
    const known = warnings.length
    warn(text)
    unusable.push(...warnings.slice(known))
  }
  const maps = await loadImports(map, { supporting, environment, warn })
  for (const each of maps) {
    const broken = brokenSignature(each)
    if (broken !== undefined) throw unprocessable(`StructureMap ${each.url}: ${broken}`, 'business-rule')
  }
  const definitions = await loadDefinitions(maps, environment, warn)
  const types = createTypeTable(definitions)
  const memberships = await loadMemberships(maps, environment, refuse)
  const translators = await loadTranslators(maps, environment, refuse)
  const host = createHost(types, memberships)
  const note = (severity: 'error' | 'warning', text: string, lenient?: LenientForm) => {
    const { place } = program
    const whole = `${place ? describeRule(place) : ''}${text}`
    if (warned.has(whole)) return
    warned.add(whole)
    warnings.push(positionedIssue(severity, place?.position ?? { line: 1, column: 1 }, whole, lenient))
  }
  const remarks: MapRemarks = {
    problem: (text, lenient) => note('error', text, lenient),
    doubt: (lenient, text) => note('warning', text, lenient),
  }
  const program: Program = {
    scopes: [],
    types,
    expressions: { host, functions: host.functions, remarks, engineOnly },
    groups: new Map(),
    compile: compileGroup,
    inspect: inspectGroup,
    inspected: new Map(),
    warn,
    ...remarks,
    place: undefined,
  }
  for (const each of maps) program.scopes.push(createScope(each, { program, translators }))
  const [main] = program.scopes
  if (!main) throw unprocessable(`StructureMap ${map.url} has no group`)
  // Every rule of the map itself is compiled now, so that a broken one is told before anything runs.
  for (const group of main.map.group) {
    const steps = groupSteps({ group, scope: main })
    if (budget) await budget.runSteps(steps)
    else finish(steps)
  }
  return { program, main, warnings, unusable }
}

const describeRule = ({ map, group, rule }: FaultPlace) =>
  `StructureMap ${map}, group '${group}'${rule === undefined ? '' : `, rule '${rule}'`}: `

interface Loading {
  supporting: StructureMap[]
  environment: MapEnvironment
  warn(text: string): void
}

/** The map and its imports, in the order in which their groups are looked up. */
async function loadImports(map: StructureMap, { supporting, environment, warn }: Loading): Promise<StructureMap[]> {
  const maps = [map]
  const asked = new Set<string>()
  for (let i = 0; i < maps.length; i++) {
    for (const url of maps[i]?.import ?? []) {
      if (asked.has(url)) continue
      asked.add(url)
      const wildcard = url.includes('*')
      const own = [map, ...supporting].filter((each) => matches(url, each))
      const stored = own.length > 0 && !wildcard ? [] : (await environment.findMaps(url)).filter(mayJoin(maps[i], url))
      const found = [...own, ...(wildcard ? newestEach(stored) : stored.slice(0, 1))]
      if (found.length === 0 && wildcard) warn(`No StructureMap matches the import ${url}`)
      else if (found.length === 0) {
        throw unprocessable(
          {
            text: `StructureMap ${maps[i]?.url ?? ''} imports ${url}, which does not exist`,
            expression: 'StructureMap.import',
          },
          'not-found',
        )
      }
      for (const each of found) if (!maps.some((known) => known.url === each.url)) maps.push(readR5(each))
      if (maps.length > IMPORT_LIMIT)
        throw unprocessable(`StructureMap ${map.url} imports more than ${IMPORT_LIMIT} maps`, 'too-costly')
    }
  }
  return maps
}

/**
 * What a draft leans on may be a draft. An active map is joined by active maps, and by what it names exactly: anything else
 * could change what it does without its author. So could a map of another participant that a wildcard happens to match.
 */
const mayJoin = (importing: StructureMap | undefined, url: string) => (found: StructureMap) => {
  const isNamed = !url.includes('*')
  if (!isNamed && isCopy(found) && !(importing && mirroredFrom(importing) === mirroredFrom(found))) return false
  return importing?.status !== 'active' || found.status === 'active' || (isNamed && isNamedBy(url, found))
}

function matches(url: string, map: StructureMap): boolean {
  const { url: wanted, version } = parseCanonical(url)
  if (version && map.version !== version) return false
  return matchesWildcard(wanted, map.url)
}

/** Of several versions of one url the first, which is the newest. */
function newestEach(maps: StructureMap[]): StructureMap[] {
  return maps.filter((each, index) => maps.findIndex((other) => other.url === each.url) === index)
}

async function loadDefinitions(
  maps: StructureMap[],
  environment: MapEnvironment,
  warn: (text: string) => void,
): Promise<Map<string, StructureDefinition>> {
  const definitions = new Map<string, StructureDefinition>()
  const declared = new Set(maps.flatMap((map) => (map.structure ?? []).map((each) => each.url)))
  const told = new Set([...declared, ...createdTypes(maps)])
  const queue = [...told]
  const asked = new Set(queue)
  for (let i = 0; i < queue.length && i < DEFINITION_LIMIT; i++) {
    const url = queue[i] ?? ''
    if (r4Name(url)) continue
    const definition = await environment.findStructure(url)
    if (!definition) {
      if (told.has(url)) warn(`StructureDefinition ${url} is not known: what stands in it takes the shape found`)
      continue
    }
    definitions.set(url, definition)
    for (const each of neededTypes(definition)) {
      if (asked.has(each)) continue
      asked.add(each)
      queue.push(each)
    }
  }
  return definitions
}

/** Canonicals in `create('url')`. */
function createdTypes(maps: StructureMap[]): string[] {
  const urls = new Set<string>()
  for (const rule of allRules(maps)) {
    for (const target of rule.target ?? []) {
      const name = target.transform === 'create' ? target.parameter?.[0]?.valueString : undefined
      if (name?.includes('/')) urls.add(name)
    }
  }
  return [...urls]
}

interface ScopeParts {
  program: Program
  translators: ReadonlyMap<string, Translator>
}

function createScope(map: StructureMap, { program, translators }: ScopeParts): MapScope {
  const aliases = { source: aliasesOf(map, 'source'), target: aliasesOf(map, 'target') }
  const known = new Map<string, Type | undefined>()
  const inline = inlineTranslators(map)
  const constants = new Map<string, CompiledExpression>()
  const scope: MapScope = {
    map,
    canonical: formatCanonical(map.url, map.version),
    program,
    constants,
    findType(name, side) {
      const key = `${side} ${name}`
      if (known.has(key)) return known.get(key)
      const url = aliases[side].get(name)
      // A declared name is what its url says, even if nobody knows that; never an R4 type that has the same name.
      const type =
        program.types.find(url ?? name) ??
        program.types.find(aliases[side === 'source' ? 'target' : 'source'].get(name) ?? '')
      // Names come from the map; only cast() may bring others.
      if (known.size < 1000) known.set(key, type)
      return type
    },
    declares: (name) => aliases.source.has(name) || aliases.target.has(name),
    findGroup: (name) => findGroup(scope, name),
    translator: (name) => inline.get(name.startsWith('#') ? name.slice(1) : name) ?? translators.get(name),
    translate(name, node) {
      const translator = scope.translator(name)
      return translator && translateNode(node, translator)
    },
  }
  addConstants(map, constants, program.expressions)
  return scope
}

/** Constants are evaluated when they are read, so they may refer to later ones, but not to themselves. */
function addConstants(map: StructureMap, constants: Map<string, CompiledExpression>, context: ExpressionContext): void {
  const scope = { sources: new Map(), targets: new Map(), constants, counter: { slots: 0, types: [] } }
  const compiled = new Map<string, CompiledExpression>()
  for (const { name } of constantsOf(map)) {
    let reading = false
    constants.set(name, (frame, focus) => {
      if (reading) throw new TransformFault(`the constant '${name}' refers to itself`)
      reading = true
      try {
        return compiled.get(name)?.(frame, focus) ?? []
      } finally {
        reading = false
      }
    })
  }
  for (const { name, value } of constantsOf(map)) compiled.set(name, compileExpression(value, scope, context))
}

/** Names that a map gives to structures of one side, by alias and by the last part of the url. */
function aliasesOf(map: StructureMap, side: 'source' | 'target'): Map<string, string> {
  const modes = side === 'source' ? ['source', 'queried'] : ['target', 'produced']
  const aliases = new Map<string, string>()
  for (const { alias, url, mode } of map.structure ?? []) {
    if (!modes.includes(mode)) continue
    for (const name of [alias, url.slice(url.lastIndexOf('/') + 1)])
      if (name && !aliases.has(name)) aliases.set(name, url)
  }
  return aliases
}

/** The map's own group, then those of its imports in order, then of every map: the importing one wins. */
function findGroup(scope: MapScope, name: string): GroupRef | undefined {
  const { scopes } = scope.program
  for (const each of [scope, ...importsOf(scope), ...scopes]) {
    const group = each.map.group.find((candidate) => candidate.name === name)
    if (group) return { group, scope: each }
  }
  return undefined
}

function importsOf(scope: MapScope): MapScope[] {
  return (scope.map.import ?? []).flatMap((url) => scope.program.scopes.filter((each) => matches(url, each.map)))
}
