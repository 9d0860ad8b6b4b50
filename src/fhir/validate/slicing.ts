/** Slices: which one an item belongs to, by the discriminators (https://hl7.org/fhir/R4/profiling.html#slicing). */
import { isJsonObject } from '../../base/json.ts'
import { isSubtype } from '../elements.ts'
import { codesOf } from './bindings.ts'
import { contentOf, contentTypeOf, type Item, isOfType, itemsOf } from './items.ts'
import { fits, isSame } from './pattern.ts'
import type { Discriminator, ProfileElement, Slicing } from './profile.ts'
import { followReference } from './references.ts'
import type { Walk } from './walk.ts'

/** Whether an item conforms to one of the profiles; undefined where none of them is known. */
export type Conforms = (walk: Walk, profiles: readonly string[], item: Item) => boolean | undefined

/** What an item is to a slice: in it, not in it, or not to be told. */
export type Belonging = boolean | undefined

/** Types by themselves, where a definition does not say how the slices of a choice are told apart. */
const byType: Discriminator = { type: 'type', path: '$this' }
/** Extensions are sliced by their url. */
const byUrl: Discriminator = { type: 'value', path: 'url' }

/** The slicing of an element, or the one that goes without saying. */
export function slicingOf(node: ProfileElement): Slicing {
  const discriminators = [node.name === 'extension' || node.name === 'modifierExtension' ? byUrl : byType]
  return node.slicing ?? { discriminators, rules: 'open', isOrdered: false }
}

/** Whether an item belongs to a slice. */
export function belongs(
  walk: Walk,
  { slicing, slice, item }: { slicing: Slicing; slice: ProfileElement; item: Item },
  conforms: Conforms,
): Belonging {
  // Without discriminators an item belongs where it fits (profiling.html#slicing: "only by validating").
  if (slicing.discriminators.length === 0) return fitsWhole(slice, item)
  let known: Belonging = true
  for (const discriminator of slicing.discriminators) {
    const found = discriminates(walk, { discriminator, slice, item }, conforms)
    if (found === false) return false
    if (found === undefined) known = undefined
  }
  return known
}

function fitsWhole({ fixed, pattern }: ProfileElement, { value }: Item): Belonging {
  if (fixed !== undefined) return isSame(value, fixed)
  return pattern !== undefined ? fits(value, pattern) : undefined
}

interface Question {
  discriminator: Discriminator
  slice: ProfileElement
  item: Item
}

function discriminates(walk: Walk, { discriminator, slice, item }: Question, conforms: Conforms): Belonging {
  const steps = readPath(discriminator.path)
  if (!steps) return undefined
  const found = itemsAt(walk, item, steps)
  const ends = definitionsAt(walk, slice, steps)
  switch (discriminator.type) {
    case 'exists':
      return exists(ends, found)
    case 'type':
      return ofType(ends, found)
    case 'profile': {
      const profiles = ends.flatMap(({ types }) =>
        types.flatMap(({ profiles, targets = [] }) => [...profiles, ...targets]),
      )
      if (profiles.length === 0) return undefined
      return found.length > 0 && anyOf(found.map((each) => conforms(walk, profiles, each)))
    }
    default:
      return ofValue(walk, ends, found)
  }
}

function anyOf(answers: Belonging[]): Belonging {
  if (answers.includes(true)) return true
  return answers.includes(undefined) ? undefined : false
}

function exists(ends: ProfileElement[], found: Item[]): Belonging {
  const [end] = ends
  if (!end) return undefined
  if (end.max === 0) return found.length === 0
  return end.min > 0 ? found.length > 0 : undefined
}

function ofType(ends: ProfileElement[], found: Item[]): Belonging {
  const codes = ends.flatMap(({ types }) => types.map(({ code }) => code))
  if (codes.length === 0) return undefined
  return found.some(({ type }) => codes.some((code) => isOfType(type, code)))
}

function ofValue(walk: Walk, ends: ProfileElement[], found: Item[]): Belonging {
  let known = false
  for (const end of ends) {
    const test = valueTest(walk, end)
    if (!test) continue
    known = true
    const answer = anyOf(found.map(test))
    if (answer !== true) return answer
  }
  return known ? true : undefined
}

/** What a definition says of a value: fixed, a pattern, codes, or values further down. */
function valueTest(walk: Walk, end: ProfileElement): ((item: Item) => Belonging) | undefined {
  const { fixed, pattern, bindings } = end
  if (fixed !== undefined) return ({ value }) => isSame(value, fixed)
  if (pattern !== undefined) return ({ value }) => fits(value, pattern)
  const bound = bindings.find(({ strength }) => strength === 'required')
  if (bound)
    return ({ value }) =>
      anyOf((codesOf(value)?.codes ?? []).map(({ code, system }) => walk.isIn(bound.valueSet, code, system)))
  const below = end.children.flatMap((child) => {
    const test = valueTest(walk, child)
    return test ? [{ child, test }] : []
  })
  if (below.length === 0) return undefined
  return (item) => {
    const content = contentOf(item)
    if (!content) return false
    for (const { child, test } of below) {
      const answer = anyOf(itemsOf(content, contentTypeOf(item), child.name).map(test))
      if (answer !== true) return answer
    }
    return true
  }
}

type PathStep = { name: string } | { extension: string } | { type: string } | { resolve: true }

/** The restricted FHIRPath of discriminators; undefined for anything else. */
function readPath(path: string): PathStep[] | undefined {
  const steps: PathStep[] = []
  const token = /\$this|extension\('([^']+)'\)|ofType\((\w+)\)|resolve\(\)|([A-Za-z]\w*)(?:\[x\])?/y
  let at = 0
  while (at < path.length) {
    token.lastIndex = at
    const found = token.exec(path)
    if (!found) return undefined
    const [text, url, type, name] = found
    if (url !== undefined) steps.push({ extension: url })
    else if (type !== undefined) steps.push({ type })
    else if (text === 'resolve()') steps.push({ resolve: true })
    else if (name !== undefined) steps.push({ name })
    at += text.length
    if (at < path.length && path[at++] !== '.') return undefined
  }
  return steps
}

function itemsAt(walk: Walk, item: Item, steps: readonly PathStep[]): Item[] {
  let items = [item]
  for (const step of steps) items = items.flatMap((each) => next(walk, each, step))
  return items
}

function next(walk: Walk, item: Item, step: PathStep): Item[] {
  if ('type' in step) return isSubtype(item.type, step.type) ? [item] : []
  if ('resolve' in step) return resolved(walk, item)
  const content = contentOf(item)
  if (!content) return []
  if ('name' in step) return itemsOf(content, contentTypeOf(item), step.name)
  const extensions = itemsOf(content, contentTypeOf(item), 'extension')
  return extensions.filter(({ value }) => isJsonObject(value) && value.url === step.extension)
}

function resolved({ home }: Walk, item: Item): Item[] {
  const { value } = item
  const reference = isJsonObject(value) ? value.reference : value
  const found = typeof reference === 'string' ? followReference(reference, home) : undefined
  return found ? [{ ...item, value: found, type: String(found.resourceType), extra: undefined }] : []
}

/** The elements of the profile that say something of what stands at the path, through the profiles of types. */
function definitionsAt(walk: Walk, slice: ProfileElement, steps: readonly PathStep[]): ProfileElement[] {
  let nodes = [slice]
  for (const step of steps) {
    if ('type' in step) continue
    nodes = nodes.flatMap((node) => childrenAt(walk, node, step))
  }
  return nodes
}

function childrenAt(walk: Walk, node: ProfileElement, step: PathStep): ProfileElement[] {
  if ('type' in step) return [node]
  const profiles = node.types.flatMap(({ profiles, targets = [] }) => ('resolve' in step ? targets : profiles))
  const roots = profiles.flatMap((canonical) => walk.program.get(canonical)?.root ?? [])
  if ('resolve' in step)
    return roots.length > 0 ? roots : node.types.some(({ targets }) => targets) ? [targetElement(node)] : []
  const holders = [node, ...roots]
  if ('name' in step)
    return holders.flatMap(({ children }) => children.filter(({ name }) => name === step.name)).flatMap(withRequired)
  const extensions = holders.flatMap(({ children }) => children.filter(({ name }) => name === 'extension'))
  return extensions.flatMap(({ slices }) =>
    slices.filter(({ types }) => types.some(({ profiles }) => profiles.includes(step.extension))),
  )
}

/** An element with those of its slices that must be there: what they say of a value, the element has. */
const withRequired = (node: ProfileElement): ProfileElement[] => [node, ...node.slices.filter(({ min }) => min > 0)]

/** What a Reference leads to, by the types of R4 that it names. */
function targetElement(node: ProfileElement): ProfileElement {
  const targets = node.types.flatMap(({ targets = [] }) => targets)
  const types = targets.map((target) => ({
    code: target.slice(target.lastIndexOf('/') + 1).split('|')[0] ?? target,
    profiles: [target],
    targets: undefined,
  }))
  return { ...node, types, children: [], slices: [], fixed: undefined, pattern: undefined, bindings: [] }
}
