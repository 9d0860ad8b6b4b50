/** The elements of a snapshot as a tree, so that constraints find the element that they speak of. */
import type { Json } from '../../base/json-value.ts'
import { unprocessable } from '../error.ts'
import { asJson } from '../json.ts'
import type { StructureDefinition } from '../types.ts'

/** One ElementDefinition. */
export type Definition = NonNullable<StructureDefinition['snapshot']>['element'][number]

/** An element with what stands below it. */
export interface Node {
  element: Definition
  /** Last segment of the path: `value[x]`. */
  name: string
  slice: string | undefined
  /** Undefined where the children are those of the type, which nobody has asked for. */
  children: Node[] | undefined
  slices: Node[]
}

/** Most elements of a snapshot. */
const mostElements = 20_000

/** What one snapshot may still copy: slices of slices, and types in types, multiply. */
export interface Room {
  elements: number
}

/** Most elements that are copied on the way to one snapshot. */
export const mostCopied = 200_000

function take(room: Room, elements: number): void {
  room.elements -= elements
  if (room.elements < 0)
    throw unprocessable(`More than ${mostCopied} elements are copied to make this snapshot`, 'too-costly')
}

/** @throws FhirError 422 for a list of elements that is no tree, and where there is no room for it */
export function treeOf(elements: readonly Definition[], ids: readonly string[], room: Room): Node {
  take(room, elements.length)
  const nodes = new Map<string, Node>()
  let root: Node | undefined
  for (const [index, element] of elements.entries()) {
    const id = ids[index] ?? element.path
    const node = nodeOf(copied(element), id)
    node.element.id = id
    nodes.set(id, node)
    if (!root) {
      root = node
      continue
    }
    const dot = id.lastIndexOf('.')
    const parent = nodes.get(id.slice(0, dot))
    if (dot < 0 || !parent) throw unprocessable(`The snapshot is no tree: ${id.slice(0, 200)} has no parent`)
    place(parent, node)
  }
  if (!root) throw unprocessable('The snapshot has no elements')
  return root
}

function nodeOf(element: Definition, id: string): Node {
  const segment = id.slice(id.lastIndexOf('.') + 1)
  const colon = segment.indexOf(':')
  const name = element.path.slice(element.path.lastIndexOf('.') + 1)
  return { element, name, slice: colon < 0 ? undefined : segment.slice(colon + 1), children: undefined, slices: [] }
}

function place(parent: Node, node: Node): void {
  parent.children ??= []
  const owner = node.slice === undefined ? undefined : parent.children.find(({ name }) => name === node.name)
  if (owner) owner.slices.push(node)
  else parent.children.push(node)
}

/** The elements in the order of a snapshot: an element, what is below it, its slices. */
export function listOf(root: Node): Definition[] {
  const list: Definition[] = []
  const add = (node: Node): void => {
    list.push(node.element)
    if (list.length > mostElements)
      throw unprocessable(`The snapshot has more than ${mostElements} elements`, 'too-costly')
    for (const child of node.children ?? []) add(child)
    for (const slice of node.slices) add(slice)
  }
  add(root)
  return list
}

/** The name of an element by its id, and its path. */
interface At {
  id: string
  path: string
}

/** A copy of a node and all below it, elsewhere: ids and paths begin anew. @throws FhirError 422 where there is no room for it */
export function moved(node: Node, [from, to]: [from: At, to: At], room: Room): Node {
  take(room, 1)
  const element = copied(node.element)
  element.id = `${to.id}${String(element.id).slice(from.id.length)}`
  element.path = `${to.path}${element.path.slice(from.path.length)}`
  return {
    ...node,
    element,
    children: node.children?.map((each) => moved(each, [from, to], room)),
    slices: node.slices.map((each) => moved(each, [from, to], room)),
  }
}

/** A copy of an element, of which members are set anew and never changed inside. */
export function copied(element: Definition): Definition {
  return { ...element }
}

/** Members of an element whose names begin so, such as `fixed[x]`. */
export function choiceMembers(element: Definition, name: string): [string, Json][] {
  return Object.entries(asJson(element)).filter(
    ([key]) => key.replace(/^_/, '').startsWith(name) && /^[A-Z]/.test(key.replace(/^_/, '').slice(name.length)),
  )
}
