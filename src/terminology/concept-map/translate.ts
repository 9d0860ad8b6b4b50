import { formatCanonical, parseCanonical } from '../../fhir/canonical.ts'
import { badRequest } from '../../fhir/error.ts'
import { booleanParameter, firstParameter, textParameter } from '../../fhir/operation.ts'
import type { Coding, ConceptMap, Parameter, Parameters } from '../../fhir/types.ts'
import { agreed, requireSameArtefact } from '../request/agreement.ts'
import { type Request, resourceParameter } from '../request/request.ts'
import { queryOf } from '../request/requested-set.ts'
import type { Need } from '../request/scope.ts'
import { agreedSystem, agreedVersion, checkCodings, requireOneQuestion } from '../request/value.ts'
import { SYSTEM_RULES, versionRules } from '../request/versions.ts'
import type { Work } from '../request/work.ts'
import { SNOMED } from '../vocabularies/snomed/version-uri.ts'
import { candidates } from './candidates.ts'
import { mostGroups, type TranslateQuestion, type Translation, translateBy } from './concept-map.ts'
import { dependenciesOf } from './dependencies.ts'
import { closestFirst } from './equivalence.ts'
import { conceptMapOf, loadMaps, mapCanonical, unknownMap } from './find-map.ts'
import { type ImpliedMap, impliedMap, translateByImplied } from './implied-map.ts'

/** The map to translate by, sent along or named; without it every stored one may fit. */
export function askedMap(parameters: Parameters): ConceptMap | string | undefined {
  const given = resourceParameter(parameters, 'conceptMap', 'ConceptMap')
  const url = textParameter(parameters, 'url') || undefined
  if (!given) return (url ?? textParameter(parameters, 'conceptMap')) || undefined
  const versionName = 'conceptMapVersion'
  requireSameArtefact(given, { url, version: textParameter(parameters, versionName), versionName })
  return given
}

/**
 * `ConceptMap/$translate` with R4's and R5's parameter names. `stored` are all stored maps; none are
 * needed when the request names one.
 */
export function* translate(request: Request, stored: ConceptMap[]): Work<Parameters> {
  const { parameters } = request
  const isR4 = !speaksR5(parameters)
  const { codings, reverse, explicit } = askedCodings(parameters, isR4)
  const asked = askedMap(parameters)
  const implied = namesImplied(asked) ? yield* impliedBy(request, asked, codings) : undefined
  const turned = reverse && !explicit
  const maps = implied ? [implied.named] : yield* candidateMaps(request, asked, { stored, turned })
  yield* loadMaps(maps, request.scope)
  const other = parseCanonical(wantedSystem(parameters, reverse) ?? '')
  const dependencies = dependenciesOf(parameters)
  const { pass } = queryOf(request, '')
  const found = distinctTranslations()
  for (const coding of codings) {
    // What has no system has no meaning, and nothing stands for no code.
    if (!coding.code || (!coding.system && !explicit)) continue
    const question: TranslateQuestion = {
      code: coding.code,
      system: coding.system,
      version: coding.version,
      otherSystem: other.url || undefined,
      otherVersion: other.version,
      reverse,
      dependencies,
      isNamed: asked !== undefined,
      left: { groups: mostGroups },
    }
    for (const map of maps) {
      const pairs = implied ? translateByImplied(implied, question) : translateBy(map, question, request.scope)
      for (const each of pairs) {
        found.add(each)
        if (pass(1)) yield
      }
      if (pass(1 + (map.group?.length ?? 0))) yield
    }
  }
  const unique = closestFirst(found.all())
  const result = unique.some(
    (each) => each.target && each.equivalence !== 'unmatched' && each.equivalence !== 'disjoint',
  )
  const parameter: Parameter[] = [{ name: 'result', valueBoolean: result }]
  if (!result) parameter.push({ name: 'message', valueString: nothingFound(codings, maps) })
  const form = { keepDirection: reverse && explicit, isR4 }
  for (const each of unique) parameter.push(matchParameter(each, form))
  if (implied) parameter.push(...usedBy(implied))
  return { resourceType: 'Parameters', parameter }
}

/** Whether a request names a map that a code system implies. */
const namesImplied = (asked: ConceptMap | string | undefined): asked is string =>
  typeof asked === 'string' && asked.includes('?fhir_cm=')

/** The map that a code system implies, where the request names one. */
function* impliedBy({ parameters, scope }: Request, asked: string, codings: Coding[]): Work<ImpliedMap | undefined> {
  const rule = versionRules(parameters, SYSTEM_RULES).get(SNOMED)
  const code = codings.find(({ version }) => version !== undefined)?.version
  return yield* impliedMap(scope, asked, { version: textParameter(parameters, 'conceptMapVersion'), code, rule })
}

/** What an implied map was read from. */
function usedBy({ named, provider: { head } }: ImpliedMap): Parameter[] {
  return [
    { name: 'used-conceptmap', valueUri: mapCanonical(named) },
    { name: 'used-system', valueUri: formatCanonical(head.url, head.version) },
  ]
}

/** Matches, each once; most questions have one, which needs no comparing. */
function distinctTranslations() {
  let first: Translation | undefined
  let byIdentity: Map<string, Translation> | undefined
  return {
    add(each: Translation) {
      if (!first) {
        first = each
        return
      }
      byIdentity ??= new Map([[identity(first), first]])
      const key = identity(each)
      if (!byIdentity.has(key)) byIdentity.set(key, each)
    },
    all: (): Translation[] => (byIdentity ? [...byIdentity.values()] : first ? [first] : []),
  }
}

/** What tells one match from another. */
const identity = ({ map, equivalence, target, source }: Translation): string =>
  JSON.stringify([mapCanonical(map), equivalence, target?.code, target?.system, source.code])

function nothingFound(codings: Coding[], maps: ConceptMap[]): string {
  const codes = codings.map((each) => `'${each.system ?? ''}#${each.code ?? ''}'`).join(', ')
  const where = maps.length === 1 && maps[0] ? ` in the concept map '${mapCanonical(maps[0])}'` : ''
  const isVague = codings.some(({ system, code }) => !system || !code)
  return `No translation of ${codes} was found${where}${isVague ? '. A coding is translated by its system and its code' : ''}`
}

/** Names that R5 gave to what R4 calls otherwise. */
const R5_QUESTIONS = [
  'sourceCode',
  'sourceCoding',
  'sourceCodeableConcept',
  'targetCode',
  'targetCoding',
  'targetCodeableConcept',
]
const R5_NAMES = new Set([...R5_QUESTIONS, 'sourceSystem', 'targetSystem', 'sourceScope', 'targetScope'])
const QUESTIONS = ['code', 'coding', 'codeableConcept', ...R5_QUESTIONS]

/** Whether a request uses R5's names: its answer then has R5's parts alone. */
const speaksR5 = ({ parameter = [] }: Parameters) => parameter.some(({ name }) => R5_NAMES.has(name))

/** Names of the parameters that hold a code, in one of the ways to ask. */
interface QuestionNames {
  code: string
  system: string
  coding: string
  concept: string
}

const PLAIN: QuestionNames = { code: 'code', system: 'system', coding: 'coding', concept: 'codeableConcept' }
const SOURCE: QuestionNames = {
  code: 'sourceCode',
  system: 'sourceSystem',
  coding: 'sourceCoding',
  concept: 'sourceCodeableConcept',
}
const TARGET: QuestionNames = {
  code: 'targetCode',
  system: 'targetSystem',
  coding: 'targetCoding',
  concept: 'targetCodeableConcept',
}

/** The codes in question; a target code (R5) or `reverse` asks from target to source. */
function askedCodings(
  parameters: Parameters,
  isR4: boolean,
): { codings: Coding[]; reverse: boolean; explicit: boolean } {
  requireOneQuestion(parameters, QUESTIONS)
  const target = isR4 ? NO_CODINGS : codingsNamed(parameters, TARGET)
  if (target.length > 0) return { codings: target, reverse: true, explicit: true }
  const source = isR4 ? NO_CODINGS : codingsNamed(parameters, SOURCE)
  const plain = codingsNamed(parameters, PLAIN)
  const codings = source.length > 0 ? source : plain
  if (codings.length === 0)
    throw badRequest('No code to translate: send code and system, coding or codeableConcept', 'required')
  return { codings, reverse: booleanParameter(parameters, 'reverse') === true, explicit: false }
}

const distinct = (codings: Coding[]): Coding[] => [
  ...new Map(codings.map((each) => [JSON.stringify([each.system, each.code, each.version]), each])).values(),
]

function codingsNamed(parameters: Parameters, names: QuestionNames): Coding[] {
  const concept = firstParameter(parameters, names.concept)?.valueCodeableConcept
  if (concept) {
    checkCodings(concept.coding ?? [])
    return distinct(concept.coding ?? [])
  }
  const coding = firstParameter(parameters, names.coding)?.valueCoding
  if (coding) {
    const system = agreedSystem(coding, textParameter(parameters, names.system))
    const version = agreedVersion(coding, 'version', textParameter(parameters, 'version'))
    return [{ ...coding, ...systemOf(system, version) }]
  }
  const code = textParameter(parameters, names.code)
  if (code === undefined) return NO_CODINGS
  // Some clients send R4's name of the code with R5's name of its system.
  const system =
    textParameter(parameters, names.system) ??
    (names.system === 'system' ? textParameter(parameters, 'sourceSystem') : undefined)
  // The same code means different things in different systems, and a map may have groups for several.
  if (!system && names.system !== 'targetSystem')
    throw badRequest(
      { text: `A code to translate needs its system: send ${names.system}`, expression: names.system },
      'required',
    )
  return [{ code, ...systemOf(system, textParameter(parameters, 'version')) }]
}

/** System and version of a code; both may stand in one text, `url|version`. */
function systemOf(named: string | undefined, beside: string | undefined): Pick<Coding, 'system' | 'version'> {
  const { url, version: own } = parseCanonical(named ?? '')
  const version = agreed('version of the code system', [
    { at: 'system', says: own },
    { at: 'version', says: beside },
  ])
  return { ...(url && { system: url }), ...(version && { version }) }
}

const NO_CODINGS: Coding[] = []

/** System asked for on the other side of the map. */
function wantedSystem(parameters: Parameters, reverse: boolean): string | undefined {
  const target = textParameter(parameters, 'targetsystem') ?? textParameter(parameters, 'targetSystem')
  const isReverseByTarget = reverse && booleanParameter(parameters, 'reverse') !== true
  return isReverseByTarget ? textParameter(parameters, 'sourceSystem') : target
}

/** The map that is asked for; without one every map that may fit. 404 for an unknown one. */
function* candidateMaps(
  request: Request,
  url: ConceptMap | string | undefined,
  { stored, turned }: { stored: ConceptMap[]; turned: boolean },
): Work<ConceptMap[]> {
  const { parameters, scope } = request
  if (typeof url === 'object') return [url]
  if (url) {
    const canonical = parseCanonical(url)
    const version = agreed('version of the concept map', [
      { at: 'url', says: canonical.version },
      { at: 'conceptMapVersion', says: textParameter(parameters, 'conceptMapVersion') },
    ])
    const need: Need = { type: 'ConceptMap', url: canonical.url }
    if (!scope.has(need)) yield [need]
    const map = conceptMapOf(scope, url, version)
    if (map) return [map]
    throw unknownMap(url.includes('|') ? url : formatCanonical(url, version), 404)
  }
  return candidates(request, stored, turned)
}

/** One `match`: R4 names the map in `source`, R5 in `originMap` and has the other side's code in `source`. */
function matchParameter(
  { map, equivalence, written, source, target, product }: Translation,
  { keepDirection, isR4 }: { keepDirection: boolean; isR4: boolean },
): Parameter {
  const part: Parameter[] = [{ name: 'equivalence', valueCode: keepDirection ? written : equivalence }]
  const near: Coding = { ...source }
  if (target) part.push({ name: 'concept', valueCoding: keepDirection ? near : { ...target } })
  for (const { element, ...concept } of product) {
    part.push({
      name: 'product',
      part: [
        { name: 'element', valueUri: element },
        { name: 'concept', valueCoding: concept },
      ],
    })
  }
  if (keepDirection && target) part.push({ name: 'source', valueCoding: { ...target } })
  if (map.url && isR4) part.push({ name: 'source', valueUri: map.url })
  if (map.url) part.push({ name: 'originMap', valueCanonical: mapCanonical(map) })
  return { name: 'match', part }
}
