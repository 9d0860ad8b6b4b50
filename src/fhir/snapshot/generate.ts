/** Makes the snapshot of a StructureDefinition of its differential and its base (https://hl7.org/fhir/R4/profiling.html#snapshot). */
import { parseCanonical } from '../canonical.ts'
import { choiceProperty, isResource } from '../elements.ts'
import { FhirError, issue, unprocessable } from '../error.ts'
import type { StructureDefinition } from '../types.ts'
import { idsOf } from '../validate/read-profile.ts'
import { merge } from './merge.ts'
import { copied, type Definition, listOf, mostCopied, moved, type Node, type Room, treeOf } from './tree.ts'

/** Finds a StructureDefinition by its canonical; undefined where there is none. */
export type FindDefinition = (canonical: string) => Promise<StructureDefinition | undefined>

/** Longest chain of bases, and most elements of a differential. */
const longestChain = 20
const mostDifferential = 10_000

/** Does a piece of the work when its turn has come. */
type Run = <T>(work: () => Promise<T>) => Promise<T>

/**
 * The elements of a snapshot: those that the definition has, or made anew.
 * @param isAnew whether one that it has is made again
 * @param run who pays; without it all is done in one go
 * @throws FhirError 422 for too much of it, for a base or type that is not known, a chain of bases that does not end, an element that the base does not have
 */
export async function snapshotOf(
  definition: StructureDefinition,
  find: FindDefinition,
  { isAnew = false, run = (work) => work() }: { isAnew?: boolean; run?: Run | undefined } = {},
): Promise<readonly Definition[]> {
  return elementsOf(definition, { find, run, chain: [], isAnew, made: new Map(), room: { elements: mostCopied } })
}

interface Making {
  find: FindDefinition
  run: Run
  room: Room
  /** Canonicals of the definitions that are being made. */
  chain: string[]
  isAnew: boolean
  /** Snapshots by url that were needed on the way. */
  made: Map<string, readonly Definition[]>
}

async function elementsOf(definition: StructureDefinition, making: Making): Promise<readonly Definition[]> {
  const { snapshot, url } = definition
  if (!making.isAnew && snapshot && snapshot.element.length > 0) return snapshot.element
  const before = making.made.get(url)
  if (before) return before
  const chain = [...making.chain, url]
  if (making.chain.includes(url)) throw unprocessable(`The definitions go round in a circle: ${chain.join(' → ')}`)
  if (chain.length > longestChain)
    throw unprocessable(`The base of the base goes on for more than ${longestChain} definitions`, 'too-costly')
  const elements = await generate(definition, { ...making, chain, isAnew: false })
  making.made.set(url, elements)
  return elements
}

async function generate(definition: StructureDefinition, making: Making): Promise<readonly Definition[]> {
  const { url, type, baseDefinition, differential, derivation } = definition
  const changes = differential?.element ?? []
  if (changes.length > mostDifferential)
    throw unprocessable(`The differential has more than ${mostDifferential} elements`, 'too-costly')
  if (baseDefinition === undefined) {
    if (derivation === 'constraint')
      throw unprocessable({ text: `${url} has no baseDefinition`, expression: at('baseDefinition') })
    return changes
  }
  const parent = await known(baseDefinition, making, 'baseDefinition')
  const elements = await elementsOf(parent, making)
  const isNewType = derivation !== 'constraint'
  const { run, room } = making
  const inherited = await run(async () => treeOf(elements, idsOf(elements), room))
  const name = isNewType ? (changes[0]?.path.split('.')[0] ?? type) : inherited.element.path
  const root = isNewType ? renamed(inherited, name, room) : inherited
  if (!isNewType && parent.type !== type)
    throw unprocessable({
      text: `${url} constrains ${type}, its base is a definition of ${parent.type}`,
      expression: at('type'),
    })
  const work: Work = { root, making, url, isNewType }
  const ids = await run(async () => idsOf(changes))
  for (const [index, change] of changes.entries()) await run(() => apply(work, change, ids[index] ?? change.path))
  return run(async () => listOf(root))
}

const at = (name: string) => `StructureDefinition.${name}`

interface Work {
  root: Node
  making: Making
  /** Whose snapshot it is. */
  url: string
  /** Whether elements may be new: a type, and no profile. */
  isNewType: boolean
}

/** What logical models may be based on since R5, and are in packages of R4: a type with nothing in it. */
const base: StructureDefinition = {
  resourceType: 'StructureDefinition',
  url: 'http://hl7.org/fhir/StructureDefinition/Base',
  name: 'Base',
  status: 'active',
  kind: 'complex-type',
  abstract: true,
  type: 'Base',
  snapshot: { element: [{ id: 'Base', path: 'Base', min: 0, max: '*' }] },
}

async function known(canonical: string, { find }: Making, member: string): Promise<StructureDefinition> {
  const found = (await find(canonical)) ?? (parseCanonical(canonical).url === base.url ? base : undefined)
  if (found) return found
  const text = `${canonical} is not known here: no snapshot can be made over it`
  throw new FhirError(422, issue('not-found', { text, expression: at(member) }))
}

function renamed(root: Node, name: string, room: Room): Node {
  const { id = '', path } = root.element
  const to = { id: name, path: name }
  return moved(root, [{ id, path }, to], room)
}

async function apply(work: Work, change: Definition, id: string): Promise<void> {
  const segments = id.split('.')
  if (segments.length > 60) throw unprocessable(`${id.slice(0, 200)} is nested too deeply`, 'too-costly')
  let node = work.root
  for (const [index, segment] of segments.entries())
    if (index > 0) node = await step(work, node, { segment, change, isLast: index === segments.length - 1 })
  merge(node, change, work.url)
  if (work.isNewType && !node.element.base) {
    const { path, min = 0, max = '*' } = node.element
    node.element.base = { path, min, max }
    node.element.constraint = [...ofEveryElement(node), ...(node.element.constraint ?? [])]
  }
}

/** The invariants that a new element has by being one (https://hl7.org/fhir/R4/element-definitions.html). */
function ofEveryElement({ element }: Node): NonNullable<Definition['constraint']> {
  const codes = (element.type ?? []).map(({ code }) => code)
  const stated = new Set(element.constraint?.map(({ key }) => key))
  if (codes.some((code) => isResource(code) || code.includes('/System.'))) return []
  const made = [{ ...hasContent }, ...(codes.includes('Extension') ? [{ ...hasValueOrExtensions }] : [])]
  return made.filter(({ key }) => !stated.has(key))
}

const hasContent = {
  key: 'ele-1',
  severity: 'error' as const,
  human: 'All FHIR elements must have a @value or children',
  expression: 'hasValue() or (children().count() > id.count())',
  source: 'http://hl7.org/fhir/StructureDefinition/Element',
}

const hasValueOrExtensions = {
  key: 'ext-1',
  severity: 'error' as const,
  human: 'Must have either extensions or value[x], not both',
  expression: 'extension.exists() != value.exists()',
  source: 'http://hl7.org/fhir/StructureDefinition/Extension',
}

interface Asked {
  segment: string
  change: Definition
  isLast: boolean
}

async function step(work: Work, node: Node, { segment, change, isLast }: Asked): Promise<Node> {
  // A new type may begin with nothing.
  node.children ??= work.isNewType && !node.element.type?.length ? [] : await childrenOf(work, node)
  const [written = '', named] = segment.split(':')
  const exact = node.children.find(({ name }) => name === written)
  const choice = exact ? undefined : node.children.find((each) => isChoiceOf(each, written))
  const child = exact ?? choice
  if (!child) {
    if (work.isNewType && isLast && named === undefined) return added(node, change)
    const text = `${work.url}: ${node.element.path} has no element ${written.slice(0, 80)}`
    throw unprocessable({ text, expression: 'StructureDefinition.differential.element' })
  }
  const slice = named ?? (choice ? written : undefined)
  if (slice === undefined) return child
  const type = choice ? typeOf(choice, written) : undefined
  if (choice && type !== undefined) narrow(choice, type)
  return sliceOf(child, { slice, type }, work.making.room)
}

/** `valueQuantity` is a way to write of `value[x]` as a Quantity. */
function isChoiceOf({ name, element }: Node, written: string): boolean {
  if (!name.endsWith('[x]')) return false
  const start = name.slice(0, -3)
  return written.startsWith(start) && (element.type ?? []).some(({ code }) => choiceProperty(start, code) === written)
}

const typeOf = ({ name, element }: Node, written: string): string | undefined =>
  element.type?.find(({ code }) => choiceProperty(name.slice(0, -3), code) === written)?.code

/** Whoever writes of `valueQuantity`, and not of `value[x]`, means that there is nothing else. */
function narrow({ element, slices }: Node, type: string): void {
  if (element.slicing && element.slicing.rules !== 'closed') return
  const sliced = slices.flatMap((each) => (each.element.type ?? []).map(({ code }) => code))
  element.type = (element.type ?? []).filter(({ code }) => code === type || sliced.includes(code))
  element.slicing = { ...defaultSlicing('[x]'), rules: 'closed' }
}

function added(parent: Node, change: Definition): Node {
  const name = change.path.slice(change.path.lastIndexOf('.') + 1)
  const id = `${parent.element.id}.${name}`
  const element: Definition = { ...copied(change), id, path: `${parent.element.path}.${name}` }
  const node: Node = { element, name, slice: undefined, children: undefined, slices: [] }
  parent.children ??= []
  parent.children.push(node)
  return node
}

/** The slice of an element of that name: the one that is there, or a new one, which begins as the element is. */
function sliceOf(node: Node, { slice, type }: { slice: string; type: string | undefined }, room: Room): Node {
  const found = node.slices.find((each) => each.slice === slice)
  if (found) return found
  const { id = '', path } = node.element
  const to = { id: `${id}:${slice}`, path }
  const made = moved({ ...node, slices: [] }, [{ id, path }, to], room)
  made.slice = slice
  made.element.sliceName = slice
  made.element.min = 0
  delete made.element.slicing
  if (type !== undefined) {
    made.element.type = (made.element.type ?? []).filter(({ code }) => code === type)
    made.children = undefined
  }
  node.element.slicing ??= defaultSlicing(node.name)
  // A slice of a slice stands behind the one that it is a part of.
  node.slices.push(made)
  return made
}

/** What goes without saying: extensions by url, choices by type. */
function defaultSlicing(name: string): NonNullable<Definition['slicing']> {
  const isExtension = name === 'extension' || name === 'modifierExtension'
  return {
    discriminator: [isExtension ? { type: 'value', path: 'url' } : { type: 'type', path: '$this' }],
    ...(isExtension ? { description: 'Extensions are always sliced by (at least) url' } : {}),
    ordered: false,
    rules: 'open',
  }
}

/** What stands below an element by the definition of its type, or of what it refers to. */
async function childrenOf(work: Work, node: Node): Promise<Node[]> {
  const { element } = node
  const to = { id: String(element.id), path: element.path }
  if (element.contentReference !== undefined) return referred(work, element.contentReference, to)
  const types = element.type ?? []
  const [only, another] = types
  if (!only || (another && types.some(({ code }) => code !== only.code))) {
    const text = `${work.url}: what is below ${element.path} is of several types; say which one is meant`
    throw unprocessable({ text, expression: 'StructureDefinition.differential.element' })
  }
  const code = only.code.startsWith('http://hl7.org/fhirpath/') ? 'string' : only.code
  const canonical = only.profile?.[0] ?? `http://hl7.org/fhir/StructureDefinition/${code}`
  const definition = await known(canonical, work.making, 'differential.element')
  const elements = await elementsOf(definition, work.making)
  const { room } = work.making
  const root = treeOf(elements, idsOf(elements), room)
  const from = { id: String(root.element.id), path: root.element.path }
  return (root.children ?? []).map((each) => moved(each, [from, to], room))
}

function referred({ root, making }: Work, reference: string, to: { id: string; path: string }): Node[] {
  const wanted = reference.slice(reference.indexOf('#') + 1)
  let node: Node | undefined = root
  for (const segment of wanted.split('.').slice(1)) node = node?.children?.find(({ name }) => name === segment)
  if (!node) throw unprocessable(`There is no element ${wanted.slice(0, 200)} to refer to`)
  const from = { id: String(node.element.id), path: node.element.path }
  return (node.children ?? []).map((each) => moved(each, [from, to], making.room))
}
