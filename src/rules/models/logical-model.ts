/** A data model of CQL made of FHIR logical models: what the translator is told of, and what values are read by. Plain JSON. */

/**
 * What CQL takes the values of an element for: a type of System, an interval of one, or a class of the model. `Any` is what nobody can
 * look into.
 */
export type CqlType = `System.${SystemName}` | `Interval<System.${'DateTime' | 'Quantity'}>` | ClassType

type SystemName =
  | 'Any'
  | 'Boolean'
  | 'Code'
  | 'Concept'
  | 'Date'
  | 'DateTime'
  | 'Decimal'
  | 'Integer'
  | 'Quantity'
  | 'Ratio'
  | 'String'
  | 'Time'

/** A class of the same model: `class:` and its name. */
type ClassType = `class:${string}`

/** The name of the class that a type is; undefined for a type of System. */
export const classIn = (type: CqlType): string | undefined =>
  type.startsWith('class:') ? type.slice('class:'.length) : undefined

/** One type of an element. */
export interface ElementForm {
  /** Name of the member in JSON: that of the element, or of one type of a choice (`valueDate`). */
  property: string
  /** FHIR type by which the JSON is read, e.g. `dateTime`, `Coding`; the name of a class, or empty, for what FHIR has no type for. */
  fhir: string
  type: CqlType
}

/** One element of a class. */
export interface ModelElement {
  name: string
  list: boolean
  /** Written as `name[x]` in the model. */
  choice: boolean
  /** One, or several for a choice. */
  forms: ElementForm[]
}

/** What a class stands for: an instance as a whole, a part of one, a datatype of FHIR, whom the instances are about. */
type ClassKind = 'instance' | 'part' | 'datatype' | 'person'

/** One class. */
export interface ModelClass {
  /** Unique in the model, e.g. `DDCCCoreDataSetVS`, `DDCCCoreDataSetVS.Vaccination`. */
  name: string
  /** Name of the class that it is derived from. */
  base?: string
  kind: ClassKind
  /** What people call it: `vaccination`. */
  label: string
  /** Own elements, and those of the base that are of a narrower type here. */
  elements: ModelElement[]
  /** Of an instance: texts that its `resourceType` may be, the canonical of its StructureDefinition first. */
  resourceTypes?: string[]
  /** Of an instance: path of the element that a retrieve compares codes with when none is named. */
  primaryCodePath?: string
}

/** A model, as a library uses it. */
export interface LogicalModel {
  /** By which a library names it, e.g. `DDCC`. */
  name: string
  version: string
  /** Canonical of the StructureDefinition that it begins with; ELM writes its types as `{url}name`. */
  url: string
  /** `url|version` of every StructureDefinition that it is made of. */
  made: string[]
  /** Its Patient: the name of the class of whom the instances are about. */
  person: string
  classes: ModelClass[]
  /** Hash of all of this: another content is another key. */
  key: string
}

/** A class and those that it is derived from, nearest first. */
export function ancestry(classes: ReadonlyMap<string, ModelClass>, name: string): ModelClass[] {
  const found: ModelClass[] = []
  for (let each = classes.get(name); each; each = each.base === undefined ? undefined : classes.get(each.base)) {
    if (found.includes(each)) break
    found.push(each)
  }
  return found
}

/** Every element of a class, inherited ones first; a narrower one takes the place of the one that it narrows. */
export function allElements(classes: ReadonlyMap<string, ModelClass>, name: string): ModelElement[] {
  const elements = new Map<string, ModelElement>()
  for (const each of ancestry(classes, name).toReversed())
    for (const element of each.elements) elements.set(element.name, element)
  return [...elements.values()]
}
