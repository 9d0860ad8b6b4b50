/** StructureDefinitions of logical models (https://hl7.org/fhir/R4/structuredefinition.html) as one model of CQL. */
import { sha256Base64url } from '../../base/crypto/sha256.ts'
import { choiceProperty, elementInfo } from '../../fhir/elements.ts'
import type { StructureDefinition } from '../../fhir/types.ts'
import { createDatatypes, type Datatypes, fhirTypeName } from './datatypes.ts'
import { elementTree, type TreeElement } from './element-tree.ts'
import { type Gathered, type ModelFault, named } from './gather.ts'
import {
  allElements,
  ancestry,
  type CqlType,
  classIn,
  type ElementForm,
  type LogicalModel,
  type ModelClass,
  type ModelElement,
} from './logical-model.ts'
import { personOf } from './person.ts'

/** Path that a retrieve compares codes with when none is named (extension of the guide "Using CQL with FHIR"). */
const codePathExtension = 'http://hl7.org/fhir/StructureDefinition/cqf-modelInfo-primaryCodePath'

/** What is being made. */
interface Making {
  gathered: Gathered
  classes: Map<string, ModelClass>
  /** Class of a StructureDefinition, by its canonical. */
  byUrl: Map<string, string>
  /** Class of an element with children, by canonical and path. */
  byPath: Map<string, string>
  datatypes: Datatypes
  faults: ModelFault[]
  /** What refers to elements that may come later. */
  later: (() => void)[]
  made: string[]
  codePaths: Readonly<Record<string, string>>
}

/** Faults told of one model; the rest of them says no more. */
const mostFaults = 20

/**
 * Makes the model that a library names so, or tells what keeps it from being used. `codePaths` are primary code paths by the name of
 * a StructureDefinition, beside those that they state.
 */
export function generateModel(
  name: string,
  gathered: Gathered,
  codePaths: Readonly<Record<string, string>> = {},
): LogicalModel | { faults: ModelFault[] } {
  const making: Making = {
    gathered,
    classes: new Map(),
    byUrl: new Map(),
    byPath: new Map(),
    datatypes: createDatatypes(),
    faults: [],
    later: [],
    made: [],
    codePaths,
  }
  for (const each of gathered.family) classOf(each, making)
  for (const each of making.later) each()
  for (const each of making.datatypes.classes()) addClass(each, each.name, making)
  const person = personOf(
    gathered.family.flatMap(({ url = '' }) => making.byUrl.get(url) ?? []),
    making.classes,
  )
  making.classes.set(person.name, person)
  if (making.faults.length > 0) return { faults: making.faults.slice(0, mostFaults) }
  const { root } = gathered
  const content = {
    name,
    version: root.version ?? '',
    url: root.url,
    made: making.made,
    person: person.name,
    classes: [...making.classes.values()],
  }
  return { ...content, key: sha256Base64url(JSON.stringify(content)) }
}

function addClass(added: ModelClass, path: string, { classes, faults }: Making): void {
  const known = classes.get(added.name)
  if (known && known !== added) faults.push({ path, text: `would be a second class of the name ${added.name}` })
  else classes.set(added.name, added)
}

/** The class of a StructureDefinition, made when it is first asked for. */
function classOf(definition: StructureDefinition, making: Making): string {
  const { url, name } = definition
  const known = making.byUrl.get(url)
  if (known !== undefined) return known
  making.byUrl.set(url, name)
  making.made.push(named(definition))
  if (!/^[A-Za-z_]\w{0,254}$/.test(name))
    making.faults.push({ path: named(definition), text: 'has no name that CQL could use' })
  const base = definition.baseDefinition ? making.gathered.find(definition.baseDefinition) : undefined
  const fresh: ModelClass = {
    name,
    kind: 'instance',
    label: name,
    elements: [],
    resourceTypes: [...new Set([url, named(definition), definition.type, lastPart(definition.type), name])],
  }
  if (base) fresh.base = classOf(base, making)
  const codePath =
    definition.extension?.find((each) => each.url === codePathExtension)?.valueString ?? making.codePaths[name]
  if (codePath !== undefined) fresh.primaryCodePath = codePath
  addClass(fresh, named(definition), making)
  const { children, faults } = elementTree(definition)
  making.faults.push(...faults)
  addElements(fresh, children, { making, definition })
  return name
}

const lastPart = (url: string) => url.slice(url.lastIndexOf('/') + 1)

interface Within {
  making: Making
  definition: StructureDefinition
}

function addElements(owner: ModelClass, children: TreeElement[], within: Within): void {
  const { classes, faults } = within.making
  const inherited = new Map(
    owner.base === undefined ? [] : allElements(classes, owner.base).map((each) => [each.name, each]),
  )
  for (const child of children) {
    const base = inherited.get(child.name)
    const element = elementOf(owner, child, base, within)
    if (!element) continue
    if (base && isSame(base, element)) continue
    if (base && !isNarrower(base, element, classes)) {
      faults.push({ path: child.path, text: 'is of another type than in the model that this one is derived from' })
      continue
    }
    owner.elements.push(element)
  }
}

const shapeOf = ({ list, choice, forms }: ModelElement) =>
  JSON.stringify([list, choice, forms.map(({ property, type }) => [property, type])])

const isSame = (a: ModelElement, b: ModelElement) => shapeOf(a) === shapeOf(b)

/** Whether every value of an element is one of its base's type, too. */
function isNarrower(base: ModelElement, element: ModelElement, classes: ReadonlyMap<string, ModelClass>): boolean {
  if (base.list !== element.list || base.choice !== element.choice) return false
  return element.forms.every((each) =>
    base.forms.some((wide) => {
      if (wide.property !== each.property) return false
      const [wideClass, ownClass] = [classIn(wide.type), classIn(each.type)]
      if (wide.type === each.type || wide.type === 'System.Any') return true
      return (
        wideClass !== undefined &&
        ownClass !== undefined &&
        ancestry(classes, ownClass).some(({ name }) => name === wideClass)
      )
    }),
  )
}

function elementOf(
  owner: ModelClass,
  child: TreeElement,
  base: ModelElement | undefined,
  within: Within,
): ModelElement | undefined {
  const { name, choice, path } = child
  const list = base?.list ?? child.list
  const simple = { name, list, choice }
  if (child.contentReference !== undefined)
    return { ...simple, forms: [referredForm(child, child.contentReference, within)] }
  if (hasOwnParts(child))
    return { ...simple, forms: [{ property: name, fhir: '', type: partOf(owner, child, base, within) }] }
  if (child.types.length === 0) {
    if (!base) within.making.faults.push({ path, text: 'has no type' })
    return base
  }
  const forms = child.types.flatMap((each) => formOf(each, child, within) ?? [])
  return forms.length > 0 ? { ...simple, forms } : undefined
}

/** Children that only repeat those of a datatype make no class of it. */
function hasOwnParts({ children, types }: TreeElement): boolean {
  if (children.length === 0) return false
  const [type] = types
  const fhir = types.length === 1 && type ? fhirTypeName(type.code) : undefined
  if (fhir === undefined || isContainer(fhir)) return true
  return children.some(({ name }) => elementInfo(fhir, name) === undefined)
}

const isContainer = (fhir: string) => fhir === 'BackboneElement' || fhir === 'Element' || fhir === 'Base'

/** The class of an element with children: that of the base where nothing is added to it. */
function partOf(owner: ModelClass, child: TreeElement, base: ModelElement | undefined, within: Within): CqlType {
  const { making, definition } = within
  const [baseForm] = base?.forms ?? []
  const inherited = baseForm === undefined ? undefined : classIn(baseForm.type)
  const fresh: ModelClass = {
    name: `${owner.name}.${child.name.charAt(0).toUpperCase()}${child.name.slice(1)}`,
    kind: 'part',
    label: child.name,
    elements: [],
  }
  const isBackbone = child.types.some(({ code }) => fhirTypeName(code) === 'BackboneElement')
  const backbone = isBackbone ? classIn(making.datatypes.typeOf('BackboneElement')) : undefined
  const above = inherited ?? backbone
  if (above !== undefined) fresh.base = above
  if (backbone !== undefined && !making.classes.has(backbone)) registerDatatypes(making)
  const key = `${definition.url}#${child.path}`
  making.byPath.set(key, fresh.name)
  addClass(fresh, child.path, making)
  addElements(fresh, child.children, within)
  if (inherited === undefined || fresh.elements.length > 0) return `class:${fresh.name}`
  making.classes.delete(fresh.name)
  making.byPath.set(key, inherited)
  return `class:${inherited}`
}

/** Bases among the datatypes must be known while what is derived from them is made; they are told of once more at the end. */
function registerDatatypes({ classes, datatypes }: Making): void {
  for (const each of datatypes.classes()) classes.set(each.name, each)
}

function referredForm(child: TreeElement, reference: string, { making, definition }: Within): ElementForm {
  const path = reference.slice(reference.indexOf('#') + 1)
  const form: ElementForm = { property: child.name, fhir: '', type: 'System.Any' }
  making.later.push(() => {
    const found = making.byPath.get(`${definition.url}#${path}`)
    if (found === undefined)
      making.faults.push({ path: child.path, text: `has the content of ${path}, which has none` })
    else form.type = `class:${found}`
  })
  return form
}

function formOf(
  { code, profiles }: TreeElement['types'][number],
  { name, choice, path }: TreeElement,
  { making }: Within,
): ElementForm | undefined {
  const logical = [...profiles, code].map((each) => making.gathered.find(each)).find((each) => each !== undefined)
  const local = logical ? logical.name : fhirTypeName(code)
  if (local === undefined) {
    making.faults.push({ path, text: `is of the type ${code}, which is not known to this server` })
    return undefined
  }
  const type: CqlType = logical ? `class:${classOf(logical, making)}` : making.datatypes.typeOf(local)
  return { property: choice ? choiceProperty(name, local) : name, fhir: logical ? '' : local, type }
}
