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

/** Judges a value. Paths of its faults begin at the value: most instances have none, so paths are made for faults alone. */
type Check = (value: Json, faults: InstanceFault[]) => void

/** Faults told of one instance. */
const mostFaults = 10

/** What the members of a class are judged by. */
type Members = ReadonlyMap<string, Check>

const known = new WeakMap<LogicalClass, Members>()

/** Everything that an instance of a class has and should not have, nothing of what it lacks: that is null. */
export function instanceFaults(instance: JsonObject, of: LogicalClass, classes: LogicalClasses): InstanceFault[] {
  const faults: InstanceFault[] = []
  checkMembers(instance, { of, members: membersOf(of, classes), besides: 'resourceType' }, faults)
  return faults
}

/** Whether the class has every element that the instance has. */
export const knowsAll = (instance: JsonObject, { elements }: LogicalClass): boolean =>
  Object.keys(instance).every(
    (name) =>
      name === 'resourceType' ||
      elements.some(({ forms }) => forms.some(({ property }) => property === name || `_${property}` === name)),
  )

function checkMembers(
  object: JsonObject,
  { of, members, besides }: { of: LogicalClass; members: Members; besides?: string },
  faults: InstanceFault[],
): void {
  for (const name in object) {
    const member = object[name]
    if (member === null || member === undefined || name === besides) continue
    if (faults.length >= mostFaults) return
    const check = members.get(name)
    if (check) checkPart(member, name, { check, faults })
    else faults.push({ path: name, text: `is no element of ${of.name}` })
  }
}

/** Judges a part, and puts its name before the paths of its faults. */
function checkPart(value: Json, part: string, { check, faults }: { check: Check; faults: InstanceFault[] }): void {
  const before = faults.length
  check(value, faults)
  for (const fault of faults.slice(before)) {
    const isMember = fault.path !== '' && !fault.path.startsWith('[')
    fault.path = `${part}${isMember ? '.' : ''}${fault.path}`
  }
}

function membersOf(of: LogicalClass, classes: LogicalClasses): Members {
  const found = known.get(of)
  if (found) return found
  const members = new Map<string, Check>()
  // Registered before its members are known: parts may hold parts of their own kind.
  known.set(of, members)
  for (const { list, choice, forms } of of.elements) {
    if (choice || forms.length === 1)
      for (const form of forms) addMember(members, form.property, { list, check: formCheck(form, classes), form })
    else {
      const [form] = forms
      if (form)
        addMember(members, form.property, { list, check: anyOf(forms.map((each) => formCheck(each, classes))), form })
    }
  }
  return members
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
  (value, faults) => {
    if (!Array.isArray(value)) {
      faults.push({ path: '', text: 'must be a list' })
      return
    }
    for (const [index, each] of value.entries())
      if (each !== null && faults.length < mostFaults) checkPart(each, `[${index}]`, { check, faults })
  }

const siblingCheck: Check = (value, faults) => {
  if (typeof value !== 'object') faults.push({ path: '', text: 'must be an object with the extensions of a primitive' })
}

const anyOf =
  (all: Check[]): Check =>
  (value, faults) => {
    const tried = all.map((check) => {
      const own: InstanceFault[] = []
      check(value, own)
      return own
    })
    if (tried.every((each) => each.length > 0)) faults.push(...(tried[0] ?? []))
  }

function formCheck({ type, fhir }: ElementForm, classes: LogicalClasses): Check {
  const name = classIn(type)
  if (name !== undefined) {
    const of = classes.find(name)
    return (value, faults) => {
      if (!of) return
      if (isJsonObject(value)) checkMembers(value, { of, members: membersOf(of, classes) }, faults)
      else faults.push({ path: '', text: `must be an object with the elements of ${of.name}` })
    }
  }
  const primitive = primitiveCheck(fhir)
  if (primitive)
    return (value, faults) => {
      const fault = primitive(value)
      if (fault !== undefined) faults.push({ path: '', text: fault })
    }
  return type === 'System.Any' ? () => undefined : datatypeCheck(fhir)
}

/** A datatype that CQL has a type of its own for: members that R4 does not have, and a comparator, which makes of a quantity no point. */
function datatypeCheck(fhir: string): Check {
  // Filled as members are met: only with those that the type has.
  const members = new Map<string, Check>()
  return (value, faults) => {
    if (!isJsonObject(value)) {
      faults.push({ path: '', text: `must be an object, a ${fhir}` })
      return
    }
    for (const name in value) {
      const member = value[name]
      if (member === null || member === undefined) continue
      const check = members.get(name) ?? memberCheck(fhir, name)
      if (!check) {
        faults.push({ path: name, text: `is no element of ${fhir}` })
        continue
      }
      members.set(name, check)
      checkPart(member, name, { check, faults })
    }
  }
}

/** What a member of a datatype is judged by; undefined for one that the type does not have. */
function memberCheck(fhir: string, name: string): Check | undefined {
  const isSibling = name.startsWith('_')
  const element = elementInfo(fhir, isSibling ? name.slice(1) : name)
  if (!element) return undefined
  if (name === 'comparator')
    return (_, faults) => void faults.push({ path: '', text: 'makes of the quantity no value that CQL could read' })
  if (isSibling) return () => undefined
  const {
    types: [type = ''],
    isArray,
  } = element
  const primitive = primitiveCheck(type)
  const isExtension = type === 'Extension'
  let inner: Check | undefined
  return (value, faults) => {
    if (isArray !== Array.isArray(value)) {
      faults.push({ path: '', text: isArray ? 'must be a list' : 'must not be a list' })
      return
    }
    for (const each of Array.isArray(value) ? value : [value]) {
      if (isExtension || each === null) continue
      const fault = primitive?.(each)
      if (fault !== undefined) faults.push({ path: '', text: fault })
      else if (!primitive) {
        inner ??= datatypeCheck(type)
        inner(each, faults)
      }
    }
  }
}
