/** General axioms: what suffices for a concept beside its definition (SNOMED CT OWL, functional syntax). */
import { keep, keepPerObject } from '../../../../base/keep.ts'
import type { SnomedContent } from '../content.ts'
import type { ResolvedAttribute, ResolvedExpression } from './resolve-expression.ts'

/** Reference set of axioms in the language OWL, and the attribute under which those of a group stand. */
const AXIOMS = '733073007'
const ROLE_GROUP = '609096000'

/** Concepts whose axioms are remembered. */
const KEPT = 2_000

const kept = keepPerObject((_: SnomedContent) => keep<number, (ResolvedExpression | 'unknown')[]>(KEPT))

/** The left sides of the general axioms of a concept; `unknown` for one that is not understood. */
export function definitionsOf(concept: number, content: SnomedContent): (ResolvedExpression | 'unknown')[] {
  return kept(content).of(concept, () => {
    const axioms = content.refset(content.ordinalOf(AXIOMS))?.of(concept) ?? []
    const right = `:${content.idOf(concept)}`
    return axioms
      .filter((each) => each.isActive)
      .map(({ values }) => readTerm(values[0] ?? ''))
      .filter((axiom) => axiom?.name === 'SubClassOf' && axiom.parts[1]?.name === right)
      .map((axiom) => meaningOf(axiom?.parts[0], content) ?? 'unknown')
  })
}

/** `Name(part part …)`, or a name alone. */
interface Term {
  name: string
  parts: Term[]
}

/** A term of the functional syntax; undefined for what is none. Not recursive: a text may nest as deep as it likes. */
function readTerm(text: string): Term | undefined {
  const root: Term = { name: '', parts: [] }
  const open = [root]
  for (const [token] of text.matchAll(/[^\s()]+|[()]/g)) {
    const here = open.at(-1)
    const last = here?.parts.at(-1)
    if (token === ')') open.pop()
    else if (token !== '(') here?.parts.push({ name: token, parts: [] })
    else if (last) open.push(last)
    if (open.length === 0) return undefined
  }
  return open.length === 1 && root.parts.length === 1 ? root.parts[0] : undefined
}

/** An intersection of concepts, attributes, and groups of attributes; undefined for anything else. */
function meaningOf(term: Term | undefined, content: SnomedContent): ResolvedExpression | undefined {
  if (term?.name !== 'ObjectIntersectionOf') return undefined
  const focus: number[] = []
  const ungrouped: ResolvedAttribute[] = []
  const groups: ResolvedAttribute[][] = []
  for (const part of term.parts) {
    const concept = conceptOf(part, content)
    const group = part.parts[0]?.name === `:${ROLE_GROUP}` ? groupOf(part.parts[1], content) : undefined
    const attribute = attributeOf(part, content)
    if (concept !== undefined) focus.push(concept)
    else if (group) groups.push(group)
    else if (attribute) ungrouped.push(attribute)
    else return undefined
  }
  return focus.length === 0 ? undefined : { focus, ungrouped, groups }
}

function groupOf(term: Term | undefined, content: SnomedContent): ResolvedAttribute[] | undefined {
  const parts = term?.name === 'ObjectIntersectionOf' ? term.parts : term ? [term] : []
  const found = parts.map((each) => attributeOf(each, content))
  const whole = found.filter((each) => each !== undefined)
  return whole.length > 0 && whole.length === found.length ? whole : undefined
}

function attributeOf({ name, parts }: Term, content: SnomedContent): ResolvedAttribute | undefined {
  const [first, second] = parts
  if (name !== 'ObjectSomeValuesFrom' || !first || !second || first.name === `:${ROLE_GROUP}`) return undefined
  const type = conceptOf(first, content)
  const concept = conceptOf(second, content)
  return type === undefined || concept === undefined ? undefined : { type, value: { concept } }
}

function conceptOf({ name, parts }: Term, content: SnomedContent): number | undefined {
  const concept = parts.length === 0 && name.startsWith(':') ? content.ordinalOf(name.slice(1)) : -1
  return concept < 0 ? undefined : concept
}
