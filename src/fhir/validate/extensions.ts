/** Extensions by their definitions: where they may stand, and whether they are understood. */
import type { JsonObject } from '../../base/json-value.ts'
import { isSubtype, typeInfo } from '../elements.ts'
import type { Profile } from './profile.ts'
import { expressionOf, type Step, type Walk } from './walk.ts'

/**
 * Judges one extension by its url.
 * @param isModifier whether it stands in modifierExtension
 * @returns the definition that it is held against; undefined where there is none
 */
export function checkExtensionUse(walk: Walk, extension: JsonObject, isModifier: boolean): Profile | undefined {
  const { url } = extension
  if (typeof url !== 'string') return undefined
  // The parts of a complex extension have names of their own, which its definition tells.
  if (!url.includes(':') && walk.trail.at(-2)?.type === 'Extension') return undefined
  const definition = walk.program.get(url)
  if (definition?.type !== 'Extension') {
    tellUnknown(walk, url, { isModifier, isOther: definition !== undefined && definition !== null })
    return undefined
  }
  const expression = expressionOf(walk)
  if (definition.root.isModifier !== isModifier) {
    const where = isModifier
      ? 'is no modifier: it stands in extension'
      : 'is a modifier: it stands in modifierExtension'
    walk.report.add('extension', { text: `The extension ${url} ${where}`, expression })
  }
  const fits = isInContext(walk, definition)
  if (fits === false)
    walk.report.add('extension', {
      text: `The extension ${url} must not stand here: it is one of ${contextText(definition)}`,
      expression,
    })
  return definition
}

function tellUnknown(
  walk: Walk,
  url: string,
  { isModifier, isOther }: { isModifier: boolean; isOther: boolean },
): void {
  const expression = expressionOf(walk)
  const name = url.slice(0, 200)
  if (isOther) {
    walk.report.add('extension', { text: `${name} is no extension`, expression })
    return
  }
  // What changes the meaning of its element and is not understood leaves nothing to be said of it.
  if (isModifier) {
    walk.report.add('extension', { text: `The modifier extension ${name} is not known here`, expression })
    return
  }
  if (walk.unknown.has(`extension ${url}`)) return
  walk.unknown.add(`extension ${url}`)
  walk.report.add('not-found', {
    severity: 'warning',
    text: `The extension ${name} is not known here: what it holds was not judged`,
    expression,
  })
}

const contextText = ({ contexts }: Profile): string =>
  contexts
    .slice(0, 8)
    .map(({ expression }) => expression)
    .join(', ')

/**
 * Contexts that R4 states too narrowly: its own definitions use the extensions elsewhere, and the extensions pack that came after it
 * (https://hl7.org/fhir/extensions/) says so.
 */
const corrected: Record<string, string[]> = {
  'http://hl7.org/fhir/StructureDefinition/structuredefinition-normative-version': [
    'CanonicalResource',
    'ElementDefinition',
  ],
  'http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type': ['ElementDefinition.type'],
  'http://hl7.org/fhir/StructureDefinition/regex': ['ElementDefinition.type'],
  'http://hl7.org/fhir/StructureDefinition/valueset-concept-comments': ['CodeSystem.concept'],
}

/** Undefined where a context is an expression that nobody evaluates here. */
function isInContext({ trail }: Walk, { url, contexts: stated }: Profile): boolean | undefined {
  if (stated.length === 0) return undefined
  const more = Object.hasOwn(corrected, url) ? (corrected[url] ?? []) : []
  const contexts = [...stated, ...more.map((expression) => ({ type: 'element', expression }))]
  const holder = trail.slice(0, -1)
  let isOpen = false
  for (const { type, expression } of contexts) {
    if (type === 'element' && isElement(expression, holder)) return true
    if (type === 'extension' && holder.at(-1)?.type === 'Extension') return true
    if (type === 'fhirpath') isOpen = true
  }
  return isOpen ? undefined : false
}

/** Whether an element is the one that a context names, by its path from the resource or from any type on the way. */
function isElement(context: string, holder: readonly Step[]): boolean {
  const last = holder.at(-1)
  if (!last) return false
  // A profile, or an element of one: `url#element`.
  const [, named] = context.split('#')
  const wanted = (named ?? context).replace(/\[x\]/g, '')
  if (/^https?:/.test(wanted)) return true
  // "Element" is everything, resources included.
  if (wanted === 'Element' || isKind(last.type, wanted)) return true
  if (!wanted.includes('.')) return false
  const names: string[] = []
  for (let at = holder.length - 1; at >= 0; at--) {
    const step = holder[at]
    if (!step) return false
    const path = names.join('.')
    if (path !== '' && wanted.endsWith(`.${path}`) && isKind(step.type, wanted.slice(0, -path.length - 1))) return true
    names.unshift(step.name)
  }
  return false
}

/** Whether a type is one of that name, by inheritance; every type is an Element but resources, and CanonicalResource is what has a url. */
function isKind(type: string, wanted: string): boolean {
  if (wanted === 'CanonicalResource' || wanted === 'MetadataResource')
    return typeInfo(type)?.kind === 'resource' && typeInfo(type)?.elements.some(({ name }) => name === 'url') === true
  return isSubtype(type, wanted)
}
