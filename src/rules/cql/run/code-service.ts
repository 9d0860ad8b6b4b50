import { Code } from 'cql-execution'
import { OperatorError } from './run-errors.ts'

/** Whether a code is in a value set; asked without a system, any system of the set counts. */
interface Membership {
  (code: string, system?: string): boolean
  /** The systems that the set draws from, when they are known. */
  systems?: readonly string[]
  /** `url|version` of what was bound, when it is known. */
  canonical?: string
}

/** Terminology as CQL needs it; both reject with FhirError 422 for a value set that is unknown or cannot be expanded. */
export interface CqlTerminology {
  /** Resolved once, then synchronous. `valueSet` is `url` or `url|version`. */
  membership(valueSet: string): Promise<Membership>
  expand(valueSet: string): Promise<{ system?: string; code: string; display?: string }[]>
  /** Translation by a concept map, the closest first. Rejects for one that is unknown or not active. Without it no rule can translate. */
  translator?(conceptMap: string): Promise<Translate>
  /** Properties of the codes of a system, `url` or `url|version`. Rejects for one that is unknown. Without it no rule can ask. */
  properties?(system: string): Promise<PropertiesOf>
}

/** Translates a code. */
export type Translate = (
  code: string,
  system?: string,
) => { code: string; system?: string; display?: string; equivalence: string }[]

/** Values of a property of a code, as texts; undefined where the system does not know the code. */
type PropertiesOf = (code: string, property: string) => string[] | undefined

/** A value set as the executor uses it: `in` asks for membership, only ExpandValueSet expands. */
interface BoundValueSet {
  hasMatch(code: unknown): boolean
  expand(): Promise<Code[]>
}

/** Value sets of one request: each is resolved once. Implements the executor's TerminologyProvider. */
export interface BoundCodeService {
  findValueSet(id: string, version?: string): Promise<BoundValueSet>
  /** The same at once, where it is here already; where not, it is asked for, and `findValueSet` gives what comes. */
  known(id: string, version?: string): BoundValueSet | undefined
  findValueSetsByOid(id: string): Promise<BoundValueSet[]>
  translate(code: AskedCode, conceptMap: string): Promise<ReturnType<Translate>>
  /** Null where the system does not know the code. */
  properties(code: AskedCode, property: string): Promise<string[] | null>
}

/** A code with its system. */
interface AskedCode {
  code: string
  system: string
  version?: string
}

/** What questions that were answered gave: whoever asks the same again need not wait. */
const answered = new WeakMap<Promise<Membership>, Membership>()

/** Binds terminology to one request; `asked` hears of every value set that is used, in the version that is. */
export const bindTerminology = (terminology: CqlTerminology, asked?: (valueSet: string) => void): BoundCodeService =>
  new BoundCodes(terminology, asked)

class BoundCodes implements BoundCodeService {
  readonly #terminology: CqlTerminology
  readonly #asked: ((valueSet: string) => void) | undefined
  readonly #ready = new Map<string, BoundValueSet>()
  #resolving: Map<string, Promise<BoundValueSet>> | undefined

  constructor(terminology: CqlTerminology, asked: ((valueSet: string) => void) | undefined) {
    this.#terminology = terminology
    this.#asked = asked
  }

  findValueSet(id: string, version?: string): Promise<BoundValueSet> {
    const canonical = canonicalOf(id, version)
    return this.#resolving?.get(canonical) ?? this.#resolve(canonical, this.#terminology.membership(canonical))
  }

  known(id: string, version?: string): BoundValueSet | undefined {
    const canonical = canonicalOf(id, version)
    const found = this.#ready.get(canonical)
    if (found || this.#resolving?.has(canonical)) return found
    const asking = this.#terminology.membership(canonical)
    const includes = answered.get(asking)
    if (includes) return this.#bound(canonical, includes)
    // Whoever is told that it is not here asks `findValueSet`, and hears of faults there.
    void this.#resolve(canonical, asking)
    return undefined
  }

  async findValueSetsByOid(id: string): Promise<BoundValueSet[]> {
    return [await this.findValueSet(id)]
  }

  async translate({ code, system }: AskedCode, conceptMap: string): Promise<ReturnType<Translate>> {
    const terminology = this.#terminology
    if (!terminology.translator) throw new OperatorError('concept maps cannot be asked here')
    return (await terminology.translator(conceptMap))(code, system)
  }

  async properties({ code, system, version }: AskedCode, property: string): Promise<string[] | null> {
    const terminology = this.#terminology
    if (!terminology.properties) throw new OperatorError('properties of codes cannot be asked here')
    const read = await terminology.properties(version === undefined ? system : `${system}|${version}`)
    return read(code, property) ?? null
  }

  #resolve(canonical: string, asking: Promise<Membership>): Promise<BoundValueSet> {
    const resolving = asking.then((includes) => {
      answered.set(asking, includes)
      return this.#ready.get(canonical) ?? this.#bound(canonical, includes)
    })
    this.#resolving ??= new Map()
    this.#resolving.set(canonical, resolving)
    return resolving
  }

  #bound(canonical: string, includes: Membership): BoundValueSet {
    this.#asked?.(includes.canonical ?? canonical)
    const valueSet: BoundValueSet = {
      hasMatch: (code) => anyCode(code, includes),
      expand: async () =>
        (await this.#terminology.expand(canonical)).map(
          ({ code, system, display }) => new Code(code, system, undefined, display),
        ),
    }
    this.#ready.set(canonical, valueSet)
    return valueSet
  }
}

const canonicalOf = (id: string, version: string | undefined) => (version === undefined ? id : `${id}|${version}`)

/**
 * A string, Code, Concept, or list of them. A string says no system: in a set of several it is ambiguous, which is an error (CQL 1.5,
 * In (ValueSet)). A Code or Coding without a system is no code of any set.
 */
function anyCode(value: unknown, includes: Membership): boolean {
  if (value === null || value === undefined) return false
  if (typeof value === 'string') {
    if ((includes.systems?.length ?? 0) > 1)
      throw new OperatorError('a text was looked up in a value set of several code systems, which is ambiguous')
    return includes(value)
  }
  if (Array.isArray(value)) return anyOf(value, includes)
  if (typeof value !== 'object') return false
  if (value instanceof Code) return isIncluded(value.code, value.system, includes)
  if ('codes' in value && Array.isArray(value.codes)) return anyOf(value.codes, includes)
  return isIncluded(Reflect.get(value, 'code'), Reflect.get(value, 'system'), includes)
}

function anyOf(values: unknown[], includes: Membership): boolean {
  for (const each of values) if (anyCode(each, includes)) return true
  return false
}

const isIncluded = (code: unknown, system: unknown, includes: Membership) =>
  typeof code === 'string' && typeof system === 'string' && includes(code, system)
