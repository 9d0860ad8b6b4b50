/** FHIR datatypes inside a logical model, as CQL sees them. */
import { choiceProperty, elementInfo, isPrimitive, isResource, typeInfo } from '../../fhir/elements.ts'
import type { CqlType, ElementForm, ModelClass, ModelElement } from './logical-model.ts'

/** What rules compute with is of the types that CQL computes with: codes are in value sets, days are compared, without a conversion. */
const systemTypes: Readonly<Record<string, CqlType>> = {
  boolean: 'System.Boolean',
  integer: 'System.Integer',
  positiveInt: 'System.Integer',
  unsignedInt: 'System.Integer',
  decimal: 'System.Decimal',
  date: 'System.Date',
  dateTime: 'System.DateTime',
  instant: 'System.DateTime',
  time: 'System.Time',
  Coding: 'System.Code',
  CodeableConcept: 'System.Concept',
  Quantity: 'System.Quantity',
  SimpleQuantity: 'System.Quantity',
  MoneyQuantity: 'System.Quantity',
  Age: 'System.Quantity',
  Count: 'System.Quantity',
  Distance: 'System.Quantity',
  Duration: 'System.Quantity',
  Ratio: 'System.Ratio',
  Period: 'Interval<System.DateTime>',
  Range: 'Interval<System.Quantity>',
}

const fhirPathTypes: Readonly<Record<string, string>> = {
  'http://hl7.org/fhirpath/System.Boolean': 'boolean',
  'http://hl7.org/fhirpath/System.Integer': 'integer',
  'http://hl7.org/fhirpath/System.Decimal': 'decimal',
  'http://hl7.org/fhirpath/System.String': 'string',
  'http://hl7.org/fhirpath/System.Date': 'date',
  'http://hl7.org/fhirpath/System.DateTime': 'dateTime',
  'http://hl7.org/fhirpath/System.Time': 'time',
}

/** The name of an R4 type that a type code means, also by its canonical or as FHIRPath has it; undefined for any other. */
export function fhirTypeName(code: string): string | undefined {
  const name = fhirPathTypes[code] ?? code.replace(/^http:\/\/hl7\.org\/fhir\/StructureDefinition\//, '')
  return Object.hasOwn(systemTypes, name) || typeInfo(name) !== undefined ? name : undefined
}

/** Types without elements that anybody could name. */
const opaque = new Set(['Base', 'Type', 'Any', 'DataType', 'Resource', 'DomainResource'])

/** Types of an extension's value that can be looked into; another one is a fault of the data. */
const extensionValues =
  'boolean code date dateTime decimal id instant integer markdown oid positiveInt string time unsignedInt uri url canonical uuid Coding CodeableConcept Identifier Period Quantity Range Ratio Reference'.split(
    ' ',
  )

/** Takes the datatypes that are needed, and has a class for each that CQL has no type for. */
export interface Datatypes {
  /** @param name as {@link fhirTypeName} answers */
  typeOf(name: string): CqlType
  classes(): ModelClass[]
}

/** Makes the datatypes of one model. */
export function createDatatypes(): Datatypes {
  const made = new Map<string, ModelClass>()
  const typeOf = (name: string): CqlType => {
    const known = Object.hasOwn(systemTypes, name) ? systemTypes[name] : undefined
    if (known) return known
    if (isPrimitive(name)) return 'System.String'
    if (isResource(name) || opaque.has(name)) return 'System.Any'
    if (!made.has(name)) add(name)
    return `class:${name}`
  }
  const add = (name: string) => {
    const label = name.slice(name.lastIndexOf('.') + 1)
    const fresh: ModelClass = { name, kind: 'datatype', label, elements: [] }
    // Registered before its elements exist: an Identifier has an assigner, who has an Identifier.
    made.set(name, fresh)
    for (const { name: element } of typeInfo(name)?.elements ?? []) fresh.elements.push(elementOf(name, element))
  }
  const elementOf = (owner: string, name: string): ModelElement => {
    const found = elementInfo(owner, name)
    const choice = found?.choice === true
    const all = found?.types ?? []
    const types = choice && owner === 'Extension' ? all.filter((each) => extensionValues.includes(each)) : all
    const forms = types.map((each): ElementForm => {
      const inner = each === 'Element' || each === 'BackboneElement' ? (found?.childType ?? each) : each
      return { property: choice ? choiceProperty(name, each) : name, fhir: inner, type: typeOf(inner) }
    })
    return { name, list: found?.isArray === true, choice, forms }
  }
  return { typeOf, classes: () => [...made.values()] }
}
