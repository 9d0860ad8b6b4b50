import { isJsonObject } from '../../../base/json.ts'
import type { Json } from '../../../base/json-value.ts'
import { issue } from '../../../fhir/error.ts'
import type { Issue } from '../../../fhir/types.ts'
import { definitions, type Elm } from './elm.ts'

/** Sections of an ELM library that hold named definitions (https://cql.hl7.org/elm.html, Library). */
const sections = ['usings', 'includes', 'parameters', 'codeSystems', 'valueSets', 'codes', 'concepts', 'statements']

/**
 * Faults of ELM that comes without its CQL, where the executor would break or, worse, answer null: sections that are no lists
 * of definitions, statements without expression, models that are unknown. An empty list when it can be linked.
 */
export function elmFaults(elm: Elm): Issue[] {
  const faults: Issue[] = []
  const report = (text: string) => {
    faults.push(issue('structure', { text: `the ELM cannot be run: ${text}`, expression: 'Library.content' }))
  }
  for (const section of sections) {
    const holder = elm.library[section]
    if (holder === undefined) continue
    const list = isJsonObject(holder) ? (holder.def ?? []) : undefined
    if (!Array.isArray(list)) report(`${section} is no list of definitions`)
    else for (const [index, each] of list.entries()) checkDefinition(each, `${section}.def[${index}]`, report)
  }
  for (const { uri, version } of definitions(elm, 'usings')) {
    if (uri === 'urn:hl7-org:elm-types:r1' || (uri === 'http://hl7.org/fhir' && (version ?? '4.0.1') === '4.0.1'))
      continue
    report(`the model ${String(uri)} ${typeof version === 'string' ? version : ''} is unknown`)
  }
  return faults
}

type Report = (text: string) => void

function checkDefinition(definition: Json, at: string, report: Report): void {
  const name = isJsonObject(definition) ? (definition.name ?? definition.localIdentifier) : undefined
  if (!isJsonObject(definition) || typeof name !== 'string' || name === '__proto__') {
    report(`${at} has no name`)
    return
  }
  if (!at.startsWith('statements')) return
  if (!isJsonObject(definition.expression)) {
    if (definition.external !== true) report(`"${name}" has no expression`)
  } else if (typeof definition.expression.type !== 'string') report(`"${name}" has an expression without type`)
}
