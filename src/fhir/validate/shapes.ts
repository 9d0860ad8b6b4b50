/** The types of R4 as they are checked: the rules of every element at hand by its name in JSON, made when a type is first met. */
import { elementInfo, type FoundElement, isPrimitive, isResource } from '../elements.ts'
import { type Constraint, type ElementRules, elementRules, typeConstraints } from './base-definitions.ts'

/** One element by its name in JSON. */
export interface Member {
  element: FoundElement
  rules: ElementRules
  isPrimitive: boolean
  isResource: boolean
  /** A primitive of which nothing is said. */
  isInert: boolean
  /** Invariants of what stands there, those of the type included. */
  constraints: Constraint[]
}

/** Written out elsewhere, see {@link nativeInvariant}: nobody asks for them element by element. */
const everywhere = new Set(['ele-1', 'ext-1', 'txt-1', 'txt-2', 'ref-1'])
const isAsked = ({ key }: Constraint) => !everywhere.has(key)

const shapes = new Map<string, Map<string, Member | undefined>>()

/** The element of a type or backbone path behind a JSON property; undefined for what R4 does not have. */
export function memberOf(type: string, property: string): Member | undefined {
  let shape = shapes.get(type)
  if (!shape) {
    shape = new Map()
    shapes.set(type, shape)
  }
  const known = shape.get(property)
  if (known) return known
  const made = makeMember(type, property)
  // Names that R4 does not have come from outside and would fill the map.
  if (made) shape.set(property, made)
  return made
}

function makeMember(type: string, property: string): Member | undefined {
  const element = elementInfo(type, property)
  if (!element) return undefined
  const rules = elementRules(type, element.choice ? `${element.name}[x]` : element.name)
  const { childType } = element
  const primitive = isPrimitive(childType)
  const constraints = [...rules.constraints, ...(primitive || isResource(childType) ? [] : constraintsOf(childType))]
  const asked = [...new Map(constraints.map((each) => [each.key + each.expression, each])).values()].filter(isAsked)
  return {
    element,
    rules,
    isPrimitive: primitive,
    isResource: isResource(childType),
    isInert: primitive && asked.length === 0 && rules.bindings.length === 0,
    constraints: asked,
  }
}

const ofTypes = new Map<string, Constraint[]>()

/** The invariants of a type of R4 or a backbone path that are asked where it stands. */
export function constraintsOf(type: string): Constraint[] {
  let found = ofTypes.get(type)
  if (!found) {
    found = typeConstraints(type).filter(isAsked)
    ofTypes.set(type, found)
  }
  return found
}
