/** Lays what a differential says of an element over what its base says (https://hl7.org/fhir/R4/profiling.html#snapshot). */
import { asJson } from '../json.ts'
import { choiceMembers, type Definition, type Node } from './tree.ts'

/** Members that take the place of those of the base. */
const replaced = [
  'representation',
  'sliceIsConstraining',
  'label',
  'code',
  'short',
  'definition',
  'comment',
  'requirements',
  'min',
  'max',
  'contentReference',
  'meaningWhenMissing',
  'orderMeaning',
  'maxLength',
  'mustSupport',
  'isModifier',
  'isModifierReason',
  'isSummary',
]
const replacedChoices = ['defaultValue', 'fixed', 'pattern', 'minValue', 'maxValue']

/** Texts that go on where those of the base end, when they begin with three dots. */
const continued = ['definition', 'comment', 'requirements']

/** Changes the element of a node; `source` is the canonical of whose differential it is. */
export function merge(node: Node, differential: Definition, source: string): void {
  const [element, given] = [asJson(node.element), asJson(differential)]
  for (const name of replaced)
    for (const key of [name, `_${name}`]) {
      const value = given[key]
      if (value === undefined) continue
      const before = element[key]
      const isMore = continued.includes(name) && typeof value === 'string' && value.startsWith('...')
      element[key] = isMore && typeof before === 'string' ? `${before}\r\n${value.slice(3)}` : value
    }
  for (const name of replacedChoices) {
    const members = choiceMembers(differential, name)
    if (members.length > 0) for (const [key] of choiceMembers(node.element, name)) delete element[key]
    for (const [key, value] of members) element[key] = value
  }
  mergeTypes(node, differential)
  mergeBinding(node.element, differential)
  mergeLists(node.element, differential, source)
  if (differential.slicing) node.element.slicing = { ...node.element.slicing, ...structuredClone(differential.slicing) }
}

/** What is below an element of another type is no more what was below it before. */
function mergeTypes(node: Node, { type }: Definition): void {
  if (!type) return
  const before = node.element.type ?? []
  const isSame = before.map(({ code }) => code).join() === type.map(({ code }) => code).join()
  const hasProfile = type.some(({ profile = [] }) => profile.length > 0)
  node.element.type = structuredClone(type)
  delete node.element.contentReference
  if ((!isSame || hasProfile) && !before.some(({ code }) => code === 'BackboneElement' || code === 'Element'))
    node.children = undefined
}

function mergeBinding(element: Definition, { binding }: Definition): void {
  if (!binding) return
  const made = structuredClone(binding)
  const before = element.binding
  if (before) {
    made.description ??= before.description
    made.valueSet ??= before.valueSet
    if (made.description === undefined) delete made.description
    if (made.valueSet === undefined) delete made.valueSet
  }
  element.binding = made
}

function mergeLists(element: Definition, given: Definition, source: string): void {
  if (given.alias) element.alias = [...new Set([...(element.alias ?? []), ...given.alias])]
  if (given.condition) element.condition = [...new Set([...(element.condition ?? []), ...given.condition])]
  if (given.example) element.example = structuredClone(given.example)
  if (given.constraint) {
    const own = structuredClone(given.constraint).map((each) => ({ ...each, source: each.source ?? source }))
    const keys = new Set(own.map(({ key }) => key))
    element.constraint = [...(element.constraint ?? []).filter(({ key }) => !keys.has(key)), ...own]
  }
  if (given.mapping) {
    const isNew = (each: { identity: string; map: string }) =>
      !element.mapping?.some(({ identity, map }) => identity === each.identity && map === each.map)
    element.mapping = [...(element.mapping ?? []), ...structuredClone(given.mapping).filter(isNew)]
  }
  if (given.extension) {
    const urls = new Set(given.extension.map(({ url }) => url))
    const rest = (element.extension ?? []).filter(({ url }) => !urls.has(url))
    element.extension = [...rest, ...structuredClone(given.extension)]
  }
}
