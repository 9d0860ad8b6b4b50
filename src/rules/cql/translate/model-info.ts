import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { SaxesParser } from 'saxes'

/** One element of a class of a data model. */
export interface ModelElement {
  name: string
  list: boolean
  /** `FHIR.string`, `System.String`, `FHIR.Account.Coverage`; several for a choice. */
  types: string[]
  choice: boolean
}

/** One class of a data model, as `typeInfo` of the model info describes it. */
export interface ModelClass {
  /** Without the model prefix, e.g. `Immunization`, `Account.Coverage`. */
  name: string
  /** Qualified, e.g. `FHIR.Resource`, `System.Any`. */
  base?: string
  elements: ModelElement[]
  retrievable: boolean
  primaryCodePath?: string
  /** Elements that refer to the patient the resource is about; FHIRPath-like keys of the model info are left out. */
  patientElements: string[]
}

/** One implicit conversion to a System type, e.g. `FHIRHelpers.ToCode(FHIR.Coding): System.Code`. */
export interface ModelConversion {
  functionName: string
  fromType: string
  toType: string
}

/** The FHIR model info (ELM model-info schema r1) as far as translator and executor need it. */
export interface ModelInfo {
  name: string
  version: string
  url: string
  classes: Map<string, ModelClass>
  conversions: ModelConversion[]
}

const require = createRequire(import.meta.url)

/** Text of the FHIR 4.0.1 model info that comes with cql-exec-fhir (0.76 MB). */
export function readFhirModelInfoXml(): string {
  return readFileSync(require.resolve('cql-exec-fhir/lib/modelInfos/fhir-modelinfo-4.0.1.xml'), 'utf8')
}

let parsed: ModelInfo | undefined

/** The FHIR 4.0.1 model info, parsed at first use and kept. */
export function fhirModelInfo(): ModelInfo {
  parsed ??= withOwnTexts(parseModelInfo(readFhirModelInfoXml()))
  return parsed
}

/** A piece of a text keeps all of it in memory: here each becomes a text of its own. */
function withOwnTexts({ classes, ...info }: ModelInfo): ModelInfo {
  const copied: Omit<ModelInfo, 'classes'> & { classes: [string, ModelClass][] } = JSON.parse(
    JSON.stringify({ ...info, classes: [...classes] }),
  )
  return { ...copied, classes: new Map(copied.classes) }
}

interface Attributes {
  [name: string]: string
}

/** Reads a model info document; throws on XML that is not well-formed. */
function parseModelInfo(xml: string): ModelInfo {
  const info: ModelInfo = { name: '', version: '', url: '', classes: new Map(), conversions: [] }
  let current: ModelClass | undefined
  let element: ModelElement | undefined
  const parser = new SaxesParser()
  parser.on('error', (error) => {
    throw error
  })
  const start: Record<string, (attributes: Attributes) => void> = {
    modelInfo: (a) => Object.assign(info, { name: a.name ?? '', version: a.version ?? '', url: a.url ?? '' }),
    conversionInfo: (a) =>
      info.conversions.push({
        functionName: a.functionName ?? '',
        fromType: a.fromType ?? '',
        toType: a.toType ?? '',
      }),
    typeInfo: (a) => {
      current = modelClass(a)
      info.classes.set(current.name, current)
    },
    element: (a) => {
      element = { name: a.name ?? '', list: false, types: [], choice: false }
      if (a.elementType) element.types.push(a.elementType)
      current?.elements.push(element)
    },
    elementTypeSpecifier: (a) => {
      if (!element) return
      // Nested in a list specifier stands the type of its elements, as a specifier of its own.
      if (a['xsi:type'] === 'ListTypeSpecifier') element.list = true
      if (a['xsi:type'] === 'ChoiceTypeSpecifier') element.choice = true
      if (a['xsi:type'] === 'NamedTypeSpecifier') element.types.push(`${a.namespace}.${a.name}`)
      if (a.elementType) element.types.push(a.elementType)
    },
    choice: (a) => element?.types.push(`${a.namespace}.${a.name}`),
    contextRelationship: (a) => {
      const key = a.relatedKeyElement ?? ''
      if (a.context === 'Patient' && /^\w+$/.test(key)) current?.patientElements.push(key)
    },
  }
  parser.on('opentag', (tag) => start[tag.name]?.(tag.attributes as Attributes))
  parser.write(xml).close()
  return info
}

function modelClass(attributes: Attributes): ModelClass {
  const made: ModelClass = {
    name: attributes.name ?? '',
    elements: [],
    retrievable: attributes.retrievable === 'true',
    patientElements: [],
  }
  if (attributes.baseType) made.base = attributes.baseType
  if (attributes.primaryCodePath) made.primaryCodePath = attributes.primaryCodePath
  return made
}

/** A class and its ancestors within the model, nearest first. */
export function lineage(model: ModelInfo, name: string): ModelClass[] {
  const classes: ModelClass[] = []
  for (let each = model.classes.get(name); each; each = model.classes.get(baseName(each))) classes.push(each)
  return classes
}

function baseName(modelClass: ModelClass): string {
  return modelClass.base?.startsWith('FHIR.') ? modelClass.base.slice('FHIR.'.length) : ''
}
