/** Data by type and code, codes, value sets. */
import { Code, Concept } from 'cql-execution'
import { isJsonObject } from '../../../../base/json.ts'
import type { Json, JsonObject } from '../../../../base/json-value.ts'
import { FhirInstance } from '../../run/fhir-instance.ts'
import { type Builder, objectsOf, onlyMembers, optionalText, type Place, textOf } from '../place.ts'
import { type Frame, leave, type Step, Suspended } from '../step.ts'

/** The value set of a step: one that is not known is an error also where nothing is looked up in it. */
type ValueSetOf = (frame: Frame) => { hasMatch(code: unknown): boolean }

const retrieve: Builder = (node, place) => {
  // How codes are compared the executor does not ask; dates leave a retrieve to it.
  onlyMembers(node, 'dataType', 'templateId', 'codeProperty', 'codes', 'codeComparator')
  const datatype = textOf(node, 'dataType')
  const templateId = optionalText(node, 'templateId')
  const codeProperty = optionalText(node, 'codeProperty')
  const details = { datatype, ...(codeProperty ? { codeProperty } : {}), ...(templateId ? { templateId } : {}) }
  const find = ({ run }: Frame) => run.source.findRecords(templateId ?? datatype, details)
  if (node.codes == null) return find
  if (codeProperty === undefined) return leave('a retrieve names no path of its codes')
  const codes = isJsonObject(node.codes) && node.codes.type === 'ValueSetRef' ? undefined : place.build(node.codes)
  if (!codes) {
    const valueSet = valueSetOf(node.codes, place)
    return (frame) => {
      const set = valueSet(frame)
      return find(frame).filter((each) => set.hasMatch(each.getCode(codeProperty)))
    }
  }
  return (frame) => {
    const wanted = codes(frame)
    if (wanted == null) return []
    if (!Array.isArray(wanted) || !wanted.every((each) => each instanceof Code || each instanceof Concept))
      return leave('these are no codes')
    return find(frame).filter((each) =>
      each instanceof FhirInstance
        ? wanted.some((code) => code.hasMatch(each.getCode(codeProperty)))
        : leave('no record'),
    )
  }
}

const inValueSet: Builder = (node, place) => {
  onlyMembers(node, 'code', 'valueset')
  const code = place.build(node.code)
  const valueSet = valueSetOf(node.valueset, place)
  return (frame) => {
    const value = code(frame)
    return value == null ? false : valueSet(frame).hasMatch(value)
  }
}

const anyInValueSet: Builder = (node, place) => {
  onlyMembers(node, 'codes', 'valueset')
  const codes = place.build(node.codes)
  const valueSet = valueSetOf(node.valueset, place)
  return (frame) => {
    const values = codes(frame)
    if (values == null) return false
    if (!Array.isArray(values)) return leave('these are no codes')
    const set = valueSet(frame)
    return values.some((each) => set.hasMatch(each))
  }
}

/** The value set that a node names. */
export function valueSetOf(named: Json | undefined, place: Place): ValueSetOf {
  if (!isJsonObject(named)) return leave('a value set is not named')
  onlyMembers(named, 'name', 'libraryName', 'preserve')
  const { id, version } = place.surroundings.valueSet(textOf(named, 'name'), optionalText(named, 'libraryName'))
  return ({ run: { codes } }) => {
    const known = codes.known(id, version)
    if (!known) throw new Suspended(codes.findValueSet(id, version))
    return known
  }
}

/** A code that is written out; the executor looks for its system in the library that it stands in. */
function written(node: JsonObject, { surroundings }: Place): () => Code {
  onlyMembers(node, 'code', 'system', 'display')
  if (!isJsonObject(node.system)) return leave('a code names no system')
  onlyMembers(node.system, 'name')
  const system = surroundings.declared('codeSystems', textOf(node.system, 'name'))
  return maker(textOf(node, 'code'), { id: textOf(system, 'id'), version: undefined }, optionalText(node, 'display'))
}

/** The executor hands on what ELM says, a version that is none included. */
function maker(
  code: string,
  { id, version }: { id: string; version: string | undefined },
  display: string | undefined,
) {
  return () => new Code(code, id, version, display)
}

function declared({ surroundings }: Place, name: string): () => Code {
  const code = surroundings.declared('codes', name)
  onlyMembers(code, 'name', 'id', 'accessLevel', 'codeSystem', 'display')
  if (!isJsonObject(code.codeSystem)) return leave('a code names no system')
  onlyMembers(code.codeSystem, 'name')
  const system = surroundings.declared('codeSystems', textOf(code.codeSystem, 'name'))
  const of = { id: textOf(system, 'id'), version: optionalText(system, 'version') }
  return maker(textOf(code, 'id'), of, optionalText(code, 'display'))
}

const codeRef: Builder = (node, place) => {
  // A code of an included library stands among the names of that one.
  onlyMembers(node, 'name')
  return declared(place, textOf(node, 'name'))
}

const conceptRef: Builder = (node, place) => {
  onlyMembers(node, 'name')
  const concept = place.surroundings.declared('concepts', textOf(node, 'name'))
  onlyMembers(concept, 'name', 'accessLevel', 'code', 'display')
  const codes = objectsOf(concept, 'code').map((each) => {
    onlyMembers(each, 'name')
    return declared(place, textOf(each, 'name'))
  })
  const display = optionalText(concept, 'display')
  return () =>
    new Concept(
      codes.map((make) => make()),
      display,
    )
}

const concept: Builder = (node, place) => {
  onlyMembers(node, 'code', 'display')
  const codes = objectsOf(node, 'code').map((each) => written(each, place))
  const display = optionalText(node, 'display')
  return () =>
    new Concept(
      codes.map((make) => make()),
      display,
    )
}

const code: Builder = (node, place): Step => written(node, place)

/** Builders by type of node. */
export const codedSteps: Readonly<Record<string, Builder>> = {
  Retrieve: retrieve,
  InValueSet: inValueSet,
  AnyInValueSet: anyInValueSet,
  Code: code,
  CodeRef: codeRef,
  Concept: concept,
  ConceptRef: conceptRef,
}
