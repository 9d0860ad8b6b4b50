import type { Extension } from '../../fhir/types.ts'

const BASE = 'http://hl7.org/fhir/StructureDefinition/'

/** Extensions the engine reads, by short name (all under http://hl7.org/fhir/StructureDefinition/). */
export const EXTENSION = {
  alternate: `${BASE}codesystem-alternate`,
  conceptOrder: `${BASE}codesystem-conceptOrder`,
  conceptLabel: `${BASE}codesystem-label`,
  descriptionId: `${BASE}coding-sctdescid`,
  weight: `${BASE}itemWeight`,
  messageId: `${BASE}operationoutcome-message-id`,
  renderingStyle: `${BASE}rendering-style`,
  renderingXhtml: `${BASE}rendering-xhtml`,
  standardsStatus: `${BASE}structuredefinition-standards-status`,
  conceptDefinition: `${BASE}valueset-concept-definition`,
  setOrder: `${BASE}valueset-conceptOrder`,
  setLabel: `${BASE}valueset-label`,
  deprecated: `${BASE}valueset-deprecated`,
  expansionParameter: `${BASE}valueset-expansion-parameter`,
  supplement: `${BASE}valueset-supplement`,
  unclosed: `${BASE}valueset-unclosed`,
  unclosedReason: `${BASE}valueset-unclosed-reason`,
  expansionProperty: 'http://hl7.org/fhir/5.0/StructureDefinition/extension-ValueSet.expansion.property',
  containsProperty: 'http://hl7.org/fhir/5.0/StructureDefinition/extension-ValueSet.expansion.contains.property',
  filterOperator: 'http://hl7.org/fhir/5.0/StructureDefinition/extension-ValueSet.compose.include.filter.op',
} as const

/** The value of the first extension of that url, whatever its type. */
export function extensionValue(extensions: Extension[] | undefined, url: string): unknown {
  const found = extensions?.find((each) => each.url === url)
  if (!found) return undefined
  for (const member in found) if (member.startsWith('value')) return Reflect.get(found, member)
  return undefined
}

/** As text; undefined when absent or not primitive. */
export function extensionText(extensions: Extension[] | undefined, url: string): string | undefined {
  const value = extensionValue(extensions, url)
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : undefined
}

/** Parameters for expansions that a value set carries itself (valueset-expansion-parameter): name → value. */
export function expansionParameter(extensions: Extension[] | undefined, name: string): string | undefined {
  for (const each of extensions ?? []) {
    if (each.url !== EXTENSION.expansionParameter) continue
    if (extensionText(each.extension, 'name') === name) return extensionText(each.extension, 'value')
  }
  return undefined
}
