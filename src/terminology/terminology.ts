import { artefactName } from '../fhir/artefact.ts'
import { FhirError, unprocessable } from '../fhir/error.ts'
import type { ConceptMap, Issue, Parameters, Resource, ValueSet } from '../fhir/types.ts'
import type { Steps } from '../workers/budget.ts'
import { type Instance, terminologyCapabilities } from './capabilities.ts'
import { checkTerminology } from './check/check.ts'
import { compareValueSets } from './compare.ts'
import { closestFirst, conceptMapOf, translateBy } from './concept-map/concept-map.ts'
import { askedMap, translate } from './concept-map/translate.ts'
import { expandValueSet } from './expand/expand.ts'
import { lookUp } from './lookup.ts'
import { systemIdentity } from './request/aliases.ts'
import { type ArtefactSource, type Artefacts, createArtefacts } from './request/artefacts.ts'
import { DEFAULT_LIMITS, type Limits } from './request/limits.ts'
import { txError } from './request/messages.ts'
import { openRequest, type Request, type Surroundings, sharedScopes, type TerminologyCall } from './request/request.ts'
import { createScope, type Scope, settle, valueSetOf } from './request/scope.ts'
import { refuseModifiers } from './request/understood.ts'
import { requireUsable } from './request/usable.ts'
import { preferredFirst } from './request/versions.ts'
import { subsumption } from './subsumes.ts'
import { answerBatch, type BatchEntry, batchEntries } from './validate/batch.ts'
import { validateInCodeSystem, validateInValueSet } from './validate/validate.ts'
import { contains, type Evaluation, noDecisions } from './value-set/resolve-clause.ts'
import { type CompiledSet, compileValueSet } from './value-set/value-set.ts'

export type { ArtefactSource } from './request/artefacts.ts'
export type { Limits } from './request/limits.ts'

/** One translation of a code. */
interface TranslatedCode {
  system?: string
  code: string
  display?: string
  equivalence: string
}

/** A value set to ask for codes. */
export interface BoundMembership {
  (code: string, system?: string): boolean
  /** Systems that the set draws from. */
  systems: string[]
  /** `url|version` of the set that was bound. */
  canonical: string
}

/**
 * The terminology engine: all operations of the FHIR terminology module over stored and brought artefacts. Every method
 * rejects with FhirErrors that name what is missing; a negative answer is a value.
 */
export interface Terminology {
  /** `ValueSet/$expand`. */
  expand(parameters: Parameters, call?: TerminologyCall): Promise<ValueSet>
  /** `ValueSet/$validate-code`, or `CodeSystem/$validate-code` when `resourceType` says so. */
  validateCode(
    parameters: Parameters,
    call?: TerminologyCall & { resourceType?: 'ValueSet' | 'CodeSystem' },
  ): Promise<Parameters>
  /** `$batch-validate-code`; entries without value set are asked of the code system. */
  batchValidateCode(
    parameters: Parameters,
    call?: TerminologyCall & { resourceType?: 'ValueSet' | 'CodeSystem' },
  ): Promise<Parameters>
  /** `CodeSystem/$lookup`. */
  lookup(parameters: Parameters, call?: TerminologyCall): Promise<Parameters>
  /** `CodeSystem/$subsumes`. */
  subsumes(parameters: Parameters, call?: TerminologyCall): Promise<Parameters>
  /** `ValueSet/$compare`. */
  compare(parameters: Parameters, call?: TerminologyCall): Promise<Parameters>
  /** `ConceptMap/$translate`. */
  translate(parameters: Parameters, call?: TerminologyCall): Promise<Parameters>
  /**
   * Membership of one value set, for CQL `in` and FHIRPath `memberOf`: resolves once, then synchronous. Without a system any
   * system of the set counts; `systems` are those it draws from, by which a caller knows that a code alone is ambiguous. 422 not-found
   * naming a value set, import or code system that is unknown. A set that is not active counts only when it is named `url|version`,
   * by whoever names it; else 422. `canonical` is what was bound, with its version. `drafts` lets any count: for what decides no verdict.
   */
  membership(valueSet: string, options?: { drafts?: boolean }): Promise<BoundMembership>
  /**
   * Translation by one concept map, the closest first: url, `url|version`, the map itself, or a bare id or tail of the url when exactly one map has it.
   * 422 for one that is not there, or not active and not named `url|version`; the same for the maps that it hands a code on to.
   * `drafts` lets any count: for what decides no verdict.
   */
  translator(
    conceptMap: string | ConceptMap,
    options?: { drafts?: boolean },
  ): Promise<(code: string, system?: string) => TranslatedCode[]>
  /**
   * What is wrong with a CodeSystem, ValueSet or ConceptMap before anybody asks it: errors where it can never answer, warnings
   * for what is not here yet. `beside` are resources that are to be stored with it.
   */
  check(resource: Resource, beside?: Resource[]): Promise<Issue[]>
  /** TerminologyCapabilities: the stored and built-in systems that answer, and the parameters understood. */
  capabilities(instance: Instance): Promise<Resource>
}

/** What the engine is given beside the artefacts. */
export interface TerminologyOptions {
  now(): Date
  /** Random UUID, version 4. */
  uuid(): string
  limits?: Partial<Limits>
  /** Milliseconds of computing so far; defaults to those of `now`. */
  milliseconds?(): number
}

/** Makes the engine over a source of artefacts. */
export function createTerminology(source: ArtefactSource, options: TerminologyOptions): Terminology {
  const artefacts = createArtefacts(source)
  const around: Surroundings = {
    artefacts,
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    sharedScope: sharedScopes(artefacts),
    milliseconds: options.milliseconds ?? (() => options.now().getTime()),
    now: options.now,
    uuid: options.uuid,
  }
  const run = <T>(
    parameters: Parameters,
    call: TerminologyCall,
    work: (request: Request) => T | Steps<T>,
  ): Promise<T> => {
    const request = openRequest(parameters, call, around)
    return settle(request.scope, () => work(request), call.budget)
  }
  const validateCode: Terminology['validateCode'] = (parameters, call = {}) =>
    run(parameters, call, call.resourceType === 'CodeSystem' ? validateInCodeSystem : validateInValueSet)
  return {
    expand: (parameters, call = {}) => run(parameters, call, expandValueSet),
    validateCode,
    batchValidateCode: (parameters, call = {}) => {
      // One scope for all entries: what they share is compiled once.
      const { scope } = openRequest(parameters, call, around)
      const answer = ({ entry, bringsOwn }: BatchEntry) => {
        const work = asksValueSet(entry, call.resourceType) ? validateInValueSet : validateInCodeSystem
        if (bringsOwn) return run<Parameters>(entry, call, work)
        return settle<Parameters>(scope, () => work({ parameters: entry, call, around, scope }), call.budget)
      }
      return answerBatch(batchEntries(parameters), answer, call.budget)
    },
    lookup: (parameters, call = {}) => run(parameters, call, lookUp),
    compare: (parameters, call = {}) => run(parameters, call, compareValueSets),
    subsumes: (parameters, call = {}) => run(parameters, call, subsumption),
    translate: async (parameters, call = {}) => {
      const stored = askedMap(parameters) ? [] : await artefacts.conceptMaps()
      return run(parameters, call, (request) => translate(request, stored))
    },
    membership: (valueSet, { drafts } = {}) => membership(valueSet, artefacts, drafts ? anyStatus : requireUsable),
    translator: (conceptMap, { drafts } = {}) => translator(conceptMap, artefacts, drafts ? anyStatus : requireUsable),
    check: (resource, beside = []) => checkTerminology(resource, beside, artefacts),
    capabilities: (instance) => terminologyCapabilities(instance, artefacts, options.now()),
  }
}

/** An entry without value set is asked of its code system. */
function asksValueSet(entry: Parameters, resourceType: 'ValueSet' | 'CodeSystem' = 'ValueSet'): boolean {
  const namesSet = (entry.parameter ?? []).some((each) => each.name === 'url' || each.name === 'valueSet')
  return resourceType === 'ValueSet' && namesSet
}

/** Throws when an artefact may not be used by the name it was found by. */
type Admit = typeof requireUsable

const anyStatus: Admit = () => {}

async function membership(canonical: string, artefacts: Artefacts, admit: Admit): Promise<BoundMembership> {
  artefacts.refresh()
  const scope = createScope(artefacts, [])
  const evaluation: Evaluation = { scope, systemRules: new Map(), decided: noDecisions(), pass: () => false }
  return settle(scope, () => {
    const definition = valueSetOf(scope, canonical)
    if (!definition) throw txError('Unable_to_resolve_value_Set_', [canonical], 422)
    admit(canonical, definition)
    const set = compileValueSet(definition, {
      scope,
      valueSetRules: new Map(),
      supplements: [],
      admit,
    })
    // No answer can be had of a set that names nothing; an expansion may be empty.
    if (set.includes.length === 0 && (definition.compose || !definition.expansion))
      throw unprocessable(`The value set '${canonical}' cannot be expanded: it includes nothing`)
    const identities = identitiesOf(set)
    const test = (code: string, system?: string) => {
      if (system !== undefined) return contains(set, { identity: systemIdentity(system), code }, evaluation)
      return identities.some((identity) => contains(set, { identity, code }, evaluation))
    }
    try {
      // One question per system binds everything: what is unknown shows now, not in the middle of a rule.
      for (const identity of identities) contains(set, { identity, code: '' }, evaluation)
    } catch (error) {
      if (error instanceof FhirError) throw new FhirError(422, error.issues)
      throw error
    }
    return Object.assign(test, { systems: identities, canonical: set.canonical })
  })
}

function identitiesOf(set: CompiledSet): string[] {
  const found = new Set<string>()
  const visit = (each: CompiledSet) => {
    for (const clause of [...each.includes, ...each.excludes]) {
      if (clause.identity !== undefined) found.add(clause.identity)
      clause.imports.forEach(visit)
    }
  }
  visit(set)
  return [...found]
}

async function translator(given: string | ConceptMap, artefacts: Artefacts, admit: Admit) {
  artefacts.refresh()
  const scope = createScope(artefacts, [])
  const map = typeof given === 'string' ? await mapNamed(given, artefacts, admit) : given
  return settle(scope, () => {
    refuseUnusable(map, scope, admit)
    translateBy(map, { code: '', reverse: false, dependencies: [] }, scope)
    return (code: string, system?: string): TranslatedCode[] =>
      closestFirst(translateBy(map, { code, system, reverse: false, dependencies: [] }, scope)).flatMap(
        ({ target, equivalence }) =>
          target && equivalence !== 'unmatched' && equivalence !== 'disjoint' ? { ...target, equivalence } : [],
      )
  })
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
async function mapNamed(name: string, artefacts: Artefacts, admit: Admit): Promise<ConceptMap> {
  const scope = createScope(artefacts, [])
  const [url = '', version] = name.split('|')
  const found = await settle(scope, () => scope.conceptMaps(url).find((each) => !version || each.version === version))
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
