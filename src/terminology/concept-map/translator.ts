import { artefactName } from '../../fhir/artefact.ts'
import { unprocessable } from '../../fhir/error.ts'
import type { ConceptMap } from '../../fhir/types.ts'
import type { Artefacts } from '../request/artefacts.ts'
import { createScope, type Scope } from '../request/scope.ts'
import { refuseModifiers } from '../request/understood.ts'
import type { Admit } from '../request/usable.ts'
import { preferredFirst } from '../request/versions.ts'
import { loaded, perform } from '../request/work.ts'
import { translateBy } from './concept-map.ts'
import { closestFirst } from './equivalence.ts'
import { conceptMapOf, loadMaps } from './find-map.ts'
import { fits, sidesOf } from './group-sides.ts'

/** One translation of a code. */
interface TranslatedCode {
  system?: string
  code: string
  display?: string
  equivalence: string
}

/** A function that translates codes, the closest first. What it answers belongs to it. */
export type Translator = (code: string, system?: string) => readonly Readonly<TranslatedCode>[]

/** Reads a concept map and everything it names; afterwards it is asked synchronously. See {@link Terminology.translator}. */
export async function translator(given: string | ConceptMap, artefacts: Artefacts, admit: Admit): Promise<Translator> {
  artefacts.refresh()
  const scope = createScope(artefacts, [])
  const map = typeof given === 'string' ? await mapNamed(given, scope, artefacts, admit) : given
  await perform(scope, loadMaps([map], scope))
  refuseUnusable(map, scope, admit)
  translateBy(map, { code: '', reverse: false, dependencies: [] }, scope)
  const listed = listedCodes(map)
  const isListed = (code: string) => listed === undefined || listed.has(code.toLowerCase())
  const byRule = map.group?.some(({ unmapped }) => unmapped?.mode === 'other-map') ? undefined : rulesOf(map, scope)
  return remembering(
    (code, system) =>
      byRule && !isListed(code)
        ? byRule(code, system)
        : closestFirst(translateBy(map, { code, system, reverse: false, dependencies: [] }, scope)).flatMap(
            ({ target, equivalence }) =>
              target && equivalence !== 'unmatched' && equivalence !== 'disjoint' ? { ...target, equivalence } : [],
          ),
    isListed,
  )
}

/**
 * What the groups of a map answer for a code that none of them has: as it is, or one for all of them. Many a code comes so with every
 * certificate, and cannot be remembered.
 */
function rulesOf({ group = [] }: ConceptMap, scope: Scope): Translator {
  const rules = group.flatMap((each) => {
    const { mode, code, display } = each.unmapped ?? {}
    const isFixed = mode === 'fixed' && code
    if (mode !== 'provided' && !isFixed) return []
    const sides = sidesOf(each, scope)
    const fixed = isFixed ? { code, ...(display && { display }) } : undefined
    return [{ ...sides, fixed, equivalence: fixed ? 'relatedto' : 'equivalent' }]
  })
  let asked: { system: string | undefined; rules: typeof rules } | undefined
  return (code, system) => {
    if (asked?.system !== system || !asked)
      asked = { system, rules: closestFirst(rules.filter(({ source }) => fits(source, system))) }
    return asked.rules.map(({ target, fixed, equivalence }) => {
      const own = fixed ?? { code }
      return target ? { system: target, ...own, equivalence } : { ...own, equivalence }
    })
  }
}

/** Maps with more codes are asked for each. */
const MOST_LISTED = 5000

/** The codes of a map, in lower case; undefined where there are too many. */
function listedCodes({ group = [] }: ConceptMap): Set<string> | undefined {
  const codes = new Set<string>()
  for (const { element = [] } of group) {
    if (codes.size + element.length > MOST_LISTED) return undefined
    for (const { code } of element) if (code) codes.add(code.toLowerCase())
  }
  return codes
}

/** Most answers that a translator remembers, and the longest question, in characters. */
const MOST_ANSWERS = 1000
const LONGEST_QUESTION = 300

/**
 * The same codes come with every certificate. Only what the map itself has for a code is remembered: what it hands on as it was asked, or
 * has one answer for whatever it is, may be any text of a stranger. Nobody can change an answer that others get, too.
 * @param isListed whether a code may be one of the map
 */
export function remembering(translate: Translator, isListed: (code: string) => boolean = () => true): Translator {
  const known = new Map<string | undefined, Map<string, ReturnType<Translator>>>()
  let count = 0
  return (code, system) => {
    const found = known.get(system)?.get(code)
    if (found) return found
    const made = translate(code, system)
    const isOwn = made.length > 0 && made.every((each) => each.code !== code)
    const isShort = code.length + (system?.length ?? 0) <= LONGEST_QUESTION
    if (!isOwn || !isShort || !isListed(code) || count >= MOST_ANSWERS) return made
    for (const each of made) Object.freeze(each)
    let ofSystem = known.get(system)
    if (!ofSystem) {
      ofSystem = new Map()
      known.set(system, ofSystem)
    }
    ofSystem.set(code, Object.freeze(made))
    count++
    return made
  }
}

/** Throws when a concept map, or one that it hands codes on to, may not be used or is not here. */
function refuseUnusable(map: ConceptMap, scope: Scope, admit: Admit, seen: Set<ConceptMap> = new Set()): void {
  if (seen.has(map)) return
  seen.add(map)
  refuseModifiers(map, artefactName(map))
  for (const { unmapped } of map.group ?? []) {
    if (unmapped?.mode !== 'other-map' || !unmapped.url) continue
    const other = conceptMapOf(scope, unmapped.url)
    if (!other)
      throw unprocessable(`A definition for the concept map '${unmapped.url}' could not be found`, 'not-found')
    admit(unmapped.url, other)
    refuseUnusable(other, scope, admit, seen)
  }
}

/** By canonical; a name without scheme by id or by the tail of the url, when exactly one map has it. */
async function mapNamed(name: string, scope: Scope, artefacts: Artefacts, admit: Admit): Promise<ConceptMap> {
  const [url = '', version] = name.split('|')
  await perform(scope, loaded(scope, [{ type: 'ConceptMap', url }]))
  const found = scope.conceptMaps(url).find((each) => !version || each.version === version)
  if (found) {
    admit(name, found)
    return found
  }
  const isBare = !/^[a-z]+:/i.test(url)
  const all = isBare ? await artefacts.conceptMaps() : []
  const fitting = all.filter((each) => each.id === url || each.url?.endsWith(`/${url}`)).sort(preferredFirst)
  const [only, ...others] = fitting
  if (only && others.every((each) => each.url === only.url)) {
    // A name that is no canonical names no version.
    admit(only.url ?? name, only)
    return only
  }
  throw unprocessable(
    fitting.length === 0
      ? `A definition for the concept map '${name}' could not be found`
      : `'${name}' names several concept maps: ${fitting.map((each) => each.url).join(', ')}`,
    'not-found',
  )
}
