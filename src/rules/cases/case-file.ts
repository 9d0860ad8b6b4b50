/** Cases of rules, as their author writes them (docs/rule-tests.md): read strictly, every fault with its place. */
import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { nearestName } from '../../base/nearest.ts'
import { type Path, readYaml, YamlError } from '../../base/yaml.ts'
import type { Bundle } from '../../fhir/types.ts'
import { composed, type Part } from './compose.ts'
import { type Fault, knownMembers, type Notes, notesOn, textAt } from './notes.ts'
import { type Expectation, readExpectation } from './read-expectation.ts'

/** What a case gives the rules to judge. */
type CaseData =
  /** Descriptions of test credentials of one person (src/demo/description), with their places. */
  | { kind: 'credentials'; credentials: Located[] }
  | { kind: 'bundle'; bundle: Bundle }
  /** Core data sets as the maps make them. */
  | { kind: 'coreDataSets'; coreDataSets: JsonObject[] }

/** A piece of JSON that stands in a case, and where. */
export interface Located {
  json: Json
  placeOf(path: Path): string
  placeOfName(path: Path, member: string): string
}

/** One case of a rule. */
export interface RuleCase {
  name: string
  /** `line 3, column 5` */
  place: string
  data: CaseData
  /** FHIR dateTime. */
  clock: string
  jurisdiction?: string
  language?: string
  /** What the verdict is for: a code of the use of verdicts. */
  use?: string
  /** CQL parameters by name, and where each stands. */
  parameters: { name: string; value: Json; place: string }[]
  /** Rule sets that are run: ids or canonicals; none = those of the file. */
  plans: { name: string; place: string }[]
  /** The server chooses the rule sets, as it does for a request that names none. */
  selected: boolean
  expect: Expectation
}

/** A mutant that no case can notice, and why. */
export interface EquivalentMutant {
  /** Define or function in which it is. */
  in: string
  /** Text of the rule that is changed. */
  source: string
  change: string
  reason: string
  place: string
}

/** A file of cases. */
export interface CaseFile {
  /** Library or plan, when it is not that by which the file is called. */
  of?: { name: string; place: string }
  cases: RuleCase[]
  equivalent: EquivalentMutant[]
}

/** Cases are not understood: every fault with its place. */
export class CaseFileError extends Error {
  /** Marks it as a message to a person, and no fault of the program. */
  readonly code = 'CASES'
  readonly faults: Fault[]
  constructor(faults: Fault[]) {
    super(faults.map(({ place, text }) => (place === undefined ? text : `${place}: ${text}`)).join('\n'))
    this.name = 'CaseFileError'
    this.faults = faults
  }
}

/** Characters of a file; more are no cases that anybody reads. */
const mostCharacters = 4_000_000
/** Cases of a file. */
const mostCases = 20_000
/** Faults that are told; a file in another language has thousands. */
const mostFaults = 50

const inherited = ['clock', 'jurisdiction', 'language', 'use', 'parameters', 'plans', 'selected'] as const
const dataMembers = ['credential', 'credentials', 'bundle', 'coreDataSet', 'coreDataSets'] as const
const partMembers: readonly string[] = [...inherited, ...dataMembers, 'like', 'set', 'remove']
const fileMembers = ['of', ...inherited, 'given', 'cases', 'equivalent']
const equivalentMembers = ['in', 'source', 'change', 'reason']

/**
 * Reads a file of cases: `of`, defaults (`clock`, `jurisdiction`, `language`, `use`, `parameters`, `plans`, `selected`), `given` (data by
 * name, for `like`), `cases`, `equivalent`. YAML 1.2 without anchors, aliases and tags; so JSON, too.
 * @throws CaseFileError with every fault
 */
export function readCaseFile(text: string): CaseFile {
  if (text.length > mostCharacters) throw new CaseFileError([{ text: `longer than ${mostCharacters} characters` }])
  const yaml = parse(text)
  const notes = notesOn(yaml)
  const root = yaml.json
  if (!isJsonObject(root))
    throw new CaseFileError([{ place: yaml.placeOf([]), text: `a map with ${fileMembers.join(', ')} is wanted` }])
  knownMembers(root, fileMembers, { path: [], notes })
  const reading: Reading = { root, notes }
  const cases = readCases(reading)
  const equivalent = readEquivalent(reading)
  const name = root.of === undefined ? undefined : textAt(root, 'of', { path: [], notes })
  if (notes.faults.length > 0) throw new CaseFileError(few(notes.faults))
  return { ...(name === undefined ? {} : { of: { name, place: yaml.placeOf(['of']) } }), cases, equivalent }
}

function few(faults: Fault[]): Fault[] {
  if (faults.length <= mostFaults) return faults
  return [...faults.slice(0, mostFaults), { text: `and ${faults.length - mostFaults} more` }]
}

function parse(text: string) {
  try {
    return readYaml(text, { document: 'file of cases' })
  } catch (error) {
    if (!(error instanceof YamlError)) throw error
    throw new CaseFileError(few(error.problems.map(placed)))
  }
}

function placed(problem: string): Fault {
  const [, place, text] = /^(line \d+, column \d+): (.*)$/s.exec(problem) ?? []
  return place === undefined || text === undefined ? { text: problem } : { place, text }
}

/** What the parts of one file are read with. */
interface Reading {
  root: JsonObject
  notes: Notes
}

function readCases(reading: Reading): RuleCase[] {
  const { root, notes } = reading
  const { cases } = root
  if (!Array.isArray(cases) || cases.length === 0) {
    notes.say(cases === undefined ? [] : ['cases'], 'cases is missing, or is no list with a case')
    return []
  }
  if (cases.length > mostCases) {
    notes.say(['cases'], `more than ${mostCases} cases; put them into several files`)
    return []
  }
  const parts = new Map<string, Part>()
  const used = new Set<string>()
  const given = isJsonObject(root.given) ? root.given : {}
  if (root.given !== undefined && !isJsonObject(root.given))
    notes.say(['given'], 'given must be a map of parts of cases')
  for (const [name, part] of Object.entries(given)) readPart(name, part, ['given', name], { reading, parts, used })
  const read = cases.flatMap((each, at) => readCase(each, ['cases', at], { reading, parts, used }) ?? [])
  for (const name of Object.keys(given)) if (!used.has(name)) notes.sayName(['given'], name, `no case is like ${name}`)
  return read
}

/** Parts that are known so far, by name: a later one may be like an earlier one, so that none is like itself. */
interface Parts {
  reading: Reading
  parts: Map<string, Part>
  used: Set<string>
}

function readPart(name: string, json: Json, path: Path, { reading, parts, used }: Parts): Part | undefined {
  const { notes } = reading
  if (!isJsonObject(json)) {
    notes.say(path, 'a map is wanted')
    return undefined
  }
  knownMembers(json, path[0] === 'given' ? partMembers : ['name', 'expect', ...partMembers], { path, notes })
  let base: Part | undefined
  if (json.like !== undefined) {
    const like = textAt(json, 'like', { path, notes })
    base = like === undefined ? undefined : parts.get(like)
    if (like !== undefined) {
      used.add(like)
      if (!base) notes.say([...path, 'like'], `nothing above is called ${JSON.stringify(like)}${nearest(like, parts)}`)
    }
    if (!base) return undefined
  }
  const part = composed(json, { path, base, notes, members: [...inherited, ...dataMembers] })
  if (!part) return undefined
  if (parts.has(name)) notes.say(path, `another one is called ${JSON.stringify(name)}, too`)
  parts.set(name, part)
  return part
}

function nearest(name: string, parts: ReadonlyMap<string, unknown>): string {
  const near = nearestName(name, parts.keys())
  return near === undefined ? '' : `; ${JSON.stringify(near)} is the nearest`
}

function readCase(json: Json, path: Path, parts: Parts): RuleCase | undefined {
  const { reading } = parts
  const { notes, root } = reading
  const name = isJsonObject(json) ? textAt(json, 'name', { path, notes }) : ''
  if (name === undefined) return undefined
  const part = readPart(name, json, path, parts)
  if (!part || !isJsonObject(json)) return undefined
  const place = (inner: Path) => notes.placeOf(part.originOf(inner))
  const say = (inner: Path, text: string) => notes.say(part.originOf(inner), text)
  const settings = readSettings({ json: part.json, root, say, place, notes })
  const data = readData(part, { reading, path, say })
  const expect = readExpectation(json.expect, { path: [...path, 'expect'], notes })
  if (!settings || !data || !expect) return undefined
  if (settings.selected && data.kind !== 'credentials')
    say(
      ['selected'],
      'selected goes with credentials: of other data nobody knows which rule sets a server would choose',
    )
  if (settings.selected && settings.plans.length > 0) say(['plans'], 'plans and selected exclude each other')
  if (settings.use !== undefined && data.kind !== 'credentials')
    say(['use'], 'use goes with credentials: over other data the rule sets are named')
  return { name, place: notes.placeOf(path), data, ...settings, expect }
}

interface SettingsSource {
  json: JsonObject
  root: JsonObject
  say(path: Path, text: string): void
  place(path: Path): string
  notes: Notes
}

type Settings = Pick<RuleCase, 'clock' | 'jurisdiction' | 'language' | 'use' | 'parameters' | 'plans' | 'selected'>

/** The settings of a case, else those of the file. */
function readSettings({ json, root, say, place, notes }: SettingsSource): Settings | undefined {
  const own = (member: string) => json[member] !== undefined
  const valueAt = (member: string) => (own(member) ? json[member] : root[member])
  const tell = (member: string, text: string) => (own(member) ? say([member], text) : notes.say([member], text))
  const placeOf = (path: Path) => (own(String(path[0])) ? place(path) : undefined)
  const optional = (member: string) => {
    const value = valueAt(member)
    if (value === undefined || (typeof value === 'string' && value !== '')) return value
    tell(member, `${member} must be a text`)
    return undefined
  }
  const clock = valueAt('clock')
  if (typeof clock !== 'string') {
    if (clock === undefined) say([], 'clock is missing: without one the case would say something else tomorrow')
    else tell('clock', 'clock must be a date-time, such as 2026-01-31T12:00:00Z')
    return undefined
  }
  const { plans = [], selected = false } = { plans: valueAt('plans'), selected: valueAt('selected') }
  const names = (Array.isArray(plans) ? plans : [plans]).filter((each) => typeof each === 'string')
  if (names.length !== [plans].flat().length) tell('plans', 'plans must be a list of ids or canonicals')
  if (typeof selected !== 'boolean') tell('selected', 'selected must be true or false')
  const [jurisdiction, language, use] = ['jurisdiction', 'language', 'use'].map(optional)
  return {
    clock,
    ...(jurisdiction === undefined ? {} : { jurisdiction }),
    ...(language === undefined ? {} : { language }),
    ...(use === undefined ? {} : { use }),
    parameters: readParameters({ own: json.parameters, others: root.parameters, tell, place, notes }),
    plans: names.map((name, at) => ({ name, place: placeOf(['plans', at]) ?? '' })),
    selected: selected === true,
  }
}

interface ParameterSource {
  own: Json | undefined
  others: Json | undefined
  tell(member: string, text: string): void
  place(path: Path): string
  notes: Notes
}

/** Parameters of the file and those of the case, which win. */
function readParameters({ own = {}, others = {}, tell, place }: ParameterSource): RuleCase['parameters'] {
  if (!isJsonObject(own) || !isJsonObject(others)) {
    tell('parameters', 'parameters must be a map from their names to values')
    return []
  }
  return Object.entries({ ...others, ...own }).map(([name, value]) => ({
    name,
    value,
    place: Object.hasOwn(own, name) ? place(['parameters', name]) : '',
  }))
}

interface DataSource {
  reading: Reading
  path: Path
  say(path: Path, text: string): void
}

function readData(part: Part, { reading, path, say }: DataSource): CaseData | undefined {
  const { json } = part
  const given = dataMembers.filter((each) => json[each] !== undefined)
  const [member, other] = given
  if (member === undefined || other !== undefined) {
    const wanted = 'credential, credentials, bundle, coreDataSet or coreDataSets'
    say(other === undefined ? [] : [other], other === undefined ? `a case needs ${wanted}` : `only one of ${wanted}`)
    return undefined
  }
  const value = json[member]
  const isMany = member === 'credentials' || member === 'coreDataSets'
  const items = isMany ? value : [value]
  if (!Array.isArray(items) || items.length === 0 || !items.every((each) => isJsonObject(each))) {
    say([member], `${member} must be ${isMany ? 'a list of maps' : 'a map'}`)
    return undefined
  }
  const stepsTo = (at: number): Path => (isMany ? [member, at] : [member])
  switch (member) {
    case 'credential':
    case 'credentials':
      return {
        kind: 'credentials',
        credentials: items.map((each, at) => located(each, stepsTo(at), { part, reading })),
      }
    case 'bundle':
      return bundleOf(items[0], { reading, path, say })
    default:
      return { kind: 'coreDataSets', coreDataSets: items.filter(isJsonObject) }
  }
}

function bundleOf(json: Json | undefined, { say }: DataSource): CaseData | undefined {
  if (!isBundle(json)) {
    say(['bundle'], 'bundle must be a FHIR Bundle: resourceType, type, entry')
    return undefined
  }
  return { kind: 'bundle', bundle: json }
}

const isBundle = (json: unknown): json is Bundle => isJsonObject(json) && json.resourceType === 'Bundle'

function located(json: Json, steps: Path, { part, reading }: { part: Part; reading: Reading }): Located {
  return {
    json,
    placeOf: (path) => reading.notes.placeOf(part.originOf([...steps, ...path])),
    placeOfName: (path, member) => reading.notes.placeOfName(part.originOf([...steps, ...path]), member),
  }
}

function readEquivalent({ root, notes }: Reading): EquivalentMutant[] {
  const { equivalent = [] } = root
  if (!Array.isArray(equivalent)) {
    notes.say(['equivalent'], 'equivalent must be a list')
    return []
  }
  return equivalent.flatMap((each, at) => {
    const path: Path = ['equivalent', at]
    if (!isJsonObject(each)) {
      notes.say(path, `a map with ${equivalentMembers.join(', ')} is wanted`)
      return []
    }
    knownMembers(each, equivalentMembers, { path, notes })
    const [place, source, change, reason] = equivalentMembers.map((member) => textAt(each, member, { path, notes }))
    if (place === undefined || source === undefined || change === undefined || reason === undefined) return []
    return [{ in: place, source, change, reason, place: notes.placeOf(path) }]
  })
}
