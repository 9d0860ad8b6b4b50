import type { CodeSystem } from '../../../fhir/types.ts'
import { SNOMED } from './version-uri.ts'

const COPYRIGHT =
  'This code system is SNOMED CT®, which is used by permission of SNOMED International (International Health Terminology Standards Development Organisation). All rights reserved. SNOMED CT® was originally created by the College of American Pathologists. “SNOMED” and “SNOMED CT” are registered trademarks of SNOMED International. Use needs an affiliate licence (https://www.snomed.org/get-snomed).'

const PROPERTY_URI = 'http://snomed.info/field/'

/**
 * The CodeSystem of a version of an edition as it is published: without its concepts, which are not to be handed out as a resource
 * (https://hl7.org/fhir/R4/snomedct.html).
 * @param version URI of edition and version
 */
export function snomedCodeSystem(version: string): CodeSystem {
  const [, module, year, month, day] =
    /^http:\/\/snomed\.info\/x?sct\/(\d+)\/version\/(\d{4})(\d{2})(\d{2})$/.exec(version) ?? []
  return {
    resourceType: 'CodeSystem',
    url: SNOMED,
    version,
    name: 'SNOMED_CT',
    title: `SNOMED CT, edition ${module}, ${year}-${month}-${day}`,
    status: 'active',
    experimental: false,
    date: `${year}-${month}-${day}`,
    publisher: 'SNOMED International',
    copyright: COPYRIGHT,
    caseSensitive: true,
    valueSet: `${version}?fhir_vs`,
    hierarchyMeaning: 'is-a',
    compositional: true,
    versionNeeded: false,
    content: 'not-present',
    filter: [
      filter(
        'concept',
        ['is-a', 'descendent-of', 'is-not-a', 'in', 'not-in', '=', 'generalizes'],
        'A concept, or a reference set',
      ),
      filter('constraint', ['='], 'An expression in ECL (Expression Constraint Language)'),
      filter('expressions', ['='], 'Whether expressions are taken: true or false'),
      filter('parent', ['='], 'A concept'),
      filter('child', ['='], 'A concept'),
      filter('moduleId', ['=', 'in'], 'A module'),
      filter('inactive', ['='], 'true or false'),
    ],
    property: [
      property('inactive', 'boolean', 'Whether the concept is no longer to be used'),
      property('moduleId', 'code', 'Module of the concept'),
      property('effectiveTime', 'string', 'Date of its state (YYYYMMDD)'),
      property('sufficientlyDefined', 'boolean', 'Whether its definition is sufficient'),
      property('parent', 'code', 'A concept directly above it'),
      property('child', 'code', 'A concept directly below it'),
      property('normalForm', 'string', 'Its definition as an expression, with terms'),
      property('normalFormTerse', 'string', 'Its definition as an expression'),
    ],
  }
}

type Filter = NonNullable<CodeSystem['filter']>[number]
type Property = NonNullable<CodeSystem['property']>[number]

const filter = (code: string, operator: string[], value: string): Filter => ({ code, operator, value }) as Filter

const property = (code: string, type: Property['type'], description: string): Property => ({
  code,
  uri: `${PROPERTY_URI}${code}`,
  description,
  type,
})
