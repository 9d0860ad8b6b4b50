/** Parts of a FHIR Parameters resource, read from JSON of which nothing is believed. The one place where the console reads answers of operations that decide. */

/** A member of JSON whose members are looked at one by one. */
export type Members = Record<string, unknown>

/** One parameter, or one part of a parameter. */
export interface Told {
  name: string
  /** `valueCode`, `valueString` … of a primitive value; `several` for everything else that has a value. */
  type?: string
  value?: string | number | boolean
  /** Of a text: the same in the language that was asked for, where the server has it so. */
  translation?: string
  part: Told[]
  resource?: Members
}

/** Whether a value of JSON has members. */
export const isMembers = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A list, or none of anything else. */
export const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])

/** A text that says something. */
export const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined

/** Deeper parts are not read: no reply of this contract has them. */
const mostLevels = 60

/** The parameters of a resource of type Parameters; undefined for everything else. */
export function parametersOf(resource: unknown): Told[] | undefined {
  if (!isMembers(resource) || resource.resourceType !== 'Parameters') return undefined
  if (resource.parameter !== undefined && !Array.isArray(resource.parameter)) return undefined
  return toldOf(resource.parameter)
}

function toldOf(list: unknown, level = 0): Told[] {
  if (level > mostLevels) return []
  return listOf(list).flatMap((each): Told[] => {
    if (!isMembers(each) || typeof each.name !== 'string') return []
    const told: Told = { name: each.name, part: toldOf(each.part, level + 1) }
    if (isMembers(each.resource)) told.resource = each.resource
    const values = Object.entries(each).filter(([member]) => member.startsWith('value'))
    const [[type, value] = ['', undefined], ...others] = values
    // Two values are none: nobody knows which of them counts.
    if (others.length === 0 && isPrimitive(value)) Object.assign(told, { type, value })
    else if (values.length > 0) told.type = 'several'
    const translation = told.type === 'valueString' ? translationOf(each._valueString) : undefined
    if (translation) told.translation = translation
    return [told]
  })
}

const translationUrl = 'http://hl7.org/fhir/StructureDefinition/translation'

/** What the extension `translation` says beside a text; of two nobody knows which is for this reader. */
function translationOf(beside: unknown): string | undefined {
  const extensions = isMembers(beside) ? listOf(beside.extension).filter(isMembers) : []
  const [only, ...others] = extensions.filter(({ url }) => url === translationUrl)
  if (!only || others.length > 0) return undefined
  return textOf(
    listOf(only.extension)
      .filter(isMembers)
      .find(({ url }) => url === 'content')?.valueString,
  )
}

const isPrimitive = (value: unknown): value is string | number | boolean =>
  ['string', 'number', 'boolean'].includes(typeof value)

/** Those of a name. */
export const all = (told: readonly Told[], name: string): Told[] => told.filter((each) => each.name === name)

/** The text of the first of a name. */
export function text(told: readonly Told[], name: string): string | undefined {
  const value = told.find((each) => each.name === name)?.value
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** The texts of all of a name. */
export const texts = (told: readonly Told[], name: string): string[] =>
  all(told, name).flatMap(({ value }) => (typeof value === 'string' && value !== '' ? [value] : []))

/** The number of the first of a name. */
export function number(told: readonly Told[], name: string): number | undefined {
  const value = told.find((each) => each.name === name)?.value
  return typeof value === 'number' ? value : undefined
}

/** What is said once, as a Boolean; undefined otherwise: of two nobody knows which counts. */
export function onlyFlag(told: readonly Told[], name: string): boolean | undefined {
  const [only, ...others] = all(told, name)
  return only?.type === 'valueBoolean' && typeof only.value === 'boolean' && others.length === 0
    ? only.value
    : undefined
}

/** The code of a parameter that must be there once, as a code; undefined otherwise. */
export function onlyCode(told: readonly Told[], name: string): string | undefined {
  const [only, ...others] = all(told, name)
  return only?.type === 'valueCode' && typeof only.value === 'string' && others.length === 0 ? only.value : undefined
}
