/** Expressions of an artefact that a rule library answers. */
import { isJsonObject } from '../../base/json.ts'
import type { JsonObject } from '../../base/json-value.ts'
import { elementInfo } from '../../fhir/elements.ts'
import { asJson } from '../../fhir/json.ts'
import type { Resource } from '../../fhir/types.ts'

/** One of them. */
export interface RuleExpression {
  /** The define that it names. */
  define?: string
  /** The text of CQL that it is. */
  text?: string
  /** Canonical of the library that it names itself. */
  library?: string
}

/** Languages of expressions that name a define, as they were and are called (http://hl7.org/fhir/ValueSet/expression-language). */
const naming = new Set(['text/cql-identifier', 'text/cql.identifier', 'application/certlogic+json'])
const written = new Set(['text/cql', 'text/cql-expression', 'text/cql.expression'])

/** Every expression of an artefact in a language of rules, wherever R4 lets one stand. */
export function ruleExpressions(resource: Resource): RuleExpression[] {
  const found: RuleExpression[] = []
  collect(asJson(resource), resource.resourceType, found)
  return found
}

function collect(object: JsonObject, type: string, found: RuleExpression[]): void {
  if (type === 'Expression') found.push(...read(object))
  for (const [name, value] of Object.entries(object)) {
    const element = elementInfo(type, name)
    if (!element) continue
    for (const each of [value].flat())
      if (isJsonObject(each))
        collect(each, element.childType === 'Resource' ? String(each.resourceType) : element.childType, found)
  }
}

function read({ language, expression, reference }: JsonObject): RuleExpression[] {
  if (typeof language !== 'string' || typeof expression !== 'string') return []
  const library = typeof reference === 'string' ? { library: reference } : {}
  if (naming.has(language)) return [{ define: expression, ...library }]
  return written.has(language) ? [{ text: expression, ...library }] : []
}
