/** The elements of a StructureDefinition as the tree that their paths make. */
import type { StructureDefinition } from '../../fhir/types.ts'
import { FhirInstance } from '../cql/run/fhir-instance.ts'
import { elementsOf, type ModelFault } from './gather.ts'

/** One element with its children. */
export interface TreeElement {
  /** Without `[x]`. */
  name: string
  path: string
  choice: boolean
  list: boolean
  types: { code: string; profiles: string[] }[]
  contentReference?: string
  children: TreeElement[]
}

/** Deeper than any certificate; recursion is told by content references. */
const deepest = 20

/** Reads the elements; slices repeat theirs, and the first stands for all. */
export function elementTree(definition: StructureDefinition): { children: TreeElement[]; faults: ModelFault[] } {
  const [, ...elements] = elementsOf(definition)
  const faults: ModelFault[] = []
  const roots: TreeElement[] = []
  const byPath = new Map<string, TreeElement>()
  for (const each of elements) {
    if (byPath.has(each.path) || each.sliceName !== undefined || each.id?.includes(':')) continue
    const parts = each.path.split('.')
    const last = parts.at(-1) ?? ''
    const choice = last.endsWith('[x]')
    const name = choice ? last.slice(0, -3) : last
    const parent = byPath.get(each.path.slice(0, -last.length - 1))
    const fault = nameFault(name) ?? depthFault(parts.length, parent !== undefined)
    if (fault !== undefined) {
      faults.push({ path: each.path, text: fault })
      continue
    }
    const siblings = parent?.children ?? roots
    if (isInherited(name, parent)) continue
    const types = (each.type ?? []).map(({ code, profile = [] }) => ({ code, profiles: profile }))
    const max = each.base?.max ?? each.max ?? '1'
    const list = max === '*' || Number(max) > 1
    const { contentReference } = each
    const read = { name, path: each.path, choice, list, types, children: [] }
    const element: TreeElement = contentReference === undefined ? read : { ...read, contentReference }
    byPath.set(each.path, element)
    siblings.push(element)
  }
  return { children: roots, faults }
}

/** Snapshots repeat what every part has. */
const isInherited = (name: string, parent: TreeElement | undefined) =>
  parent?.types.some(({ code }) => code === 'BackboneElement') === true &&
  ['id', 'extension', 'modifierExtension'].includes(name)

function depthFault(parts: number, hasParent: boolean): string | undefined {
  if (parts > deepest) return `nests deeper than ${deepest} elements`
  return parts > 2 && !hasParent ? 'stands under an element that there is not' : undefined
}

/** Names that the executor asks every value for, to see of what kind it is. */
const executorNames = new Set(
  [
    'resourceType',
    'fhirClass',
    'hasMatch',
    'codes',
    'compareTo',
    'sameAs',
    'isBoolean isCode isConcept isDate isDateTime isInterval isList isQuantity isRatio isTime isTuple isUncertainty isValueSet'.split(
      ' ',
    ),
  ].flat(),
)

function nameFault(name: string): string | undefined {
  if (!/^(?:[A-Za-z_][\w-]{0,127}|-?\d{1,9})$/.test(name)) return 'has a name that CQL cannot use'
  if (name === '_json' || name in FhirInstance.prototype || executorNames.has(name))
    return 'has a name that values of CQL have a use of their own for'
  return undefined
}
