import type { OperationBudget } from '../fhir/operation.ts'
import type { ConceptMap, Issue, Parameters, Resource, ValueSet } from '../fhir/types.ts'
import { type Instance, terminologyCapabilities } from './capabilities.ts'
import { checkTerminology } from './check/check.ts'
import { type CheckedConstraint, checkConstraint } from './check-constraint.ts'
import { compareValueSets } from './compare.ts'
import { askedMap, translate } from './concept-map/translate.ts'
import { type Translator, translator } from './concept-map/translator.ts'
import { type ConceptProperties, conceptProperties } from './concept-properties.ts'
import { expandValueSet } from './expand/expand.ts'
import { lookUp } from './lookup.ts'
import { type Membership, membership } from './membership.ts'
import { requireSingle } from './request/agreement.ts'
import { type ArtefactSource, createArtefacts, knownVersion } from './request/artefacts.ts'
import { DEFAULT_LIMITS, type Limits } from './request/limits.ts'
import { openRequest, type Request, type Surroundings, sharedScopes, type TerminologyCall } from './request/request.ts'
import { admitAny, requireUsable } from './request/usable.ts'
import { atOnce, perform, type Work } from './request/work.ts'
import { subsumption } from './subsumes.ts'
import { answerBatch, type BatchEntry, batchEntries } from './validate/batch.ts'
import { validateInCodeSystem, validateInValueSet } from './validate/validate.ts'

export type { Membership } from './membership.ts'
export type { ArtefactSource } from './request/artefacts.ts'
export type { Limits } from './request/limits.ts'

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
  /** The same questions where all that they need is in memory and they cost little; undefined where not. Throws as they reject. */
  atOnce: AtOnce
  /**
   * Membership of one value set, for CQL `in` and FHIRPath `memberOf`: resolves once, then synchronous. Without a system any
   * system of the set counts; `systems` are those it draws from, by which a caller knows that a code alone is ambiguous. 422 not-found
   * naming a value set, import or code system that is unknown. A set that is not active counts only when it is named `url|version`,
   * by whoever names it; else 422. `canonical` names the set with its version. `drafts` lets any count: for what decides no verdict.
   */
  membership(valueSet: string, options?: { drafts?: boolean }): Promise<Membership>
  /**
   * Translation by one concept map, the closest first: url, `url|version`, the map itself, or a bare id or tail of the url when exactly one map has it.
   * 422 for one that is not there, or not active and not named `url|version`; the same for the maps that it hands a code on to.
   * `drafts` lets any count: for what decides no verdict.
   */
  translator(conceptMap: string | ConceptMap, options?: { drafts?: boolean }): Promise<Translator>
  /**
   * Properties of the codes of one code system, `url` or `url|version`: resolves once, then synchronous. Without version the newest active
   * one. 422 for one that is not there, or not active and not named by its version.
   */
  properties(system: string, options?: { drafts?: boolean }): Promise<ConceptProperties>
  /**
   * What is wrong with a CodeSystem, ValueSet or ConceptMap before anybody asks it: errors where it can never answer, warnings
   * for what is not here yet. `beside` are resources that are to be stored with it. `budget` pays, and others have
   * their turns meanwhile.
   */
  check(resource: Resource, beside?: Resource[], budget?: OperationBudget): Promise<Issue[]>
  /**
   * The very version of a CodeSystem, ValueSet or ConceptMap as the engine has it, with what it has made of it; the resource itself where
   * the engine has none, or may not use it. It is shared: nobody may change it.
   */
  known(resource: Resource): Promise<Resource>
  /** What is wrong with an expression constraint of SNOMED CT, by its places. @throws FhirError 422 for a version that is not here */
  checkConstraint(text: string, version?: string): Promise<CheckedConstraint>
  /** TerminologyCapabilities: the stored and built-in systems that answer, and the parameters understood. */
  capabilities(instance: Instance): Promise<Resource>
}

type AtOnceQuestion<T> = (
  parameters: Parameters,
  call?: Omit<TerminologyCall, 'budget' | 'expansionCodes'>,
) => T | undefined

/** Questions that are answered without waiting. */
interface AtOnce {
  expand: AtOnceQuestion<ValueSet>
  validateInValueSet: AtOnceQuestion<Parameters>
  validateInCodeSystem: AtOnceQuestion<Parameters>
  lookup: AtOnceQuestion<Parameters>
  subsumes: AtOnceQuestion<Parameters>
  translate: AtOnceQuestion<Parameters>
}

/** What the engine is given beside the artefacts. */
export interface TerminologyOptions {
  now(): Date
  /** Random UUID, version 4. */
  uuid(): string
  limits?: Partial<Limits>
  /** Edition of SNOMED CT that counts where none is named: the URI of an edition or version, or the identifier of its module. */
  snomedEdition?: string | undefined
  /** Milliseconds of computing so far; defaults to those of `now`. */
  milliseconds?(): number
}

/** Makes the engine over a source of artefacts. */
export function createTerminology(source: ArtefactSource, options: TerminologyOptions): Terminology {
  const artefacts = createArtefacts(source, { snomedEdition: options.snomedEdition })
  const around: Surroundings = {
    artefacts,
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    sharedScope: sharedScopes(artefacts),
    milliseconds: options.milliseconds ?? (() => options.now().getTime()),
    now: options.now,
    uuid: options.uuid,
  }
  const run = <T>(parameters: Parameters, call: TerminologyCall, work: (request: Request) => Work<T>): Promise<T> => {
    try {
      const request = openRequest(parameters, call, around)
      return perform(request.scope, work(request), call.budget)
    } catch (error) {
      return Promise.reject(error)
    }
  }
  const runAtOnce =
    <T>(work: (request: Request) => Work<T>): AtOnceQuestion<T> =>
    (parameters, call = {}) =>
      atOnce(work(openRequest(parameters, { ...call, budget: impatient }, around)))
  const validateCode: Terminology['validateCode'] = (parameters, call = {}) =>
    run(parameters, call, call.resourceType === 'CodeSystem' ? validateInCodeSystem : validateInValueSet)
  return {
    expand: (parameters, call = {}) => run(parameters, call, expandValueSet),
    validateCode,
    batchValidateCode: async (parameters, call = {}) => {
      // One scope for all entries: what they share is compiled once.
      const { scope } = openRequest(parameters, call, around)
      const answer = async ({ entry, bringsOwn }: BatchEntry) => {
        const work = asksValueSet(entry, call.resourceType) ? validateInValueSet : validateInCodeSystem
        if (bringsOwn) return run<Parameters>(entry, call, work)
        requireSingle(entry)
        return perform<Parameters>(scope, work({ parameters: entry, call, around, scope }), call.budget)
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
    atOnce: {
      expand: runAtOnce(expandValueSet),
      validateInValueSet: runAtOnce(validateInValueSet),
      validateInCodeSystem: runAtOnce(validateInCodeSystem),
      lookup: runAtOnce(lookUp),
      subsumes: runAtOnce(subsumption),
      // Without a map all that are stored are to be looked through.
      translate: (parameters, call) =>
        askedMap(parameters) ? runAtOnce((request) => translate(request, NO_MAPS))(parameters, call) : undefined,
    },
    membership: (valueSet, { drafts } = {}) => membership(valueSet, artefacts, drafts ? admitAny : requireUsable),
    translator: (conceptMap, { drafts } = {}) => translator(conceptMap, artefacts, drafts ? admitAny : requireUsable),
    properties: (system, { drafts = false } = {}) => conceptProperties(system, artefacts, { drafts }),
    known: (resource) => knownVersion(resource, artefacts),
    check: (resource, beside = [], budget) => checkTerminology(resource, beside, { artefacts, budget }),
    checkConstraint: (text, version) => checkConstraint(text, artefacts, version),
    capabilities: (instance) => terminologyCapabilities(instance, artefacts, options.now()),
  }
}

const NO_MAPS: ConceptMap[] = []

/** The first look at the clock ends work that is to be done at once: whoever asks does it in turns. */
const impatient: Pick<OperationBudget, 'tick'> = { tick: () => true }

/** An entry without value set is asked of its code system. */
function asksValueSet(entry: Parameters, resourceType: 'ValueSet' | 'CodeSystem' = 'ValueSet'): boolean {
  const namesSet = (entry.parameter ?? []).some((each) => each.name === 'url' || each.name === 'valueSet')
  return resourceType === 'ValueSet' && namesSet
}
