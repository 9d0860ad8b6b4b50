/** Reads a snapshot into a {@link Profile}: once for each version of it. */
import type { Json } from '../../base/json-value.ts'
import { artefactName } from '../artefact.ts'
import { elementInfo, type FoundElement, isPrimitive, typeInfo } from '../elements.ts'
import { asJson } from '../json.ts'
import type { StructureDefinition } from '../types.ts'
import { type Binding, type Constraint, elementRules, isOfStandard, namedType } from './base-definitions.ts'
import type { Profile, ProfileElement, Slicing, TypeRule } from './profile.ts'

/** One ElementDefinition. */
export type Definition = NonNullable<StructureDefinition['snapshot']>['element'][number]

/** Deepest element, and most elements, of a snapshot. */
const deepest = 60
const mostElements = 20_000

/** @returns the profile; with `fault` where its snapshot makes no sense */
export function readProfile(definition: StructureDefinition, elements: readonly Definition[]): Profile {
  const canonical = artefactName(definition)
  const [first] = elements
  const root = emptyElement(String(first?.id ?? first?.path ?? ''), definition.type, undefined)
  const profile: Profile = {
    canonical,
    url: definition.url,
    type: definition.type,
    root,
    contexts: (definition.context ?? []).map(({ type, expression }) => ({ type, expression })),
    needs: [],
    valueSets: [],
    gaps: [],
  }
  if (!first || first.path !== definition.type || !typeInfo(definition.type))
    return { ...profile, fault: `its snapshot does not begin with the type ${definition.type}` }
  if (elements.length > mostElements)
    return { ...profile, fault: `its snapshot has more than ${mostElements} elements` }
  const fault = readTree(profile, elements)
  if (fault !== undefined) return { ...profile, fault }
  settle(profile, root, definition.type)
  profile.needs = [...new Set(profile.needs)]
  profile.valueSets = [...new Set(profile.valueSets)]
  return profile
}

function emptyElement(id: string, name: string, slice: string | undefined): ProfileElement {
  return {
    id,
    name,
    slice,
    min: 0,
    max: Number.POSITIVE_INFINITY,
    isCounted: false,
    types: [],
    isTyped: false,
    fixed: undefined,
    pattern: undefined,
    bindings: [],
    constraints: [],
    maxLength: undefined,
    smallest: undefined,
    largest: undefined,
    isModifier: false,
    children: [],
    slicing: undefined,
    slices: [],
    active: [],
  }
}

/** The id of an element; definitions may lack them, and then path and slice names make it. */
export function idsOf(elements: readonly Definition[]): string[] {
  const slices = new Map<string, string>()
  // What stands below a path, so that nothing is looked for among all the others.
  const below = new Map<string, Set<string>>()
  const forget = (path: string) => {
    const open = [path]
    for (let each = open.pop(); each !== undefined; each = open.pop()) {
      slices.delete(each)
      open.push(...(below.get(each) ?? []))
      below.delete(each)
    }
  }
  return elements.map(({ id, path, sliceName }) => {
    if (typeof id === 'string' && id !== '') return id
    const segments = path.split('.')
    const parent = segments.slice(0, -1).join('.')
    forget(path)
    const base = parent === '' ? '' : `${slices.get(parent) ?? parent}.`
    const made = `${base}${segments.at(-1)}${sliceName ? `:${sliceName}` : ''}`
    slices.set(path, made)
    let child = path
    // What is nested more deeply is refused by whoever reads the ids.
    for (let depth = Math.min(segments.length, deepest) - 1; depth > 0; depth--) {
      const above = segments.slice(0, depth).join('.')
      const known = below.get(above)
      if (known?.has(child)) break
      if (known) known.add(child)
      else below.set(above, new Set([child]))
      child = above
    }
    return made
  })
}

/** Puts every element where its id says; a text where that cannot be. */
function readTree(profile: Profile, elements: readonly Definition[]): string | undefined {
  const ids = idsOf(elements)
  const nodes = new Map<string, ProfileElement>()
  for (const [index, element] of elements.entries()) {
    const id = ids[index] ?? element.path
    if (index === 0) {
      nodes.set(id, profile.root)
      fill(profile, profile.root, element)
      continue
    }
    const dot = id.lastIndexOf('.')
    const parent = nodes.get(id.slice(0, dot))
    if (dot < 0 || !parent) return `the element ${id} has no parent`
    if (id.split('.').length > deepest) return `the element ${id.slice(0, 200)} is nested too deeply`
    if (nodes.has(id)) return `two elements have the id ${id}`
    const [written = '', slice] = id.slice(dot + 1).split(':')
    const node = emptyElement(id, written.replace(/\[x\]$/, ''), slice)
    nodes.set(id, node)
    fill(profile, node, element)
    if (slice === undefined) {
      parent.children.push(node)
      continue
    }
    const whole = `${id.slice(0, dot)}.${written}`
    // A slice of a slice is called `outer/inner`.
    const outer = slice.includes('/') ? nodes.get(`${whole}:${slice.slice(0, slice.lastIndexOf('/'))}`) : undefined
    const owner = outer ?? nodes.get(whole)
    if (!owner) return `the slice ${id} has no element that it is a slice of`
    owner.slices.push(node)
  }
  return undefined
}

function fill(profile: Profile, node: ProfileElement, element: Definition): void {
  node.min = element.min ?? 0
  node.max = element.max === undefined || element.max === '*' ? Number.POSITIVE_INFINITY : Number(element.max)
  node.types = (element.type ?? []).map(typeRule)
  node.fixed = memberOf(element, 'fixed')
  node.pattern = memberOf(element, 'pattern')
  node.smallest = memberOf(element, 'minValue')
  node.largest = memberOf(element, 'maxValue')
  node.maxLength = element.maxLength
  node.isModifier = element.isModifier === true
  node.bindings = bindingsOf(element)
  node.constraints = (element.constraint ?? []).flatMap(constraintOf).filter((each) => !isOfStandard(each))
  node.slicing = slicingOf(element)
  for (const { expression } of node.constraints)
    for (const [, valueSet = ''] of expression.matchAll(/memberOf\(\s*'([^']+)'\s*\)/g))
      profile.valueSets.push(valueSet)
}

const TYPE_EXTENSION = 'http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type'

function typeRule({ code, profile = [], targetProfile, extension }: NonNullable<Definition['type']>[number]): TypeRule {
  const declared = extension?.find(({ url }) => url === TYPE_EXTENSION)
  const named = declared?.valueUrl ?? declared?.valueUri ?? code
  const system = named.replace('http://hl7.org/fhirpath/System.', '')
  const type = system === named ? named : system.charAt(0).toLowerCase() + system.slice(1)
  return { code: type, profiles: profile, targets: code === 'Reference' ? targetProfile : undefined }
}

/** The value of `fixed[x]` and its like. */
function memberOf(element: Definition, name: string): Json | undefined {
  const members = asJson(element)
  const key = Object.keys(members).find((each) => each.startsWith(name) && /^[A-Z]/.test(each.slice(name.length)))
  return key === undefined ? undefined : members[key]
}

function constraintOf({
  key,
  severity,
  human,
  expression,
}: NonNullable<Definition['constraint']>[number]): Constraint[] {
  if (expression === undefined) return []
  return [{ key, severity: severity === 'warning' ? 'warning' : 'error', human, expression }]
}

const MAX_VALUE_SET = 'http://hl7.org/fhir/StructureDefinition/elementdefinition-maxValueSet'

function bindingsOf({ binding }: Definition): Binding[] {
  const made: Binding[] = []
  if (!binding) return made
  const { strength, valueSet, extension = [] } = binding
  if (valueSet !== undefined && (strength === 'required' || strength === 'extensible'))
    made.push({ strength, valueSet })
  for (const { url, valueCanonical, valueUri } of extension) {
    const most = valueCanonical ?? valueUri
    if (url === MAX_VALUE_SET && most !== undefined) made.push({ strength: 'required', valueSet: most })
  }
  return made
}

function slicingOf({ slicing }: Definition): Slicing | undefined {
  if (!slicing) return undefined
  return {
    discriminators: (slicing.discriminator ?? []).map(({ type, path }) => ({ type, path })),
    rules: slicing.rules === 'closed' || slicing.rules === 'openAtEnd' ? slicing.rules : 'open',
    isOrdered: slicing.ordered === true,
  }
}

/** Compares every element with R4, so that only what goes beyond it is checked again, and collects what the profile needs. */
function settle(profile: Profile, node: ProfileElement, type: string): void {
  for (const child of node.children) settleChild(profile, child, type)
  node.active = node.children.filter(isActive)
}

function settleChild(profile: Profile, node: ProfileElement, parentType: string): void {
  const base = elementInfo(parentType, node.name)
  const isSlice = node.slice !== undefined
  node.isCounted = isSlice || !base || node.min > base.min || node.max < base.max
  const rules = base ? elementRules(parentType, base.choice ? `${base.name}[x]` : base.name) : undefined
  node.isTyped = node.types.length > 0 && (isSlice || !base || !saysTheSame(node.types, base, rules?.targets ?? []))
  const isBound = ({ strength, valueSet }: Binding) =>
    rules?.bindings.some((each) => each.strength === strength && each.valueSet === valueSet)
  node.bindings = node.bindings.filter((each) => !isBound(each))
  for (const { code, profiles, targets = [] } of node.types) {
    profile.needs.push(...profiles)
    if (code === 'Reference') profile.needs.push(...targets.filter((each) => namedType(each) === undefined))
  }
  settle(profile, node, contentType(node, base))
  for (const slice of node.slices) settleChild(profile, slice, parentType)
  if (node.slices.length > 0) collectDiscriminating(profile, node)
}

/** The type of what stands in an element, by R4 or by the one type that the profile leaves. */
function contentType(node: ProfileElement, base: FoundElement | undefined): string {
  const [only, another] = node.types
  if (base && !base.choice) return base.childType
  if (only && !another) return only.code
  return base?.childType ?? 'Element'
}

function saysTheSame(types: TypeRule[], base: FoundElement, targets: string[]): boolean {
  if (types.some(({ profiles }) => profiles.length > 0)) return false
  const codes = new Set(types.map(({ code }) => code))
  if (!base.types.every((each) => codes.has(each) || isPrimitive(each))) return false
  if (base.choice && base.types.some((each) => !codes.has(each))) return false
  return types.every(
    (each) =>
      each.targets === undefined ||
      (each.targets.every((target) => targets.includes(target)) && each.targets.length >= targets.length),
  )
}

/** Slices that are told apart by a value set need it before anything is sliced. */
function collectDiscriminating(profile: Profile, node: ProfileElement): void {
  for (const slice of node.slices) {
    const open = [slice]
    for (let each = open.pop(); each; each = open.pop()) {
      for (const { strength, valueSet } of each.bindings) if (strength === 'required') profile.valueSets.push(valueSet)
      open.push(...each.children)
    }
  }
}

function isActive(node: ProfileElement): boolean {
  return (
    node.isCounted ||
    node.isTyped ||
    node.fixed !== undefined ||
    node.pattern !== undefined ||
    node.maxLength !== undefined ||
    node.smallest !== undefined ||
    node.largest !== undefined ||
    node.bindings.length > 0 ||
    node.constraints.length > 0 ||
    node.slices.length > 0 ||
    node.active.length > 0
  )
}
