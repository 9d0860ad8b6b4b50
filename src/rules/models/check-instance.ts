/** Whether an instance is one of its class: what its model lacks, or has in another form, must not go unseen. */
import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { elementInfo, isAscii, leastCharacter, primitiveCheck } from '../../fhir/elements.ts'
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

/** What an object of a class is judged by. */
interface Judge {
  of: LogicalClass
  members: ReadonlyMap<string, Check>
}

const known = new WeakMap<LogicalClass, Judge>()

/** Everything that an instance of a class has and should not have, nothing of what it lacks: that is null. */
export function instanceFaults(instance: JsonObject, of: LogicalClass, classes: LogicalClasses): InstanceFault[] {
  const faults: InstanceFault[] = []
  checkMembers(instance, judgeOf(of, classes), faults, 'resourceType')
  return faults
}

/** Whether the class has every element that the instance has. */
export const knowsAll = (instance: JsonObject, { elements }: LogicalClass): boolean =>
  Object.keys(instance).every(
    (name) =>
      name === 'resourceType' ||
      elements.some(({ forms }) => forms.some(({ property }) => property === name || `_${property}` === name)),
  )

/** Judges the members of an object, but for one of them. */
function checkMembers(object: JsonObject, { of, members }: Judge, faults: InstanceFault[], besides?: string): void {
  for (const name in object) {
    const member = object[name]
    if (member === null || member === undefined || name === besides) continue
    if (faults.length >= mostFaults) return
    const check = members.get(name)
    if (check) checkPart(member, name, check, faults)
    else faults.push({ path: name, text: `is no element of ${of.name}` })
  }
}

/** Judges a part, and puts its name, or place in a list, before the paths of its faults. */
function checkPart(value: Json, part: string | number, check: Check, faults: InstanceFault[]): void {
  const before = faults.length
  check(value, faults)
  if (faults.length === before) return
  for (const fault of faults.slice(before)) {
    const isMember = fault.path !== '' && !fault.path.startsWith('[')
    fault.path = `${typeof part === 'number' ? `[${part}]` : part}${isMember ? '.' : ''}${fault.path}`
  }
}

function judgeOf(of: LogicalClass, classes: LogicalClasses): Judge {
  const found = known.get(of)
  if (found) return found
  const members = new Map<string, Check>()
  const judge = { of, members }
  // Registered before its members are known: parts may hold parts of their own kind.
  known.set(of, judge)
  for (const { list, choice, forms } of of.elements) {
    if (choice || forms.length === 1)
      for (const form of forms) addMember(members, form.property, { list, check: formCheck(form, classes), form })
    else {
      const [form] = forms
      if (form)
        addMember(members, form.property, { list, check: anyOf(forms.map((each) => formCheck(each, classes))), form })
    }
  }
  return judge
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
    let index = 0
    for (const each of value) {
      if (each !== null && faults.length < mostFaults) checkPart(each, index, check, faults)
      index++
    }
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
    let judge: Judge | undefined
    return (value, faults) => {
      if (!of) return
      judge ??= judgeOf(of, classes)
      if (isJsonObject(value)) checkMembers(value, judge, faults)
      else faults.push({ path: '', text: `must be an object with the elements of ${of.name}` })
    }
  }
  return primitiveJudge(fhir) ?? (type === 'System.Any' ? () => undefined : datatypeCheck(fhir))
}

/** What a value of a primitive type is judged by; undefined for any other type. */
function primitiveJudge(type: string): Check | undefined {
  const check = primitiveCheck(type)
  if (!check) return undefined
  // Nearly every text is told by its characters alone.
  const least = leastCharacter(type)
  return (value, faults) => {
    if (least !== undefined && typeof value === 'string' && isAscii(value, least)) return
    const fault = check(value)
    if (fault !== undefined) faults.push({ path: '', text: fault })
  }
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
      let check = members.get(name)
      if (!check) {
        check = memberCheck(fhir, name)
        if (check) members.set(name, check)
      }
      if (check) checkPart(member, name, check, faults)
      else faults.push({ path: name, text: `is no element of ${fhir}` })
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
  if (type === 'Extension') return (value, faults) => void checkList(value, isArray, faults)
  let judge = primitiveJudge(type)
  const one: Check = (value, faults) => {
    if (value === null) return
    // Made when it is asked for: types hold parts of their own kind.
    judge ??= datatypeCheck(type)
    judge(value, faults)
  }
  return (value, faults) => {
    if (!checkList(value, isArray, faults)) return
    if (Array.isArray(value)) for (const each of value) one(each, faults)
    else one(value, faults)
  }
}

/** Whether a value is a list, or is none, as it must be. */
function checkList(value: Json, isArray: boolean, faults: InstanceFault[]): boolean {
  if (isArray === Array.isArray(value)) return true
  faults.push({ path: '', text: isArray ? 'must be a list' : 'must not be a list' })
  return false
}
