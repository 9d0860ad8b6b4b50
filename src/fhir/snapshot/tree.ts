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
const mostElements = 30_000

/** @throws FhirError 422 for a list of elements that is no tree */
export function treeOf(elements: readonly Definition[], ids: readonly string[]): Node {
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

/** A copy of a node and all below it, elsewhere: ids and paths begin anew. */
export function moved(node: Node, from: { id: string; path: string }, to: { id: string; path: string }): Node {
  const element = copied(node.element)
  element.id = `${to.id}${String(element.id).slice(from.id.length)}`
  element.path = `${to.path}${element.path.slice(from.path.length)}`
  return {
    ...node,
    element,
    children: node.children?.map((each) => moved(each, from, to)),
    slices: node.slices.map((each) => moved(each, from, to)),
  }
}

/** A copy of an element that may be changed. */
export function copied(element: Definition): Definition {
  return structuredClone(element)
}

/** Members of an element whose names begin so, such as `fixed[x]`. */
export function choiceMembers(element: Definition, name: string): [string, Json][] {
  return Object.entries(asJson(element)).filter(
    ([key]) => key.replace(/^_/, '').startsWith(name) && /^[A-Z]/.test(key.replace(/^_/, '').slice(name.length)),
  )
}
