/**
 * Whether a resource is plainly R4. Nearly every one is, and then nobody has to know where in it one is: the same questions as those of
 * resource.ts, asked of tables that were made once for each type.
 */
import { exactNumber } from '../../base/exact-number.ts'
import {
  choiceProperty,
  elementInfo,
  isAscii,
  isPrimitive,
  isResource,
  leastCharacter,
  numberFault,
  type PrimitiveCheck,
  primitiveCheck,
  typeInfo,
} from '../elements.ts'

/** What a type may hold. */
interface SoundType {
  isResource: boolean
  isCoding: boolean
  /** By the property of JSON; none for what is seldom and is not judged here, as narratives and what stands beside values. */
  elements: ReadonlyMap<string, SoundElement>
  /** What stood first when it was last met. */
  first: SoundElement | undefined
  /** Bits of the elements that have to be there. */
  required: number
  /** Of an extension: the bits of its value and of its extensions, exactly one of which it has (ext-1). */
  either: number
}

interface SoundElement {
  property: string
  /** What stood behind it when it was last met: members come in the same order time after time, and to compare costs less than to look up. */
  next: SoundElement | undefined
  /** Of an element that has to be there, and of a choice: of its properties only one may be there. Else 0. */
  bit: number
  isArray: boolean
  max: number
  kind: 'primitive' | 'resource' | 'object'
  judge: PrimitiveCheck | undefined
  /** Of a text that is short and has ASCII from here on nothing more is asked. */
  least: number | undefined
  /** It is a text that may be the address of something else. */
  isReference: boolean
  /** Its numbers have to be written as whole ones. */
  isInteger: boolean
  /** Name of the type of what is in it. */
  childType: string
  /** The same, looked up when it is first needed: types hold each other. */
  inside: SoundType | undefined
}

/** What is nested deeper is left to the whole check. */
const mostDepth = 64
/** More elements with bits than a number has are in no type of R4. */
const mostBits = 30

const soundTypes = new Map<string, SoundType>()

function soundType(name: string): SoundType | undefined {
  const known = soundTypes.get(name)
  if (known) return known
  const made = makeType(name)
  // Unknown names come from outside and would grow the map without end.
  if (made) soundTypes.set(name, made)
  return made
}

function makeType(name: string): SoundType | undefined {
  const info = typeInfo(name)
  if (!info || info.abstract) return undefined
  const elements = new Map<string, SoundElement>()
  const kind = { isResource: isResource(name), isCoding: name === 'Coding' }
  const made: SoundType = { ...kind, elements, first: undefined, required: 0, either: 0 }
  let bits = 0
  for (const { name: element, choice, types, min } of info.elements) {
    const isEither = name === 'Extension' && (element === 'value' || element === 'extension')
    const bit = min > 0 || choice || isEither ? 1 << bits++ : 0
    if (min > 0) made.required |= bit
    if (isEither) made.either |= bit
    for (const property of choice ? types.map((type) => choiceProperty(element, type)) : [element]) {
      const sound = makeElement(name, property, bit)
      if (sound) elements.set(property, sound)
    }
  }
  return bits > mostBits ? undefined : made
}

function makeElement(type: string, property: string, bit: number): SoundElement | undefined {
  const found = elementInfo(type, property)
  if (!found || found.childType === 'xhtml') return undefined
  const { childType, isArray, max } = found
  const kind = isPrimitive(childType) ? 'primitive' : isResource(childType) ? 'resource' : 'object'
  const isInteger = numberFault(childType, '1.0') !== undefined
  const isReference = property === 'reference' && kind === 'primitive'
  const judge = primitiveCheck(childType)
  const least = leastCharacter(childType)
  const links = { next: undefined, inside: undefined }
  return { property, bit, isArray, max, kind, judge, least, isReference, isInteger, childType, ...links }
}

type Content = Record<string, unknown>

const isObject = (value: unknown): value is Content =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** What is asked of a resource on the way through it. */
interface Walk {
  /** What has to be there is. */
  isWhole: boolean
  /** Where references go instead. */
  addresses: ReadonlyMap<string, string> | undefined
  /** A coding has nothing but what it displays; noted where references are changed. */
  hasMereDisplay: boolean
}

const whole: Walk = { isWhole: true, addresses: undefined, hasMereDisplay: false }
const parts: Walk = { isWhole: false, addresses: undefined, hasMereDisplay: false }

/**
 * Whether there is certainly no fault in a resource, as `checkResource` reports them. False says nothing: what is odd or seldom is left
 * to that. Never throws, whatever it is given.
 */
export const isSound = (resource: unknown): boolean => isSoundResource(resource, 0, whole)

/** The same, but that elements may be missing which have to be there. */
export const hasSoundParts = (resource: unknown): boolean => isSoundResource(resource, 0, parts)

/**
 * Has the references of a resource go to other addresses, and tells whether it is sound with them and no coding of it has a display
 * alone. After false some go there and others do not.
 */
export function isSoundWith(addresses: ReadonlyMap<string, string>, resource: unknown): boolean {
  const walk = { isWhole: true, addresses, hasMereDisplay: false }
  return isSoundResource(resource, 0, walk) && !walk.hasMereDisplay
}

function isSoundResource(resource: unknown, depth: number, walk: Walk): boolean {
  if (!isObject(resource) || typeof resource.resourceType !== 'string') return false
  const type = soundType(resource.resourceType)
  return type?.isResource === true && isSoundObject(resource, type, depth, walk)
}

function isSoundObject(object: Content, type: SoundType, depth: number, walk: Walk): boolean {
  if (depth > mostDepth) return false
  let seen = 0
  // Its id is no content (ele-1).
  let isBare = !type.isResource
  let last: SoundElement | undefined
  let isAlone = true
  for (const name in object) {
    let element = last === undefined ? type.first : last.next
    if (element?.property !== name) {
      if (type.isResource && name === 'resourceType') continue
      element = type.elements.get(name)
      if (!element) return false
      if (last) last.next = element
      else type.first = element
    }
    isAlone = last === undefined
    last = element
    const { bit } = element
    if ((seen & bit) !== 0) return false
    seen |= bit
    if (isBare && name !== 'id') isBare = false
    let value = object[name]
    if (element.isReference && walk.addresses !== undefined) value = redirect(object, value, walk.addresses)
    const isGood = element.isArray
      ? isSoundList(value, element, depth, walk)
      : isSoundValue(value, element, depth, walk)
    if (!isGood) return false
    if (element.isInteger && (element.isArray || exactNumber(object, name) !== undefined)) return false
  }
  if (isBare || (walk.isWhole && (seen & type.required) !== type.required)) return false
  if (type.isCoding && isAlone && walk.addresses !== undefined && last?.property === 'display')
    walk.hasMereDisplay = true
  const either = seen & type.either
  return type.either === 0 || (either !== 0 && either !== type.either)
}

/** The reference of an object, after it goes to another address if there is one. */
function redirect(object: Content, reference: unknown, addresses: ReadonlyMap<string, string>): unknown {
  const address = typeof reference === 'string' ? addresses.get(reference) : undefined
  if (address === undefined) return reference
  object.reference = address
  return address
}

function isSoundList(list: unknown, element: SoundElement, depth: number, walk: Walk): boolean {
  if (!Array.isArray(list) || list.length === 0 || list.length > element.max) return false
  for (let at = 0; at < list.length; at++) if (!isSoundValue(list[at], element, depth, walk)) return false
  return true
}

function isSoundValue(value: unknown, element: SoundElement, depth: number, walk: Walk): boolean {
  const { kind, judge, least } = element
  if (kind === 'primitive') {
    if (least !== undefined && typeof value === 'string' && isAscii(value, least)) return true
    return judge !== undefined && judge(value) === undefined
  }
  if (kind === 'resource') return isSoundResource(value, depth + 1, walk)
  if (!isObject(value)) return false
  element.inside ??= soundType(element.childType)
  return element.inside !== undefined && isSoundObject(value, element.inside, depth + 1, walk)
}
