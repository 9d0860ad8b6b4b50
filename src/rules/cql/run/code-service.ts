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
export function bindTerminology(terminology: CqlTerminology, asked?: (valueSet: string) => void): BoundCodeService {
  const resolved = new Map<string, Promise<BoundValueSet>>()
  const ready = new Map<string, BoundValueSet>()
  const bound = (canonical: string, includes: Membership): BoundValueSet => {
    asked?.(includes.canonical ?? canonical)
    const valueSet: BoundValueSet = {
      hasMatch: (code) => anyCode(code, includes),
      expand: async () =>
        (await terminology.expand(canonical)).map(
          ({ code, system, display }) => new Code(code, system, undefined, display),
        ),
    }
    ready.set(canonical, valueSet)
    return valueSet
  }
  const resolve = async (canonical: string, asking: Promise<Membership>): Promise<BoundValueSet> => {
    const includes = await asking
    answered.set(asking, includes)
    return ready.get(canonical) ?? bound(canonical, includes)
  }
  const findValueSet = (id: string, version?: string) => {
    const canonical = canonicalOf(id, version)
    const known = resolved.get(canonical) ?? resolve(canonical, terminology.membership(canonical))
    resolved.set(canonical, known)
    return known
  }
  return {
    findValueSet,
    known(id, version) {
      const canonical = canonicalOf(id, version)
      const found = ready.get(canonical)
      if (found || resolved.has(canonical)) return found
      const asking = terminology.membership(canonical)
      const includes = answered.get(asking)
      if (includes) return bound(canonical, includes)
      resolved.set(canonical, resolve(canonical, asking))
      return undefined
    },
    findValueSetsByOid: async (id) => [await findValueSet(id)],
    async translate({ code, system }, conceptMap) {
      if (!terminology.translator) throw new OperatorError('concept maps cannot be asked here')
      return (await terminology.translator(conceptMap))(code, system)
    },
    async properties({ code, system, version }, property) {
      if (!terminology.properties) throw new OperatorError('properties of codes cannot be asked here')
      const read = await terminology.properties(version === undefined ? system : `${system}|${version}`)
      return read(code, property) ?? null
    },
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
  if (Array.isArray(value)) return value.some((each) => anyCode(each, includes))
  if (typeof value !== 'object') return false
  if ('codes' in value && Array.isArray(value.codes)) return anyCode(value.codes, includes)
  const [code, system]: unknown[] = [Reflect.get(value, 'code'), Reflect.get(value, 'system')]
  return typeof code === 'string' && typeof system === 'string' && includes(code, system)
}
