import type { Json, JsonObject } from '../../../base/json-value.ts'
import { issue } from '../../../fhir/error.ts'
import type { Issue } from '../../../fhir/types.ts'

const types = '{urn:hl7-org:elm-types:r1}'

/** Largest literal of each type, digits as written; an Integer may reach 2³¹ behind a minus sign. */
const checks: Record<string, (text: string, negated: boolean) => boolean> = {
  [`${types}Integer`]: (text, negated) => Number(text) <= 2 ** 31 - (negated ? 0 : 1),
  [`${types}Decimal`]: (text) => /^-?\d{1,28}(?:\.\d{0,8})?$/.test(text),
  [`${types}Long`]: (text, negated) => /^-?\d{1,20}$/.test(text) && BigInt(text) <= 2n ** 63n - (negated ? 0n : 1n),
}

/** Faults of literals that the translator lets pass: numbers out of the range of their type (CQL 1.5, literals). */
export function checkLiterals(statements: Json | undefined, library: string): Issue[] {
  const issues: Issue[] = []
  const walk = (node: Json | undefined, negated: boolean): void => {
    if (Array.isArray(node)) for (const each of node) walk(each, negated)
    if (typeof node !== 'object' || node === null || Array.isArray(node)) return
    if (node.type === 'Literal') checkLiteral(node, negated)
    for (const member in node) walk(node[member], node.type === 'Negate')
  }
  const checkLiteral = (node: JsonObject, negated: boolean) => {
    const fits = checks[String(node.valueType)]
    if (!fits || typeof node.value !== 'string' || fits(node.value, negated)) return
    const place = /^(\d+):(\d+)/.exec(String(node.locator ?? ''))
    const where = place ? { diagnostics: `library ${library}, line ${place[1]}, column ${place[2]}` } : {}
    const type = String(node.valueType).slice(types.length)
    issues.push(issue('code-invalid', { text: `${node.value} is out of the range of ${type}`, ...where }))
  }
  walk(statements, false)
  return issues
}

/** Long literals become numbers; the executor would add them as text. */
export function correctLongLiteral(node: JsonObject): void {
  if (node.type !== 'Literal' || node.valueType !== `${types}Long` || typeof node.value !== 'string') return
  if (!Number.isSafeInteger(Number(node.value))) {
    node.type = 'ToLong'
    node.ofLiteral = true
    node.operand = { type: 'Literal', valueType: `${types}String`, value: node.value }
    return
  }
  node.valueType = `${types}Decimal`
}
