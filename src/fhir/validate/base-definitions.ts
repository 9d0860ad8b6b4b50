/** What the definitions of R4 say of an element beside its name, number and types (scripts/generate-base-definitions.ts). */
import { typeInfo } from '../elements.ts'
import table from './base-definitions.json' with { type: 'json' }

/** One invariant (https://hl7.org/fhir/R4/conformance-rules.html#constraints). */
export interface Constraint {
  key: string
  severity: 'error' | 'warning'
  human: string
  expression: string
}

/** A binding that counts; the most that an element admits is bound as if it were required. */
export interface Binding {
  strength: 'required' | 'extensible'
  valueSet: string
}

/** What is said of one element. */
export interface ElementRules {
  bindings: Binding[]
  constraints: Constraint[]
  /** Canonicals of what a Reference may lead to. */
  targets: string[]
  /** Canonicals of the profiles of its types. */
  profiles: string[]
}

interface Entry {
  bindings?: Record<string, string>
  constraints?: Record<string, { key: string; severity: string; human: string; expression: string }[]>
  targets?: Record<string, string[]>
  profiles?: Record<string, string[]>
}

const entries = new Map<string, Entry>(Object.entries(table))
const TYPES = 'http://hl7.org/fhir/StructureDefinition/'
const nothing: ElementRules = { bindings: [], constraints: [], targets: [], profiles: [] }

/** The canonical of a type of R4. */
export const typeCanonical = (type: string): string => `${TYPES}${type}`

/** The type of R4 that a canonical names, with or without version; undefined for what names a profile. */
export function namedType(canonical: string): string | undefined {
  const [url = ''] = canonical.split('|')
  const name = url.startsWith(TYPES) ? url.slice(TYPES.length) : ''
  return /^[A-Za-z]\w*$/.test(name) && typeInfo(name) ? name : undefined
}

/** The rules of an element, by the type or backbone path that it stands in and its name, with `[x]`. */
export function elementRules(type: string, name: string): ElementRules {
  for (let each: string | undefined = type; each; each = typeInfo(each)?.base) {
    const found = rulesAt(`${each}.${name}`)
    if (found) return found
  }
  return nothing
}

/** The invariants of a type with those that it inherits, or of a backbone path. */
export function typeConstraints(type: string): Constraint[] {
  const found: Constraint[] = []
  for (let each: string | undefined = type; each; each = typeInfo(each)?.base)
    found.push(...(rulesAt(each)?.constraints ?? []))
  return found
}

function rulesAt(path: string): ElementRules | undefined {
  const [type = ''] = path.split('.', 1)
  const entry = entries.get(type)
  const binding = entry?.bindings?.[path]
  const constraints = entry?.constraints?.[path]
  const targets = entry?.targets?.[path]
  const profiles = entry?.profiles?.[path]
  if (!binding && !constraints && !targets && !profiles) return undefined
  return {
    bindings: binding ? readBinding(binding) : [],
    constraints: (constraints ?? []).map(asConstraint),
    targets: (targets ?? []).map(asCanonical),
    profiles: (profiles ?? []).map(asCanonical),
  }
}

const asCanonical = (name: string) => (name.includes(':') ? name : typeCanonical(name))

const asConstraint = ({ severity, ...rest }: { key: string; severity: string; human: string; expression: string }) => ({
  ...rest,
  severity: severity === 'warning' ? ('warning' as const) : ('error' as const),
})

function readBinding(text: string): Binding[] {
  const [strength, valueSet = '', most] = text.split(' ')
  const bindings: Binding[] = []
  if (strength === 'required' || strength === 'extensible') bindings.push({ strength, valueSet })
  if (most !== undefined) bindings.push({ strength: 'required', valueSet: most })
  return bindings
}

let known: ReadonlySet<string> | undefined

/** Whether an invariant is one of R4 itself, which every resource is held against anyway. */
export function isOfStandard({ key, expression }: Pick<Constraint, 'key' | 'expression'>): boolean {
  known ??= new Set(
    [...entries.values()].flatMap(({ constraints = {} }) =>
      Object.values(constraints).flatMap((list) => list.map((each) => `${each.key} ${each.expression}`)),
    ),
  )
  return known.has(`${key} ${expression}`)
}
