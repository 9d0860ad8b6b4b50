import { FhirError, unprocessable } from '../../fhir/error.ts'
import type { StructureMap } from '../../fhir/types.ts'
import { parseMap } from './parser.ts'
import { printMap } from './printer.ts'

/**
 * A map in the mapping language, read again: a resource may lack what the language cannot do without, such as the source of a rule.
 * @throws FhirError 422 when what is written is no map
 */
export function printReadable(map: StructureMap): string {
  const text = printMap(map)
  try {
    parseMap(text)
    return text
  } catch (error) {
    if (!(error instanceof FhirError)) throw error
    const [first] = error.issues
    throw unprocessable({
      text: `The StructureMap cannot be written in the mapping language: ${first?.details?.text ?? error.message}`,
      expression: 'StructureMap',
    })
  }
}
