/** Whether an instance is one of its class: what its model lacks, or has in another form, must not go unseen. */
import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { elementInfo, primitiveCheck } from '../../fhir/elements.ts'
import type { LogicalClass, LogicalClasses } from './classes.ts'
import { classIn, type ElementForm } from './logical-model.ts'

/** A fault of an instance: the path within it, and what is wrong as the end of a sentence that begins with the path. */
export interface InstanceFault {
  path: string
  text: string
}

/** Judges a value at a path. */
type Check = (value: Json, path: string, faults: InstanceFault[]) => void

/** Faults told of one instance. */
const mostFaults = 10

const checks = new WeakMap<LogicalClass, Check>()

/** Everything that an instance of a class has and should not have, nothing of what it lacks: that is null. */
export function instanceFaults(instance: JsonObject, of: LogicalClass, classes: LogicalClasses): InstanceFault[] {
  const faults: InstanceFault[] = []
  const { resourceType: _, ...rest } = instance
  classCheck(of, classes)(rest, '', faults)
  return faults
}

/** Whether the class has every element that the instance has. */
export const knowsAll = (instance: JsonObject, { elements }: LogicalClass): boolean =>
  Object.keys(instance).every(
    (name) =>
      name === 'resourceType' ||
      elements.some(({ forms }) => forms.some(({ property }) => property === name || `_${property}` === name)),
  )

function classCheck(of: LogicalClass, classes: LogicalClasses): Check {
  const known = checks.get(of)
  if (known) return known
  const members = new Map<string, Check>()
  const check: Check = (value, path, faults) => {
    if (!isJsonObject(value)) {
      faults.push({ path, text: `must be an object with the elements of ${of.name}` })
      return
    }
    for (const name of Object.keys(value)) {
      const member = value[name]
      if (member === null || member === undefined) continue
      if (faults.length >= mostFaults) return
      const inner = members.get(name)
      const at = path === '' ? name : `${path}.${name}`
      if (inner) inner(member, at, faults)
      else faults.push({ path: at, text: `is no element of ${of.name}` })
    }
  }
  // Registered before its members are known: parts may hold parts of their own kind.
  checks.set(of, check)
  for (const { list, choice, forms } of of.elements) {
    if (choice || forms.length === 1)
      for (const form of forms) addMember(members, form.property, { list, check: formCheck(form, classes), form })
    else {
      const [form] = forms
      if (form)
        addMember(members, form.property, { list, check: anyOf(forms.map((each) => formCheck(each, classes))), form })
    }
  }
  return check
}

function addMember(
  members: Map<string, Check>,
  property: string,
  { list, check, form }: { list: boolean; check: Check; form: ElementForm },
): void {
  members.set(property, list ? listCheck(check) : check)
  // Extensions of a primitive, which FHIR lets be passed over.
  if (primitiveCheck(form.fhir)) members.set(`_${property}`, siblingCheck)
}

const listCheck =
  (check: Check): Check =>
  (value, path, faults) => {
    if (!Array.isArray(value)) {
      faults.push({ path, text: 'must be a list' })
      return
    }
    for (const [index, each] of value.entries())
      if (each !== null && faults.length < mostFaults) check(each, `${path}[${index}]`, faults)
  }

const siblingCheck: Check = (value, path, faults) => {
  if (typeof value !== 'object') faults.push({ path, text: 'must be an object with the extensions of a primitive' })
}

const anyOf =
  (all: Check[]): Check =>
  (value, path, faults) => {
    const tried = all.map((check) => {
      const own: InstanceFault[] = []
      check(value, path, own)
      return own
    })
    if (tried.every((each) => each.length > 0)) faults.push(...(tried[0] ?? []))
  }

function formCheck({ type, fhir }: ElementForm, classes: LogicalClasses): Check {
  const name = classIn(type)
  if (name !== undefined) {
    const found = classes.find(name)
    let check: Check | undefined
    return (value, path, faults) => {
      if (!found) return
      check ??= classCheck(found, classes)
      check(value, path, faults)
    }
  }
  const primitive = primitiveCheck(fhir)
  if (primitive)
    return (value, path, faults) => {
      const fault = primitive(value)
      if (fault !== undefined) faults.push({ path, text: fault })
    }
  return type === 'System.Any' ? () => undefined : datatypeCheck(fhir)
}

/** A datatype that CQL has a type of its own for: members that R4 does not have, and a comparator, which makes of a quantity no point. */
const datatypeCheck =
  (fhir: string): Check =>
  (value, path, faults) => {
    if (!isJsonObject(value)) {
      faults.push({ path, text: `must be an object, a ${fhir}` })
      return
    }
    for (const name of Object.keys(value)) {
      const member = value[name]
      if (member === null || member === undefined) continue
      const at = `${path}.${name}`
      const element = elementInfo(fhir, name.startsWith('_') ? name.slice(1) : name)
      if (!element) faults.push({ path: at, text: `is no element of ${fhir}` })
      else if (name === 'comparator')
        faults.push({ path: at, text: 'makes of the quantity no value that CQL could read' })
      else if (!name.startsWith('_')) memberCheck(element, member, at, faults)
    }
  }

function memberCheck(
  { types: [type = ''], isArray }: { types: string[]; isArray: boolean },
  value: Json,
  path: string,
  faults: InstanceFault[],
): void {
  if (isArray !== Array.isArray(value)) {
    faults.push({ path, text: isArray ? 'must be a list' : 'must not be a list' })
    return
  }
  const primitive = primitiveCheck(type)
  for (const each of Array.isArray(value) ? value : [value]) {
    if (type === 'Extension' || each === null) continue
    const fault = primitive?.(each)
    if (fault !== undefined) faults.push({ path, text: fault })
    else if (!primitive) datatypeCheck(type)(each, path, faults)
  }
}
