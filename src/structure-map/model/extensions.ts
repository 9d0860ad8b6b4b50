import type { Extension } from '../../fhir/types.ts'

/**
 * Where a group or rule stood in the FML it was parsed from, `valueString` `line:column`; survives storage as plain
 * JSON so that run-time errors can name the place. Not printed.
 */
export const POSITION = 'http://vidimus.org/fhir/StructureDefinition/fml-position'
/** On a parameter: its `valueString` is a FHIRPath expression, for which R4 has no form outside `evaluate`. */
export const EXPRESSION = 'http://vidimus.org/fhir/StructureDefinition/fml-expression'

const R5 = 'http://hl7.org/fhir/5.0/StructureDefinition/extension-StructureMap'
/** R5 `StructureMap.const` (`let name = expression;`), the standard cross-version extension: parts `name`, `value`. */
export const CONSTANT = `${R5}.const`
/** R5 list mode `single`. */
export const LIST_MODE = `${R5}.group.rule.target.listMode`
/** R5 default: a FHIRPath expression. */
export const DEFAULT = `${R5}.group.rule.source.defaultValue`

/** Any element that can carry extensions. */
export interface Extensible {
  extension?: Extension[] | undefined
}

/** The extension of that url. */
export function findExtension(element: Extensible, url: string): Extension | undefined {
  return element.extension?.find((each) => each.url === url)
}

/** Adds an extension. */
export function extend(element: Extensible, extension: Extension): void {
  element.extension = [...(element.extension ?? []), extension]
}

/** Position kept in {@link POSITION}. */
export function storedPosition(element: Extensible): { line: number; column: number } | undefined {
  const [line, column] = findExtension(element, POSITION)?.valueString?.split(':').map(Number) ?? []
  return line && column ? { line, column } : undefined
}

/** The constants of a map in order. */
export function constantsOf(map: Extensible): { name: string; value: string }[] {
  return (map.extension ?? [])
    .filter((each) => each.url === CONSTANT)
    .map((each) => ({
      name: each.extension?.find((part) => part.url === 'name')?.valueId ?? '',
      value: each.extension?.find((part) => part.url === 'value')?.valueString ?? '',
    }))
}
