import { isJsonObject } from '../../../base/json.ts'
import type { Json } from '../../../base/json-value.ts'
import { issue } from '../../../fhir/error.ts'
import type { Issue } from '../../../fhir/types.ts'
import type { LogicalModel } from '../../models/logical-model.ts'
import { definitions, type Elm } from './elm.ts'

/** Sections of an ELM library that hold named definitions (https://cql.hl7.org/elm.html, Library). */
const sections = ['usings', 'includes', 'parameters', 'codeSystems', 'valueSets', 'codes', 'concepts', 'statements']

/**
 * Faults of ELM that comes without its CQL, where the executor would break or, worse, answer null: sections that are no lists
 * of definitions, statements without expression, models that are unknown. An empty list when it can be linked.
 */
export function elmFaults(elm: Elm, models: readonly LogicalModel[] = []): Issue[] {
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
    if (models.some((each) => each.url === uri && each.version === version)) continue
    report(`the model ${String(uri)} ${typeof version === 'string' ? version : ''} is unknown`)
  }
  return faults
}

/**
 * Value sets that pin versions of code systems (`valueset "V": '…' codesystems { "C" }`): membership is decided by the versions that the
 * set itself names, so that a pin would be passed over, and an answer given that the author ruled out.
 */
export function pinFaults(elm: Elm): Issue[] {
  const systems = new Map(definitions(elm, 'codeSystems').map((each) => [each.name, each]))
  const isPin = (reference: Json): boolean =>
    isJsonObject(reference) &&
    (reference.libraryName !== undefined || systems.get(reference.name ?? null)?.version !== undefined)
  return definitions(elm, 'valueSets')
    .filter(({ codeSystem }) => Array.isArray(codeSystem) && codeSystem.some(isPin))
    .map(({ name, locator }) => {
      const text = `the value set "${String(name)}" pins versions of code systems, which is not supported: name the version of a value set that has them`
      const place = /^(\d+):(\d+)/.exec(String(locator ?? ''))
      const library = String(elm.library.identifier.id ?? '')
      const where = place ? { diagnostics: `library ${library}, line ${place[1]}, column ${place[2]}` } : {}
      return issue('not-supported', { text, ...where })
    })
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
