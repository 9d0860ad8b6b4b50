import { type Canonical, parseCanonical } from '../fhir/canonical.ts'
import { badRequest, FhirError, notFound } from '../fhir/error.ts'
import { firstParameter, textParameter } from '../fhir/operation.ts'
import type { Parameter, Parameters } from '../fhir/types.ts'
import type { CodeSystemProvider, LookedUpProperty, Ref } from './code-system/code-system.ts'
import { shownDesignation, textsOf } from './code-system/designations.ts'
import { explanationOf, unknownCodeIssues } from './code-system/other-editions.ts'
import { supplemented } from './code-system/supplement-lookup.ts'
import { agreed } from './request/agreement.ts'
import type { Languages } from './request/languages.ts'
import { alternatives, otherIssue } from './request/messages.ts'
import { type Request, textParameters } from './request/request.ts'
import { bringsSupplements, NO_SUPPLEMENTS, requestedLanguages, requestedSupplements } from './request/requested-set.ts'
import type { Need } from './request/scope.ts'
import { agreedSystem, agreedVersion, requireOneQuestion } from './request/value.ts'
import { matchesVersion, SYSTEM_RULES, versionRules } from './request/versions.ts'
import type { Work } from './request/work.ts'
import { replyDisplay } from './validate/concept-check.ts'
import { knownVersions } from './value-set/resolve-clause.ts'

/** `CodeSystem/$lookup`: everything known about one code; 404 when system, version or code is unknown. */
export function* lookUp(request: Request): Work<Parameters> {
  const { parameters } = request
  requireOneQuestion(parameters, ['code', 'coding'])
  const coding = firstParameter(parameters, 'coding')?.valueCoding
  const code = coding?.code ?? textParameter(parameters, 'code')
  const named = textParameter(parameters, 'system') ?? textParameter(parameters, 'url')
  const system = agreedSystem(coding, named)
  if (!code || !system) throw badRequest('Send code and system, or coding', 'required')
  const languages = requestedLanguages(request)
  const canonical = parseCanonical(system)
  const wanted = agreedVersion(coding, 'version', textParameter(parameters, 'version'))
  const version = versionAsked(canonical, wanted)
  const need: Need = { type: 'CodeSystem', url: canonical.url }
  if (!request.scope.has(need)) yield [need]
  const found = systemOf(request, canonical.url, version)
  const supplements = bringsSupplements(request) ? yield* requestedSupplements(request, languages) : NO_SUPPLEMENTS
  const provider = supplemented(found, supplements)
  const { head } = provider
  const ref = provider.locate(code)
  if (ref === undefined) {
    const others = request.scope.systemsHere(canonical.url)
    const issues = unknownCodeIssues(provider, { code, system: head.url, expression: 'code' }, others)
    throw new FhirError(404, [...issues, ...explanationOf(provider, { code, expression: 'code' })])
  }
  const parameter: Parameter[] = [
    { name: 'name', valueString: head.name },
    { name: 'code', valueCode: provider.code(ref) },
    { name: 'system', valueUri: canonical.url },
  ]
  if (head.version !== undefined) parameter.push({ name: 'version', valueString: head.version })
  const texts = textsOf(provider, ref)
  // The display comes first where there is one.
  const display = languages ? replyDisplay({ provider, ref }, languages) : texts[0]?.value
  if (display !== undefined) parameter.push({ name: 'display', valueString: display })
  const definition = provider.definition(ref)
  if (definition !== undefined) parameter.push({ name: 'definition', valueString: definition })
  parameter.push({ name: 'abstract', valueBoolean: provider.isAbstract(ref) })
  for (const text of texts) parameter.push(designationParameter(shownDesignation(text), text.source))
  const asked = textParameters(parameters, 'property')
  for (const each of propertyParameters(provider, ref, { asked, languages })) parameter.push(each)
  for (const valueCanonical of head.supplements) parameter.push({ name: 'used-supplement', valueCanonical })
  return { resourceType: 'Parameters', parameter }
}

/**
 * One version of a code system: the one asked for (empty: the one without version), the one the request's rules name, the
 * newest; 404 when there is none.
 */
export function* requestedSystem(request: Request, canonical: string, wanted?: string): Work<CodeSystemProvider> {
  const parsed = parseCanonical(canonical)
  const version = versionAsked(parsed, wanted)
  const need: Need = { type: 'CodeSystem', url: parsed.url }
  if (!request.scope.has(need)) yield [need]
  return systemOf(request, parsed.url, version)
}

/** The same once it is in memory. */
function systemOf(request: Request, url: string, version: string | undefined): CodeSystemProvider {
  const candidates = request.scope.systems(url)
  const rule = versionRules(request.parameters, SYSTEM_RULES).get(url)
  const pattern = rule?.force ?? version ?? rule?.default ?? rule?.check
  const fits = ({ head }: CodeSystemProvider) =>
    pattern === undefined || (pattern === '' ? head.version === undefined : matchesVersion(pattern, head.version))
  const found = candidates.find(fits)
  if (found) return found
  const known = knownVersions(candidates)
  if (pattern && known.length > 0) {
    const text = `A definition for CodeSystem '${url}' version '${pattern}' could not be found. Valid versions: ${alternatives(known)}`
    throw new FhirError(404, otherIssue('not-found', text, { type: 'not-found', expression: 'version' }))
  }
  throw notFound({ text: `A definition for CodeSystem '${url}' could not be found`, expression: 'system' })
}

/** The version that a canonical and the parameter beside it name; empty: the one without version. @throws FhirError 400 when they are two */
function versionAsked({ version }: Canonical, wanted: string | undefined): string | undefined {
  if (!wanted) return version ?? wanted
  return agreed('version of the code system', [
    { at: 'system', says: version },
    { at: 'version', says: wanted },
  ])
}

function designationParameter(text: ReturnType<typeof shownDesignation>, source: string | undefined): Parameter {
  const part: Parameter[] = []
  if (text.language) part.push({ name: 'language', valueCode: text.language })
  if (text.use) part.push({ name: 'use', valueCoding: text.use })
  part.push({ name: 'value', valueString: text.value })
  if (source) part.push({ name: 'source', valueCanonical: source })
  return { name: 'designation', part }
}

/** A property as a system with more to say than code and value shows it. */
function lookedUp(name: 'property' | 'subproperty', { value, ...property }: LookedUpProperty): Parameter {
  const part: Parameter[] = [{ name: 'code', valueCode: property.code }]
  if (value !== undefined) part.push({ name: 'value', [property.member]: value })
  if (property.codeDisplay !== undefined) part.push({ name: 'code-display', valueString: property.codeDisplay })
  if (property.language !== undefined) part.push({ name: 'language', valueCode: property.language })
  if (property.description !== undefined) part.push({ name: 'description', valueString: property.description })
  for (const each of property.subproperty ?? []) part.push(lookedUp('subproperty', each))
  return { name, part }
}

/** `inactive` always; all others when asked for by code or `*`. */
function propertyParameters(
  provider: CodeSystemProvider,
  ref: Ref,
  { asked, languages }: { asked: string[]; languages: Languages | undefined },
): Parameter[] {
  if (provider.lookUp)
    return provider.lookUp(ref, asked, languages?.tags ?? []).map((each) => lookedUp('property', each))
  const inactive: Parameter[] = [
    { name: 'code', valueCode: 'inactive' },
    { name: 'value', valueBoolean: provider.isInactive(ref) },
  ]
  const made: Parameter[] = [{ name: 'property', part: inactive }]
  // Most ask for nothing else.
  if (asked.length === 0) return made
  const wants = (code: string) => asked.includes('*') || asked.includes(code)
  const add = (code: string, member: string, value: unknown, description?: string) => {
    const part: Parameter[] = [
      { name: 'code', valueCode: code },
      { name: 'value', [member]: value },
    ]
    if (description !== undefined) part.push({ name: 'description', valueString: description })
    made.push({ name: 'property', part })
  }
  for (const { code, member, value } of provider.properties(ref)) {
    if (code !== 'inactive' && wants(code)) add(code, member, value)
  }
  const addRefs = (code: string, refs: (ref: Ref) => Iterable<Ref>) => {
    if (!wants(code) || provider.properties(ref).some((each) => each.code === code)) return
    for (const each of refs(ref)) add(code, 'valueCode', provider.code(each), provider.display(each))
  }
  addRefs('parent', provider.parents)
  addRefs('child', provider.children)
  return made
}
