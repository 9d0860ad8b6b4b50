import { isJsonObject } from '../../../base/json.ts'
import type { JsonObject } from '../../../base/json-value.ts'

/** Name of the library that has functions over concept maps and properties of codes, which CQL itself does not know. */
export const terminologyLibraryId = 'VidimusTerminology'

/** ELM operators of ours that stand behind its functions, by the names of the functions. */
const operatorOf: Record<string, string> = {
  Translate: 'TranslateCode',
  Related: 'RelatedCodes',
  Property: 'PropertyOfCode',
}

/** Gives a function of that library its body; any other node stays. In place. */
export function completeFunction(node: JsonObject, library: unknown): void {
  if (node.type !== 'FunctionDef' || node.external !== true || library !== terminologyLibraryId) return
  const type = typeof node.name === 'string' && Object.hasOwn(operatorOf, node.name) ? operatorOf[node.name] : undefined
  if (type === undefined) return
  const operands = Array.isArray(node.operand) ? node.operand.filter(isJsonObject) : []
  node.expression = { type, operand: operands.map(({ name }) => ({ type: 'OperandRef', name: name ?? null })) }
}

/** Concept maps among the texts of a library that includes the functions: a rule names a map by its canonical, as a literal. */
export function conceptMapsIn(texts: Iterable<string>): string[] {
  return [...new Set(texts)].filter((each) => /^https?:\/\/\S+\/ConceptMap\/[^\s/]+$/.test(each))
}
