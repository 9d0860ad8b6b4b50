/** Invariants of StructureDefinition written out: their expressions go through all elements once for every element. */
import { isJsonObject, objectsIn } from '../../../base/json.ts'
import type { JsonObject } from '../../../base/json-value.ts'
import type { NativeCheck } from '../walk.ts'

/** By key. */
export const definitionInvariants: [key: string, check: NativeCheck][] = [
  ['sdf-1', ({ value }) => memberOf(value, 'derivation') === 'constraint' || isDistinct(pathsOf(value, 'snapshot'))],
  ['sdf-3', ({ value }) => ofElements(value).every((each) => hasAll(each, ['definition', 'min', 'max']))],
  [
    'sdf-8',
    ({ value }, { home: { resource } }) => {
      const [first, ...rest] = ofElements(value).map(({ path }) => String(path))
      if (resource.kind !== 'logical' && first !== resource.type) return false
      return rest.every((path) => path.startsWith(`${first}.`))
    },
  ],
  [
    'sdf-8a',
    ({ value }, { home: { resource } }) => {
      const [first = '', ...rest] = ofElements(value).map(({ path }) => String(path))
      if (resource.kind !== 'logical' && !first.startsWith(String(resource.type))) return false
      return rest.every((path) => path.startsWith(`${first.replace(/\..*/, '')}.`))
    },
  ],
  ['sdf-8b', ({ value }) => ofElements(value).every((each) => hasAll(each, ['base']))],
  [
    'sdf-9',
    ({ value }) => allElements(value).every((each) => !isTop(each) || !hasAny(each, ['label', 'code', 'requirements'])),
  ],
  ['sdf-14', ({ value }) => allElements(value).every((each) => each.id !== undefined)],
  ['sdf-16', ({ value }) => hasDistinctIds(value, 'snapshot')],
  ['sdf-17', ({ value }) => hasDistinctIds(value, 'differential')],
  [
    'sdf-19',
    ({ value }) => !isOfHl7(value) || (typesAre(value, 'differential', plain) && typesAre(value, 'snapshot', dotted)),
  ],
  ['sdf-20', ({ value }) => ofElements(value).every((each) => !isTop(each) || each.slicing === undefined)],
  ['sdf-22', ({ value }) => !isOfHl7(value) || allElements(value).every((each) => !hasDefault(each))],
  ['sdf-23', ({ value }) => allElements(value).every((each) => !isTop(each) || each.sliceName === undefined)],
  // As they are written they ask for one such character anywhere.
  ['eld-19', ({ value }) => /[^\s.,:;'"/|?!@#$%&*()[\]{}\\]/.test(String(memberOf(value, 'path')))],
  ['eld-20', ({ value }) => /[A-Za-z]/.test(String(memberOf(value, 'path')))],
]

const memberOf = (value: unknown, name: string): unknown => (isJsonObject(value) ? value[name] : undefined)
const ofElements = (value: unknown): JsonObject[] => objectsIn(memberOf(value, 'element'))
const elementsOf = (value: unknown, part: string): JsonObject[] => ofElements(memberOf(value, part))
const allElements = (value: unknown) => [...elementsOf(value, 'snapshot'), ...elementsOf(value, 'differential')]
const hasAll = (element: JsonObject, names: string[]) => names.every((name) => element[name] !== undefined)
const hasAny = (element: JsonObject, names: string[]) => names.some((name) => element[name] !== undefined)
const isTop = ({ path }: JsonObject) => !String(path).includes('.')
const hasDefault = (element: JsonObject) => Object.keys(element).some((name) => name.startsWith('defaultValue'))
const isOfHl7 = (value: unknown) => String(memberOf(value, 'url')).startsWith('http://hl7.org/fhir/StructureDefinition')

const isDistinct = (list: unknown[]): boolean => new Set(list).size === list.length
const pathsOf = (value: unknown, part: string) => elementsOf(value, part).map(({ path }) => path)

function hasDistinctIds(value: unknown, part: string): boolean {
  const ids = elementsOf(value, part).map(({ id }) => id)
  return ids.every((id) => id !== undefined) && isDistinct(ids)
}

const plain = /^[a-zA-Z0-9]+$/
const dotted = /^[a-zA-Z0-9.]+$/
const ofSystem = /^http:\/\/hl7\.org\/fhirpath\/System\.[A-Z][A-Za-z]+$/

function typesAre(value: unknown, part: string, form: RegExp): boolean {
  const codes = elementsOf(value, part).flatMap(({ type }) => objectsIn(type).map(({ code }) => String(code)))
  return codes.every((code) => form.test(code) || ofSystem.test(code))
}
